//! What a column says of each event, as numbers that are equal where the values are.

use sqlx::QueryBuilder;

use super::ViewKey;
use super::column::Place;
use super::dialect::Dialect;
use super::expression::{Number, Text};
use super::filter::Plan;
use super::matching::Session;
use super::texts::{By, Named, Texts, Whole};
use crate::error::StoreError;
use crate::pool::Pool;

/// What is read of events, and what was learned of their texts so far.
#[derive(Debug)]
pub(super) enum Value {
    Number(Number),
    /// The day of an instant.
    Day(Number),
    /// A text by the id that the event has of it.
    Named(Number, Named),
    /// A text that stands with the event.
    Text(Text, Whole, Texts),
    /// Nothing that the event's key does not say.
    Nothing,
}

/// What a database answers for it.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    Number(i64),
    Text(String),
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RawKind {
    Number,
    Text,
}

const DAY_MS: i64 = 86_400_000;

impl Value {
    /// To sort by.
    pub(super) fn to_sort(place: Place, plan: &Plan) -> Self {
        match place {
            Place::Time(number) => Self::Number(number),
            other => Self::of(other, plan, Whole::Beginning),
        }
    }

    /// To group by.
    pub(super) fn to_group(place: Place, plan: &Plan) -> Self {
        match place {
            Place::Time(number) => Self::Day(number),
            other => Self::of(other, plan, Whole::Whole),
        }
    }

    fn of(place: Place, plan: &Plan, whole: Whole) -> Self {
        match place {
            Place::Number(number) | Place::Time(number) => Self::Number(number),
            Place::Text(text) => Self::Text(text, whole, Texts::default()),
            Place::SiteKey => Self::Named(Number::Site, Named::new(By::Sites(plan.sites.clone()))),
            Place::MarkWords => Self::Named(Number::Marks, Named::new(By::Marks)),
            Place::Dictionary(dictionary, column) => Self::Named(
                Number::Of(dictionary),
                Named::new(By::Dictionary(dictionary, column, whole)),
            ),
            Place::EventId => Self::Nothing,
        }
    }

    pub(super) fn push<DB: Dialect>(&self, query: &mut QueryBuilder<DB>) {
        match self {
            Self::Number(number) | Self::Named(number, _) => query.push(number.sql::<DB>()),
            Self::Day(number) => {
                query.push(number.sql::<DB>()).push(" / ");
                query.push(DAY_MS)
            }
            Self::Text(text, whole, _) => query.push(whole.of(text.sql())),
            Self::Nothing => query.push("cast(0 as bigint)"),
        };
    }

    pub(super) fn raw_kind(&self) -> RawKind {
        match self {
            Self::Text(..) => RawKind::Text,
            _ => RawKind::Number,
        }
    }

    pub(super) fn session(&self) -> Session {
        match self {
            Self::Named(number, _) if number.needs_session() => Session::Joined,
            _ => Session::AsNeeded,
        }
    }

    /// The numbers of what was read.
    pub(super) async fn numbers(
        &mut self,
        pool: &Pool,
        raw: Vec<Raw>,
    ) -> Result<Vec<i64>, StoreError> {
        if let Self::Named(_, named) = self {
            named.learn(pool, raw.iter().map(Raw::number)).await?;
        }
        let number = |raw: Raw| match (&mut *self, raw) {
            (Self::Named(_, named), raw) => i64::from(named.number(raw.number())),
            (Self::Text(_, _, texts), Raw::Text(text)) => i64::from(texts.number(text)),
            (_, raw) => raw.number(),
        };
        Ok(raw.into_iter().map(number).collect())
    }

    /// The texts of the numbers, where they stand for texts.
    pub(super) fn texts(&self) -> Option<&Texts> {
        match self {
            Self::Named(_, Named { texts, .. }) | Self::Text(_, _, texts) => Some(texts),
            Self::Number(_) | Self::Day(_) | Self::Nothing => None,
        }
    }

    /// What a number stands for.
    pub(super) fn key(&self, number: i64) -> ViewKey {
        match (self, self.texts()) {
            (_, Some(texts)) => ViewKey::Text(texts.text(number).to_owned()),
            (Self::Day(_), None) => ViewKey::Day(number * DAY_MS),
            (_, None) => ViewKey::Number(number),
        }
    }
}

impl Raw {
    fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(_) => 0,
        }
    }
}
