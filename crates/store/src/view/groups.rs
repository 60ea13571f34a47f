//! Events grouped by one or two columns: how many, of how many visitors, from when to when.
//!
//! The newest matches are grouped, window by window of time, until there are too many of them or of their groups, or the time is up. What
//! the databases add up within a window is put together here.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

use sqlx::{QueryBuilder, Row};

use super::dialect::Dialect;
use super::filter::Plan;
use super::matching::{Conditions, Session, push_matching};
use super::value::{Raw, Value};
use super::{
    LOOKING, VIEW_GROUP_COLUMNS_MAX, VIEW_GROUP_EVENTS_MAX, VIEW_GROUPS_MAX, ViewColumn,
    ViewDirection, ViewGroup, ViewGroupOrder, ViewGroupQuery, ViewGroups, ViewOrder,
};
use crate::error::StoreError;
use crate::pool::{Pool, reading};

pub(crate) async fn groups(pool: &Pool, query: &ViewGroupQuery) -> Result<ViewGroups, StoreError> {
    validate(query)?;
    let mut plan = Plan::of(pool, &query.filter).await?;
    let records_total = plan.count_total(pool).await?;
    let gathered = Gathered::of(pool, &plan, &query.by).await?;
    let records_grouped = gathered.events;
    let stopped_at_ms = gathered.stopped_at_ms;
    let mut groups = gathered.into_groups();
    groups.sort_unstable_by(|one, other| order(query, one, other));
    let start = usize::try_from(query.start).unwrap_or(usize::MAX);
    Ok(ViewGroups {
        records_total,
        records_grouped,
        stopped_at_ms,
        groups_total: groups.len() as u64,
        groups: groups.into_iter().skip(start).take(query.length).collect(),
    })
}

fn validate(query: &ViewGroupQuery) -> Result<(), StoreError> {
    let by = &query.by;
    let refuse = |why: String| Err(StoreError::Invalid(why));
    if by.is_empty() || by.len() > VIEW_GROUP_COLUMNS_MAX || (by.len() == 2 && by[0] == by[1]) {
        return refuse(format!(
            "events are grouped by 1 to {VIEW_GROUP_COLUMNS_MAX} different columns"
        ));
    }
    if let Some(column) = by.iter().find(|column| !column.is_groupable()) {
        return refuse(format!("events cannot be grouped by {}", column.name()));
    }
    if !(1..=VIEW_GROUPS_MAX).contains(&query.length) {
        return refuse(format!("a page has 1 to {VIEW_GROUPS_MAX} groups"));
    }
    Ok(())
}

fn order(query: &ViewGroupQuery, one: &ViewGroup, other: &ViewGroup) -> Ordering {
    let ascending = match query.order {
        ViewGroupOrder::Events => one.events.cmp(&other.events),
        ViewGroupOrder::Visitors => one.visitors.cmp(&other.visitors),
        ViewGroupOrder::First => one.first_ms.cmp(&other.first_ms),
        ViewGroupOrder::Last => one.last_ms.cmp(&other.last_ms),
        ViewGroupOrder::Key => one.key.cmp(&other.key),
    };
    let ordered = match query.direction {
        ViewDirection::Ascending => ascending,
        ViewDirection::Descending => ascending.reverse(),
    };
    ordered.then_with(|| one.key.cmp(&other.key))
}

/// Groups by the numbers of their values.
struct Gathered {
    values: [Value; VIEW_GROUP_COLUMNS_MAX],
    columns: usize,
    groups: HashMap<[i64; VIEW_GROUP_COLUMNS_MAX], Group>,
    events: u64,
    stopped_at_ms: Option<i64>,
}

struct Group {
    events: u64,
    visitors: HashSet<i64>,
    first_ms: i64,
    last_ms: i64,
}

/// What a window holds of one visitor in one group.
struct Part {
    visitor: Option<i64>,
    events: i64,
    first_ms: i64,
    last_ms: i64,
}

