//! Whatever a client or a handler delays ends at its deadline: not before, and not much later.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Server, patient, short};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::routing::{get, post};
use hgpixel_config::Http;
use hyper::body::Frame;

fn app() -> Router {
    let never = async || std::future::pending::<()>().await;
    let read_and_never = async |_: Bytes| std::future::pending::<()>().await;
    Router::new()
        .route("/", get(async || "hello"))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
        .route("/never", get(never).post(read_and_never))
        .route("/deaf", post(never))
        .route("/endless", get(async || Body::new(Endless)))
}

/// An answer that always has more to give.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = Frame::data(Bytes::from_static(&[b'x'; 16 * 1024]));
        Poll::Ready(Some(Ok(frame)))
    }
}

/// Asserts a time that a deadline took: early is wrong, and so is more than a busy machine explains.
fn assert_took(took: Duration, deadline_ms: u64) {
    let deadline = Duration::from_millis(deadline_ms);
    assert!(
        took >= deadline && took < deadline + Duration::from_millis(1_500),
        "took {took:?} instead of {deadline:?}"
    );
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_cut() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client.write("POST /read HTTP/1.1\r\nhost: x\r\n").await;
    let (answer, took) = client.rest().await;
    assert_eq!(answer, "");
    assert_took(took, 300);
    let cut = r#"hgpixel_http_connections_cut_total{reason="head_timeout"}"#;
    server.metric_becomes(cut, 1.0).await;
    server.metric_becomes("hgpixel_http_connections", 0.0).await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_cut() {
    let server = Server::start(app(), &short());
    let (_, took) = server.connect().await.rest().await;
    assert_took(took, 300);
}

#[tokio::test]
async fn a_head_that_drips_is_cut_all_the_same() {
    let server = Server::start(app(), &short());
    let begun = Instant::now();
    let mut client = server.connect().await;
    let dripping = async {
        client.write("GET / HTTP/1.1\r\nx: ").await;
        while client.try_write("a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dripping).await.unwrap();
    assert_took(begun.elapsed(), 300);
}

#[tokio::test]
async fn the_second_head_of_a_connection_has_a_deadline_too() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(client.answer().await.body, "hello");
    client.write("GET / HTT").await;
    let (answer, took) = client.rest().await;
    assert_eq!(answer, "");
    assert_took(took, 300);
}

#[tokio::test]
async fn an_idle_connection_outlives_the_deadline_of_heads() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(client.answer().await.body, "hello");
        // Not a wait for something: the time that passes is what is tested.
        tokio::time::sleep(Duration::from_millis(450)).await;
    }
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(client.answer().await.body, "hello");
}

#[tokio::test]
async fn an_idle_connection_makes_room_in_a_crowd() {
    let settings = Http {
        connections_max: 2,
        ..short()
    };
    let server = Server::start(app(), &settings);
    let mut client = server.connect().await;
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.answer().await;
    let (_, took) = client.rest().await;
    assert_took(took, 300);
}

#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client
        .write("POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
        .await;
    let begun = Instant::now();
    client.answer().await.is_last_problem(408);
    assert_took(begun.elapsed(), 900);
    server
        .metric_becomes(
            r#"hgpixel_http_requests_total{route="/read",status="408"}"#,
            1.0,
        )
        .await;
}

#[tokio::test]
async fn a_body_that_drips_is_answered_408() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client
        .write("POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let begun = Instant::now();
    let dripping = async {
        while begun.elapsed() < Duration::from_millis(500) {
            client.write("1\r\na\r\n").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    dripping.await;
    client.answer().await.is_last_problem(408);
    assert_took(begun.elapsed(), 900);
}

#[tokio::test]
async fn a_slow_handler_is_answered_503() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client.write("GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let begun = Instant::now();
    let answer = client.answer().await;
    answer.is_problem(503);
    assert_took(begun.elapsed(), 1_200);
    assert!(!answer.closes(), "the client is not to blame");
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(client.answer().await.body, "hello");
    let late = r#"hgpixel_http_requests_total{route="/never",status="503"}"#;
    assert_eq!(server.metric(late), Some(1.0));
}

#[tokio::test]
async fn the_time_of_the_body_is_not_the_handlers() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client
        .write("POST /never HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n12")
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.write("34").await;
    let begun = Instant::now();
    client.answer().await.is_problem(503);
    assert_took(begun.elapsed(), 1_200);
}

#[tokio::test]
async fn a_handler_that_does_not_read_is_late_itself() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client
        .write("POST /deaf HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n12")
        .await;
    let begun = Instant::now();
    let answer = client.answer().await;
    answer.is_problem(503);
    assert_took(begun.elapsed(), 1_200);
    assert!(answer.closes(), "half a body is still to come");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client
        .write("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    let cut = r#"hgpixel_http_connections_cut_total{reason="answer_timeout"}"#;
    let begun = Instant::now();
    server.metric_becomes(cut, 1.0).await;
    assert_took(begun.elapsed(), 900);
}

#[tokio::test]
async fn a_client_that_reads_keeps_its_long_answer() {
    let server = Server::start(app(), &short());
    let mut client = server.connect().await;
    client
        .write("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1_500) {
        client.skim().await.unwrap();
    }
}

#[tokio::test]
async fn nobody_waits_for_the_deadline_of_another() {
    let server = Server::start(app(), &patient());
    let mut slow = server.connect().await;
    slow.write("GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(
        server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.body,
        "hello"
    );
}
