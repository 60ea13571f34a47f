//! How fast a store moves from a SQLite file to a PostgreSQL database, with events as a site sends them.
//!
//! ```text
//! cargo run --release -p hgpixel-store --example transfer_speed -- sqlite:/tmp/speed.db postgres://user@host/database [PAGEVIEWS]
//! ```
//!
//! The file is written first if it is not there; the database must be empty. The traffic is that of `append_speed`.
#![expect(
    clippy::print_stdout,
    reason = "its figures are what this program is for"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "the figures are rounded, and the numbers small"
)]

mod traffic;

use std::cell::Cell;
use std::time::Instant;

use anyhow::{Context, bail};
use hgpixel_config::{Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_store::{EarlierTransfer, EventStore, Message, Transfer, TransferStep};
use prometheus::Registry;
use uuid::Uuid;

use traffic::Traffic;

/// Ten weeks until 2026-11-23, so that there are partitions as in life.
const TRAFFIC: Traffic = Traffic {
    start_ms: 1_795_392_000_000 - 70 * 86_400_000,
    step_ms: 6_000,
    at_once: 5_000,
};
const BATCH_EVENTS: i64 = 4_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut url = || -> anyhow::Result<StoreUrl> {
        let text = arguments.next().context("name the file and the database")?;
        text.parse().map_err(anyhow::Error::msg)
    };
    let (from, to) = (url()?, url()?);
    let pageviews: i64 = arguments
        .next()
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let StoreUrl::Sqlite(path) = &from else {
        bail!("the first is to be sqlite:PATH");
    };
    let clock = Clock::manual(TRAFFIC.start_ms + pageviews * TRAFFIC.step_ms);
    let settings = |url| hgpixel_config::Store {
        url,
        ..Settings::default().store
    };
    if !path.exists() {
        write(&settings(from.clone()), &clock, pageviews).await?;
    }

    let started = Instant::now();
    let transfer = Transfer::begin(&from, &settings(to), &clock, EarlierTransfer::GoOn).await?;
    let rows = transfer.rows();
    println!("looked through in {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let copied = Cell::new(started.elapsed());
    let progress = |step| {
        if matches!(step, TransferStep::Copied(_)) {
            copied.set(started.elapsed());
        }
    };
    let tables = transfer.run(&progress).await?;
    let events = tables.iter().find(|table| table.name == "events");
    let events = events.map_or(0, |table| table.checksum.rows);
    let (copy, all) = (copied.get().as_secs_f64(), started.elapsed().as_secs_f64());
    println!(
        "{rows} rows with {events} events copied in {copy:.1} s ({:.0} events a second), compared in {:.1} s: {:.0} events a second in all",
        events as f64 / copy,
        all - copy,
        events as f64 / all
    );
    Ok(())
}

async fn write(
    settings: &hgpixel_config::Store,
    clock: &Clock,
    pageviews: i64,
) -> anyhow::Result<()> {
    EventStore::migrate(settings, clock).await?;
    let store = EventStore::open(settings, clock.clone(), &Registry::new()).await?;
    let site = store.add_site(&"bench".parse()?, "").await?.id;
    let mut writer = store.writer("bench").await?;
    let mut number = 0;
    while number < pageviews {
        let until = (number + BATCH_EVENTS).min(pageviews);
        let message = Message {
            id: Uuid::now_v7(),
            rows: (number..until)
                .map(|number| TRAFFIC.event(site, number))
                .collect(),
            ..Message::default()
        };
        writer.append(&[message]).await?;
        number = until;
    }
    store.close().await;
    println!("wrote {pageviews} page views");
    Ok(())
}
