//! From conditions to checks: texts of dictionaries are looked up once, before any event is.

use std::collections::HashMap;

use hgpixel_event::Marks;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::check::{Check, TextTest};
use super::column::Place;
use super::dialect::Dialect;
use super::expression::{Dictionary, Number};
use super::marks::mark_words;
use super::{ViewComparison, ViewCondition, ViewTest, ViewValue};
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::writer::dictionary::text_hash;

/// A condition that more rows of a dictionary meet is asked in the database, for each window anew.
const ROWS_MAX: usize = 20_000;

/// What is known when conditions are resolved.
#[derive(Clone, Copy)]
pub(super) struct Resolver<'a> {
    pub(super) pool: &'a Pool,
    /// The sites that may be seen, by their keys.
    pub(super) sites: &'a HashMap<i64, String>,
}

impl Resolver<'_> {
    pub(super) async fn check(self, condition: &ViewCondition) -> Result<Check, StoreError> {
        Ok(match condition {
            ViewCondition::All(parts) => Check::all(self.checks(parts).await?),
            ViewCondition::Any(parts) => Check::any(self.checks(parts).await?),
            ViewCondition::Not(part) => Box::pin(self.check(part)).await?.not(),
            ViewCondition::Test(test) => self.test(test).await?,
        })
    }

    async fn checks(self, parts: &[ViewCondition]) -> Result<Vec<Check>, StoreError> {
        let mut checks = Vec::with_capacity(parts.len());
        for part in parts {
            checks.push(Box::pin(self.check(part)).await?);
        }
        Ok(checks)
    }

    async fn test(self, test: &ViewTest) -> Result<Check, StoreError> {
        match (test.column.place(), &test.value) {
            (Place::Number(number) | Place::Time(number), ViewValue::Number(value)) => {
                Ok(Check::Number(number, test.comparison, *value))
            }
            (Place::EventId, ViewValue::Text(text)) => {
                Ok(Uuid::parse_str(text).map_or(Check::Never, Check::EventId))
            }
            (place, ViewValue::Text(text)) => {
                let value = text.clone();
                let comparison = test.comparison;
                self.text(place, TextTest { comparison, value }).await
            }
            _ => Err(StoreError::Invalid(
                "a column cannot be compared with this kind of value".to_owned(),
            )),
        }
    }

    async fn text(self, place: Place, test: TextTest) -> Result<Check, StoreError> {
        Ok(match place {
            Place::Dictionary(dictionary, column) => {
                self.dictionary(dictionary, column, test).await?
            }
            Place::SiteKey => {
                let accepted = self.sites.iter().filter(|(_, key)| test.accepts(key));
                one_of(Number::Site, accepted.map(|(id, _)| *id).collect())
            }
            Place::MarkWords => {
                let words = |bits: &u8| mark_words(Marks::from_bits(*bits));
                let accepted = (0..=u8::MAX).filter(|bits| test.accepts(&words(bits)));
                one_of(Number::Marks, accepted.map(i64::from).collect())
            }
            Place::Text(text) => Check::Text(text, test),
            Place::Number(_) | Place::Time(_) | Place::EventId => Check::Never,
        })
    }

    /// An event without a row has the empty text: where that is accepted, the rows are named that are not.
    async fn dictionary(
        self,
        dictionary: Dictionary,
        column: &'static str,
        test: TextTest,
    ) -> Result<Check, StoreError> {
        let wanted = if test.accepts("") {
            Wanted::Refused
        } else {
            Wanted::Accepted
        };
        let ids = self.rows(dictionary, column, &test, wanted).await?;
        if ids.len() > ROWS_MAX {
            return Ok(Check::Dictionary(dictionary, column, test));
        }
        let named = one_of(Number::Of(dictionary), ids);
        Ok(match wanted {
            Wanted::Accepted => named,
            Wanted::Refused => named.not(),
        })
    }

    async fn rows(
        self,
        dictionary: Dictionary,
        column: &'static str,
        test: &TextTest,
        wanted: Wanted,
    ) -> Result<Vec<i64>, StoreError> {
        Ok(reading!(self.pool, db: Db => {
            let mut query = QueryBuilder::<Db>::new("select cast(id as bigint) from ");
            query.push(dictionary.table()).push(" where ");
            push_hash(&mut query, dictionary, column, test);
            if dictionary.is_of_site() {
                let sites: Vec<i64> = self.sites.keys().copied().collect();
                query.push("site");
                Db::one_of(&mut query, &sites);
                query.push(" and ");
            }
            query.push(match wanted {
                Wanted::Accepted => "(",
                Wanted::Refused => "not (",
            });
            test.push(&mut query, column);
            query.push(") limit ").push_bind(i64::try_from(ROWS_MAX + 1).unwrap_or(i64::MAX));
            query.build_query_scalar().fetch_all(db).await?
        }))
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Accepted,
    Refused,
}

/// Addresses and user ids have an index by their hash.
fn push_hash<DB: Dialect>(
    query: &mut QueryBuilder<DB>,
    dictionary: Dictionary,
    column: &str,
    test: &TextTest,
) {
    let hash = match (dictionary, column) {
        (Dictionary::Pages, "url") => "url_hash = ",
        (Dictionary::People, "user_id") => "user_hash = ",
        _ => return,
    };
    if test.comparison == ViewComparison::Equals && !test.value.is_empty() {
        query.push(hash);
        DB::number(query, text_hash(&test.value));
        query.push(" and ");
    }
}

fn one_of(number: Number, mut numbers: Vec<i64>) -> Check {
    if numbers.is_empty() {
        return Check::Never;
    }
    numbers.sort_unstable();
    Check::OneOf(number, numbers)
}
