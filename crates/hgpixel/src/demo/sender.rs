//! Posts beacons as a browser would, and again when the server asks to.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use url::Url;

use super::traffic::Beacon;

/// Tries of one beacon; the server's longest `Retry-After` is 30 s, so a server that stays away is given up after minutes.
const TRIES_MAX: u32 = 10;

/// A client of one server. Clones share its connections.
#[derive(Clone)]
pub(super) struct Sender {
    client: reqwest::Client,
    track: Url,
}

impl Sender {
    pub(super) fn new(base: &Url) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .context("set up the HTTP client")?;
        let track = base
            .join("/track")
            .with_context(|| format!("{base} is no address of a server"))?;
        Ok(Self { client, track })
    }

    /// Sends `beacon` until it is accepted.
    ///
    /// # Errors
    /// When the server refuses it for good, or could not be reached in [`TRIES_MAX`] tries.
    pub(super) async fn send(&self, beacon: &Beacon) -> anyhow::Result<()> {
        let body = beacon.body.to_string();
        let mut failure = None;
        for attempt in 0..TRIES_MAX {
            match self.post(beacon, body.clone()).await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) if is_temporary(answer.status()) => {
                    failure = Some(format!("the server answered {}", answer.status()));
                    tokio::time::sleep(retry_after(&answer)).await;
                }
                Ok(answer) => {
                    let status = answer.status();
                    bail!(
                        "the server refused a beacon: {status} {}",
                        answer.text().await.unwrap_or_default()
                    );
                }
                Err(error) => {
                    failure = Some(format!("{:#}", anyhow::Error::from(error)));
                    tokio::time::sleep(Duration::from_millis(200 << attempt.min(5))).await;
                }
            }
        }
        bail!(
            "gave up sending to {} after {TRIES_MAX} tries: {}",
            self.track,
            failure.unwrap_or_default()
        )
    }

    async fn post(&self, beacon: &Beacon, body: String) -> reqwest::Result<reqwest::Response> {
        self.client
            .post(self.track.clone())
            .header(CONTENT_TYPE, "text/plain;charset=UTF-8")
            .header(USER_AGENT, beacon.user_agent)
            .header(ACCEPT_LANGUAGE, beacon.language)
            .header("x-forwarded-for", &beacon.address)
            .body(body)
            .send()
            .await
    }
}

fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::REQUEST_TIMEOUT
    )
}

fn retry_after(answer: &reqwest::Response) -> Duration {
    let seconds = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1_u64).min(30))
}
