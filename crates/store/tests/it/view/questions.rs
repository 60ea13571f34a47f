//! Random questions about random events are answered as by someone who reads every row.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;
use futures_util::TryStreamExt;
use hgpixel_event::{Marks, Place as Where};
use hgpixel_store::{
    Campaign, EventStore, NewEvent, Site, ViewColumn, ViewComparison, ViewCondition, ViewDirection,
    ViewFilter, ViewGroup, ViewGroupOrder, ViewGroupQuery, ViewKey, ViewKind, ViewOrder, ViewQuery,
    ViewRow, ViewSort, ViewTest, ViewValue, mark_words,
};

use crate::support::{DAY_MS, HOUR_MS, Place, all, append, for_each_backend, hit, site, view};

for_each_backend!(
    any_page_is_what_reading_every_row_would_give,
    any_groups_are_what_reading_every_row_would_give,
);

const QUESTIONS: usize = 120;

/// Few different texts, so that conditions meet some events and not others; some that would be wildcards, markup or another case.
const TEXTS: [&str; 8] = ["", "a", "A", "ab%", "a_b", "Ünï", "<b>", "\\"];

/// 400 events of three sites in five days, whose sessions change their browser, place and campaign on the way.
async fn random_store(place: &Place, rng: &mut Rng) -> (EventStore, [Site; 3]) {
    let store = place.open().await;
    let sites = [
        site(&store, "a").await,
        site(&store, "b").await,
        site(&store, "c").await,
    ];
    for _ in 0..4 {
        let rows: Vec<NewEvent> = (0..100).map(|_| random_event(&sites, rng)).collect();
        append(&store, rows).await;
    }
    (store, sites)
}

fn random_event(sites: &[Site; 3], rng: &mut Rng) -> NewEvent {
    let offset_ms = rng.i64(0..5) * DAY_MS + rng.i64(0..3) * HOUR_MS + rng.i64(0..4) * 400_000;
    let mut new = hit(
        &sites[rng.usize(0..3)],
        rng.i64(0..12),
        -offset_ms - rng.i64(0..3),
    );
    let mut text = |prefix: &str| format!("{prefix}{}", TEXTS[rng.usize(0..TEXTS.len())]);
    new.event.kind = text("");
    new.event.url = text("https://example.com/");
    new.event.title = text("");
    new.event.referrer = text("");
    new.event.user_id = text("");
    new.event.session_id = text("");
    new.event.user_agent = text("agent ");
    new.event.data = text("");
    new.event.device = text("");
    new.event.place = Where {
        country: text(""),
        region: text(""),
        city: text("city "),
    };
    new.enriched.path = text("/");
    new.enriched.browser = text("");
    new.enriched.browser_version = text("");
    new.enriched.os = text("");
    new.enriched.os_version = text("");
    new.enriched.device = text("");
    new.enriched.language = text("");
    new.enriched.bot_reason = text("");
    new.enriched.bot_name = text("");
    new.enriched.channel = text("");
    new.enriched.source = text("");
    let campaign = text("");
    new.enriched.campaign = (!campaign.is_empty()).then(|| Campaign {
        name: campaign,
        ..Campaign::default()
    });
    if rng.u8(0..5) == 0 {
        new.event.visitor = None;
    }
    new.event.received_ms += rng.i64(0..3) * DAY_MS;
    new.event.marks = Marks::from_bits(rng.u8(0..4) * 5 % 32);
    new
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Text(String),
    Number(i64),
    Id(uuid::Uuid),
}

fn cell(row: &ViewRow, column: ViewColumn) -> Cell {
    let text = match column {
        ViewColumn::ClientId => &row.client_id,
        ViewColumn::EventType => &row.event_type,
        ViewColumn::EventData => &row.event_data,
        ViewColumn::SessionId if row.client_session_id.is_empty() => &row.session.to_string(),
        ViewColumn::SessionId => &row.client_session_id,
        ViewColumn::UserId => &row.user_id,
        ViewColumn::Url => &row.url,
        ViewColumn::Referrer => &row.referrer,
        ViewColumn::UserAgent => &row.user_agent,
        ViewColumn::DeviceInfo => &row.device_info,
        ViewColumn::Title => &row.title,
        ViewColumn::Country => &row.country,
        ViewColumn::Region => &row.region,
        ViewColumn::City => &row.city,
        ViewColumn::Browser => &row.browser,
        ViewColumn::BrowserVersion => &row.browser_version,
        ViewColumn::Os => &row.os,
        ViewColumn::OsVersion => &row.os_version,
        ViewColumn::Device => &row.device,
        ViewColumn::Language => &row.language,
        ViewColumn::Channel => &row.channel,
        ViewColumn::Source => &row.source,
        ViewColumn::Campaign => &row.campaign,
        ViewColumn::Bot => &row.bot_reason,
        ViewColumn::BotName => &row.bot_name,
        ViewColumn::Marks => &mark_words(row.marks),
        ViewColumn::Path => &row.path,
        ViewColumn::Timestamp => return Cell::Number(row.time_ms),
        ViewColumn::ReceivedAt => return Cell::Number(row.received_ms),
        ViewColumn::Session => return Cell::Number(row.session),
        ViewColumn::EventId => return Cell::Id(row.event_id),
    };
    Cell::Text(text.clone())
}

