//! The statement of a question.
//!
//! ```text
//! part     events of the range under the conditions on events, by session and by what of the dimensions is the event's own
//! visit    + their sessions under the conditions on visits, + texts: a row for each visit in each group
//! counts   a row a group
//! ```
//!
//! `main` is that for the question itself. Where a metric needs them, there are beside it: `engagement`, the pairs of visit and page;
//! `base`, the visitors of each group without the conditions on events; `everyone`, the visitors of all groups.

use super::buckets::Buckets;
use super::conditions::{Condition, Terms, push_data_value, push_range};
use super::dimension::{Dictionary, Dimension, Home};
use super::kinds::{self, Kinds};
use super::metric::{ENGAGED_MS_MAX, Formula, Metric, Nothing, SCROLL_MAX};
use super::rollups::Received;
use super::statement::Statement;
use super::{Direction, OrderBy, StatsQuery};
use crate::session_id;

/// The conditions of a question, by what they are about.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) event: Vec<Condition>,
    pub(super) visit: Vec<Condition>,
    /// About both: asked of each event together with its visit.
    pub(super) both: Vec<Condition>,
    /// Whether bots are asked for.
    pub(super) with_bots: bool,
}

/// Which of the rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) limit: i64,
    pub(super) offset: i64,
}

impl Page {
    pub(super) fn of(query: &StatsQuery) -> Self {
        Self {
            limit: i64::from(query.limit),
            offset: i64::try_from(query.offset).unwrap_or(i64::MAX),
        }
    }
}

/// The columns of the answer after the dimensions, in the order of [`super::Counts`].
pub(super) const COUNTS: [&str; 13] = [
    "visitors",
    "visits",
    "pageviews",
    "events",
    "identified_pageviews",
    "bounces",
    "duration_ms",
    "engaged_ms",
    "engaged_pages",
    "scroll_sum",
    "scroll_pages",
    "group_visitors",
    "all_visitors",
];

pub(super) struct Composer<'q> {
    pub(super) query: &'q StatsQuery,
    pub(super) kinds: Kinds,
    /// Only events that were received then.
    pub(super) received: Option<Received>,
    pub(super) conditions: Conditions,
    pub(super) buckets: Buckets,
}

/// What one of the grouped selects is about.
struct Selection<'q> {
    /// With their places in the question.
    dimensions: Vec<(usize, &'q Dimension)>,
    conditions: Vec<&'q Condition>,
    of_visit: Vec<&'q Condition>,
    both: Vec<&'q Condition>,
}

