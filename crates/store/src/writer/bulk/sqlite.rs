//! Rows as lists of values. A statement is prepared for a few numbers of rows only, so that each is prepared once.
//!
//! SQLite runs on a thread of its own, and each row of an answer is handed over alone. So the answers here are made not to have rows: a list
//! comes as one text of JSON, and what was inserted is told from how many were.

use serde::de::DeserializeOwned;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::error::StoreError;
use crate::writer::rows::{EventRow, SessionRow, Traits, VisitRow};

const ON_VISIT: &str = include_str!("../../../sql/visits.upsert.sql");
const ON_SESSION: &str = include_str!("../../../sql/sessions.upsert.sql");

/// A statement around a list of rows.
struct Statement {
    head: &'static str,
    columns: usize,
    tail: &'static str,
}

const INSERT_BATCHES: Statement = Statement {
    head: "insert into batches (id, at_ms) values ",
    columns: 2,
    tail: " on conflict (id) do nothing returning id",
};
const UPSERT_VISITS: Statement = Statement {
    head: "insert into visits (site, visitor, session, started_ms, last_ms) values ",
    columns: 5,
    tail: ON_VISIT,
};
const VISITS: Statement = Statement {
    head: "with visitors (site, visitor) as (values ",
    columns: 2,
    tail: ") select json_group_array(json_array(v.site, v.visitor, v.session, v.started_ms, v.last_ms)) \
           from visitors cross join visits v on v.site = visitors.site and v.visitor = visitors.visitor",
};
const TRAITS: Statement = Statement {
    head: "with wanted (site, session) as (values ",
    columns: 2,
    tail: ") select json_group_array(json_array(s.session, s.client, s.place)) \
           from wanted cross join sessions s on s.site = wanted.site and s.session = wanted.session",
};
const INSERT_EVENTS: Statement = Statement {
    head: "insert into events (event_id, session, time_ms, site, age_ms, page, referrer, person, kind, data, extra) values ",
    columns: 11,
    tail: " on conflict do nothing",
};
const OLDER_EVENTS: Statement = Statement {
    head: "with wanted (site, event_id) as (values ",
    columns: 2,
    tail: ") select e.site, e.event_id \
           from wanted cross join events e on e.site = wanted.site and e.event_id = wanted.event_id where e.rowid <= ?",
};
const UPSERT_SESSIONS: Statement = Statement {
    head: "insert into sessions (session, started_ms, visitor, site, duration_ms, pageviews, events, entry_page, exit_page, \
           referrer, campaign, client, place, channel, bot, interactions) values ",
    columns: 16,
    tail: ON_SESSION,
};

impl Statement {
    fn for_rows(&self, rows: usize) -> QueryBuilder<Sqlite> {
        let mut row = "(".to_owned() + &"?,".repeat(self.columns);
        row.pop();
        row.push_str("),");
        let mut text = self.head.to_owned() + &row.repeat(rows);
        text.pop();
        text.push('\n');
        text.push_str(self.tail);
        QueryBuilder::new(text)
    }
}

type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// The rows in pieces of few different lengths. The largest has 8,192 values; SQLite takes 32,766.
fn pieces<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    const LENGTHS: [usize; 4] = [512, 64, 8, 1];
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rest.len())?;
        let (piece, others) = rest.split_at(length);
        rest = others;
        Some(piece)
    })
}

pub(super) async fn insert_batches(
    db: &mut SqliteConnection,
    ids: &[Uuid],
    at_ms: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let mut new = Vec::with_capacity(ids.len());
    for piece in pieces(ids) {
        let mut statement = INSERT_BATCHES.for_rows(piece.len());
        let query = piece
            .iter()
            .fold(statement.build(), |query, id| query.bind(*id).bind(at_ms));
        for row in query.fetch_all(&mut *db).await? {
            new.push(row.try_get(0)?);
        }
    }
    Ok(new)
}

pub(super) async fn upsert_visits(
    db: &mut SqliteConnection,
    rows: &[VisitRow],
) -> Result<Vec<VisitRow>, StoreError> {
    let mut answers = Vec::with_capacity(rows.len());
    for piece in pieces(rows) {
        let mut upsert = UPSERT_VISITS.for_rows(piece.len());
        piece
            .iter()
            .fold(upsert.build(), bind_visit)
            .execute(&mut *db)
            .await?;
        let mut select = VISITS.for_rows(piece.len());
        let query = piece.iter().fold(select.build(), |query, row| {
            query.bind(row.site).bind(row.visitor)
        });
        for (site, visitor, session, started_ms, last_ms) in list(db, query).await? {
            answers.push(VisitRow {
                site,
                visitor,
                session,
                started_ms,
                last_ms,
            });
        }
    }
    Ok(answers)
}

