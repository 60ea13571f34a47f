//! What differs between the databases in a query that is composed.

use sqlx::{Database, QueryBuilder, Row};
use uuid::Uuid;

use super::value::{Raw, RawKind};

/// A database: how values are bound to its queries, and how it says what the other says otherwise.
pub(super) trait Dialect: Database {
    /// Put after a text it makes the database compare bytes.
    const BYTES: &'static str;
    /// Joins the session `s` of the event `e`, and leaves the planner no other way than to look each up.
    const SESSION: &'static str;
    /// A number of an event's `extra`, or null.
    const EXTRA_CLIENT: &'static str;
    const EXTRA_PLACE: &'static str;
    const EXTRA_KIND: &'static str;
    const EXTRA_MARKS: &'static str;

    fn number(query: &mut QueryBuilder<Self>, number: i64);
    fn text(query: &mut QueryBuilder<Self>, text: &str);
    fn id(query: &mut QueryBuilder<Self>, id: Uuid);
    /// `= …` or `in …`: whether the number before it is one of these, however many.
    fn one_of(query: &mut QueryBuilder<Self>, numbers: &[i64]);
    /// What stands in a column of an answer.
    fn raw(row: &Self::Row, index: usize, kind: RawKind) -> Result<Raw, sqlx::Error>;
}

macro_rules! bind {
    () => {
        fn number(query: &mut QueryBuilder<Self>, number: i64) {
            query.push_bind(number);
        }

        fn text(query: &mut QueryBuilder<Self>, text: &str) {
            query.push_bind(text.to_owned());
        }

        fn id(query: &mut QueryBuilder<Self>, id: Uuid) {
            query.push_bind(id);
        }

        fn raw(row: &Self::Row, index: usize, kind: RawKind) -> Result<Raw, sqlx::Error> {
            match kind {
                RawKind::Number => row.try_get(index).map(Raw::Number),
                RawKind::Text => row.try_get(index).map(Raw::Text),
            }
        }
    };
}

impl Dialect for sqlx::Sqlite {
    const BYTES: &'static str = " collate binary";
    const SESSION: &'static str =
        " left join sessions s on s.site = e.site and s.session = e.session";
    const EXTRA_CLIENT: &'static str = "json_extract(e.extra, '$.c')";
    const EXTRA_PLACE: &'static str = "json_extract(e.extra, '$.p')";
    const EXTRA_KIND: &'static str = "json_extract(e.extra, '$.k')";
    const EXTRA_MARKS: &'static str = "json_extract(e.extra, '$.m')";

    bind!();

    fn one_of(query: &mut QueryBuilder<Self>, numbers: &[i64]) {
        if let [number] = numbers {
            query.push(" = ").push_bind(*number);
            return;
        }
        // A list of parameters would have a limit.
        let list = serde_json::to_string(numbers).expect("numbers always serialize");
        query.push(" in (select value from json_each(");
        query.push_bind(list).push("))");
    }
}

impl Dialect for sqlx::Postgres {
    const BYTES: &'static str = " collate \"C\"";
    const SESSION: &'static str = " left join lateral (select s.visitor, s.client, s.place, s.channel, s.campaign from sessions s \
         where s.site = e.site and s.session = e.session limit 1) s on true";
    const EXTRA_CLIENT: &'static str = "cast(cast(e.extra as json) ->> 'c' as bigint)";
    const EXTRA_PLACE: &'static str = "cast(cast(e.extra as json) ->> 'p' as bigint)";
    const EXTRA_KIND: &'static str = "cast(cast(e.extra as json) ->> 'k' as bigint)";
    const EXTRA_MARKS: &'static str = "cast(cast(e.extra as json) ->> 'm' as bigint)";

    bind!();

    fn one_of(query: &mut QueryBuilder<Self>, numbers: &[i64]) {
        if let [number] = numbers {
            query.push(" = ").push_bind(*number);
            return;
        }
        query.push(" = any(").push_bind(numbers.to_vec()).push(")");
    }
}
