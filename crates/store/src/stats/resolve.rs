//! From texts to numbers: which rows of the dictionaries pass a test.
//!
//! A test for exact texts is the database's to answer; for all others the dictionary's rows come by one by one, and only the numbers of
//! those that pass stay. The values of a property have no dictionary: the different ones of the range are looked at instead.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::conditions::{Condition, push_data_value, push_range};
use super::dimension::{Dictionary, Dimension, Home};
use super::filter::{Filter, Matching, Test};
use super::kinds::Kinds;
use super::statement::Statement;
use super::{STATS_VALUES_MAX, StatsQuery};
use crate::error::StoreError;
use crate::pool::Pool;

/// What the filters of a question are resolved with.
#[derive(Clone, Copy)]
pub(super) struct Resolver<'q> {
    pub(super) pool: &'q Pool,
    pub(super) query: &'q StatsQuery,
    pub(super) kinds: &'q Kinds,
}

impl Resolver<'_> {
    pub(super) async fn all(&self, filters: &[&Filter]) -> Result<Vec<Condition>, StoreError> {
        let mut conditions = Vec::with_capacity(filters.len());
        for filter in filters {
            conditions.push(self.one(filter).await?);
        }
        Ok(conditions)
    }

    fn one<'f>(&'f self, filter: &'f Filter) -> BoxFuture<'f, Result<Condition, StoreError>> {
        async move {
            Ok(match filter {
                Filter::Test(test) => self.test(test).await?,
                Filter::Not(inner) => Condition::Not(Box::new(self.one(inner).await?)),
                Filter::Done(steps) => {
                    Condition::Done(self.all(&steps.iter().collect::<Vec<_>>()).await?)
                }
                Filter::All(inner) => {
                    Condition::All(self.all(&inner.iter().collect::<Vec<_>>()).await?)
                }
                Filter::Any(inner) => {
                    Condition::Any(self.all(&inner.iter().collect::<Vec<_>>()).await?)
                }
            })
        }
        .boxed()
    }

    async fn test(&self, test: &Test) -> Result<Condition, StoreError> {
        let home = test.dimension.home();
        if let Some(dictionary) = home.dictionary() {
            let mut numbers = self.numbers(dictionary, &home, test).await?;
            if test.matching.passes(test.dimension.nothing()) {
                // Number 0: there is no row.
                numbers.push(0);
            }
            return Ok(Condition::Number(dictionary, numbers));
        }
        let values = match &test.matching {
            Matching::Is(texts) => texts.clone(),
            _ => self.values(&test.dimension, &test.matching).await?,
        };
        Ok(Condition::Value(test.dimension.clone(), values))
    }

    /// The numbers of the dictionary's rows that pass.
    async fn numbers(
        &self,
        dictionary: Dictionary,
        home: &Home,
        test: &Test,
    ) -> Result<Vec<i32>, StoreError> {
        let nothing = test.dimension.nothing();
        let mut statement = Statement::new(self.pool);
        statement.push("select cast(d.id as bigint), coalesce(nullif(");
        home.push_value(&mut statement, "d");
        statement.push(&format!(", ''), '{nothing}') from "));
        statement.push(dictionary.table()).push(" d where 1 = 1");
        if dictionary.is_of_site() {
            statement.push(" and d.site = ").number(self.query.site);
        }
        if let (Home::Column(_, column), Matching::Is(texts)) = (home, &test.matching) {
            let mut wanted = texts.clone();
            if texts.iter().any(|text| text == nothing) {
                wanted.push(String::new());
            }
            statement.push(" and d.").push(column).is_any_text(&wanted);
        }
        let mut numbers = Vec::new();
        let keep = |number: i64, text: &str| {
            if test.matching.passes(text) {
                numbers.extend(i32::try_from(number).ok());
            }
        };
        statement.each(self.pool, keep).await?;
        Ok(numbers)
    }

    /// The different values of a property in the range that pass.
    async fn values(
        &self,
        dimension: &Dimension,
        matching: &Matching,
    ) -> Result<Vec<String>, StoreError> {
        let mut statement = Statement::new(self.pool);
        statement.push("select distinct cast(0 as bigint), ");
        push_data_value(&mut statement, dimension, self.kinds);
        statement.push(" from events e where ");
        push_range(&mut statement, self.query);
        // One more than there may be tells that there are too many.
        statement.push(" limit ").number(
            i64::try_from(STATS_VALUES_MAX)
                .unwrap_or(i64::MAX)
                .saturating_add(1),
        );
        let mut read = 0;
        let mut values = Vec::new();
        let keep = |_, value: &str| {
            read += 1;
            if matching.passes(value) {
                values.push(value.to_owned());
            }
        };
        statement.each(self.pool, keep).await?;
        if read > STATS_VALUES_MAX {
            return Err(StoreError::Invalid(format!(
                "this property has more than {STATS_VALUES_MAX} different values in the range; test for whole values with `is`, or \
                 ask for a shorter range"
            )));
        }
        Ok(values)
    }
}