impl Composer<'_> {
    /// Appends the whole statement.
    pub(super) fn push(&self, statement: &mut Statement, page: Page) {
        statement.push("with main as (");
        self.push_counts(statement, &self.main());
        statement.push(")");
        if self.needs_engagement() {
            statement.push(", engagement as (");
            self.push_engagement(statement, &self.main());
            statement.push(")");
        }
        if self.needs(Metric::ConversionRate) {
            statement.push(", base as (");
            self.push_visitors(statement, &self.base());
            statement.push(")");
        }
        if self.needs(Metric::Percentage) {
            statement.push(", everyone as (");
            self.push_visitors(statement, &self.everyone());
            statement.push(")");
        }
        self.push_answer(statement);
        statement.push(" limit ").number(page.limit);
        statement.push(" offset ").number(page.offset);
    }

    fn terms(&self) -> Terms<'_> {
        Terms {
            query: self.query,
            kinds: &self.kinds,
        }
    }

    fn needs(&self, metric: Metric) -> bool {
        self.query.needs(metric)
    }

    fn needs_engagement(&self) -> bool {
        self.query.needs_engagement()
    }

    fn main(&self) -> Selection<'_> {
        Selection {
            dimensions: self.query.dimensions.iter().enumerate().collect(),
            ..self.everyone()
        }
    }

    fn everyone(&self) -> Selection<'_> {
        Selection {
            dimensions: Vec::new(),
            conditions: self.conditions.event.iter().collect(),
            of_visit: self.conditions.visit.iter().collect(),
            both: self.conditions.both.iter().collect(),
        }
    }

    fn base(&self) -> Selection<'_> {
        Selection {
            dimensions: self.base_dimensions().collect(),
            conditions: Vec::new(),
            of_visit: self.conditions.visit.iter().collect(),
            both: Vec::new(),
        }
    }

    /// The time of an event is not what is converted to, so it stays.
    fn base_dimensions(&self) -> impl Iterator<Item = (usize, &Dimension)> {
        let dimensions = self.query.dimensions.iter().enumerate();
        dimensions.filter(|(_, dimension)| {
            !dimension.is_of_event() || matches!(dimension, Dimension::Time)
        })
    }

    fn push_counts(&self, statement: &mut Statement, selection: &Selection<'_>) {
        statement.push("select ");
        push_names(statement, "", &selection.dimensions);
        statement.push(
            "count(distinct visitor) as visitors, count(visitor) as visits, \
             coalesce(cast(sum(pageviews) as bigint), 0) as pageviews, \
             coalesce(cast(sum(events) as bigint), 0) as events, \
             coalesce(cast(sum(case when visitor is not null then pageviews end) as bigint), 0) as identified_pageviews, \
             coalesce(cast(sum(case when visitor is not null then bounced end) as bigint), 0) as bounces, \
             coalesce(cast(sum(case when visitor is not null then duration_ms end) as bigint), 0) as duration_ms \
             from (",
        );
        self.push_visits(statement, selection);
        statement.push(") visit");
        push_group(statement, selection.dimensions.len());
    }

    fn push_visitors(&self, statement: &mut Statement, selection: &Selection<'_>) {
        statement.push("select ");
        push_names(statement, "", &selection.dimensions);
        statement.push("count(distinct visitor) as visitors from (select ");
        push_dimensions(statement, selection);
        statement.push("s.visitor as visitor");
        self.push_sources(statement, selection, &Columns::None);
        statement.push(") visit");
        push_group(statement, selection.dimensions.len());
    }

    /// A row for each visit in each group.
    fn push_visits(&self, statement: &mut Statement, selection: &Selection<'_>) {
        // Several pages may have one path, so that a visit has several rows of it.
        let has_pages = selection
            .dimensions
            .iter()
            .any(|(_, dimension)| dimension.home().dictionary() == Some(Dictionary::Pages));
        if has_pages {
            statement.push("select ");
            push_names(statement, "", &selection.dimensions);
            statement.push(
                "session, min(visitor) as visitor, min(bounced) as bounced, min(duration_ms) as duration_ms, \
                 sum(pageviews) as pageviews, sum(events) as events from (",
            );
        }
        statement.push("select ");
        push_dimensions(statement, selection);
        statement.push(
            "part.session as session, s.visitor as visitor, \
             case when s.pageviews <= 1 and s.interactions = 0 then 1 else 0 end as bounced, \
             s.duration_ms as duration_ms, part.pageviews as pageviews, part.events as events",
        );
        self.push_sources(statement, selection, &Columns::Counted);
        if has_pages {
            statement.push(") page_visit");
            push_group(statement, selection.dimensions.len() + 1);
        }
    }

    /// Only visitors are engaged: nobody may know whose the events of others are.
    fn push_engagement(&self, statement: &mut Statement, selection: &Selection<'_>) {
        statement.push("select ");
        push_names(statement, "", &selection.dimensions);
        statement.push(
            "coalesce(cast(sum(engaged) as bigint), 0) as engaged_ms, count(*) as engaged_pages, \
             coalesce(cast(sum(scroll) as bigint), 0) as scroll_sum, count(scroll) as scroll_pages from (select ",
        );
        push_dimensions(statement, selection);
        statement.push(&format!(
            "part.session as session, seen.path as path, \
             sum(case when part.engaged <= {ENGAGED_MS_MAX} then part.engaged end) as engaged, \
             max(case when part.scroll <= {SCROLL_MAX} then part.scroll end) as scroll",
        ));
        self.push_sources(statement, selection, &Columns::Engaged);
        push_group(statement, selection.dimensions.len() + 2);
        statement.push(") pair");
        push_group(statement, selection.dimensions.len());
    }

    fn push_sources(
        &self,
        statement: &mut Statement,
        selection: &Selection<'_>,
        columns: &Columns,
    ) {
        let query = self.query;
        statement.push(" from (");
        self.push_part(statement, selection, columns);
        statement.push(") part cross join sessions s");
        if matches!(columns, Columns::Engaged) {
            statement.push(" left join pages seen on seen.id = part.page");
        }
        let mut joined = Vec::new();
        for (_, dimension) in &selection.dimensions {
            let Some(dictionary) = dimension.home().dictionary() else {
                continue;
            };
            if joined.contains(&dictionary) {
                continue;
            }
            joined.push(dictionary);
            let number = match dictionary {
                Dictionary::Kinds => "part.kind",
                Dictionary::Pages => "part.page",
                _ => dictionary.number(),
            };
            let (table, alias) = (dictionary.table(), dictionary.alias());
            statement.push(&format!(
                " left join {table} {alias} on {alias}.id = {number}"
            ));
        }
        let (first, last) = session_id::range(query.from_ms, query.until_ms);
        statement.push(" where s.site = ").number(query.site);
        statement.push(" and s.session = part.session");
        statement.push(" and s.session >= ").number(first);
        statement.push(" and s.session <= ").number(last);
        if !self.conditions.with_bots {
            statement.push(" and s.bot = 0");
        }
        if matches!(columns, Columns::Engaged) {
            statement.push(" and s.visitor is not null");
        }
        for condition in &selection.of_visit {
            statement.push(" and ");
            condition.push(statement, self.terms());
        }
    }

    /// The events, by session and by what of the dimensions is their own.
    fn push_part(&self, statement: &mut Statement, selection: &Selection<'_>, columns: &Columns) {
        let has = |wanted: Dictionary| {
            let dimensions = selection.dimensions.iter();
            let mut dictionaries = dimensions.map(|(_, dimension)| dimension.home().dictionary());
            dictionaries.any(|dictionary| dictionary == Some(wanted))
        };
        let is_engaged = matches!(columns, Columns::Engaged);
        let mut keys = 1;
        statement.push("select e.session as session");
        if is_engaged || has(Dictionary::Pages) {
            statement.push(", e.page as page");
            keys += 1;
        }
        if has(Dictionary::Kinds) {
            statement.push(", ");
            kinds::push_number(statement);
            statement.push(" as kind");
            keys += 1;
        }
        for (place, dimension) in &selection.dimensions {
            match dimension.home() {
                Home::Time => {
                    statement.push(", ");
                    self.buckets.push(statement);
                }
                Home::Data(_) | Home::DataOf(..) => {
                    statement.push(", ");
                    push_data_value(statement, dimension, &self.kinds);
                }
                Home::Column(..) | Home::Json(..) => continue,
            }
            statement.push(&format!(" as k{place}"));
            keys += 1;
        }
        match columns {
            Columns::None => {}
            Columns::Counted => {
                statement.push(", sum(case when ");
                self.kinds.push_is(statement, "pageview");
                statement.push(" then 1 else 0 end) as pageviews, sum(case when ");
                self.kinds.push_is(statement, "engagement");
                statement.push(" then 0 else 1 end) as events");
            }
            Columns::Engaged => {
                statement.push(", ");
                statement
                    .json_number("e.data", "engaged")
                    .push(" as engaged, ");
                statement.json_number("e.data", "scroll").push(" as scroll");
            }
        }
        statement.push(" from events e");
        if !selection.both.is_empty() {
            statement.push(" cross join sessions s");
        }
        statement.push(" where ");
        let query = self.query;
        match self.received {
            None => push_range(statement, query),
            Some(received) => received.push(statement, query.site, query.from_ms, query.until_ms),
        }
        if !selection.both.is_empty() {
            statement.push(" and s.site = e.site and s.session = e.session");
        }
        if is_engaged {
            statement.push(" and ");
            self.kinds.push_is(statement, "engagement");
        }
        for condition in selection.conditions.iter().chain(&selection.both) {
            statement.push(" and ");
            condition.push(statement, self.terms());
        }
        if !is_engaged {
            push_group(statement, keys);
        }
    }

    fn push_answer(&self, statement: &mut Statement) {
        let query = self.query;
        let dimensions: Vec<_> = query.dimensions.iter().enumerate().collect();
        let zero = "cast(0 as bigint)";
        let or_zero = |is_there: bool, column: &str| {
            if is_there {
                format!("coalesce({column}, 0)")
            } else {
                zero.to_owned()
            }
        };
        statement.push(" select * from (select ");
        push_names(statement, "main.", &dimensions);
        statement.push("main.visitors, main.visits, main.pageviews, main.events, main.identified_pageviews, main.bounces, main.duration_ms");
        for column in ["engaged_ms", "engaged_pages", "scroll_sum", "scroll_pages"] {
            let value = or_zero(self.needs_engagement(), &format!("engagement.{column}"));
            statement.push(&format!(", {value} as {column}"));
        }
        let base = or_zero(self.needs(Metric::ConversionRate), "base.visitors");
        statement.push(&format!(", {base} as group_visitors"));
        let everyone = or_zero(self.needs(Metric::Percentage), "everyone.visitors");
        statement.push(&format!(", {everyone} as all_visitors"));
        statement.push(", count(*) over () as total_rows from main");
        if self.needs_engagement() {
            push_join(
                statement,
                "engagement",
                dimensions.iter().map(|(place, _)| *place),
            );
        }
        if self.needs(Metric::ConversionRate) {
            push_join(
                statement,
                "base",
                self.base_dimensions().map(|(place, _)| place),
            );
        }
        if self.needs(Metric::Percentage) {
            push_join(statement, "everyone", std::iter::empty());
        }
        self.push_rows_wanted(statement);
        statement.push(") answer");
        self.push_order(statement);
    }

    fn push_rows_wanted(&self, statement: &mut Statement) {
        let query = self.query;
        statement.push(" where 1 = 1");
        for (place, dimension) in query.dimensions.iter().enumerate() {
            let is_filtered = || {
                let is_it = |other: &Dimension| other == dimension;
                query.filters.iter().any(|filter| filter.has_test(&is_it))
            };
            if matches!(dimension, Dimension::Time) || dimension.shows_nothing() || is_filtered() {
                continue;
            }
            let nothing = dimension.nothing();
            statement.push(&format!(" and main.d{place} <> '{nothing}'"));
        }
        if let Some(rows) = &query.only {
            let columns = query.dimensions.len();
            statement.push(" and (");
            for place in 0..columns {
                let comma = if place == 0 { "" } else { ", " };
                statement.push(&format!("{comma}cast(main.d{place} as text)"));
            }
            statement.push(")").is_any_row(columns, rows);
        }
    }

    fn push_order(&self, statement: &mut Statement) {
        let query = self.query;
        let mut before = " order by ";
        for (by, direction) in &query.order {
            statement.push(before);
            match by {
                OrderBy::Metric(metric) => push_ratio(statement, *metric),
                OrderBy::Dimension(place) => self.push_sorted(statement, *place),
            }
            statement.push(match direction {
                Direction::Ascending => " nulls last",
                Direction::Descending => " desc nulls last",
            });
            before = ", ";
        }
        for place in 0..query.dimensions.len() {
            statement.push(before);
            self.push_sorted(statement, place);
            before = ", ";
        }
    }

    fn push_sorted(&self, statement: &mut Statement, place: usize) {
        statement.push(&format!("d{place}"));
        if !matches!(self.query.dimensions.get(place), Some(Dimension::Time)) {
            statement.by_bytes();
        }
    }
}

