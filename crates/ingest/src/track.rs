//! `POST /track`: a beacon in the body.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use hgpixel_event::limits::BODY_BYTES_MAX;
use hgpixel_telemetry::http::{Client, Peer};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;

use crate::answer::{Answer, Refusal};
use crate::collector::Collector;
use crate::cors;
use crate::hit::Hit;
use crate::metrics::Endpoint;
use crate::wire;

pub(crate) async fn post(State(collector): State<Arc<Collector>>, request: Request) -> Response {
    let answer = take(&collector, request).await;
    cors::readable(answer.into_response())
}

async fn take(collector: &Collector, request: Request) -> Result<Answer, Refusal> {
    let (parts, body) = request.into_parts();
    let Peer(peer) = parts
        .extensions
        .get()
        .expect("the server adds the peer to every request");
    let client = collector.proxies.client(peer.ip(), &parts.headers);
    let hit = Hit::new(client, collector.clock.now_ms(), &parts.headers);
    let read = async {
        collector.admit(client)?;
        check_form(&parts.headers)?;
        read_body(&parts.headers, body).await
    };
    let body = read
        .await
        .map_err(|refusal| unread(collector, client, refusal))?;
    let guarded =
        wire::json::guard(&body).map_err(|error| unread(collector, client, error.into()))?;
    let beacon =
        wire::beacon(&guarded.text).map_err(|error| unread(collector, client, error.into()))?;
    collector
        .metrics
        .received
        .add(Endpoint::Track, beacon.events.len());
    collector.collect(hit, beacon, guarded.repaired).await
}

/// Counts a request whose events nobody knows as one, and lets its address pay for one.
fn unread(collector: &Collector, client: Client, refusal: Refusal) -> Refusal {
    collector.metrics.received.of(Endpoint::Track).inc();
    collector.metrics.rejected.of(refusal.reason()).inc();
    // It is refused already; whether its budget had room for that makes no difference.
    drop(collector.spend(client, 1));
    refusal
}

/// JSON under whatever name browsers send it: `text/plain` needs no preflight, `sendBeacon` and old scripts name it variously.
fn check_form(headers: &HeaderMap) -> Result<(), Refusal> {
    let content_type = header_text(headers, &CONTENT_TYPE).ok_or(Refusal::MediaType)?;
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let is_plain = essence.is_empty() || essence.eq_ignore_ascii_case("text/plain");
    let is_json = || {
        let lower = essence.to_ascii_lowercase();
        lower.starts_with("application/") && lower.ends_with("json")
    };
    let encoding = header_text(headers, &CONTENT_ENCODING).ok_or(Refusal::MediaType)?;
    let is_encoded = !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity");
    if (is_plain || is_json()) && !is_encoded {
        Ok(())
    } else {
        Err(Refusal::MediaType)
    }
}

/// Empty when the header is missing, `None` when it is not text.
fn header_text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers
        .get(name)
        .map_or(Some(""), |value| value.to_str().ok())
}

/// The whole body. One that is too large is refused before it is read where its length is told, else as soon as it is known.
async fn read_body(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Refusal> {
    let told: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if told.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(Refusal::BodyTooLarge);
    }
    let first = next_bytes(&mut body).await?.unwrap_or_default();
    if first.len() > BODY_BYTES_MAX {
        return Err(Refusal::BodyTooLarge);
    }
    let Some(second) = next_bytes(&mut body).await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    let mut more = Some(second);
    while let Some(bytes) = more {
        if whole.len() + bytes.len() > BODY_BYTES_MAX {
            return Err(Refusal::BodyTooLarge);
        }
        whole.extend_from_slice(&bytes);
        more = next_bytes(&mut body).await?;
    }
    Ok(whole.freeze())
}

/// The next piece of the body; `None` at its end. Trailers are skipped.
async fn next_bytes(body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Incomplete)?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}
