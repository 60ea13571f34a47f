//! Conditions on the events and visits of a day.

use std::collections::HashSet;

use crate::stats::conditions::Condition;
use crate::stats::dimension::{Dictionary, Owner};
use crate::stats::rollups::columns::{Column, Columns};

/// A condition on the rows of a day.
pub(super) enum Check {
    Event(Vec<bool>),
    Visit(Vec<bool>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// The visit's events that are in the range pass these, each at the time of the one before or later.
    Done(Vec<Self>),
}

impl Check {
    pub(super) fn of(condition: &Condition, columns: &Columns) -> Self {
        let all =
            |inner: &[Condition]| inner.iter().map(|inner| Self::of(inner, columns)).collect();
        match condition {
            Condition::Number(dictionary, numbers) => {
                let wanted: HashSet<i32> = numbers.iter().copied().collect();
                let column = columns.get(Column::of(*dictionary));
                let passing = column.mapped(|number| wanted.contains(&number));
                match dictionary.owner() {
                    Owner::Event => Self::Event(passing),
                    Owner::Visit => Self::Visit(passing),
                }
            }
            // Not asked of columns.
            Condition::Value(..) => Self::Any(Vec::new()),
            Condition::All(inner) => Self::All(all(inner)),
            Condition::Any(inner) => Self::Any(all(inner)),
            Condition::Not(inner) => Self::Not(Box::new(Self::of(inner, columns))),
            Condition::Done(steps) => Self::Done(all(steps)),
        }
    }
}

impl Condition {
    /// Whether it is about numbers of dictionaries alone.
    pub(super) fn is_of_numbers(&self) -> bool {
        match self {
            Self::Number(..) => true,
            Self::Value(..) => false,
            Self::All(inner) | Self::Any(inner) | Self::Done(inner) => {
                inner.iter().all(Self::is_of_numbers)
            }
            Self::Not(inner) => inner.is_of_numbers(),
        }
    }

    pub(super) fn each_dictionary(&self, look: &mut impl FnMut(Dictionary)) {
        match self {
            Self::Number(dictionary, _) => look(*dictionary),
            Self::Value(..) => {}
            Self::All(inner) | Self::Any(inner) | Self::Done(inner) => {
                for inner in inner {
                    inner.each_dictionary(look);
                }
            }
            Self::Not(inner) => inner.each_dictionary(look),
        }
    }

    /// Whether it is about what came after what.
    pub(super) fn needs_times(&self) -> bool {
        match self {
            Self::Number(..) | Self::Value(..) => false,
            Self::All(inner) | Self::Any(inner) => inner.iter().any(Self::needs_times),
            Self::Not(inner) => inner.needs_times(),
            Self::Done(steps) => steps.len() > 1,
        }
    }
}
