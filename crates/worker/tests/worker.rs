//! From a queued batch to stored rows, on real backends.
#![cfg(test)]

use std::time::Duration;

use hgpixel_config::{Queue, QueueUrl, Settings, Store, StoreUrl};
use hgpixel_event::{Clock, EncodedBatch, Event, SiteKey, assigned_id};
use hgpixel_queue::{DeadLetters, EventQueue};
use hgpixel_store::{EventStore, ViewQuery};
use hgpixel_telemetry::{Health, Lifecycle, registry};
use hgpixel_testkit::{Postgres, PostgresDatabase, parse_metrics, wait_until};
use hgpixel_worker::Deps;
use prometheus::{Registry, TextEncoder};
use tempfile::TempDir;

/// A worker between a local queue and a store.
struct Rig {
    queue: EventQueue,
    store: EventStore,
    registry: Registry,
    lifecycle: Lifecycle,
    queue_settings: Queue,
    clock: Clock,
    _folder: TempDir,
}

impl Rig {
    async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::Sqlite(folder.path().join("store.db"));
        Self::start(folder, url).await
    }

    async fn on(postgres: &str) -> Self {
        let url = StoreUrl::Postgres(hgpixel_config::SecretUrl::new(postgres));
        Self::start(tempfile::tempdir().unwrap(), url).await
    }

    async fn start(folder: TempDir, store_url: StoreUrl) -> Self {
        let mut settings = Settings::default();
        settings.worker.batch_wait_ms = 10;
        settings.store.url = store_url;
        settings.store.acquire_timeout_ms = 1_000;
        settings.queue.url = QueueUrl::Local(folder.path().join("queue.db"));
        let (clock, registry, lifecycle) = (Clock::system(), registry(), Lifecycle::new());
        let store = open_store(&settings.store, &clock, &registry).await;
        let queue = EventQueue::open(&settings.queue, &registry).await.unwrap();
        hgpixel_worker::start(Deps {
            settings: settings.worker,
            instance: "test".to_owned(),
            queue: queue.clone(),
            store: store.clone(),
            clock: clock.clone(),
            registry: registry.clone(),
            health: Health::new(),
            lifecycle: lifecycle.clone(),
        })
        .unwrap();
        let queue_settings = settings.queue;
        Self {
            queue,
            store,
            registry,
            lifecycle,
            queue_settings,
            clock,
            _folder: folder,
        }
    }

    async fn site(&self) -> i64 {
        let key: SiteKey = "example.com".parse().unwrap();
        self.store.add_site(&key, "Example").await.unwrap().id
    }

    async fn publish(&self, events: &[Event]) {
        self.queue
            .publish(EncodedBatch::encode(events))
            .await
            .unwrap();
    }

    fn event(&self, site: i64, kind: &str) -> Event {
        let now_ms = self.clock.now_ms();
        Event {
            id: assigned_id(now_ms),
            site,
            kind: kind.to_owned(),
            time_ms: now_ms,
            received_ms: now_ms,
            visitor: Some(7),
            url: "https://example.com/".to_owned(),
            data: format!("{{\"kind\":\"{kind}\"}}"),
            ..Event::default()
        }
    }

    fn metric(&self, name: &str) -> f64 {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        parse_metrics(&text).get(name).copied().unwrap_or(f64::NAN)
    }

    async fn reaches(&self, metric: &str, count: f64) {
        wait_until(
            &format!("{metric} {count}"),
            Duration::from_secs(30),
            async || self.metric(metric) >= count,
        )
        .await
        .unwrap();
        assert!(
            (self.metric(metric) - count).abs() < f64::EPSILON,
            "{metric} {}",
            self.metric(metric)
        );
    }

    async fn rows(&self) -> u64 {
        let query = ViewQuery {
            length: 1,
            ..ViewQuery::default()
        };
        self.store.view(&query).await.unwrap().records_total
    }

    async fn stop(self) {
        self.lifecycle.shutdown(Duration::ZERO);
        assert!(self.lifecycle.finished(Duration::from_secs(10)).await);
        assert!(!self.lifecycle.has_failed());
    }
}

async fn open_store(settings: &Store, clock: &Clock, registry: &Registry) -> EventStore {
    EventStore::migrate(settings, clock).await.unwrap();
    EventStore::open(settings, clock.clone(), registry)
        .await
        .unwrap()
}

