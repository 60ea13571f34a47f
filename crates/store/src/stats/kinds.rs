//! The kinds of event as numbers, and conditions on them.
//!
//! A kind's number stands in the event's column of two bytes; of the kinds beyond the first 32,767 it stands in `extra`, and the column
//! is 0. Conditions look there only if they are about such a kind.

use super::statement::Statement;
use crate::error::StoreError;
use crate::pool::{Pool, reading};

/// The kinds that mean something to us. A store in which there is none yet of a kind has no number for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds {
    rows: Vec<(i64, String)>,
}

impl Kinds {
    pub(super) async fn read(pool: &Pool) -> Result<Self, StoreError> {
        let select = include_str!("../../sql/stats.kinds.sql");
        let rows = reading!(pool, db => sqlx::query_as(select).fetch_all(db).await?);
        Ok(Self { rows })
    }

    /// The name of a kind that means something to us.
    pub(super) fn name(&self, number: i64) -> Option<&str> {
        let mut rows = self.rows.iter();
        rows.find(|(known, _)| *known == number)
            .map(|(_, name)| name.as_str())
    }

    /// The number of a kind that means something to us; `None` while there is no event of it.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let mut rows = self.rows.iter();
        rows.find(|(_, known)| known == name)
            .map(|(number, _)| *number)
    }

    /// Appends the condition that the event is of the kind.
    pub(super) fn push_is(&self, statement: &mut Statement, name: &str) {
        let number = |(number, kind): &(i64, String)| {
            (kind == name).then(|| i32::try_from(*number).unwrap_or(0))
        };
        let numbers: Vec<i32> = self.rows.iter().filter_map(number).collect();
        push_is_any(statement, &numbers);
    }
}

/// Appends the condition that the event's kind has one of these numbers.
pub(super) fn push_is_any(statement: &mut Statement, numbers: &[i32]) {
    if let [number] = numbers
        && fits_column(*number)
    {
        statement.push("e.kind = ").number(i64::from(*number));
    } else if numbers.iter().all(|number| fits_column(*number)) {
        statement.push("e.kind").is_any_number(numbers);
    } else {
        push_number(statement);
        statement.is_any_number(numbers);
    }
}

/// Appends the number of the event's kind, wherever it stands.
pub(super) fn push_number(statement: &mut Statement) {
    statement.push("case when e.kind <> 0 then cast(e.kind as bigint) else ");
    statement.json_number("e.extra", "k").push(" end");
}

fn fits_column(number: i32) -> bool {
    i16::try_from(number).is_ok()
}
