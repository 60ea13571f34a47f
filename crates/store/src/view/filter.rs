//! From what is asked to where to look.

use std::collections::HashMap;

use sqlx::FromRow;

use super::check::Check;
use super::condition::validate;
use super::expression::{Dictionary, Number};
use super::matching::{Conditions, Scope, count};
use super::resolve::Resolver;
use super::window::Window;
use super::{
    VIEW_SEARCH_BYTES_MAX, ViewColumn, ViewComparison, ViewCondition, ViewFilter, ViewOrder,
    ViewTest, ViewValue, count as counts,
};
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::writer::ledger::HOUR_MS;

/// An address that comes with more titles than this is looked for event by event instead of title by title.
const SOURCES_MAX: usize = 200;
/// Events that are looked at in one statement, about: a tenth of a second's work, and not much over the time where that is up.
const WINDOW_EVENTS: u64 = 50_000;
const DAY_HOURS: i64 = 24;

/// Where the matching events are, and what must hold for them besides.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) scope: Scope,
    pub(super) conditions: Conditions,
    /// The sites that the filter allows, by their keys.
    pub(super) sites: HashMap<i64, String>,
    /// What chose the scope, where that is not the sites.
    chosen_by: Option<Check>,
}

impl Plan {
    pub(super) async fn of(pool: &Pool, filter: &ViewFilter) -> Result<Self, StoreError> {
        if filter
            .search
            .as_ref()
            .is_some_and(|text| text.len() > VIEW_SEARCH_BYTES_MAX)
        {
            return Err(StoreError::Invalid(format!(
                "a search text has {VIEW_SEARCH_BYTES_MAX} bytes at most"
            )));
        }
        validate(&filter.conditions)?;
        let sites = allowed_sites(pool, filter.sites.as_deref()).await?;
        let mut window = Window {
            from_ms: filter.from_ms,
            until_ms: filter.until_ms,
        };
        let mut checks = Vec::new();
        let resolver = Resolver {
            pool,
            sites: &sites,
        };
        for condition in all_conditions(filter) {
            gather(resolver.check(&condition).await?, &mut window, &mut checks);
        }
        for check in &checks {
            if let Check::Number(Number::Session, ViewComparison::Equals, session) = check {
                window = window.and(lifetime(pool, *session, &sites).await?);
            }
        }
        let conditions = Conditions { window, checks };
        Ok(Self::narrow(sites, conditions))
    }

    /// Looks where the fewest events are: a user's, else a page's, else the sites'. What chose the place need not be asked of each event
    /// again.
    fn narrow(sites: HashMap<i64, String>, mut conditions: Conditions) -> Self {
        let everywhere = || Scope::Sites(sites.keys().copied().collect());
        let nowhere = conditions.checks.contains(&Check::Never) || conditions.window.is_empty();
        let (scope, chosen_by) = if nowhere {
            (Scope::Sites(Vec::new()), None)
        } else if let Some((check, ids)) = take(&mut conditions, Dictionary::People) {
            (Scope::People(ids), Some(check))
        } else if let Some((check, ids)) = take(&mut conditions, Dictionary::Pages) {
            (Scope::Pages(ids), Some(check))
        } else {
            (everywhere(), None)
        };
        Self {
            scope,
            conditions,
            sites,
            chosen_by,
        }
    }

    pub(super) fn site_ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.sites.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// The same events, looked for in the order of time instead of by their pages. `None` where they are not looked for by pages.
    pub(super) fn by_time(&self) -> Option<Self> {
        let chosen_by = self.chosen_by.clone()?;
        if !matches!(self.scope, Scope::Pages(_)) {
            return None;
        }
        let mut conditions = self.conditions.clone();
        conditions.checks.push(chosen_by);
        Some(Self {
            scope: Scope::Sites(self.site_ids()),
            conditions,
            sites: self.sites.clone(),
            chosen_by: None,
        })
    }

    /// Looks no more at the other sites.
    pub(super) fn keep_sites(&mut self, has_events: impl Fn(&i64) -> bool) {
        if let Scope::Sites(ids) = &mut self.scope {
            ids.retain(has_events);
        }
    }

    /// Whether nothing can match: nothing is allowed, or nobody knows the address or the user that is asked for.
    pub(super) fn is_nothing(&self) -> bool {
        self.scope.ids().is_empty()
    }

    /// Whether every event of the sites matches that happened within the window.
    pub(super) fn is_everything(&self) -> bool {
        matches!(self.scope, Scope::Sites(_)) && self.conditions.checks.is_empty()
    }

    /// Whether no index holds the matches together.
    pub(super) fn must_look(&self) -> bool {
        !self.conditions.checks.is_empty()
    }

    /// Ranges of time whose events are looked at in one query.
    pub(super) async fn windows(
        &self,
        pool: &Pool,
        order: ViewOrder,
    ) -> Result<Vec<Window>, StoreError> {
        let hours = counts::hours(pool, &self.site_ids(), order).await?;
        let hours = hours
            .into_iter()
            .filter(|(hour, _)| !self.part_of(*hour).is_empty());
        // What an index has by the day is cut by the day.
        let (range_ms, ranges) = match self.scope {
            Scope::Sites(_) => (HOUR_MS, hours.collect()),
            Scope::Pages(_) | Scope::People(_) => (HOUR_MS * DAY_HOURS, days(hours)),
        };
        Ok(counts::windows(&ranges, range_ms, order, WINDOW_EVENTS))
    }

