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
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the figures are rounded, and the numbers small"
)]

use std::time::Instant;

use anyhow::{Context, bail};
use hgpixel_config::{SecretUrl, Settings, StoreUrl};
use hgpixel_event::{Clock, Event, Place, assigned_id};
use hgpixel_store::{
    Enriched, EventStore, Message, NewEvent, ViewColumn, ViewComparison, ViewCondition,
    ViewDirection, ViewFilter, ViewGroupOrder, ViewGroupQuery, ViewQuery, ViewSort, ViewTest,
    ViewValue,
};
use prometheus::Registry;
use uuid::Uuid;

const START_MS: i64 = 1_795_392_000_000;
/// 25 events a second.
const STEP_MS: i64 = 40;
/// Sessions that go on at the same time: a view of each, then the next view of each.
const AT_ONCE: i64 = 5_000;
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
    let clock = Clock::manual(START_MS);
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
        let rows: Vec<NewEvent> = (number..until).map(|number| event(site, number)).collect();
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

/// The `number`th page view of all: the first, second or third of its session.
fn event(site: i64, number: i64) -> NewEvent {
    let (block, within) = (number / (3 * AT_ONCE), number % (3 * AT_ONCE));
    let view = within / AT_ONCE;
    // A prime step meets every session of the block, in another order each time.
    let step = [1, 7_919, 104_729][view as usize];
    let session = block * AT_ONCE + (within % AT_ONCE) * step % AT_ONCE;
    let time_ms = START_MS + number * STEP_MS;
    let random = scramble(session.unsigned_abs());
    let page = scramble(random.wrapping_add(view.unsigned_abs())) % 3_000;
    let referrer = random % 200;
    let agent = random % 400;
    let path = format!("/articles/{page}/a-title-of-ordinary-length");
    NewEvent {
        event: Event {
            id: assigned_id(time_ms),
            site,
            kind: "pageview".into(),
            time_ms,
            received_ms: time_ms + 80,
            visitor: Some(random.cast_signed()),
            user_id: if random.is_multiple_of(100) {
                format!("user-{}", random % 5_000)
            } else {
                String::new()
            },
            url: format!("https://www.example.com{path}"),
            title: format!("Article {page} of the example"),
            referrer: if view == 0 {
                format!("https://site{referrer}.example/path")
            } else {
                String::new()
            },
            user_agent: format!(
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{agent}.0.0.0 Safari/537.36"
            ),
            language: "de-AT,de;q=0.9,en;q=0.8".into(),
            device: r#"{"screenResolution":"1920x1080","deviceType":"Desktop"}"#.into(),
            place: Place {
                country: ["AT", "DE", "CH", "FR"][(random % 4) as usize].into(),
                ..Place::default()
            },
            ..Event::default()
        },
        enriched: Enriched {
            host: "www.example.com".into(),
            path,
            browser: "Chrome".into(),
            browser_version: agent.to_string(),
            os: "Linux".into(),
            device: "desktop".into(),
            language: "de-AT".into(),
            screen: "1920x1080".into(),
            referrer_host: if view == 0 {
                format!("site{referrer}.example")
            } else {
                String::new()
            },
            source: if view == 0 {
                format!("site{referrer}.example")
            } else {
                String::new()
            },
            medium: "referral".into(),
            channel: "Referral".into(),
            ..Enriched::default()
        },
    }
}

/// A number that looks random and is always the same (the finalizer of `MurmurHash3`).
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
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
