//! A PostgreSQL server that is killed or frozen: errors come in time and may be retried, and nothing is counted twice.

use std::time::{Duration, Instant};

use hgpixel_config::{SecretUrl, StoreUrl};
use hgpixel_store::{Appended, EventStore, Message, Writer};
use hgpixel_testkit::Postgres;
use prometheus::Registry;

use crate::support::{Place, all, hit, message, site};

/// A store on a server of its own, with short deadlines: 300 ms for a connection, 500 ms for a statement, one second of grace.
async fn store_on(server: &Postgres) -> EventStore {
    let mut place = Place::empty_sqlite();
    place.settings.url = StoreUrl::Postgres(SecretUrl::new(server.url()));
    EventStore::migrate(&place.settings, &place.clock)
        .await
        .unwrap();
    place.settings.acquire_timeout_ms = 300;
    place.settings.statement_timeout_ms = 500;
    EventStore::open(&place.settings, place.clock.clone(), &Registry::new())
        .await
        .unwrap()
}

const DEADLINE: Duration = Duration::from_millis(2_500);
const HEALED_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_given_up_in_time_and_comes_back() {
    let server = Postgres::start().await.unwrap();
    let store = store_on(&server).await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    append_healed(&mut writer, &[message(vec![hit(&site, 1, 0)])]).await;
    server.pause().await.unwrap();
    let batch = [message(vec![hit(&site, 1, 1), hit(&site, 1, 2)])];
    for _ in 0..3 {
        let started = Instant::now();
        let error = writer.append(&batch).await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
        assert!(store.ping().await.unwrap_err().is_retryable());
    }
    server.resume().await.unwrap();
    let appended = append_healed(&mut writer, &batch).await;
    assert_eq!(
        (appended.stored, appended.duplicate, appended.redelivered),
        (2, 0, 0)
    );
    assert_eq!(all(&store).await.len(), 3);
    assert_eq!(store.books("w").await.unwrap(), [("stored".to_owned(), 3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_noticed_and_comes_back() {
    let server = Postgres::start().await.unwrap();
    let store = store_on(&server).await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    append_healed(&mut writer, &[message(vec![hit(&site, 1, 0)])]).await;
    server.kill().await.unwrap();
    let batch = [message(vec![hit(&site, 1, 1)])];
    let started = Instant::now();
    let error = writer.append(&batch).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    server.restart().await.unwrap();
    let appended = append_healed(&mut writer, &batch).await;
    assert_eq!((appended.stored, appended.redelivered), (1, 0));
    // What was committed before the kill is still there.
    assert_eq!(all(&store).await.len(), 2);
}

/// The same batch again, as the worker would, until the server takes it.
async fn append_healed(writer: &mut Writer, batch: &[Message]) -> Appended {
    let deadline = Instant::now() + HEALED_WITHIN;
    loop {
        match writer.append(batch).await {
            Ok(appended) => return appended,
            Err(error) => assert!(error.is_retryable() && Instant::now() < deadline, "{error}"),
        }
    }
}
