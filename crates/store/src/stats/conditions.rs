//! Conditions as the statement states them: on numbers, and on the values of properties.

use super::StatsQuery;
use super::dimension::{Dictionary, Dimension, Home};
use super::kinds::{self, Kinds};
use super::statement::Statement;

/// A filter, resolved. It is about an event `e`, and about its visit `s` where the filter's scope says so.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The number of the dictionary's row is one of these.
    Number(Dictionary, Vec<i32>),
    /// The value of a property is one of these.
    Value(Dimension, Vec<String>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// The visit has events in the range for which these hold, each at the time of the one before or later.
    Done(Vec<Self>),
}

/// What conditions are stated with.
#[derive(Clone, Copy)]
pub(super) struct Terms<'q> {
    pub(super) query: &'q StatsQuery,
    pub(super) kinds: &'q Kinds,
}

impl Condition {
    pub(super) fn push(&self, statement: &mut Statement, terms: Terms<'_>) {
        match self {
            Self::Number(Dictionary::Kinds, numbers) => kinds::push_is_any(statement, numbers),
            Self::Number(dictionary, numbers) => {
                statement.push(dictionary.number()).is_any_number(numbers);
            }
            Self::Value(dimension, values) => {
                push_data_value(statement, dimension, terms.kinds);
                statement.is_any_text(values);
            }
            Self::All(inner) => push_list(statement, terms, inner, "1 = 1", " and "),
            Self::Any(inner) => push_list(statement, terms, inner, "1 = 0", " or "),
            Self::Not(inner) => {
                statement.push("not (");
                inner.push(statement, terms);
                statement.push(")");
            }
            Self::Done(steps) => {
                statement.push("s.session in (select done.session from (");
                push_done(statement, terms, steps);
                statement.push(") done)");
            }
        }
    }
}

/// Appends a select of the sessions that have done these steps, and of when they had done the last one at the earliest.
fn push_done(statement: &mut Statement, terms: Terms<'_>, steps: &[Condition]) {
    let Some((last, before)) = steps.split_last() else {
        // Nothing was to be done.
        statement.push("select s.session as session");
        return;
    };
    statement.push("select e.session as session, min(e.time_ms) as at from events e");
    if !before.is_empty() {
        statement.push(" join (");
        push_done(statement, terms, before);
        statement.push(") earlier on earlier.session = e.session and earlier.at <= e.time_ms");
    }
    statement.push(" where ");
    push_range(statement, terms.query);
    statement.push(" and ");
    last.push(statement, terms);
    statement.push(" group by e.session");
}

fn push_list(
    statement: &mut Statement,
    terms: Terms<'_>,
    conditions: &[Condition],
    of_none: &str,
    between: &str,
) {
    statement.push("(");
    if conditions.is_empty() {
        statement.push(of_none);
    }
    for (index, condition) in conditions.iter().enumerate() {
        statement.push(if index == 0 { "" } else { between });
        condition.push(statement, terms);
    }
    statement.push(")");
}

/// Appends the condition that the event is of the question's site and in its range. The first two are what the index holds.
pub(super) fn push_range(statement: &mut Statement, query: &StatsQuery) {
    statement.push("e.site = ").number(query.site);
    statement.push(" and cast(e.time_ms / 10000 as integer) >= ");
    statement.number(query.from_ms.div_euclid(TEN_MS));
    statement.push(" and cast(e.time_ms / 10000 as integer) <= ");
    statement.number(query.until_ms.div_euclid(TEN_MS));
    statement.push(" and e.time_ms >= ").number(query.from_ms);
    statement.push(" and e.time_ms < ").number(query.until_ms);
}

/// A key of the index by time.
const TEN_MS: i64 = 10_000;

/// Appends the value of a property of the event `e`, never null.
pub(super) fn push_data_value(statement: &mut Statement, dimension: &Dimension, kinds: &Kinds) {
    statement.push("coalesce(nullif(");
    match dimension.home() {
        Home::Data(key) => {
            statement.json_value("e.data", &key);
        }
        Home::DataOf(kind, key) => {
            statement.push("case when ");
            kinds.push_is(statement, kind);
            statement.push(" then ");
            statement.json_value("e.data", key);
            statement.push(" end");
        }
        Home::Column(..) | Home::Json(..) | Home::Time => {
            statement.push("null");
        }
    }
    statement
        .push(", ''), '")
        .push(dimension.nothing())
        .push("')");
}
