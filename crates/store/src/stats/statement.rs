//! A statement in the making: its text, and the values that are bound to it.
//!
//! Placeholders are `$1`, `$2` and so on, which both databases read. What the databases spell differently has its method here.

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Postgres, QueryBuilder, Sqlite};

use super::StatsValue;
use crate::error::StoreError;
use crate::pool::{Backend, Pool};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Bound {
    Number(i64),
    Text(String),
    /// PostgreSQL only; SQLite gets the list as JSON text.
    Numbers(Vec<i32>),
    Texts(Vec<String>),
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    dialect: Dialect,
    sql: String,
    values: Vec<Bound>,
}

/// The rows of an answer, as whichever database gave them.
pub(super) enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

impl Statement {
    pub(super) fn new(pool: &Pool) -> Self {
        let dialect = match &pool.backend {
            Backend::Sqlite { .. } => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        };
        Self {
            dialect,
            sql: String::new(),
            values: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(super) fn number(&mut self, number: i64) -> &mut Self {
        let place = self.bind(Bound::Number(number));
        self.push(&place)
    }

    /// Appends ` = any of these numbers`, as a condition on what stands before.
    pub(super) fn is_any_number(&mut self, numbers: &[i32]) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => {
                let list = serde_json::to_string(numbers).expect("numbers are JSON");
                self.is_in_json(list)
            }
            Dialect::Postgres => {
                let place = self.bind(Bound::Numbers(numbers.to_vec()));
                self.push(" = any(").push(&place).push(")")
            }
        }
    }

