//! How long the questions of the dashboard and of `/view-data` take: the figures P5 and P6.
//!
//! ```text
//! cargo xtask bench queries [sqlite] [postgres] [EVENTS …]
//! ```
//!
//! For each number of events (1,000,000 and 10,000,000 if none is named) and for each database (both if none is named): so many page views of the last 30 days,
//! written and counted as a server does, today being half over and read, as a server does when it starts. Then every question, a few times: the first time, and the fastest one. No
//! answer is remembered anywhere but in the database's own memory.
#![expect(
    clippy::print_stdout,
    reason = "its figures are what this program is for"
)]

mod traffic;

use std::time::{Duration, Instant};

use hgpixel_config::{SecretUrl, Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_store::{
    CalendarUnit, Dimension, Direction, EventStore, Filter, Matching, Message, Metric, OrderBy,
    Site, StatsQuery, Test, ViewFilter, ViewQuery,
};
use hgpixel_testkit::PostgresDatabase;
use prometheus::Registry;
use uuid::Uuid;

use traffic::Traffic;

const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 30;
/// 2026-11-23T12:00:00Z.
const NOW_MS: i64 = 1_795_435_200_000;
const START_MS: i64 = NOW_MS - DAY_MS * DAYS + DAY_MS / 2;
/// From one view of a session to its next.
const VIEW_MS: i64 = 170_000;
const BATCH: i64 = 5_000;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (names, numbers): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| ["sqlite", "postgres"].contains(&argument.as_str()));
    let numbers: Result<Vec<i64>, _> = numbers.iter().map(|text| text.parse()).collect();
    let numbers = match numbers? {
        none if none.is_empty() => vec![1_000_000, 10_000_000],
        numbers => numbers,
    };
    let is_asked = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    for events in numbers {
        if is_asked("sqlite") {
            let folder = tempfile::tempdir()?;
            let url = StoreUrl::Sqlite(folder.path().join("speed.db"));
            measure("SQLite", url, events).await?;
        }
        if is_asked("postgres") {
            let database = PostgresDatabase::create().await?;
            let url = StoreUrl::Postgres(SecretUrl::new(database.url()));
            measure("PostgreSQL", url, events).await?;
        }
    }
    Ok(())
}

async fn measure(name: &str, url: StoreUrl, events: i64) -> anyhow::Result<()> {
    let settings = hgpixel_config::Store {
        url,
        statement_timeout_ms: 600_000,
        ..Settings::default().store
    };
    let clock = Clock::manual(START_MS);
    EventStore::migrate(&settings, &clock).await?;
    let store = EventStore::open(&settings, clock.clone(), &Registry::new()).await?;
    let mut site = store.add_site(&"bench".parse()?, "").await?;
    "Europe/Vienna".clone_into(&mut site.time_zone);
    let site = store
        .change_site(&hgpixel_store::Actor::command_line(), &site)
        .await?;
    println!("{name}, {events} events:");
    let file = match &settings.url {
        StoreUrl::Sqlite(path) => Some(path.clone()),
        StoreUrl::Postgres(_) => None,
    };
    let bytes_each = || -> anyhow::Result<Option<u64>> {
        let size = file.as_ref().map(|path| path.metadata()).transpose()?;
        Ok(size.map(|size| size.len() / events.unsigned_abs()))
    };
    write(&store, &clock, &site, events).await?;
    let before = bytes_each()?;
    count(&store, &site).await?;
    if let (Some(before), Some(after)) = (before, bytes_each()?) {
        println!("  {before} bytes an event in the file, {after} with the counted days");
    }
    let began = Instant::now();
    store.settle_today(site.id).await?;
    println!("  today read and settled in {:.1?}", began.elapsed());
    for (name, query) in questions(&site)? {
        let (first, fastest) = timed(async || store.stats(&query).await.map(drop)).await?;
        println!("  {name}: {first:.1} ms, then {fastest:.1} ms");
    }
    for (name, filter) in pages() {
        let query = ViewQuery {
            filter,
            length: 100,
            ..ViewQuery::default()
        };
        let (first, fastest) = timed(async || store.view(&query).await.map(drop)).await?;
        println!("  /view-data, {name}: {first:.1} ms, then {fastest:.1} ms");
    }
    store.close().await;
    Ok(())
}

async fn write(store: &EventStore, clock: &Clock, site: &Site, events: i64) -> anyhow::Result<()> {
    let step_ms = (NOW_MS - START_MS) / events;
    let traffic = Traffic {
        start_ms: START_MS,
        step_ms,
        at_once: VIEW_MS / step_ms,
    };
    let mut writer = store.writer("bench").await?;
    let began = Instant::now();
    let mut number = 0;
    while number < events {
        let until = (number + BATCH).min(events);
        let rows = (number..until).map(|number| traffic.event(site.id, number));
        let message = Message {
            id: Uuid::now_v7(),
            rows: rows.collect(),
            ..Message::default()
        };
        writer.append(&[message]).await?;
        clock.advance_ms((until - number) * step_ms);
        // As the leader does; a week's partition is there before the week.
        store.prepare_partitions().await?;
        number = until;
    }
    println!("  written in {:.0?}", began.elapsed());
    Ok(())
}

