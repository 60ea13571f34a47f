//! Random questions.

use fastrand::Rng;
use hgpixel_store::{
    CalendarUnit, Dimension, Direction, Filter, Matching, Metric, OrderBy, StatsQuery, StatsValue,
    Test,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};

use super::world::{BEGIN_MS, SPAN_MS};
use crate::support::{DAY_MS, HOUR_MS};

/// Every dimension but time.
pub(crate) fn dimensions() -> Vec<Dimension> {
    use Dimension::{
        BotName, BotReason, Browser, BrowserVersion, Channel, City, ClickId, ColourScheme, Country,
        Device, EntryHostname, EntryPage, EventName, ExitPage, FavouriteColour, Hostname, Language,
        Os, OsVersion, Page, Property, Referrer, Region, Screen, Source, Title, UserAgent,
        UtmCampaign, UtmContent, UtmMedium, UtmSource, UtmTerm,
    };
    vec![
        EventName,
        Page,
        Hostname,
        Title,
        Property("plan".into()),
        Property("a.b c".into()),
        Property("'".into()),
        Property("absent".into()),
        FavouriteColour,
        EntryPage,
        ExitPage,
        EntryHostname,
        Referrer,
        Source,
        Channel,
        UtmSource,
        UtmMedium,
        UtmCampaign,
        UtmTerm,
        UtmContent,
        ClickId,
        Country,
        Region,
        City,
        Device,
        Browser,
        BrowserVersion,
        Os,
        OsVersion,
        Language,
        Screen,
        ColourScheme,
        UserAgent,
        BotReason,
        BotName,
    ]
}

/// About everything, all metrics.
pub(crate) fn plain(site: i64) -> StatsQuery {
    StatsQuery {
        site,
        from_ms: BEGIN_MS - DAY_MS,
        until_ms: BEGIN_MS + SPAN_MS + DAY_MS,
        metrics: Metric::ALL.to_vec(),
        dimensions: Vec::new(),
        edges_ms: Vec::new(),
        filters: Vec::new(),
        order: vec![(OrderBy::Metric(Metric::Visitors), Direction::Descending)],
        limit: 10_000,
        offset: 0,
        only: None,
    }
}

/// Anything.
pub(crate) fn random(rng: &mut Rng, site: i64) -> StatsQuery {
    let mut ends = [0, 0].map(|_| BEGIN_MS - HOUR_MS + rng.i64(0..SPAN_MS + 5 * HOUR_MS));
    ends.sort_unstable();
    let mut metrics = Metric::ALL.to_vec();
    rng.shuffle(&mut metrics);
    metrics.truncate(rng.usize(1..=metrics.len()));
    let mut query = StatsQuery {
        from_ms: ends[0],
        until_ms: ends[1] + 1,
        metrics,
        dimensions: some_dimensions(rng),
        filters: (0..rng.usize(..3))
            .map(|_| filter(rng, 3, Inside::Anything))
            .collect(),
        ..plain(site)
    };
    query.edges_ms = edges(rng, query.from_ms, query.until_ms);
    query.order = order(rng, &query);
    if rng.bool() {
        query.limit = rng.u32(1..6);
        query.offset = rng.u64(..6);
    }
    query
}

/// A question that days that were counted can answer: about whole days of a zone, by them or by their hours, without a filter.
pub(crate) fn of_days(rng: &mut Rng, site: i64, zone: &TimeZone) -> StatsQuery {
    let noon_ms = BEGIN_MS + DAY_MS * rng.i64(-1..4);
    let midnight_ms = |days: i64| {
        let noon = Timestamp::from_millisecond(noon_ms + days * DAY_MS).unwrap();
        let midnight = noon.to_zoned(zone.clone()).start_of_day().unwrap();
        midnight.timestamp().as_millisecond()
    };
    let days = rng.i64(1..5);
    let metrics = Metric::ALL.to_vec();
    let mut query = StatsQuery {
        from_ms: midnight_ms(0),
        until_ms: midnight_ms(days),
        metrics: metrics
            .into_iter()
            .filter(|metric| *metric != Metric::ConversionRate)
            .collect(),
        ..plain(site)
    };
    let unit = [CalendarUnit::Hour, CalendarUnit::Day, CalendarUnit::Week][rng.usize(..3)];
    let mut edges = vec![query.from_ms];
    while edges[edges.len() - 1] < query.until_ms {
        let end_ms = unit.end_ms(edges[edges.len() - 1], zone).unwrap();
        edges.push(end_ms.min(query.until_ms));
    }
    query.edges_ms = edges;
    query.dimensions = {
        let mut rolled = dimensions();
        rolled.retain(|dimension| {
            !matches!(
                dimension,
                Dimension::Property(_) | Dimension::BotReason | Dimension::BotName
            )
        });
        let dimension = rolled.swap_remove(rng.usize(..rolled.len()));
        match rng.u8(..8) {
            0 => vec![],
            1..3 => vec![Dimension::Time],
            3 if unit != CalendarUnit::Hour => vec![Dimension::Time, dimension],
            4 if unit != CalendarUnit::Hour => vec![dimension, Dimension::Time],
            _ => vec![dimension],
        }
    };
    query.order = order(rng, &query);
    if rng.bool() {
        query.limit = rng.u32(1..6);
        query.offset = rng.u64(..6);
    }
    query
}