    /// Appends ` = any of these texts`, as a condition on what stands before.
    pub(super) fn is_any_text(&mut self, texts: &[String]) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => {
                let list = serde_json::to_string(texts).expect("texts are JSON");
                self.is_in_json(list)
            }
            Dialect::Postgres => {
                let place = self.bind(Bound::Texts(texts.to_vec()));
                self.push(" = any(").push(&place).push(")")
            }
        }
    }

    fn is_in_json(&mut self, list: String) -> &mut Self {
        let place = self.bind(Bound::Text(list));
        self.push(" in (select value from json_each(")
            .push(&place)
            .push("))")
    }

    /// Appends ` in (these rows)`, as a condition on a row of `columns` texts that stands before.
    pub(super) fn is_any_row(&mut self, columns: usize, rows: &[Vec<StatsValue>]) -> &mut Self {
        let texts = |row: &Vec<StatsValue>| row.iter().map(StatsValue::as_text).collect::<Vec<_>>();
        match self.dialect {
            Dialect::Sqlite => {
                let rows: Vec<Vec<String>> = rows.iter().map(texts).collect();
                let list = serde_json::to_string(&rows).expect("texts are JSON");
                let place = self.bind(Bound::Text(list));
                self.push(" in (select ");
                for column in 0..columns {
                    self.push(if column == 0 { "" } else { ", " });
                    self.push(&format!("value ->> {column}"));
                }
                self.push(" from json_each(").push(&place).push("))")
            }
            Dialect::Postgres => {
                self.push(" in (select * from unnest(");
                for column in 0..columns {
                    let texts = rows.iter().map(|row| row[column].as_text()).collect();
                    let place = self.bind(Bound::Texts(texts));
                    self.push(if column == 0 { "" } else { ", " }).push(&place);
                }
                self.push("))")
            }
        }
    }

    /// Appends the value of `key` in a column that holds the text of a flat JSON object, or nothing: a text as it is, all else as it is
    /// written in JSON; null where it is absent.
    pub(super) fn json_value(&mut self, column: &str, key: &str) -> &mut Self {
        match self.dialect {
            Dialect::Sqlite => {
                let place = self.bind(Bound::Text(format!("$.\"{key}\"")));
                self.push(&format!(
                    "case json_type(nullif({column}, ''), {place}) when 'text' then nullif({column}, '') ->> {place} \
                     when 'null' then null else nullif({column}, '') -> {place} end"
                ))
            }
            Dialect::Postgres => {
                let place = self.bind(Bound::Text(key.to_owned()));
                self.push(&format!(
                    "(cast(nullif({column}, '') as json) ->> cast({place} as text))"
                ))
            }
        }
    }

    /// Appends a whole number of up to nine digits that stands under `key` (a name of ours) in a column of JSON text; null where it is
    /// anything else.
    pub(super) fn json_number(&mut self, column: &str, key: &'static str) -> &mut Self {
        let sql = match self.dialect {
            Dialect::Sqlite => format!(
                "case when json_type(nullif({column}, ''), '$.{key}') = 'integer' \
                 and nullif({column}, '') ->> '{key}' between 0 and 999999999 then nullif({column}, '') ->> '{key}' end"
            ),
            Dialect::Postgres => format!(
                "case when json_typeof(cast(nullif({column}, '') as json) -> '{key}') = 'number' \
                 and cast(nullif({column}, '') as json) ->> '{key}' ~ '^[0-9]{{1,9}}$' \
                 then cast(cast(nullif({column}, '') as json) ->> '{key}' as bigint) end"
            ),
        };
        self.push(&sql)
    }

    /// Appends what makes texts sort by their bytes, which is how SQLite sorts by itself.
    pub(super) fn by_bytes(&mut self) -> &mut Self {
        self.push(match self.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => " collate \"C\"",
        })
    }

    fn bind(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    pub(super) async fn fetch(self, pool: &Pool) -> Result<Rows, StoreError> {
        match &pool.backend {
            Backend::Sqlite { read, .. } => {
                let mut query = QueryBuilder::<Sqlite>::new(self.sql);
                let query = self.values.into_iter().fold(query.build(), bind_sqlite);
                Ok(Rows::Sqlite(query.fetch_all(read).await?))
            }
            Backend::Postgres(db) => {
                let mut query = QueryBuilder::<Postgres>::new(self.sql);
                let query = self.values.into_iter().fold(query.build(), bind_postgres);
                Ok(Rows::Postgres(query.fetch_all(db).await?))
            }
        }
    }

    /// Hands every row to `take`, and keeps none.
    pub(super) async fn each_row<T>(
        self,
        pool: &Pool,
        mut take: impl FnMut(T) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        match &pool.backend {
            Backend::Sqlite { read, .. } => {
                let mut query = QueryBuilder::<Sqlite>::new(self.sql);
                let query = self.values.into_iter().fold(query.build(), bind_sqlite);
                let mut rows = query.fetch(read);
                while let Some(row) = rows.try_next().await? {
                    take(T::from_row(&row)?)?;
                }
            }
            Backend::Postgres(db) => {
                let mut query = QueryBuilder::<Postgres>::new(self.sql);
                let query = self.values.into_iter().fold(query.build(), bind_postgres);
                let mut rows = query.fetch(db);
                while let Some(row) = rows.try_next().await? {
                    take(T::from_row(&row)?)?;
                }
            }
        }
        Ok(())
    }

    /// Hands every row, a number and a text, to `look`, and keeps none.
    pub(super) async fn each(
        self,
        pool: &Pool,
        mut look: impl FnMut(i64, &str) + Send,
    ) -> Result<(), StoreError> {
        let take = |(number, text): (i64, String)| {
            look(number, &text);
            Ok(())
        };
        self.each_row(pool, take).await
    }
}

impl StatsValue {
    /// As the statement compares it.
    fn as_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bucket(bucket) => bucket.to_string(),
        }
    }
}

fn bind_sqlite(
    query: Query<'_, Sqlite, SqliteArguments>,
    value: Bound,
) -> Query<'_, Sqlite, SqliteArguments> {
    match value {
        Bound::Number(number) => query.bind(number),
        Bound::Text(text) => query.bind(text),
        Bound::Numbers(_) | Bound::Texts(_) => unreachable!("SQLite gets lists as JSON text"),
    }
}

fn bind_postgres(
    query: Query<'_, Postgres, PgArguments>,
    value: Bound,
) -> Query<'_, Postgres, PgArguments> {
    match value {
        Bound::Number(number) => query.bind(number),
        Bound::Text(text) => query.bind(text),
        Bound::Numbers(numbers) => query.bind(numbers),
        Bound::Texts(texts) => query.bind(texts),
    }
}
