//! A column is one array, a batch one row of arrays: the text of the statement never changes, so it is parsed once.

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::error::StoreError;
use crate::writer::rows::{EventRow, SessionRow, Traits, VisitRow};

pub(crate) const INSERT_BATCHES: &str = include_str!("../../../sql/postgres/batches_insert.sql");
pub(crate) const UPSERT_VISITS: &str = concat!(
    include_str!("../../../sql/postgres/visits_insert.sql"),
    include_str!("../../../sql/visits.upsert.sql"),
    "returning site, visitor, session, started_ms, last_ms",
);
pub(crate) const TRAITS: &str = include_str!("../../../sql/postgres/sessions_traits.sql");
pub(crate) const INSERT_EVENTS: &str = include_str!("../../../sql/postgres/events_insert.sql");
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
    let answers = sqlx::query(UPSERT_VISITS)
        .bind(column!(rows, site))
        .bind(column!(rows, visitor))
        .bind(column!(rows, session))
        .bind(column!(rows, started_ms))
        .bind(column!(rows, last_ms))
        .fetch_all(db)
        .await?;
    answers
        .iter()
        .map(|row| {
            Ok(VisitRow {
                site: row.try_get(0)?,
                visitor: row.try_get(1)?,
                session: row.try_get(2)?,
                started_ms: row.try_get(3)?,
                last_ms: row.try_get(4)?,
            })
        })
        .collect()
}

pub(super) async fn traits(
    db: &mut PgConnection,
    sessions: &[(i32, i64)],
) -> Result<Vec<Traits>, StoreError> {
    let (sites, sessions): (Vec<i32>, Vec<i64>) = sessions.iter().copied().unzip();
    let found = sqlx::query(TRAITS)
        .bind(sites)
        .bind(sessions)
        .fetch_all(db)
        .await?;
    found
        .iter()
        .map(|row| {
            Ok(Traits {
                session: row.try_get(0)?,
                client: row.try_get(1)?,
                place: row.try_get(2)?,
            })
        })
        .collect()
}

pub(super) async fn insert_events(
    db: &mut PgConnection,
    rows: &[EventRow<'_>],
) -> Result<Vec<(i32, Uuid)>, StoreError> {
    let stored = sqlx::query(INSERT_EVENTS)
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
        .fetch_all(db)
        .await?;
    stored
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

pub(super) async fn upsert_sessions(
    db: &mut PgConnection,
    rows: &[SessionRow],
) -> Result<(), StoreError> {
    sqlx::query(UPSERT_SESSIONS)
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
        .execute(db)
        .await?;
    Ok(())
}
