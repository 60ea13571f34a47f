//! How every refusal looks: RFC 9457 `application/problem+json`.
//!
//! A problem says what the client can do about it and nothing about our insides: causes are logged, never sent.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A refusal. As a response it is never cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// The kind of problem: the status' own phrase, unless one kind of many.
    pub title: Cow<'static, str>,
    /// This very case, for the client's developer. May be empty.
    pub detail: Cow<'static, str>,
    /// Whole seconds after which a new try makes sense.
    pub retry_after_s: Option<u32>,
}

/// The longest that [`Problem::unavailable`] sends a client away, in seconds.
const PAUSE_S_MAX: u32 = 5;

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            title: status.canonical_reason().unwrap_or("Problem").into(),
            detail: detail.into(),
            retry_after_s: None,
        }
    }

    /// 503: nothing is wrong with the request, come back in 1 to 5 seconds.
    ///
    /// The seconds are dealt in turn rather than drawn: of a crowd that is refused together, a fifth comes back at a time.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        static TURN: AtomicU32 = AtomicU32::new(0);
        let pause_s = 1 + TURN.fetch_add(1, Ordering::Relaxed) % PAUSE_S_MAX;
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(pause_s)
    }

    /// The same problem with a time for the next try, at least one second.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after_s: Some(seconds.max(1)),
            ..self
        }
    }

    pub(crate) fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'static str,
            title: &'a str,
            status: u16,
            #[serde(skip_serializing_if = "str::is_empty")]
            detail: &'a str,
        }
        serde_json::to_string(&Wire {
            // RFC 9457 4.2.1: the status says it all, so the title is the status' phrase.
            r#type: "about:blank",
            title: &self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
        })
        .expect("three texts and a number are JSON")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_typed_json() {
        let response = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "at most 65536 bytes");
        assert_eq!(
            response.to_json(),
            r#"{"type":"about:blank","title":"Payload Too Large","status":413,"detail":"at most 65536 bytes"}"#
        );
        let response = response.into_response();
        assert_eq!(response.status(), 413);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn a_crowd_is_sent_away_for_different_times() {
        let mut pauses: Vec<_> = (0..5)
            .filter_map(|_| Problem::unavailable("").retry_after_s)
            .collect();
        pauses.sort_unstable();
        pauses.dedup();
        assert!(pauses.len() > 1, "{pauses:?}");
        assert!(pauses.iter().all(|pause| (1..=5).contains(pause)));
    }
}
