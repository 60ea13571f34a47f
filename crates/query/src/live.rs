//! `GET /live?site=KEY`: how many visitors a site has now, pushed as server-sent events while somebody looks.
//!
//! "Now" is the last five minutes. Each stream looks every few seconds and speaks when the number has changed; streams of one site
//! share an answer through the cache, so that many readers cost one question. The server's deadline for handlers ends with the head of an
//! answer, so a stream may go on; what bounds it is here: at most [`STREAMS_MAX`] at once, each at most [`LIFE`] long, after which
//! the browser comes again and is judged again. A stream ends when the process drains.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use hgpixel_store::{StatsQuery, StoreError};
use hgpixel_telemetry::{Lifecycle, Problem};
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use crate::access::Viewer;
use crate::answer::Refusal;
use crate::sites;
use crate::state::App;

/// Each is a connection and some 10 kB; the server has room for 12,000 connections.
const STREAMS_MAX: usize = 500;
/// A login that ended meanwhile is noticed after this at the latest.
const LIFE: Duration = Duration::from_mins(10);
/// How often a stream looks. A person sees a visitor arrive within it.
const PAUSE: Duration = Duration::from_secs(3);
/// A little less, so that each look of a lonely stream is a fresh one.
const COUNT_TTL: Duration = Duration::from_millis(2_500);
/// Proxies give up a connection on which nothing is said for half a minute or so.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a visitor counts as being here after the last event.
const NOW_MS: i64 = 5 * 60_000;

/// nginx and its like would hold the events back to send more at once.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    site: Option<String>,
}

/// Room for streams, and when they must end.
pub(crate) struct Streams {
    free: Arc<Semaphore>,
    lifecycle: Lifecycle,
}

impl Streams {
    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        Self {
            free: Arc::new(Semaphore::new(STREAMS_MAX)),
            lifecycle,
        }
    }
}

pub(crate) async fn listen(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let key = asked.site.ok_or_else(sites::which_site)?;
    let site = sites::find(&app, &viewer.sites, &key).await?;
    let room = Arc::clone(&app.streams.free).try_acquire_owned();
    let room = room.map_err(|_| Problem::unavailable("too many dashboards listen already"))?;
    let ear = Ear {
        ends_at: Instant::now() + LIFE,
        app,
        site: site.id,
        said: None,
        _room: room,
    };
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let stream = Sse::new(ear.stream()).keep_alive(keep_alive);
    Ok(([UNBUFFERED], stream).into_response())
}

/// One stream.
struct Ear {
    app: App,
    site: i64,
    /// The last number that was sent.
    said: Option<u64>,
    ends_at: Instant,
    _room: OwnedSemaphorePermit,
}

impl Ear {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, async |mut ear| {
            let visitors = ear.next().await?;
            Some((Ok(Event::default().data(visitors.to_string())), ear))
        })
    }

    /// The next number that differs from the last; none at the end, also when the store fails: the browser asks again.
    async fn next(&mut self) -> Option<u64> {
        loop {
            if self.said.is_some() && !self.rests().await {
                return None;
            }
            let visitors = match visitors_now(&self.app, self.site).await {
                Ok(visitors) => visitors,
                Err(error) => {
                    tracing::warn!(error = %error, code = error.code(), "could not count the visitors of now");
                    return None;
                }
            };
            if self.said.replace(visitors) != Some(visitors) {
                return Some(visitors);
            }
        }
    }

    /// Waits for the next look, and says whether there is to be one.
    async fn rests(&self) -> bool {
        if Instant::now() >= self.ends_at {
            return false;
        }
        tokio::select! {
            () = self.app.streams.lifecycle.draining() => false,
            () = sleep(PAUSE) => true,
        }
    }
}

async fn visitors_now(app: &App, site: i64) -> Result<u64, StoreError> {
    let key = format!("live:{site}");
    if let Some(cached) = app.cache.get(&key).await
        && let Some(visitors) = std::str::from_utf8(&cached)
            .ok()
            .and_then(|text| text.parse().ok())
    {
        return Ok(visitors);
    }
    let now_ms = app.clock.now_ms();
    let question = StatsQuery::visitors(site, now_ms - NOW_MS, now_ms + 1);
    let answer = app.store.stats(&question).await?;
    let visitors = answer.rows.first().map_or(0, |row| row.counts.visitors);
    let bytes = Bytes::from(visitors.to_string());
    app.cache.put(&key, bytes, COUNT_TTL).await;
    Ok(visitors)
}