fn holds(condition: &ViewCondition, row: &ViewRow) -> bool {
    match condition {
        ViewCondition::All(parts) => parts.iter().all(|part| holds(part, row)),
        ViewCondition::Any(parts) => parts.iter().any(|part| holds(part, row)),
        ViewCondition::Not(part) => !holds(part, row),
        ViewCondition::Test(test) => compares(test, &cell(row, test.column)),
    }
}

fn compares(test: &ViewTest, cell: &Cell) -> bool {
    match (cell, &test.value) {
        (Cell::Text(text), ViewValue::Text(value)) => {
            let (lower, part) = (text.to_ascii_lowercase(), value.to_ascii_lowercase());
            match test.comparison {
                ViewComparison::Contains => lower.contains(&part),
                ViewComparison::Starts => lower.starts_with(&part),
                ViewComparison::Ends => lower.ends_with(&part),
                other => orders(other, text.cmp(value)),
            }
        }
        (Cell::Number(number), ViewValue::Number(value)) => {
            orders(test.comparison, number.cmp(value))
        }
        (Cell::Id(id), ViewValue::Text(text)) => id.to_string() == *text,
        _ => panic!("{test:?} of {cell:?}"),
    }
}

fn orders(comparison: ViewComparison, ordering: Ordering) -> bool {
    match comparison {
        ViewComparison::Equals => ordering.is_eq(),
        ViewComparison::Below => ordering.is_lt(),
        ViewComparison::AtMost => ordering.is_le(),
        ViewComparison::AtLeast => ordering.is_ge(),
        ViewComparison::Above => ordering.is_gt(),
        other => panic!("{other:?} is for texts"),
    }
}

fn random_column(rng: &mut Rng) -> ViewColumn {
    ViewColumn::ALL[rng.usize(0..ViewColumn::ALL.len())]
}

fn random_condition(rng: &mut Rng, rows: &[ViewRow], depth: usize) -> ViewCondition {
    match rng.u8(0..8) {
        0 | 1 if depth > 0 => ViewCondition::All(random_parts(rng, rows, depth)),
        2 | 3 if depth > 0 => ViewCondition::Any(random_parts(rng, rows, depth)),
        4 => ViewCondition::Not(Box::new(ViewCondition::Test(random_test(rng, rows)))),
        _ => ViewCondition::Test(random_test(rng, rows)),
    }
}

fn random_parts(rng: &mut Rng, rows: &[ViewRow], depth: usize) -> Vec<ViewCondition> {
    let count = rng.usize(0..4);
    (0..count)
        .map(|_| random_condition(rng, rows, depth - 1))
        .collect()
}

fn random_test(rng: &mut Rng, rows: &[ViewRow]) -> ViewTest {
    use ViewComparison::{Above, AtLeast, AtMost, Below, Contains, Ends, Equals, Starts};
    let column = random_column(rng);
    let comparison = loop {
        let any = [
            Equals, Contains, Starts, Ends, Below, AtMost, AtLeast, Above,
        ][rng.usize(0..8)];
        if column.kind().takes(any) {
            break any;
        }
    };
    let row = &rows[rng.usize(0..rows.len())];
    let value = match cell(row, column) {
        Cell::Number(number) => ViewValue::Number(number + rng.i64(-1..2)),
        Cell::Id(id) => ViewValue::Text(id.to_string()),
        Cell::Text(text) if rng.bool() => ViewValue::Text(text),
        Cell::Text(_) => ViewValue::Text(TEXTS[rng.usize(0..TEXTS.len())].to_owned()),
    };
    ViewTest {
        column,
        comparison,
        value,
    }
}

fn random_filter(rng: &mut Rng, rows: &[ViewRow], sites: &[Site; 3]) -> ViewFilter {
    let mut maybe = |one_in: u8| rng.u8(0..one_in) == 0;
    let (by_site, by_url, by_user) = (maybe(4), maybe(6), maybe(6));
    let (searched, from, until) = (maybe(5), maybe(3), maybe(3));
    let row = rows[rng.usize(0..rows.len())].clone();
    let other = &rows[rng.usize(0..rows.len())];
    ViewFilter {
        sites: by_site.then(|| vec![sites[rng.usize(0..3)].id]),
        url: by_url.then_some(row.url),
        user_id: Some(row.user_id).filter(|user| by_user && !user.is_empty()),
        search: searched.then(|| TEXTS[rng.usize(0..TEXTS.len())].to_owned()),
        from_ms: from.then_some(row.time_ms - rng.i64(0..2)),
        until_ms: until.then_some(other.time_ms + rng.i64(0..2)),
        conditions: (0..rng.usize(0..3))
            .map(|_| random_condition(rng, rows, 3))
            .collect(),
    }
}