fn some_dimensions(rng: &mut Rng) -> Vec<Dimension> {
    let mut all = dimensions();
    all.push(Dimension::Time);
    rng.shuffle(&mut all);
    all.truncate([0, 1, 1, 1, 2, 2, 3, 5][rng.usize(..8)]);
    if rng.u8(..4) == 0 && all.len() < 5 && !all.contains(&Dimension::Time) {
        all.push(Dimension::Time);
    }
    all
}

/// Hours or days with a change of clocks among them, or anything; cut by the range.
fn edges(rng: &mut Rng, from_ms: i64, until_ms: i64) -> Vec<i64> {
    let length_ms = [HOUR_MS, DAY_MS, 7 * HOUR_MS][rng.usize(..3)];
    let mut edges = vec![from_ms];
    let mut next_ms = from_ms + rng.i64(1..=length_ms);
    while next_ms < until_ms {
        edges.push(next_ms);
        next_ms += match rng.u8(..8) {
            0 => length_ms - HOUR_MS / 2,
            1 => length_ms + HOUR_MS,
            _ => length_ms,
        };
    }
    edges.push(until_ms);
    edges
}

fn order(rng: &mut Rng, query: &StatsQuery) -> Vec<(OrderBy, Direction)> {
    let mut by: Vec<OrderBy> = query
        .metrics
        .iter()
        .map(|metric| OrderBy::Metric(*metric))
        .collect();
    by.extend((0..query.dimensions.len()).map(OrderBy::Dimension));
    rng.shuffle(&mut by);
    by.truncate(rng.usize(..4));
    let direction = |rng: &mut Rng| {
        if rng.bool() {
            Direction::Ascending
        } else {
            Direction::Descending
        }
    };
    by.into_iter().map(|by| (by, direction(rng))).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Anything,
    Events,
}

fn filter(rng: &mut Rng, depth: usize, inside: Inside) -> Filter {
    let inner = |rng: &mut Rng| filter(rng, depth - 1, inside);
    match (depth, rng.u8(..10)) {
        (1.., 0) => Filter::All((0..rng.usize(..3)).map(|_| inner(rng)).collect()),
        (1.., 1) => Filter::Any((0..rng.usize(1..4)).map(|_| inner(rng)).collect()),
        (1.., 2) => Filter::Not(Box::new(inner(rng))),
        (1.., 3) if inside == Inside::Anything => {
            let steps = [1, 1, 2, 3][rng.usize(..4)];
            let step = |_| filter(rng, depth - 1, Inside::Events);
            Filter::Done((0..steps).map(step).collect())
        }
        _ => {
            let mut all = dimensions();
            all.retain(|dimension| inside == Inside::Anything || dimension.is_of_event());
            let dimension = all.swap_remove(rng.usize(..all.len()));
            let form = rng.usize(..FORMS);
            test(rng, dimension, form)
        }
    }
}

/// Ways to test a value.
pub(crate) const FORMS: usize = 6;

const VALUES: [&str; 30] = [
    "/",
    "/blog",
    "/ÉTÉ",
    "pageview",
    "signup",
    "engagement",
    "pro",
    "1.50",
    "true",
    "été",
    "(none)",
    "Direct / None",
    "Direct",
    "Firefox",
    "9",
    "AT",
    "Wien",
    "É",
    "newsletter",
    "dark",
    "crawler",
    "GPTBot",
    "mobile",
    "#ff0000",
    "Home",
    "example.com",
    "autumn",
    "gclid",
    "nowhere",
    "",
];

/// A test of the given form with values of which some are there.
pub(crate) fn test(rng: &mut Rng, dimension: Dimension, form: usize) -> Filter {
    let values: Vec<&str> = (0..rng.usize(1..4))
        .map(|_| VALUES[rng.usize(..VALUES.len())])
        .collect();
    let exact = || {
        values
            .iter()
            .map(|value| (*value).to_owned())
            .collect::<Vec<_>>()
    };
    let lower = || {
        values
            .iter()
            .map(|value| value.to_lowercase())
            .collect::<Vec<_>>()
    };
    let matching = match form {
        0 => Matching::Is(exact()),
        1 => Matching::IsIgnoringCase(lower()),
        2 => Matching::Contains(exact()),
        3 => Matching::ContainsIgnoringCase(lower()),
        4 => Matching::Matches(vec![Regex::new("^[/a-z]|[0-9]+$").unwrap()]),
        _ => {
            let ignoring = RegexBuilder::new("É|blog$").case_insensitive(true).build();
            Matching::Matches(vec![ignoring.unwrap()])
        }
    };
    Filter::Test(Test {
        dimension,
        matching,
    })
}

/// Some of these rows, and one that is not there.
pub(crate) fn some_rows(rng: &mut Rng, rows: Vec<Vec<StatsValue>>) -> Vec<Vec<StatsValue>> {
    let mut rows: Vec<_> = rows.into_iter().filter(|_| rng.bool()).collect();
    if let Some(row) = rows.first() {
        let absent = row.iter().map(|value| match value {
            StatsValue::Text(text) => StatsValue::Text(format!("{text}?")),
            StatsValue::Bucket(bucket) => StatsValue::Bucket(bucket + 100_000),
        });
        let absent = absent.collect();
        rows.push(absent);
    }
    rows
}
