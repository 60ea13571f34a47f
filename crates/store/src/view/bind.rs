//! Binding values to a query that is composed for whichever database.

use sqlx::{Database, QueryBuilder};
use uuid::Uuid;

/// A database to whose queries the three kinds of values can be bound that conditions need.
pub(super) trait Bind: Database {
    fn number(query: &mut QueryBuilder<Self>, number: i64);
    fn text(query: &mut QueryBuilder<Self>, text: &str);
    fn id(query: &mut QueryBuilder<Self>, id: Uuid);
}

macro_rules! bind {
    ($($database:ty),*) => {$(
        impl Bind for $database {
            fn number(query: &mut QueryBuilder<Self>, number: i64) {
                query.push_bind(number);
            }

            fn text(query: &mut QueryBuilder<Self>, text: &str) {
                query.push_bind(text.to_owned());
            }

            fn id(query: &mut QueryBuilder<Self>, id: Uuid) {
                query.push_bind(id);
            }
        }
    )*};
}

bind!(sqlx::Sqlite, sqlx::Postgres);
