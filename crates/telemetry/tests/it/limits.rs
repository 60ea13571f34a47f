//! What is too large, too much or could be read in two ways is refused, in the form of every refusal, and nothing hangs.

use crate::support::{Answer, Server, patient};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Extension;
use axum::routing::{get, post};
use hgpixel_config::Http;
use hgpixel_telemetry::http::Peer;
use http::StatusCode;
use hyper::body::Frame;

fn app() -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
        .route("/ignore", post(async || StatusCode::UNSUPPORTED_MEDIA_TYPE))
        .route(
            "/peer",
            get(async |Extension(Peer(peer))| format!("{peer}")),
        )
        .route("/panic", post(panicking))
        .route("/torn", get(async || Body::new(Torn)))
        .route("/item/{id}", get(async || "item"))
}

async fn panicking(_: Bytes) -> &'static str {
    panic!("as the test wants it")
}

/// An answer whose second half panics.
struct Torn;

impl HttpBody for Torn {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("as the test wants it")
    }
}

async fn sent(request: impl AsRef<[u8]>) -> Answer {
    Server::start(app(), &patient()).send(request).await
}

#[tokio::test]
async fn a_request_knows_its_peer() {
    let server = Server::start(app(), &patient());
    let mut client = server.connect().await;
    client.write("GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let ours = client.0.local_addr().unwrap().to_string();
    assert_eq!(client.answer().await.body, ours);
}

#[tokio::test]
async fn a_target_over_8_kib_is_answered_414() {
    let longest = "a".repeat(8 * 1024 - 1);
    let answer = sent(format!("GET /{longest} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    assert_eq!(answer.status, 404);
    let answer = sent(format!("GET /{longest}a HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    answer.is_last_problem(414);
}

#[tokio::test]
async fn a_head_over_16_kib_is_answered_431() {
    let rest = "GET / HTTP/1.1\r\npad: \r\n\r\n".len();
    let longest = "a".repeat(16 * 1024 - rest);
    let answer = sent(format!("GET / HTTP/1.1\r\npad: {longest}\r\n\r\n")).await;
    assert_eq!(answer.status, 200);
    for more in [1, 1_000, 100_000, 3_000_000] {
        let more = "a".repeat(more);
        let answer = sent(format!("GET / HTTP/1.1\r\npad: {longest}{more}\r\n\r\n")).await;
        answer.is_last_problem(431);
    }
}

#[tokio::test]
async fn more_than_64_fields_are_answered_431() {
    let request = |fields| {
        let fields = "f: x\r\n".repeat(fields);
        format!("GET / HTTP/1.1\r\n{fields}\r\n")
    };
    assert_eq!(sent(request(64)).await.status, 200);
    sent(request(65)).await.is_last_problem(431);
    sent(request(500)).await.is_last_problem(431);
}

#[tokio::test]
async fn ambiguous_framing_is_answered_400() {
    let cases = [
        "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
        "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "content-length: 3, 3\r\n\r\nabc",
        "content-length: +3\r\n\r\nabc",
        "content-length: -3\r\n\r\nabc",
        "content-length: 99999999999999999999999\r\n\r\nabc",
        "content-length : 3\r\n\r\nabc",
        "transfer-encoding: gzip\r\n\r\nabc",
        "transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "x: y\r\n folded\r\ncontent-length: 3\r\n\r\nabc",
        "content-length: 3\n\nabc",
        "host: y\r\ncontent-length: 3\r\n\r\nabc",
    ];
    for case in cases {
        let server = Server::start(app(), &patient());
        let mut client = server.connect().await;
        client
            .write(format!("POST /read HTTP/1.1\r\nhost: x\r\n{case}"))
            .await;
        let (answer, _) = client.rest().await;
        Answer::of(&answer).is_last_problem(400);
    }
}

#[tokio::test]
async fn ambiguity_is_found_behind_other_requests() {
    let good = "POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc";
    let bad = "POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let whole = format!("{good}{good}{bad}{good}");
    // However the bytes are cut into pieces, two are served and then one is refused.
    for piece in [1, 7, 50, whole.len()] {
        let server = Server::start(app(), &patient());
        let mut client = server.connect().await;
        for bytes in whole.as_bytes().chunks(piece) {
            // The server closes while the last pieces are still being sent.
            let _refused = client.try_write(bytes).await;
            tokio::task::yield_now().await;
        }
        let (answers, _) = client.rest().await;
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
        assert_eq!(answers.matches("HTTP/1.1 400 ").count(), 1, "{answers}");
    }
}

#[tokio::test]
async fn other_protocols_are_answered_400_or_closed() {
    let cases: [&[u8]; 9] = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n: nameless\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: \x00\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"GET\r\n\r\n",
        &[0xff; 64],
    ];
    for case in cases {
        let server = Server::start(app(), &patient());
        let mut client = server.connect().await;
        client.write(case).await;
        let (answer, _) = client.rest().await;
        // hyper closes without a word on the preface of HTTP/2.
        if !case.starts_with(b"PRI") || !answer.is_empty() {
            Answer::of(&answer).is_last_problem(400);
        }
    }
}

#[tokio::test]
async fn chunked_bodies_are_read_and_end_their_connection() {
    let answer = sent(
        "POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    )
    .await;
    assert_eq!(answer.body, "3");
    assert!(answer.closes());
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let server = Server::start(app(), &patient());
    let mut client = server.connect().await;
    client
        .write(
            "POST /read HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
        )
        .await;
    assert_eq!(client.answer().await.status, 100);
    client.write("abc").await;
    assert_eq!(client.answer().await.body, "3");
}

#[tokio::test]
async fn a_half_closed_client_is_answered() {
    let server = Server::start(app(), &patient());
    let mut client = server.connect().await;
    client
        .write("POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        .await;
    client.close_sending().await;
    assert_eq!(client.answer().await.body, "3");
}

#[tokio::test]
async fn an_upload_that_nobody_reads_does_not_destroy_its_answer() {
    let server = Server::start(app(), &patient());
    let mut client = server.connect().await;
    let body = vec![b'x'; 10 * 1024 * 1024];
    let head = format!(
        "POST /ignore HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.write(head).await;
    client.write(body).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 415);
    assert!(answer.closes());
}

#[tokio::test]
async fn a_small_body_that_nobody_reads_costs_no_connection() {
    let server = Server::start(app(), &patient());
    let mut client = server.connect().await;
    for _ in 0..3 {
        client
            .write("POST /ignore HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
            .await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 415);
        assert!(!answer.closes());
    }
}

#[tokio::test]
async fn a_panic_is_answered_503_and_counted() {
    let server = Server::start(app(), &patient());
    let answer = server
        .send("POST /panic HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab")
        .await;
    answer.is_last_problem(503);
    assert_eq!(server.metric("hgpixel_http_panics_total"), Some(1.0));
    let next = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(next.body, "hello");
    assert!(!server.lifecycle.is_stopping());
}

#[tokio::test]
async fn a_panic_in_an_answers_body_ends_its_connection_only() {
    let server = Server::start(app(), &patient());
    let mut client = server.connect().await;
    client.write("GET /torn HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.rest().await;
    server
        .metric_becomes("hgpixel_http_panics_total", 1.0)
        .await;
    server.metric_becomes("hgpixel_http_connections", 0.0).await;
    let next = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(next.body, "hello");
}

#[tokio::test]
async fn unusual_requests_are_answered() {
    let cases = [
        ("GET / HTTP/1.0\r\n\r\n", 200),
        (
            "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            200,
        ),
        (
            "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            404,
        ),
        (
            "GET http://x/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            200,
        ),
        (
            "CONNECT x:80 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            404,
        ),
        (
            "BREW / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            405,
        ),
        (
            "GET / HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade, close\r\n\r\n",
            200,
        ),
        (
            "\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            200,
        ),
    ];
    let server = Server::start(app(), &patient());
    for (request, status) in cases {
        let mut client = server.connect().await;
        client.write(request).await;
        let (answer, _) = client.rest().await;
        let expected = format!(" {status} ");
        assert_eq!(
            answer.get(8..13),
            Some(expected.as_str()),
            "{request:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_connection_over_the_cap_is_answered_503() {
    let settings = Http {
        connections_max: 2,
        ..patient()
    };
    let server = Server::start(app(), &settings);
    let first = server.connect().await;
    let _second = server.connect().await;
    server.metric_becomes("hgpixel_http_connections", 2.0).await;
    let refused = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    refused.is_last_problem(503);
    assert_eq!(
        server.metric("hgpixel_http_connections_refused_total"),
        Some(1.0)
    );
    drop(first);
    server.metric_becomes("hgpixel_http_connections", 1.0).await;
    let served = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(served.body, "hello");
}

#[tokio::test]
async fn routes_are_counted_by_their_pattern() {
    let server = Server::start(app(), &patient());
    for path in ["/item/1", "/item/2", "/nowhere", "/elsewhere"] {
        server
            .send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
    }
    server.send("DELETE / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let count = |route: &str, status: &str| {
        let labels = format!(r#"{{route="{route}",status="{status}"}}"#);
        server.metric(&format!("hgpixel_http_requests_total{labels}"))
    };
    assert_eq!(count("/item/{id}", "200"), Some(2.0));
    assert_eq!(count("other", "404"), Some(2.0));
    assert_eq!(count("/", "405"), Some(1.0));
    assert_eq!(count("/item/1", "200"), None);
    let seconds = r#"hgpixel_http_request_seconds_count{route="/item/{id}"}"#;
    assert_eq!(server.metric(seconds), Some(2.0));
}

#[tokio::test]
async fn a_started_route_stands_at_zero() {
    let server = Server::start(app(), &patient());
    server
        .metrics
        .start_route("/read", &[StatusCode::NO_CONTENT]);
    let series = r#"hgpixel_http_requests_total{route="/read",status="204"}"#;
    assert_eq!(server.metric(series), Some(0.0));
}
