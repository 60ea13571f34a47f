//! Rows as lists of values. A statement is prepared for a few numbers of rows only, so that each is prepared once.

use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::error::StoreError;
use crate::writer::rows::{EventRow, SessionRow, Traits, VisitRow};

const ON_VISIT: &str = include_str!("../../../sql/visits.upsert.sql");
const ON_SESSION: &str = include_str!("../../../sql/sessions.upsert.sql");

/// The rows in pieces of few different lengths: what is short of 128 comes in eights, what is short of eight one by one. 128 rows of the widest
/// table are 1,920 values; SQLite takes 32,766.
fn pieces<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let (large, rest) = rows.split_at(rows.len() - rows.len() % 128);
    let (medium, small) = rest.split_at(rest.len() - rest.len() % 8);
    large
        .chunks(128)
        .chain(medium.chunks(8))
        .chain(small.chunks(1))
}

pub(super) async fn insert_batches(
    db: &mut SqliteConnection,
    ids: &[Uuid],
    at_ms: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let mut new = Vec::with_capacity(ids.len());
    for piece in pieces(ids) {
        let mut query = QueryBuilder::<Sqlite>::new("insert into batches (id, at_ms) ");
        query.push_values(piece, |mut values, id| {
            values.push_bind(*id).push_bind(at_ms);
        });
        query.push(" on conflict (id) do nothing returning id");
        for row in query.build().fetch_all(&mut *db).await? {
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
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into visits (site, visitor, session, started_ms, last_ms) ",
        );
        query.push_values(piece, |mut values, row| {
            values
                .push_bind(row.site)
                .push_bind(row.visitor)
                .push_bind(row.session)
                .push_bind(row.started_ms)
                .push_bind(row.last_ms);
        });
        query.push("\n").push(ON_VISIT);
        for row in query.build().fetch_all(&mut *db).await? {
            answers.push(VisitRow {
                site: row.try_get(0)?,
                visitor: row.try_get(1)?,
                session: row.try_get(2)?,
                started_ms: row.try_get(3)?,
                last_ms: row.try_get(4)?,
            });
        }
    }
    Ok(answers)
}

pub(super) async fn traits(
    db: &mut SqliteConnection,
    sessions: &[(i32, i64)],
) -> Result<Vec<Traits>, StoreError> {
    let mut found = Vec::with_capacity(sessions.len());
    for piece in pieces(sessions) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "select session, client, place from sessions where (site, session) in (",
        );
        query.push_values(piece, |mut values, (site, session)| {
            values.push_bind(*site).push_bind(*session);
        });
        query.push(")");
        for row in query.build().fetch_all(&mut *db).await? {
            found.push(Traits {
                session: row.try_get(0)?,
                client: row.try_get(1)?,
                place: row.try_get(2)?,
            });
        }
    }
    Ok(found)
}

pub(super) async fn insert_events(
    db: &mut SqliteConnection,
    rows: &[EventRow<'_>],
) -> Result<Vec<(i32, Uuid)>, StoreError> {
    let mut stored = Vec::with_capacity(rows.len());
    for piece in pieces(rows) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into events (event_id, session, time_ms, site, age_ms, page, referrer, person, kind, data, extra) ",
        );
        query.push_values(piece, |mut values, row| {
            values
                .push_bind(row.event_id)
                .push_bind(row.session)
                .push_bind(row.time_ms)
                .push_bind(row.site)
                .push_bind(row.age_ms)
                .push_bind(row.page)
                .push_bind(row.referrer)
                .push_bind(row.person)
                .push_bind(row.kind)
                .push_bind(row.data.to_owned())
                .push_bind(row.extra.clone());
        });
        query.push(" on conflict do nothing returning site, event_id");
        for row in query.build().fetch_all(&mut *db).await? {
            stored.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    Ok(stored)
}

pub(super) async fn upsert_sessions(
    db: &mut SqliteConnection,
    rows: &[SessionRow],
) -> Result<(), StoreError> {
    for piece in pieces(rows) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into sessions (session, started_ms, visitor, site, duration_ms, pageviews, events, entry_page, exit_page, \
             referrer, campaign, client, place, channel, bot) ",
        );
        query.push_values(piece, |mut values, row| {
            values
                .push_bind(row.session)
                .push_bind(row.started_ms)
                .push_bind(row.visitor)
                .push_bind(row.site)
                .push_bind(row.duration_ms)
                .push_bind(row.pageviews)
                .push_bind(row.events)
                .push_bind(row.entry_page)
                .push_bind(row.exit_page)
                .push_bind(row.referrer)
                .push_bind(row.campaign)
                .push_bind(row.client)
                .push_bind(row.place)
                .push_bind(row.channel)
                .push_bind(row.bot);
        });
        query.push("\n").push(ON_SESSION);
        query.build().execute(&mut *db).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_every_row_once_in_order_and_have_three_lengths() {
        for len in [0, 1, 7, 8, 9, 127, 128, 136, 300] {
            let rows: Vec<usize> = (0..len).collect();
            let lengths: Vec<usize> = pieces(&rows).map(<[usize]>::len).collect();
            assert!(
                lengths.iter().all(|length| [128, 8, 1].contains(length)),
                "{lengths:?}"
            );
            assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }
}
