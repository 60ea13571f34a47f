//! How long questions of figures take.
//!
//! ```text
//! cargo run --release -p hgpixel-store --example append_speed -- sqlite:/tmp/speed.db 1000000
//! cargo run --release -p hgpixel-store --example stats_speed -- sqlite:/tmp/speed.db
//! ```
//!
//! About all events of the site that `append_speed` wrote; the fastest of three.
#![expect(
    clippy::print_stdout,
    reason = "its figures are what this program is for"
)]

use std::time::Instant;

use anyhow::{Context, bail};
use hgpixel_config::{SecretUrl, Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_store::{
    Dimension, Direction, EventStore, Filter, Matching, Metric, OrderBy, StatsQuery, Test,
};
use prometheus::Registry;

const HOUR_MS: i64 = 3_600_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::args().nth(1).context("name the store")?;
    let settings = hgpixel_config::Store {
        url: match url.split_once(':') {
            Some(("sqlite", path)) => StoreUrl::Sqlite(path.into()),
            Some(("postgres", _)) => StoreUrl::Postgres(SecretUrl::new(&url)),
            _ => bail!("expected sqlite:PATH or postgres://…"),
        },
        statement_timeout_ms: 60_000,
        ..Settings::default().store
    };
    let store = EventStore::open(&settings, Clock::system(), &Registry::new()).await?;
    let site = store.add_site(&"bench".parse()?, "").await?.id;
    let span = store.stats_span(site).await?;
    let (from_ms, until_ms) = span.context("write events with append_speed first")?;
    for (name, query) in questions(site, from_ms, until_ms) {
        let mut fastest = f64::MAX;
        let mut rows = 0;
        for _ in 0..3 {
            let started = Instant::now();
            rows = store.stats(&query).await?.total_rows;
            fastest = fastest.min(started.elapsed().as_secs_f64() * 1_000.0);
        }
        println!("{name}: {fastest:.0} ms, {rows} rows");
    }
    store.close().await;
    Ok(())
}

fn questions(site: i64, from_ms: i64, until_ms: i64) -> Vec<(&'static str, StatsQuery)> {
    let steps = (until_ms - from_ms) / HOUR_MS;
    let plain = StatsQuery {
        site,
        from_ms,
        until_ms,
        metrics: vec![
            Metric::Visitors,
            Metric::Visits,
            Metric::Pageviews,
            Metric::BounceRate,
            Metric::VisitDuration,
        ],
        dimensions: Vec::new(),
        edges_ms: (0..=steps).map(|step| from_ms + step * HOUR_MS).collect(),
        filters: Vec::new(),
        order: vec![(OrderBy::Metric(Metric::Visitors), Direction::Descending)],
        limit: 100,
        offset: 0,
        only: None,
    };
    let by = |dimension: Dimension| StatsQuery {
        dimensions: vec![dimension],
        ..plain.clone()
    };
    let where_is = |dimension: Dimension, value: &str, query: StatsQuery| StatsQuery {
        filters: vec![Filter::Test(Test {
            dimension,
            matching: Matching::Is(vec![value.to_owned()]),
        })],
        ..query
    };
    let page = "/articles/77/a-title-of-ordinary-length";
    vec![
        ("totals", plain.clone()),
        ("by hour", by(Dimension::Time)),
        ("by page", by(Dimension::Page)),
        ("by entry page", by(Dimension::EntryPage)),
        ("by source", by(Dimension::Source)),
        ("by country", by(Dimension::Country)),
        ("by browser version", by(Dimension::BrowserVersion)),
        ("by event type", by(Dimension::EventName)),
        (
            "totals of a country",
            where_is(Dimension::Country, "AT", plain.clone()),
        ),
        (
            "totals of a page",
            where_is(Dimension::Page, page, plain.clone()),
        ),
        (
            "pages of a source",
            where_is(Dimension::Source, "site7.example", by(Dimension::Page)),
        ),
        (
            "sources of a page",
            where_is(Dimension::Page, page, by(Dimension::Source)),
        ),
    ]
}