fn bind_visit<'q>(query: Bound<'q>, row: &VisitRow) -> Bound<'q> {
    query
        .bind(row.site)
        .bind(row.visitor)
        .bind(row.session)
        .bind(row.started_ms)
        .bind(row.last_ms)
}

pub(super) async fn traits(
    db: &mut SqliteConnection,
    sessions: &[(i32, i64)],
) -> Result<Vec<Traits>, StoreError> {
    let mut found = Vec::with_capacity(sessions.len());
    for piece in pieces(sessions) {
        let mut select = TRAITS.for_rows(piece.len());
        let query = piece.iter().fold(select.build(), |query, (site, session)| {
            query.bind(*site).bind(*session)
        });
        for (session, client, place) in list(db, query).await? {
            found.push(Traits {
                session,
                client,
                place,
            });
        }
    }
    Ok(found)
}

/// The one text of an answer, as the list that it holds.
async fn list<T: DeserializeOwned>(
    db: &mut SqliteConnection,
    query: Bound<'_>,
) -> Result<Vec<T>, StoreError> {
    let text: String = query.fetch_one(&mut *db).await?.try_get(0)?;
    serde_json::from_str(&text).map_err(|error| StoreError::rejected("decode", error.to_string()))
}

pub(super) async fn insert_events(
    db: &mut SqliteConnection,
    rows: &[EventRow<'_>],
) -> Result<Vec<(i32, Uuid)>, StoreError> {
    let newest = include_str!("../../../sql/sqlite/events_newest.sql");
    let newest: i64 = sqlx::query_scalar(newest).fetch_one(&mut *db).await?;
    let mut stored = Vec::with_capacity(rows.len());
    for piece in pieces(rows) {
        let mut insert = INSERT_EVENTS.for_rows(piece.len());
        let query = piece.iter().fold(insert.build(), bind_event);
        let inserted = query.execute(&mut *db).await?.rows_affected();
        let older = if inserted == piece.len() as u64 {
            Vec::new()
        } else {
            older_events(db, piece, newest).await?
        };
        let keys = piece.iter().map(|row| (row.site, row.event_id));
        stored.extend(keys.filter(|key| !older.contains(key)));
    }
    Ok(stored)
}

fn bind_event<'q>(query: Bound<'q>, row: &EventRow<'_>) -> Bound<'q> {
    query
        .bind(row.event_id)
        .bind(row.session)
        .bind(row.time_ms)
        .bind(row.site)
        .bind(row.age_ms)
        .bind(row.page)
        .bind(row.referrer)
        .bind(row.person)
        .bind(row.kind)
        .bind(row.data.to_owned())
        .bind(row.extra.clone())
}

/// Those of the events that were there when `newest` was the newest row: nobody else can have written since.
async fn older_events(
    db: &mut SqliteConnection,
    rows: &[EventRow<'_>],
    newest: i64,
) -> Result<Vec<(i32, Uuid)>, StoreError> {
    let mut select = OLDER_EVENTS.for_rows(rows.len());
    let query = rows.iter().fold(select.build(), |query, row| {
        query.bind(row.site).bind(row.event_id)
    });
    let older = query.bind(newest).fetch_all(db).await?;
    older
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

pub(super) async fn upsert_sessions(
    db: &mut SqliteConnection,
    rows: &[SessionRow],
) -> Result<(), StoreError> {
    for piece in pieces(rows) {
        let mut upsert = UPSERT_SESSIONS.for_rows(piece.len());
        piece
            .iter()
            .fold(upsert.build(), bind_session)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

fn bind_session<'q>(query: Bound<'q>, row: &SessionRow) -> Bound<'q> {
    query
        .bind(row.session)
        .bind(row.started_ms)
        .bind(row.visitor)
        .bind(row.site)
        .bind(row.duration_ms)
        .bind(row.pageviews)
        .bind(row.events)
        .bind(row.entry_page)
        .bind(row.exit_page)
        .bind(row.referrer)
        .bind(row.campaign)
        .bind(row.client)
        .bind(row.place)
        .bind(row.channel)
        .bind(row.bot)
        .bind(row.interactions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_every_row_once_in_order_and_have_few_lengths() {
        for len in [0, 1, 7, 8, 9, 63, 64, 72, 511, 512, 600, 2_000] {
            let rows: Vec<usize> = (0..len).collect();
            let lengths: Vec<usize> = pieces(&rows).map(<[usize]>::len).collect();
            let few = |length: &usize| [512, 64, 8, 1].contains(length);
            assert!(lengths.iter().all(few), "{lengths:?}");
            assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }
}