/// What is wanted of the events.
enum Columns {
    /// That there are any.
    None,
    Counted,
    Engaged,
}

/// The names of the dimensions, a comma after each.
fn push_names(statement: &mut Statement, of: &str, dimensions: &[(usize, &Dimension)]) {
    for (place, _) in dimensions {
        statement.push(&format!("{of}d{place}, "));
    }
}

/// The values of the dimensions, where `part` and `s` and the dictionaries are.
fn push_dimensions(statement: &mut Statement, selection: &Selection<'_>) {
    for (place, dimension) in &selection.dimensions {
        let home = dimension.home();
        match home.dictionary() {
            Some(dictionary) => {
                statement.push("coalesce(nullif(");
                home.push_value(statement, dictionary.alias());
                statement
                    .push(", ''), '")
                    .push(dimension.nothing())
                    .push("')");
            }
            None => {
                statement.push(&format!("part.k{place}"));
            }
        }
        statement.push(&format!(" as d{place}, "));
    }
}

/// Groups by the first columns; of none, everything is one group, also where there is nothing.
fn push_group(statement: &mut Statement, columns: usize) {
    for column in 1..=columns {
        let before = if column == 1 { " group by " } else { ", " };
        statement.push(&format!("{before}{column}"));
    }
}

fn push_join(statement: &mut Statement, table: &str, places: impl Iterator<Item = usize>) {
    statement.push(&format!(" left join {table} on 1 = 1"));
    for place in places {
        statement.push(&format!(" and {table}.d{place} = main.d{place}"));
    }
}

/// A metric before it is rounded.
fn push_ratio(statement: &mut Statement, metric: Metric) {
    match metric.formula() {
        Formula::Count(column) => statement.push(column),
        Formula::Ratio { part, whole, each } => {
            let ratio = format!("cast({part} as double precision) / nullif({whole}, 0)");
            statement.push(&match each {
                Nothing::Zero => format!("coalesce({ratio}, 0)"),
                Nothing::Null => ratio,
            })
        }
    };
}
