//! A column is one array, a batch one row of arrays: the text of the statement never changes, so it is parsed once. Answers come in the
//! same way, for a row of an answer costs both sides more than its values.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::error::StoreError;
use crate::writer::rows::{EventRow, SessionRow, Traits, VisitRow};

pub(crate) const INSERT_BATCHES: &str = include_str!("../../../sql/postgres/batches_insert.sql");
pub(crate) const UPSERT_VISITS: &str = concat!(
    "with answers as (\n",
    include_str!("../../../sql/postgres/visits_insert.sql"),
    include_str!("../../../sql/visits.upsert.sql"),
    "returning site, visitor, session, started_ms, last_ms\n)\n",
    include_str!("../../../sql/postgres/visits_answers.sql"),
);
pub(crate) const TRAITS: &str = include_str!("../../../sql/postgres/sessions_traits.sql");
pub(crate) const INSERT_EVENTS: &str = include_str!("../../../sql/postgres/events_insert.sql");
pub(crate) const INSERT_SESSIONS: &str = include_str!("../../../sql/postgres/sessions_insert.sql");
pub(crate) const UPSERT_SESSIONS: &str = concat!(
    include_str!("../../../sql/postgres/sessions_insert.sql"),
    include_str!("../../../sql/sessions.upsert.sql"),
);

/// One column of the rows.
macro_rules! column {
    ($rows:expr, $field:ident) => {
        $rows.iter().map(|row| row.$field).collect::<Vec<_>>()
    };
}

pub(super) async fn insert_batches(
    db: &mut PgConnection,
    ids: &[Uuid],
    at_ms: i64,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar(INSERT_BATCHES)
        .bind(ids)
        .bind(at_ms)
        .fetch_all(db)
        .await?)
}

pub(super) async fn upsert_visits(
    db: &mut PgConnection,
    rows: &[VisitRow],
) -> Result<Vec<VisitRow>, StoreError> {
    let answer = sqlx::query(UPSERT_VISITS)
        .bind(column!(rows, site))
        .bind(column!(rows, visitor))
        .bind(column!(rows, session))
        .bind(column!(rows, started_ms))
        .bind(column!(rows, last_ms))
        .fetch_one(db)
        .await?;
    let sites: Vec<i32> = answer.try_get(0)?;
    let visitors: Vec<i64> = answer.try_get(1)?;
    let sessions: Vec<i64> = answer.try_get(2)?;
    let starts: Vec<i64> = answer.try_get(3)?;
    let ends: Vec<i64> = answer.try_get(4)?;
    Ok(sites
        .into_iter()
        .zip(visitors)
        .zip(sessions)
        .zip(starts)
        .zip(ends)
        .map(
            |((((site, visitor), session), started_ms), last_ms)| VisitRow {
                site,
                visitor,
                session,
                started_ms,
                last_ms,
            },
        )
        .collect())
}

pub(super) async fn traits(
    db: &mut PgConnection,
    sessions: &[(i32, i64)],
) -> Result<Vec<Traits>, StoreError> {
    let (sites, sessions): (Vec<i32>, Vec<i64>) = sessions.iter().copied().unzip();
    let answer = sqlx::query(TRAITS)
        .bind(sites)
        .bind(sessions)
        .fetch_one(db)
        .await?;
    let sessions: Vec<i64> = answer.try_get(0)?;
    let clients: Vec<i32> = answer.try_get(1)?;
    let places: Vec<i32> = answer.try_get(2)?;
    Ok(sessions
        .into_iter()
        .zip(clients)
        .zip(places)
        .map(|((session, client), place)| Traits {
            session,
            client,
            place,
        })
        .collect())
}

pub(super) async fn insert_events(
    db: &mut PgConnection,
    rows: &[EventRow<'_>],
) -> Result<Vec<(i32, Uuid)>, StoreError> {
    let answer = sqlx::query(INSERT_EVENTS)
        .bind(column!(rows, event_id))
        .bind(column!(rows, session))
        .bind(column!(rows, time_ms))
        .bind(column!(rows, site))
        .bind(column!(rows, age_ms))
        .bind(column!(rows, page))
        .bind(column!(rows, referrer))
        .bind(column!(rows, person))
        .bind(column!(rows, kind))
        .bind(column!(rows, data))
        .bind(
            rows.iter()
                .map(|row| row.extra.as_str())
                .collect::<Vec<_>>(),
        )
        .fetch_one(db)
        .await?;
    let sites: Vec<i32> = answer.try_get(0)?;
    let ids: Vec<Uuid> = answer.try_get(1)?;
    Ok(sites.into_iter().zip(ids).collect())
}

/// A session that begins here conflicts with none, and to look for it first costs more than to add it.
pub(super) async fn upsert_sessions(
    db: &mut PgConnection,
    rows: &[SessionRow],
) -> Result<(), StoreError> {
    let (new, others): (Vec<&SessionRow>, Vec<&SessionRow>) =
        rows.iter().partition(|row| row.is_new);
    for (statement, rows) in [(UPSERT_SESSIONS, others), (INSERT_SESSIONS, new)] {
        if !rows.is_empty() {
            write_sessions(db, statement, &rows).await?;
        }
    }
    Ok(())
}

async fn write_sessions(
    db: &mut PgConnection,
    statement: &'static str,
    rows: &[&SessionRow],
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .bind(column!(rows, session))
        .bind(column!(rows, started_ms))
        .bind(column!(rows, visitor))
        .bind(column!(rows, site))
        .bind(column!(rows, duration_ms))
        .bind(column!(rows, pageviews))
        .bind(column!(rows, events))
        .bind(column!(rows, entry_page))
        .bind(column!(rows, exit_page))
        .bind(column!(rows, referrer))
        .bind(column!(rows, campaign))
        .bind(column!(rows, client))
        .bind(column!(rows, place))
        .bind(column!(rows, channel))
        .bind(column!(rows, bot))
        .bind(column!(rows, interactions))
        .execute(db)
        .await?;
    Ok(())
}
