//! How fast batches are stored, and how much room they take, with events as a site sends them.
//!
//! ```text
//! cargo run --release -p hgpixel-store --example append_speed -- sqlite:/tmp/speed.db [PAGEVIEWS] [BATCH]
//! cargo run --release -p hgpixel-store --example append_speed -- postgres://user@host/database [PAGEVIEWS] [BATCH]
//! ```
//!
//! The database must be empty. Sessions have three page views, each in another batch and in another order, as it is when a batch is a fifth of
//! a second; 25 events a second of their time, 3,000 paths, 200 referrers, 400 agents; one session in a hundred has a user id. The figures
//! are for one writer. The file that is written can be read again: a database that holds events already is only asked.
#![expect(
    clippy::print_stdout,
    reason = "its figures are what this program is for"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "the figures are rounded, and the numbers small"
)]

mod traffic;

use std::time::Instant;

use anyhow::{Context, bail};
use hgpixel_config::{SecretUrl, Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_store::{
    EventStore, Message, NewEvent, ViewColumn, ViewComparison, ViewCondition, ViewDirection,
    ViewFilter, ViewGroupOrder, ViewGroupQuery, ViewQuery, ViewSort, ViewTest, ViewValue,
};
use prometheus::Registry;
use uuid::Uuid;

use traffic::Traffic;

/// 2026-11-23, 25 events a second.
const TRAFFIC: Traffic = Traffic {
    start_ms: 1_795_392_000_000,
    step_ms: 40,
    at_once: 5_000,
};
const MESSAGE_EVENTS: usize = 250;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("name the store")?;
    let pageviews: i64 = arguments.next().map_or(Ok(300_000), |text| text.parse())?;
    let batch: usize = arguments.next().map_or(Ok(2_000), |text| text.parse())?;
    let settings = hgpixel_config::Store {
        url: match url.split_once(':') {
            Some(("sqlite", path)) => StoreUrl::Sqlite(path.into()),
            Some(("postgres", _)) => StoreUrl::Postgres(SecretUrl::new(&url)),
            _ => bail!("expected sqlite:PATH or postgres://…"),
        },
        ..Settings::default().store
    };
    let clock = Clock::manual(TRAFFIC.start_ms);
    EventStore::migrate(&settings, &clock).await?;
    let store = EventStore::open(&settings, clock.clone(), &Registry::new()).await?;
    let site = store.add_site(&"bench".parse()?, "").await?.id;
    let newest = ViewQuery {
        length: 1,
        ..ViewQuery::default()
    };
    if store.view(&newest).await?.records_total == 0 {
        write(&store, site, pageviews, batch).await?;
    }
    read(&store).await?;
    store.close().await;
    Ok(())
}

async fn write(store: &EventStore, site: i64, pageviews: i64, batch: usize) -> anyhow::Result<()> {
    let mut writer = store.writer("bench").await?;
    let mut storing = std::time::Duration::ZERO;
    let mut number = 0;
    while number < pageviews {
        let until = (number + i64::try_from(batch)?).min(pageviews);
        let rows: Vec<NewEvent> = (number..until)
            .map(|number| TRAFFIC.event(site, number))
            .collect();
        let messages: Vec<Message> = rows
            .chunks(MESSAGE_EVENTS)
            .map(|rows| Message {
                id: Uuid::now_v7(),
                rows: rows.to_vec(),
                ..Message::default()
            })
            .collect();
        let started = Instant::now();
        writer.append(&messages).await?;
        storing += started.elapsed();
        number = until;
    }
    let seconds = storing.as_secs_f64();
    println!(
        "{pageviews} page views in {seconds:.1} s: {:.0} a second",
        pageviews as f64 / seconds
    );
    Ok(())
}

async fn read(store: &EventStore) -> anyhow::Result<()> {
    let newest = store
        .view(&ViewQuery {
            length: 1,
            ..ViewQuery::default()
        })
        .await?
        .rows
        .remove(0);
    let only = |column, comparison, text: &str| ViewFilter {
        conditions: vec![ViewCondition::Test(ViewTest {
            column,
            comparison,
            value: ViewValue::Text(text.into()),
        })],
        ..ViewFilter::default()
    };
    let last_day = ViewFilter {
        from_ms: Some(newest.time_ms - 86_400_000),
        ..ViewFilter::default()
    };
    let equals = ViewComparison::Equals;
    let everything = ViewFilter::default;
    let by_url = ViewFilter {
        url: Some(newest.url),
        ..everything()
    };
    let by_user = ViewFilter {
        user_id: Some("user-100".into()),
        ..everything()
    };
    let search = ViewFilter {
        search: Some("articles/77/".into()),
        ..everything()
    };
    let cases = [
        ("newest", everything(), 0, None),
        ("far away", everything(), 123_456, None),
        ("very far away", everything(), 7_654_321, None),
        ("by address", by_url, 0, None),
        ("by user", by_user, 0, None),
        ("of the last day", last_day.clone(), 0, None),
        ("of the last day, far away", last_day.clone(), 123_456, None),
        ("by search", search, 0, None),
        (
            "by country",
            only(ViewColumn::Country, equals, "AT"),
            0,
            None,
        ),
        (
            "by a rare agent",
            only(ViewColumn::BrowserVersion, equals, "77"),
            0,
            None,
        ),
        (
            "by an unknown country",
            only(ViewColumn::Country, equals, "XX"),
            0,
            None,
        ),
        (
            "by a part of the path",
            only(ViewColumn::Path, ViewComparison::Contains, "/77"),
            0,
            None,
        ),
        ("sorted by path", everything(), 0, Some(ViewColumn::Path)),
        (
            "sorted by country",
            everything(),
            0,
            Some(ViewColumn::Country),
        ),
    ];
    for (name, filter, start, sort) in cases {
        let query = ViewQuery {
            filter,
            start,
            length: 100,
            sort: sort.map(|column| ViewSort {
                column,
                direction: ViewDirection::Ascending,
            }),
            ..ViewQuery::default()
        };
        let (first, fastest) = timed(async || store.view(&query).await.map(drop)).await?;
        let page = store.view(&query).await?;
        let at_least = if page.records_filtered_capped {
            "at least "
        } else {
            ""
        };
        println!(
            "a page of 100, {name}: {first:.1} ms, then {fastest:.1} ms; {at_least}{} of {} events",
            page.records_filtered, page.records_total
        );
    }
    for (name, filter, by) in [
        ("country", everything(), vec![ViewColumn::Country]),
        (
            "country and path of the last day",
            last_day,
            vec![ViewColumn::Country, ViewColumn::Path],
        ),
    ] {
        let query = ViewGroupQuery {
            filter,
            by,
            order: ViewGroupOrder::Events,
            direction: ViewDirection::Descending,
            start: 0,
            length: 100,
        };
        let (first, fastest) = timed(async || store.view_groups(&query).await.map(drop)).await?;
        let groups = store.view_groups(&query).await?;
        println!(
            "grouped by {name}: {first:.1} ms, then {fastest:.1} ms; {} events in {} groups",
            groups.records_grouped, groups.groups_total
        );
    }
    Ok(())
}

/// The first time, and the fastest of the next ones, in milliseconds.
async fn timed<E>(ask: impl AsyncFn() -> Result<(), E>) -> Result<(f64, f64), E> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        ask().await?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    let fastest = times[1..].iter().copied().fold(f64::MAX, f64::min);
    Ok((times[0], fastest))
}