    /// Events by the hour, where [`Plan::is_everything`]: those hours that lie within the window as a whole are counted already.
    pub(super) async fn hours(
        &self,
        pool: &Pool,
        order: ViewOrder,
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        let mut hours = counts::hours(pool, self.scope.ids(), order).await?;
        hours.retain(|(hour, _)| !self.part_of(*hour).is_empty());
        for (hour, events) in &mut hours {
            if !self.has_whole(*hour) {
                let part = self.conditions.within(hour_window(*hour));
                *events = count(pool, &self.scope, &part, u64::MAX).await?;
            }
        }
        Ok(hours)
    }

    /// Whether the hour lies wholly within the window.
    pub(super) fn has_whole(&self, hour: i64) -> bool {
        self.part_of(hour) == hour_window(hour)
    }

    fn part_of(&self, hour: i64) -> Window {
        self.conditions.window.and(hour_window(hour))
    }
}

fn hour_window(hour: i64) -> Window {
    Window::between(hour * HOUR_MS, (hour + 1) * HOUR_MS)
}

fn days(hours: impl Iterator<Item = (i64, u64)>) -> Vec<(i64, u64)> {
    let mut days: Vec<(i64, u64)> = Vec::new();
    for (hour, events) in hours {
        let day = hour.div_euclid(DAY_HOURS);
        match days.last_mut() {
            Some((last, sum)) if *last == day => *sum += events,
            _ => days.push((day, events)),
        }
    }
    days
}

/// The filter's own fields in the words of conditions.
fn all_conditions(filter: &ViewFilter) -> Vec<ViewCondition> {
    let equals = |column, text: &Option<String>| {
        let test = |text: &String| text_test(column, ViewComparison::Equals, text);
        text.as_ref().map(test)
    };
    let mut all: Vec<ViewCondition> = equals(ViewColumn::Url, &filter.url)
        .into_iter()
        .chain(equals(ViewColumn::UserId, &filter.user_id))
        .collect();
    all.extend(filter.conditions.iter().cloned());
    if let Some(text) = filter.search.as_ref().filter(|text| !text.is_empty()) {
        let contains = |column| text_test(column, ViewComparison::Contains, text);
        all.push(ViewCondition::Any(SEARCHED.map(contains).to_vec()));
    }
    all
}

/// Where a search text may be. What stands with each event comes last: the others are dictionaries.
const SEARCHED: [ViewColumn; 6] = [
    ViewColumn::Url,
    ViewColumn::Title,
    ViewColumn::Referrer,
    ViewColumn::UserId,
    ViewColumn::EventType,
    ViewColumn::EventData,
];

fn text_test(column: ViewColumn, comparison: ViewComparison, text: &str) -> ViewCondition {
    ViewCondition::Test(ViewTest {
        column,
        comparison,
        value: ViewValue::Text(text.to_owned()),
    })
}

/// Puts what must hold of the time into the window, and the rest to the checks.
fn gather(check: Check, window: &mut Window, checks: &mut Vec<Check>) {
    match check {
        Check::Always => {}
        Check::All(parts) => {
            for part in parts {
                gather(part, window, checks);
            }
        }
        Check::Number(Number::Time, comparison, time_ms) => {
            *window = window.and(times(comparison, time_ms));
        }
        other => checks.push(other),
    }
}

fn times(comparison: ViewComparison, time_ms: i64) -> Window {
    let next = time_ms.saturating_add(1);
    let (from_ms, until_ms) = match comparison {
        ViewComparison::Below => (None, Some(time_ms)),
        ViewComparison::AtMost => (None, Some(next)),
        ViewComparison::AtLeast => (Some(time_ms), None),
        ViewComparison::Above => (Some(next), None),
        _ => (Some(time_ms), Some(next)),
    };
    Window { from_ms, until_ms }
}

/// Takes out the check that names the fewest rows of a dictionary, if they are few.
fn take(conditions: &mut Conditions, dictionary: Dictionary) -> Option<(Check, Vec<i64>)> {
    let named = |check: &Check| match check {
        Check::OneOf(Number::Of(of), ids) if *of == dictionary && ids.len() <= SOURCES_MAX => {
            Some(ids.clone())
        }
        _ => None,
    };
    let found = conditions.checks.iter().enumerate();
    let (index, ids) = found
        .filter_map(|(index, check)| Some((index, named(check)?)))
        .min_by_key(|(_, ids)| ids.len())?;
    Some((conditions.checks.remove(index), ids))
}

async fn allowed_sites(
    pool: &Pool,
    only: Option<&[i64]>,
) -> Result<HashMap<i64, String>, StoreError> {
    let select = include_str!("../../sql/view.sites.sql");
    let rows: Vec<SiteRow> = reading!(pool, db => sqlx::query_as(select).fetch_all(db).await?);
    let allowed = |row: &SiteRow| only.is_none_or(|only| only.contains(&row.id));
    let rows = rows.into_iter().filter(allowed);
    Ok(rows.map(|row| (row.id, row.key)).collect())
}

#[derive(FromRow)]
struct SiteRow {
    id: i64,
    key: String,
}

/// When the events of a session happened. Numbers of sessions are unique, whatever the site.
async fn lifetime(
    pool: &Pool,
    session: i64,
    sites: &HashMap<i64, String>,
) -> Result<Window, StoreError> {
    let select = include_str!("../../sql/view.lifetime.sql");
    for site in sites.keys() {
        let found: Option<(i64, i64)> = reading!(pool, db => sqlx::query_as(select)
            .bind(*site)
            .bind(session)
            .fetch_optional(db)
            .await?);
        if let Some((started_ms, last_ms)) = found {
            return Ok(Window::between(started_ms, last_ms.saturating_add(1)));
        }
    }
    Ok(Window::between(0, 0))
}