impl Gathered {
    async fn of(pool: &Pool, plan: &Plan, by: &[ViewColumn]) -> Result<Self, StoreError> {
        let started = Instant::now();
        let value = |index: usize| match by.get(index) {
            Some(column) => Value::to_group(column.place(), plan),
            None => Value::Nothing,
        };
        let mut gathered = Self {
            values: [value(0), value(1)],
            columns: by.len(),
            groups: HashMap::new(),
            events: 0,
            stopped_at_ms: None,
        };
        if plan.is_nothing() {
            return Ok(gathered);
        }
        let mut done_ms = i64::MAX;
        for window in plan.windows(pool, ViewOrder::NewestFirst).await? {
            if gathered.is_full() || started.elapsed() >= LOOKING {
                gathered.stopped_at_ms = Some(done_ms);
                break;
            }
            let here = plan.conditions.within(window);
            let read = gathered.read(pool, plan, &here);
            let (parts, raw) = pool.bounded(read).await?;
            gathered.add(pool, parts, raw).await?;
            done_ms = window.from_ms.unwrap_or(i64::MIN);
        }
        Ok(gathered)
    }

    fn is_full(&self) -> bool {
        self.events >= VIEW_GROUP_EVENTS_MAX || self.groups.len() >= VIEW_GROUPS_MAX
    }

    async fn read(
        &self,
        pool: &Pool,
        plan: &Plan,
        conditions: &Conditions,
    ) -> Result<(Vec<Part>, [Vec<Raw>; 2]), StoreError> {
        let mut parts = Vec::new();
        let mut raw = [Vec::new(), Vec::new()];
        if conditions.window.is_empty() {
            return Ok((parts, raw));
        }
        reading!(pool, db: Db => {
            let mut query = QueryBuilder::<Db>::new("select ");
            for value in &self.values {
                value.push(&mut query);
                query.push(", ");
            }
            query.push("s.visitor, count(*), min(e.time_ms), max(e.time_ms)");
            push_matching(&mut query, &plan.scope, conditions, Session::Joined);
            query.push(" group by 1, 2, 3");
            for row in &query.build().fetch_all(db).await? {
                parts.push(Part {
                    visitor: row.try_get(2)?,
                    events: row.try_get(3)?,
                    first_ms: row.try_get(4)?,
                    last_ms: row.try_get(5)?,
                });
                for (index, raw) in raw.iter_mut().enumerate() {
                    raw.push(Db::raw(row, index, self.values[index].raw_kind())?);
                }
            }
        });
        Ok((parts, raw))
    }

    async fn add(
        &mut self,
        pool: &Pool,
        parts: Vec<Part>,
        raw: [Vec<Raw>; 2],
    ) -> Result<(), StoreError> {
        let [one, other] = raw;
        let ones = self.values[0].numbers(pool, one).await?;
        let others = self.values[1].numbers(pool, other).await?;
        for ((part, one), other) in parts.into_iter().zip(ones).zip(others) {
            let events = u64::try_from(part.events).unwrap_or(0);
            self.events += events;
            let group = self.groups.entry([one, other]).or_insert_with(|| Group {
                events: 0,
                visitors: HashSet::new(),
                first_ms: part.first_ms,
                last_ms: part.last_ms,
            });
            group.events += events;
            group.visitors.extend(part.visitor);
            group.first_ms = group.first_ms.min(part.first_ms);
            group.last_ms = group.last_ms.max(part.last_ms);
        }
        Ok(())
    }

    fn into_groups(self) -> Vec<ViewGroup> {
        let values = &self.values[..self.columns];
        let key = |numbers: [i64; VIEW_GROUP_COLUMNS_MAX]| {
            let values = values.iter().zip(numbers);
            values.map(|(value, number)| value.key(number)).collect()
        };
        let groups = self.groups.into_iter();
        groups
            .map(|(numbers, group)| ViewGroup {
                key: key(numbers),
                events: group.events,
                visitors: group.visitors.len() as u64,
                first_ms: group.first_ms,
                last_ms: group.last_ms,
            })
            .collect()
    }
}
