//! Days that are over are counted by whoever leads.
#![cfg(test)]

use std::time::Duration;

use hgpixel_config::{SecretUrl, Settings, Store, StoreUrl};
use hgpixel_event::{Clock, Event, assigned_id};
use hgpixel_rollup::Deps;
use hgpixel_store::{EventStore, Message, NewEvent, Site};
use hgpixel_telemetry::{Lifecycle, registry};
use hgpixel_testkit::{PostgresDatabase, wait_until};
use uuid::Uuid;

/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;
const DAY_MS: i64 = 86_400_000;

/// A store with a site, on which a page was viewed on each of the last three days.
struct Rig {
    settings: Store,
    clock: Clock,
    store: EventStore,
    site: Site,
}

impl Rig {
    async fn on(url: StoreUrl) -> Self {
        let defaults = Settings::default().store;
        let settings = Store { url, ..defaults };
        let clock = Clock::manual(NOW_MS);
        EventStore::migrate(&settings, &clock).await.unwrap();
        let store = EventStore::open(&settings, clock.clone(), &registry()).await;
        let store = store.unwrap();
        let site = store.add_site(&"a".parse().unwrap(), "").await.unwrap();
        let rig = Self {
            settings,
            clock,
            store,
            site,
        };
        rig.view_pages().await;
        rig
    }

    async fn view_pages(&self) {
        let event = |days: i64| {
            let time_ms = NOW_MS - days * DAY_MS;
            NewEvent {
                event: Event {
                    id: assigned_id(time_ms),
                    site: self.site.id,
                    kind: "pageview".into(),
                    time_ms,
                    received_ms: time_ms,
                    visitor: Some(days),
                    ..Event::default()
                },
                ..NewEvent::default()
            }
        };
        let message = Message {
            id: Uuid::new_v4(),
            rows: (0..3).map(event).collect(),
            ..Message::default()
        };
        let mut writer = self.store.writer("test").await.unwrap();
        assert_eq!(writer.append(&[message]).await.unwrap().stored, 3);
    }

    /// A process that takes part in the election, with connections of its own.
    async fn process(&self) -> Lifecycle {
        let (registry, lifecycle) = (registry(), Lifecycle::new());
        let store = EventStore::open(&self.settings, self.clock.clone(), &registry).await;
        hgpixel_rollup::start(Deps {
            store: store.unwrap(),
            registry,
            lifecycle: lifecycle.clone(),
        })
        .unwrap();
        lifecycle
    }

    async fn all_are_counted(&self) {
        let is_done = async || {
            let waiting = self.store.rollups_waiting(&self.site, false).await;
            waiting.is_ok_and(|waiting| waiting.is_empty())
        };
        let waiting = self.store.rollups_waiting(&self.site, false).await.unwrap();
        assert_eq!(waiting.len(), 2, "{waiting:?}");
        wait_until("every day to be counted", Duration::from_secs(30), is_done)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_alone_counts_days_that_are_over() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::on(StoreUrl::Sqlite(folder.path().join("store.db"))).await;
    let process = rig.process().await;
    rig.all_are_counted().await;
    process.shutdown(Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_leader_counts_what_the_last_one_left() {
    let database = PostgresDatabase::create().await.unwrap();
    let rig = Rig::on(StoreUrl::Postgres(SecretUrl::new(database.url()))).await;
    let first = rig.process().await;
    rig.all_are_counted().await;
    let second = rig.process().await;
    rig.view_pages().await;
    first.shutdown(Duration::ZERO);
    rig.all_are_counted().await;
    second.shutdown(Duration::ZERO);
}