/// The rows that match, newest first.
fn matching(rows: &[ViewRow], filter: &ViewFilter) -> Vec<ViewRow> {
    let is_searched = |row: &ViewRow, text: &String| {
        let texts = [
            &row.url,
            &row.title,
            &row.referrer,
            &row.user_id,
            &row.event_type,
            &row.event_data,
        ];
        let text = text.to_ascii_lowercase();
        texts
            .iter()
            .any(|place| place.to_ascii_lowercase().contains(&text))
    };
    let matches = |row: &&ViewRow| {
        filter
            .sites
            .as_ref()
            .is_none_or(|sites| sites.contains(&row.site))
            && filter.url.as_ref().is_none_or(|url| *url == row.url)
            && filter
                .user_id
                .as_ref()
                .is_none_or(|user| *user == row.user_id)
            && filter
                .search
                .as_ref()
                .is_none_or(|text| is_searched(row, text))
            && filter.from_ms.is_none_or(|from| row.time_ms >= from)
            && filter.until_ms.is_none_or(|until| row.time_ms < until)
            && filter
                .conditions
                .iter()
                .all(|condition| holds(condition, row))
    };
    let mut found: Vec<ViewRow> = rows.iter().filter(matches).cloned().collect();
    found.sort_by_key(|row| std::cmp::Reverse((row.time_ms, row.event_id, row.site)));
    found
}

fn random_direction(rng: &mut Rng) -> ViewDirection {
    if rng.bool() {
        ViewDirection::Ascending
    } else {
        ViewDirection::Descending
    }
}

fn sorted(mut rows: Vec<ViewRow>, sort: ViewSort) -> Vec<ViewRow> {
    rows.sort_by(|one, other| {
        let ordering = cell(one, sort.column).cmp(&cell(other, sort.column));
        match sort.direction {
            ViewDirection::Ascending => ordering,
            ViewDirection::Descending => ordering.reverse(),
        }
    });
    rows
}

async fn any_page_is_what_reading_every_row_would_give(place: Place) {
    let mut rng = Rng::with_seed(7);
    let (store, sites) = random_store(&place, &mut rng).await;
    let rows = all(&store).await;
    assert_eq!(rows.len(), 400);
    let mut met = 0;
    for _ in 0..QUESTIONS {
        let filter = random_filter(&mut rng, &rows, &sites);
        let expected = matching(&rows, &filter);
        met += usize::from(!expected.is_empty() && expected.len() < rows.len());
        let page = view(&store, filter.clone()).await;
        assert_eq!(ids(&page.rows), ids(&expected), "{filter:#?}");
        assert_eq!(page.rows, expected, "{filter:#?}");
        assert_eq!(
            (page.records_filtered, page.records_filtered_capped),
            (expected.len() as u64, false),
            "{filter:#?}"
        );

        let mut streamed: Vec<ViewRow> = store
            .view_stream(filter.clone(), ViewOrder::OldestFirst)
            .try_collect()
            .await
            .unwrap();
        streamed.reverse();
        assert_eq!(ids(&streamed), ids(&expected), "{filter:#?}");

        let sort = ViewSort {
            column: random_column(&mut rng),
            direction: random_direction(&mut rng),
        };
        let query = ViewQuery {
            filter,
            start: rng.u64(0..30),
            length: rng.u32(1..100),
            sort: Some(sort),
            ..ViewQuery::default()
        };
        let by_time_upwards =
            sort.column == ViewColumn::Timestamp && sort.direction == ViewDirection::Ascending;
        let mut in_order = expected.clone();
        if by_time_upwards {
            // By the time alone everything is turned round, events of one millisecond too.
            in_order.reverse();
        } else {
            in_order = sorted(in_order, sort);
        }
        let start = usize::try_from(query.start).unwrap();
        let in_order: Vec<ViewRow> = in_order
            .into_iter()
            .skip(start)
            .take(query.length as usize)
            .collect();
        let page = store.view(&query).await.unwrap();
        assert_eq!(ids(&page.rows), ids(&in_order), "{query:#?}");
        assert_eq!(page.records_filtered, expected.len() as u64, "{query:#?}");
    }
    assert!(met > QUESTIONS / 3, "the questions say little: {met}");
}