async fn count(store: &EventStore, site: &Site) -> anyhow::Result<()> {
    let began = Instant::now();
    let days = store.rollups_waiting(site, false).await?;
    for day in &days {
        store.roll_up(site, *day).await?;
    }
    println!("  {} days counted in {:.1?}", days.len(), began.elapsed());
    Ok(())
}

fn questions(site: &Site) -> anyhow::Result<Vec<(String, StatsQuery)>> {
    let mut questions = Vec::new();
    for (days, name, last_ms) in [
        (7, "7 days", NOW_MS),
        (30, "30 days", NOW_MS),
        (29, "29 days without today", NOW_MS - DAY_MS),
    ] {
        let plain = of_days(site, days, last_ms)?;
        let by = |dimension: Dimension| StatsQuery {
            dimensions: vec![dimension],
            ..plain.clone()
        };
        let only = |dimension: Dimension, value: &str, query: StatsQuery| StatsQuery {
            filters: vec![Filter::Test(Test {
                dimension,
                matching: Matching::Is(vec![value.to_owned()]),
            })],
            ..query
        };
        let page = "/articles/77/a-title-of-ordinary-length";
        let (source, country) = ("site7.example", "AT");
        let of_days = [
            ("totals", plain.clone()),
            ("by day", by(Dimension::Time)),
            ("by page", by(Dimension::Page)),
            ("by entry page", by(Dimension::EntryPage)),
            ("by source", by(Dimension::Source)),
            ("by channel", by(Dimension::Channel)),
            ("by country", by(Dimension::Country)),
            ("by device", by(Dimension::Device)),
            ("by browser version", by(Dimension::BrowserVersion)),
            ("by language", by(Dimension::Language)),
            ("by event type", by(Dimension::EventName)),
            (
                "totals of a page",
                only(Dimension::Page, page, plain.clone()),
            ),
            (
                "totals of a source",
                only(Dimension::Source, source, plain.clone()),
            ),
            (
                "pages of a source",
                only(Dimension::Source, source, by(Dimension::Page)),
            ),
            (
                "totals of a country",
                only(Dimension::Country, country, plain.clone()),
            ),
            (
                "pages of a country",
                only(Dimension::Country, country, by(Dimension::Page)),
            ),
        ];
        let named = of_days
            .into_iter()
            .map(|(what, query)| (format!("{name}, {what}"), query));
        questions.extend(named);
    }
    Ok(questions)
}

/// All metrics of the dashboard's heading over so many days, the last being that of `last_ms`.
fn of_days(site: &Site, days: i64, last_ms: i64) -> anyhow::Result<StatsQuery> {
    let zone = site.zone();
    let end = |at_ms| CalendarUnit::Day.end_ms(at_ms, &zone);
    let until_ms = end(last_ms).ok_or_else(|| anyhow::anyhow!("beyond the calendar"))?;
    let mut edges_ms = vec![until_ms];
    for day in 1..=days {
        let midnight_ms = end(until_ms - day * DAY_MS - DAY_MS / 2);
        edges_ms.extend(midnight_ms);
    }
    edges_ms.reverse();
    Ok(StatsQuery {
        site: site.id,
        from_ms: edges_ms[0],
        until_ms,
        metrics: vec![
            Metric::Visitors,
            Metric::Visits,
            Metric::Pageviews,
            Metric::BounceRate,
            Metric::VisitDuration,
        ],
        dimensions: Vec::new(),
        edges_ms,
        filters: Vec::new(),
        order: vec![(OrderBy::Metric(Metric::Visitors), Direction::Descending)],
        limit: 10,
        offset: 0,
        only: None,
    })
}

fn pages() -> Vec<(&'static str, ViewFilter)> {
    let everything = ViewFilter::default;
    let page = "https://www.example.com/articles/77/a-title-of-ordinary-length";
    vec![
        ("the newest", everything()),
        (
            "by url",
            ViewFilter {
                url: Some(page.into()),
                ..everything()
            },
        ),
        (
            "by userId",
            ViewFilter {
                user_id: Some("user-100".into()),
                ..everything()
            },
        ),
    ]
}

/// The first time, and the fastest of the next ones, in milliseconds. What takes long is asked once.
async fn timed<E>(ask: impl AsyncFn() -> Result<(), E>) -> Result<(f64, f64), E> {
    const LONG: Duration = Duration::from_secs(5);
    let (mut first, mut fastest) = (f64::NAN, f64::MAX);
    for round in 0..ROUNDS {
        let started = Instant::now();
        ask().await?;
        let took = started.elapsed();
        let milliseconds = took.as_secs_f64() * 1_000.0;
        if round == 0 {
            first = milliseconds;
        }
        if round > 0 || took > LONG {
            fastest = fastest.min(milliseconds);
        }
        if took > LONG {
            break;
        }
    }
    Ok((first, fastest))
}
