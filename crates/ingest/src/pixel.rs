//! `GET /pixel.gif`: an event in the query, and always a picture in the answer.
//!
//! A page without scripts, or a mail, shows whatever comes back, so even a refusal is a picture; its status and headers say the rest.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hgpixel_event::limits::PIXEL_QUERY_BYTES_MAX;
use hgpixel_telemetry::http::{Client, Peer};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::answer::{Answer, Refusal};
use crate::beacon::Beacon;
use crate::collector::Collector;
use crate::cors;
use crate::hit::Hit;
use crate::metrics::{DropReason, Endpoint};
use crate::source::Source;
use crate::wire;

/// One transparent pixel: GIF 89a, two colours, 43 bytes.
const GIF: [u8; 43] = *b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xf9\x04\x01\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";

pub(crate) async fn get(State(collector): State<Arc<Collector>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answer = take(&collector, &parts).await;
    picture(answer.into_response())
}

/// Says what a GET would, and counts nothing: nobody has seen anything.
pub(crate) async fn head() -> Response {
    picture(StatusCode::OK.into_response())
}

/// The same answer as a picture. The detail of a problem is lost; its status is not.
fn picture(answer: Response) -> Response {
    let (mut parts, _) = answer.into_parts();
    if parts.status == StatusCode::NO_CONTENT {
        parts.status = StatusCode::OK;
    }
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    parts
        .headers
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cors::readable(Response::from_parts(parts, GIF.as_slice().into()))
}

async fn take(collector: &Collector, request: &Parts) -> Result<Answer, Refusal> {
    let Peer(peer) = request
        .extensions
        .get()
        .expect("the server adds the peer to every request");
    let client = collector.proxies.client(peer.ip(), &request.headers);
    let hit = Hit::new(
        client,
        Source::Browser,
        collector.clock.now_ms(),
        &request.headers,
    );
    collector.metrics.received.of(Endpoint::Pixel).inc();
    if hit.is_prefetch() {
        collector.metrics.dropped.of(DropReason::Prefetch).inc();
        return Ok(Answer::Dropped(DropReason::Prefetch));
    }
    let query = request.uri.query().unwrap_or("");
    let beacon = collector
        .admit(client)
        .and_then(|()| read(query))
        .inspect_err(|refusal| refuse(collector, client, refusal))?;
    let beacon = with_page(beacon, hit.referer());
    collector.collect(hit, beacon, false).await
}

fn refuse(collector: &Collector, client: Client, refusal: &Refusal) {
    collector.metrics.rejected.of(refusal.reason()).inc();
    // It is refused already; whether its budget had room for that makes no difference.
    drop(collector.spend(client, 1));
}

fn read(query: &str) -> Result<Beacon<'_>, Refusal> {
    if query.len() > PIXEL_QUERY_BYTES_MAX {
        return Err(Refusal::QueryTooLong);
    }
    Ok(wire::query::beacon(query)?)
}

/// A page that does not say its address is the one that shows the picture, as far as the browser tells.
fn with_page<'a>(mut beacon: Beacon<'a>, referer: Cow<'a, str>) -> Beacon<'a> {
    if beacon.shared.url.is_empty() {
        beacon.shared.url = referer;
    }
    beacon
}
