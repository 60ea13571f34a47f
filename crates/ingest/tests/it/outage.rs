//! The queue away: refused at once, promised nothing, and taken again when it is back.

use std::time::Instant;

use hgpixel_config::{QueueUrl, SecretUrl, Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_ingest::{Deps, start};
use hgpixel_queue::EventQueue;
use hgpixel_store::EventStore;
use hgpixel_telemetry::{Health, Lifecycle};
use prometheus::Registry;

use crate::rig::{PATIENCE, Rig};

#[tokio::test]
async fn a_closed_queue_refuses_at_once_and_says_when_to_come_back() {
    let rig = Rig::start().await;
    assert_eq!(rig.post(r#"{"clientID":"s"}"#).await.status, 204);
    rig.queue.clone().close().await;
    let began = Instant::now();
    let answer = rig.post(r#"{"clientID":"s"}"#).await;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert!(!answer.detail().is_empty());
    assert!(began.elapsed().as_millis() < 1_000, "{:?}", began.elapsed());
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 1);
    rig.assert_the_books_balance();
    let unready = async {
        while rig.health.report().is_ready() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, unready).await.unwrap();
}

#[tokio::test]
async fn without_a_broker_it_starts_unready_and_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.store.url = StoreUrl::Sqlite(directory.path().join("hgpixel.db"));
    let port = hgpixel_testkit::free_port();
    settings.queue.url = QueueUrl::Amqp(SecretUrl::new(format!(
        "amqp://guest:guest@127.0.0.1:{port}/%2f"
    )));
    let (clock, registry) = (Clock::system(), Registry::new());
    EventStore::migrate(&settings.store, &clock).await.unwrap();
    let store = EventStore::open(&settings.store, clock.clone(), &registry)
        .await
        .unwrap();
    let queue = EventQueue::open(&settings.queue, &registry).await.unwrap();
    let (health, lifecycle) = (Health::new(), Lifecycle::new());
    let router = start(Deps {
        settings: &settings,
        queue,
        store,
        clock,
        registry: &registry,
        health: &health,
        lifecycle: &lifecycle,
    })
    .await
    .unwrap();
    let sites_are_known = async {
        while !health
            .report()
            .conditions
            .iter()
            .any(|condition| condition.name == "sites" && condition.ready)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, sites_are_known)
        .await
        .unwrap();
    assert!(!health.report().is_ready());
    let request = || {
        let request = Rig::request(http::Method::POST, "/track");
        request
            .body(axum::body::Body::from(r#"{"clientID":"s"}"#))
            .unwrap()
    };
    let began = Instant::now();
    for _ in 0..20 {
        let response = tower::ServiceExt::oneshot(router.clone(), request())
            .await
            .unwrap();
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
    }
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}
