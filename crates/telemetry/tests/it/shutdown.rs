//! The end of a server: what is in flight is answered, what is idle is closed, and what is stuck holds nothing up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Server, patient};
use axum::Router;
use axum::routing::get;
use hgpixel_config::Http;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// `/held` is answered when the test says so.
fn app(release: &Arc<Notify>) -> Router {
    let release = Arc::clone(release);
    let held = async move || {
        release.notified().await;
        "released"
    };
    Router::new()
        .route("/", get(async || "hello"))
        .route("/held", get(held))
}

async fn ends_within(server: Server, limit: Duration) {
    let begun = Instant::now();
    tokio::time::timeout(PATIENCE, server.ended)
        .await
        .expect("the server did not end")
        .unwrap();
    assert!(begun.elapsed() < limit, "ended after {:?}", begun.elapsed());
}

/// Far below the minute that these servers would wait, and far above what a busy machine needs.
const AT_ONCE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn while_draining_everything_works_and_answers_close() {
    let server = Server::start(app(&Arc::default()), &patient());
    let mut kept = server.connect().await;
    kept.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!kept.answer().await.closes());
    server.lifecycle.shutdown(Duration::from_mins(1));
    kept.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(kept.answer().await.closes());
    let (rest, _) = kept.rest().await;
    assert_eq!(rest, "");
    let new = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!((new.status, new.closes()), (200, true));
}

#[tokio::test]
async fn a_stop_answers_what_is_in_flight_and_refuses_what_is_new() {
    let release = Arc::new(Notify::new());
    let server = Server::start(app(&release), &patient());
    let address = server.address;
    let mut held = server.connect().await;
    held.write("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.metric_becomes("hgpixel_http_connections", 1.0).await;
    // Answered on the same thread, so the held request has been read when this has been answered.
    server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;

    server.lifecycle.shutdown(Duration::ZERO);
    let begun = Instant::now();
    while TcpStream::connect(address).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "connections are still accepted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!server.ended.is_finished());

    release.notify_one();
    let answer = held.answer().await;
    assert_eq!(answer.body, "released");
    assert!(answer.closes());
    ends_within(server, AT_ONCE).await;
}

#[tokio::test]
async fn idle_connections_are_closed_at_once() {
    let server = Server::start(app(&Arc::default()), &patient());
    let mut used = server.connect().await;
    used.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    used.answer().await;
    let mut fresh = server.connect().await;
    server.metric_becomes("hgpixel_http_connections", 2.0).await;
    server.lifecycle.shutdown(Duration::ZERO);
    for client in [&mut used, &mut fresh] {
        let (rest, took) = client.rest().await;
        assert_eq!(rest, "");
        assert!(took < AT_ONCE, "{took:?}");
    }
    ends_within(server, AT_ONCE).await;
}

#[tokio::test]
async fn half_a_request_does_not_hold_the_exit() {
    let settings = Http {
        shutdown_timeout_ms: 500,
        ..patient()
    };
    let server = Server::start(app(&Arc::default()), &settings);
    let mut half_head = server.connect().await;
    half_head.write("GET / HTTP/1.1\r\nhos").await;
    let mut held = server.connect().await;
    held.write("GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.metric_becomes("hgpixel_http_connections", 2.0).await;
    server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;

    server.lifecycle.shutdown(Duration::ZERO);
    let begun = Instant::now();
    half_head.rest().await;
    held.rest().await;
    assert!(begun.elapsed() >= Duration::from_millis(400));
    let cut = r#"hgpixel_http_connections_cut_total{reason="shutdown"}"#;
    server.metric_becomes(cut, 2.0).await;
    ends_within(server, AT_ONCE).await;
}

#[tokio::test]
async fn a_request_that_completes_after_the_stop_is_answered() {
    let server = Server::start(app(&Arc::default()), &patient());
    let mut client = server.connect().await;
    client.write("GET / HTTP/1.1\r\nhos").await;
    server.metric_becomes("hgpixel_http_connections", 1.0).await;
    server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.lifecycle.shutdown(Duration::ZERO);
    client.write("t: x\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.body.as_str(), answer.closes()), ("hello", true));
    ends_within(server, AT_ONCE).await;
}