const STORED: &str = "hgpixel_events_stored_total";
const DUPLICATE: &str = "hgpixel_events_duplicate_total";
const REJECTED: &str = "hgpixel_events_dead_lettered_total{reason=\"rejected\"}";
const UNREADABLE: &str = "hgpixel_events_dead_lettered_total{reason=\"unreadable\"}";
const UNDECODABLE: &str = "hgpixel_events_dead_lettered_total{reason=\"undecodable\"}";

#[tokio::test(flavor = "multi_thread")]
async fn queued_events_are_stored_and_repeated_ones_counted_as_duplicates() {
    let rig = Rig::embedded().await;
    let site = rig.site().await;
    let events: Vec<Event> = (0..10).map(|_| rig.event(site, "pageview")).collect();
    rig.publish(&events).await;
    rig.reaches(STORED, 10.0).await;
    rig.publish(&events[..3]).await;
    rig.reaches(DUPLICATE, 3.0).await;
    assert_eq!(rig.rows().await, 10);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_event_is_set_aside_and_its_whole_company_is_stored() {
    let database = PostgresDatabase::create().await.unwrap();
    let rig = Rig::on(&database.url()).await;
    let site = rig.site().await;
    database
        .query("alter table events add constraint no_poison check (data not like '%poison%')")
        .await
        .unwrap();
    let mut events: Vec<Event> = (0..500).map(|_| rig.event(site, "pageview")).collect();
    events[321].data = "{\"kind\":\"poison\"}".to_owned();
    rig.publish(&events).await;
    rig.reaches(STORED, 499.0).await;
    rig.reaches(REJECTED, 1.0).await;
    assert_eq!(rig.rows().await, 499);

    let mut letters = DeadLetters::open(&rig.queue_settings).await.unwrap();
    let listed = letters.list(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].id, listed[0].reason.as_str()),
        (events[321].id, "rejected")
    );
    assert!(listed[0].detail.contains("23514"), "{}", listed[0].detail);

    database
        .query("alter table events drop constraint no_poison")
        .await
        .unwrap();
    assert_eq!(letters.replay(10).await.unwrap(), 1);
    rig.reaches(STORED, 500.0).await;
    rig.reaches("hgpixel_events_replayed_total", 1.0).await;
    assert!(letters.list(10).await.unwrap().is_empty());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_set_aside_and_costs_nothing_else() {
    let rig = Rig::embedded().await;
    let site = rig.site().await;
    let good = EncodedBatch::encode(&[rig.event(site, "pageview")]);
    let text = String::from_utf8(good.bytes.clone()).unwrap();
    let mixed = format!(
        "{}not an event\n",
        text.replacen("\"events\":1", "\"events\":2", 1)
    );
    rig.queue
        .publish(EncodedBatch {
            events: 2,
            bytes: mixed.into_bytes(),
        })
        .await
        .unwrap();
    rig.queue
        .publish(EncodedBatch {
            events: 5,
            bytes: b"torn".to_vec(),
        })
        .await
        .unwrap();
    rig.reaches(STORED, 1.0).await;
    rig.reaches(UNREADABLE, 1.0).await;
    rig.reaches(UNDECODABLE, 5.0).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_in_the_queue_while_the_database_is_away() {
    let postgres = Postgres::start().await.unwrap();
    let rig = Rig::on(&postgres.url()).await;
    let site = rig.site().await;
    rig.publish(&[rig.event(site, "before")]).await;
    rig.reaches(STORED, 1.0).await;
    postgres.kill().await.unwrap();
    for _ in 0..5 {
        rig.publish(&[rig.event(site, "during")]).await;
    }
    let failed = async || rig.metric("hgpixel_worker_store_retries_total") >= 1.0;
    wait_until("a failed try", Duration::from_secs(30), failed)
        .await
        .unwrap();
    postgres.restart().await.unwrap();
    rig.reaches(STORED, 6.0).await;
    assert_eq!(rig.rows().await, 6);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_of_a_new_process_go_on_where_the_books_stand() {
    let database = PostgresDatabase::create().await.unwrap();
    let first = Rig::on(&database.url()).await;
    let site = first.site().await;
    first
        .publish(&[first.event(site, "pageview"), first.event(site, "click")])
        .await;
    first.reaches(STORED, 2.0).await;
    first.stop().await;
    let second = Rig::on(&database.url()).await;
    second.reaches(STORED, 2.0).await;
    second.stop().await;
}