fn ids(rows: &[ViewRow]) -> Vec<uuid::Uuid> {
    rows.iter().map(|row| row.event_id).collect()
}

async fn any_groups_are_what_reading_every_row_would_give(place: Place) {
    let mut rng = Rng::with_seed(11);
    let (store, sites) = random_store(&place, &mut rng).await;
    let rows = all(&store).await;
    let visitors = visitors(&place).await;
    for _ in 0..QUESTIONS {
        let filter = random_filter(&mut rng, &rows, &sites);
        let query = ViewGroupQuery {
            by: random_by(&mut rng),
            order: [
                ViewGroupOrder::Events,
                ViewGroupOrder::Visitors,
                ViewGroupOrder::First,
                ViewGroupOrder::Last,
                ViewGroupOrder::Key,
            ][rng.usize(0..5)],
            direction: random_direction(&mut rng),
            start: rng.u64(0..4),
            length: rng.usize(1..50),
            filter,
        };
        let matches = matching(&rows, &query.filter);
        let expected = grouped(&matches, &query, &visitors);
        let found = store.view_groups(&query).await.unwrap();
        assert_eq!(found.records_grouped, matches.len() as u64, "{query:#?}");
        let is_seen = |row: &&ViewRow| {
            let sites = query.filter.sites.as_ref();
            sites.is_none_or(|sites| sites.contains(&row.site))
        };
        let seen = rows.iter().filter(is_seen).count() as u64;
        assert_eq!(found.records_total, seen, "{query:#?}");
        assert_eq!(found.stopped_at_ms, None);
        assert_eq!(found.groups_total, expected.len() as u64, "{query:#?}");
        let start = usize::try_from(query.start).unwrap();
        let page: Vec<ViewGroup> = expected
            .into_iter()
            .skip(start)
            .take(query.length)
            .collect();
        assert_eq!(found.groups, page, "{query:#?}");
    }
}

fn random_by(rng: &mut Rng) -> Vec<ViewColumn> {
    loop {
        let one = random_column(rng);
        let mut by = vec![one];
        by.extend(Some(random_column(rng)).filter(|other| rng.bool() && *other != one));
        if by.iter().all(|column| column.is_groupable()) {
            return by;
        }
    }
}

/// The visitor of each session.
async fn visitors(place: &Place) -> BTreeMap<i64, Option<i64>> {
    let lines = crate::support::ask(place, "select session, visitor from sessions").await;
    let of = |line: &str| {
        let (session, visitor) = line.split_once('|').unwrap();
        (session.parse().unwrap(), visitor.parse().ok())
    };
    lines.lines().map(of).collect()
}

fn grouped(
    rows: &[ViewRow],
    query: &ViewGroupQuery,
    visitors: &BTreeMap<i64, Option<i64>>,
) -> Vec<ViewGroup> {
    let key = |row: &ViewRow, column: &ViewColumn| match cell(row, *column) {
        Cell::Text(text) => ViewKey::Text(text),
        Cell::Number(time_ms) if column.kind() == ViewKind::Time => {
            ViewKey::Day(time_ms - time_ms % DAY_MS)
        }
        Cell::Number(number) => ViewKey::Number(number),
        Cell::Id(id) => panic!("nobody groups by {id}"),
    };
    let mut by_key: BTreeMap<Vec<ViewKey>, Vec<&ViewRow>> = BTreeMap::new();
    for row in rows {
        let key = query.by.iter().map(|column| key(row, column)).collect();
        by_key.entry(key).or_default().push(row);
    }
    let times = |rows: &[&ViewRow]| rows.iter().map(|row| row.time_ms).collect::<Vec<_>>();
    let mut groups: Vec<ViewGroup> = by_key
        .into_iter()
        .map(|(key, rows)| ViewGroup {
            key,
            events: rows.len() as u64,
            visitors: rows
                .iter()
                .filter_map(|row| visitors[&row.session])
                .collect::<HashSet<_>>()
                .len() as u64,
            first_ms: *times(&rows).iter().min().unwrap(),
            last_ms: *times(&rows).iter().max().unwrap(),
        })
        .collect();
    groups.sort_by(|one, other| {
        let ordering = match query.order {
            ViewGroupOrder::Events => one.events.cmp(&other.events),
            ViewGroupOrder::Visitors => one.visitors.cmp(&other.visitors),
            ViewGroupOrder::First => one.first_ms.cmp(&other.first_ms),
            ViewGroupOrder::Last => one.last_ms.cmp(&other.last_ms),
            ViewGroupOrder::Key => one.key.cmp(&other.key),
        };
        match query.direction {
            ViewDirection::Ascending => ordering,
            ViewDirection::Descending => ordering.reverse(),
        }
    });
    groups
}
