//! `POST /track`: a beacon in the body, from a browser or, with a token, from a server.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hgpixel_telemetry::http::{Client, Peer};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::answer::{Answer, Refusal};
use crate::body;
use crate::collector::Collector;
use crate::cors;
use crate::hit::Hit;
use crate::metrics::Endpoint;
use crate::source::{Source, bearer};
use crate::wire;

pub(crate) async fn post(State(collector): State<Arc<Collector>>, request: Request) -> Response {
    let answer = take(&collector, request).await;
    cors::readable(answer.into_response())
}

async fn take(collector: &Collector, request: Request) -> Result<Answer, Refusal> {
    let (parts, sent) = request.into_parts();
    let Peer(peer) = parts
        .extensions
        .get()
        .expect("the server adds the peer to every request");
    let client = collector.proxies.client(peer.ip(), &parts.headers);
    let received_ms = collector.clock.now_ms();
    let source = collector
        .source(bearer(&parts.headers))
        .map_err(|refusal| unproven(collector, client, refusal))?;
    let unread = |refusal| unread(collector, client, source, refusal);
    let _place = collector.servers.enter(source).map_err(unread)?;
    let read = async {
        if source == Source::Browser {
            collector.admit(client)?;
        }
        let coding = check_form(&parts.headers, source)?;
        let (headers, bytes_max) = (&parts.headers, source.body_bytes_max());
        match coding {
            Coding::Plain => body::read(headers, sent, bytes_max).await,
            Coding::Gzip => body::inflate(headers, sent, bytes_max).await,
        }
    };
    let body = read.await.map_err(unread)?;
    let guarded = wire::json::guard(&body).map_err(|error| unread(error.into()))?;
    let beacon = wire::beacon(&guarded.text, source).map_err(|error| unread(error.into()))?;
    collector
        .metrics
        .received
        .add(Endpoint::Track, beacon.events.len());
    let hit = Hit::new(client, source, received_ms, &parts.headers);
    collector.collect(hit, beacon, guarded.repaired).await
}

/// A token that is none makes nobody a server: whoever guesses pays for it, and is told no more than that once the budget is spent.
fn unproven(collector: &Collector, client: Client, refusal: Refusal) -> Refusal {
    let refusal = collector.admit(client).err().unwrap_or(refusal);
    unread(collector, client, Source::Browser, refusal)
}

/// Counts a request whose events nobody knows as one, and lets a browser's address pay for one.
fn unread(collector: &Collector, client: Client, source: Source, refusal: Refusal) -> Refusal {
    collector.metrics.received.of(Endpoint::Track).inc();
    collector.metrics.rejected.of(refusal.reason()).inc();
    if source == Source::Browser {
        // It is refused already; whether its budget had room for that makes no difference.
        drop(collector.spend(client, 1));
    }
    refusal
}

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
}

/// JSON under whatever name browsers send it: `text/plain` needs no preflight, `sendBeacon` and old scripts name it variously.
/// Compressed from servers only: no browser compresses, so what comes so from anybody is made to do harm.
fn check_form(headers: &HeaderMap, source: Source) -> Result<Coding, Refusal> {
    let content_type = header_text(headers, &CONTENT_TYPE).ok_or(Refusal::MediaType)?;
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let is_plain = essence.is_empty() || essence.eq_ignore_ascii_case("text/plain");
    let is_json = || {
        let lower = essence.to_ascii_lowercase();
        lower.starts_with("application/") && lower.ends_with("json")
    };
    if !is_plain && !is_json() {
        return Err(Refusal::MediaType);
    }
    let encoding = header_text(headers, &CONTENT_ENCODING).ok_or(Refusal::MediaType)?;
    match encoding.to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Coding::Plain),
        "gzip" | "x-gzip" if source.is_server() => Ok(Coding::Gzip),
        _ => Err(Refusal::MediaType),
    }
}

/// Empty when the header is missing, `None` when it is not text.
fn header_text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers
        .get(name)
        .map_or(Some(""), |value| value.to_str().ok())
}
