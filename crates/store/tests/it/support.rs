//! A fresh store on either database, and events with little typing.

use hgpixel_config::{SecretUrl, Settings, StoreUrl};
use hgpixel_event::{Clock, Event, SiteKey, assigned_id};
use hgpixel_store::{
    Enriched, EventStore, Message, NewEvent, Site, ViewFilter, ViewOrder, ViewPage, ViewQuery,
    ViewRow,
};
use hgpixel_testkit::PostgresDatabase;
use prometheus::Registry;
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-11-23T12:00:00Z, a Monday.
pub(crate) const NOW_MS: i64 = 1_795_435_200_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Runs each test once per database.
macro_rules! for_each_backend {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::support::Place::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::support::Place::postgres().await).await;
            })*
        }
    };
}
pub(crate) use for_each_backend;

/// A database of its own, migrated, and a clock that stands at [`NOW_MS`].
pub(crate) struct Place {
    pub(crate) settings: hgpixel_config::Store,
    pub(crate) clock: Clock,
    pub(crate) keeper: Keeper,
}

/// What must live as long as the database.
pub(crate) enum Keeper {
    Sqlite(TempDir),
    Postgres(PostgresDatabase),
}

impl Place {
    pub(crate) async fn sqlite() -> Self {
        let place = Self::empty_sqlite();
        EventStore::migrate(&place.settings, &place.clock)
            .await
            .unwrap();
        place
    }

    pub(crate) async fn postgres() -> Self {
        let place = Self::empty_postgres().await;
        EventStore::migrate(&place.settings, &place.clock)
            .await
            .unwrap();
        place
    }

    pub(crate) fn empty_sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let url = StoreUrl::Sqlite(directory.path().join("store.db"));
        Self::at(url, Keeper::Sqlite(directory))
    }

    pub(crate) async fn empty_postgres() -> Self {
        let database = PostgresDatabase::create().await.unwrap();
        let url = StoreUrl::Postgres(SecretUrl::new(database.url()));
        Self::at(url, Keeper::Postgres(database))
    }

    fn at(url: StoreUrl, keeper: Keeper) -> Self {
        let defaults = Settings::default().store;
        Self {
            settings: hgpixel_config::Store { url, ..defaults },
            clock: Clock::manual(NOW_MS),
            keeper,
        }
    }

    pub(crate) async fn open(&self) -> EventStore {
        EventStore::open(&self.settings, self.clock.clone(), &Registry::new())
            .await
            .unwrap()
    }
}

pub(crate) async fn site(store: &EventStore, key: &str) -> Site {
    store.add_site(&site_key(key), "").await.unwrap()
}

pub(crate) fn site_key(key: &str) -> SiteKey {
    key.parse().unwrap()
}

/// A page view of `visitor`, `offset_ms` after [`NOW_MS`].
pub(crate) fn hit(site: &Site, visitor: i64, offset_ms: i64) -> NewEvent {
    let time_ms = NOW_MS + offset_ms;
    NewEvent {
        event: Event {
            id: assigned_id(time_ms),
            site: site.id,
            kind: "pageview".into(),
            time_ms,
            received_ms: time_ms + 5,
            visitor: Some(visitor),
            url: "https://example.com/".into(),
            user_agent: "Mozilla/5.0".into(),
            ..Event::default()
        },
        enriched: Enriched {
            host: "example.com".into(),
            path: "/".into(),
            channel: "Direct".into(),
            ..Enriched::default()
        },
    }
}

pub(crate) fn at_url(mut event: NewEvent, url: &str) -> NewEvent {
    event.event.url = url.into();
    event
}

pub(crate) fn message(rows: Vec<NewEvent>) -> Message {
    Message {
        id: Uuid::now_v7(),
        rows,
        ..Message::default()
    }
}

/// Stores events as one message.
pub(crate) async fn append(store: &EventStore, rows: Vec<NewEvent>) {
    let count = rows.len() as u64;
    let mut writer = store.writer("test").await.unwrap();
    let appended = writer.append(&[message(rows)]).await.unwrap();
    assert_eq!(appended.stored, count);
}

pub(crate) async fn view(store: &EventStore, filter: ViewFilter) -> ViewPage {
    let query = ViewQuery {
        filter,
        start: 0,
        length: 1_000,
        order: ViewOrder::NewestFirst,
        ..ViewQuery::default()
    };
    store.view(&query).await.unwrap()
}

/// Every stored event, oldest first.
pub(crate) async fn all(store: &EventStore) -> Vec<ViewRow> {
    let query = ViewQuery {
        filter: ViewFilter::default(),
        start: 0,
        length: 1_000,
        order: ViewOrder::OldestFirst,
        ..ViewQuery::default()
    };
    store.view(&query).await.unwrap().rows
}

/// A question in SQL, its answer as text: one line a row, columns with bars between.
pub(crate) async fn ask(place: &Place, sql: &str) -> String {
    match &place.keeper {
        Keeper::Postgres(database) => database.query(sql).await.unwrap().trim().to_owned(),
        Keeper::Sqlite(directory) => {
            use sqlx::{Connection, Row};
            let url = format!("sqlite:{}", directory.path().join("store.db").display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            let line = |row: &sqlx::sqlite::SqliteRow| {
                let column = |index| {
                    let number: Result<Option<i64>, _> = row.try_get(index);
                    let text = || {
                        row.try_get::<Option<String>, _>(index)
                            .unwrap()
                            .unwrap_or_default()
                    };
                    number.map_or_else(
                        |_| text(),
                        |number| number.map_or_else(String::new, |number| number.to_string()),
                    )
                };
                (0..row.len()).map(column).collect::<Vec<_>>().join("|")
            };
            rows.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}
