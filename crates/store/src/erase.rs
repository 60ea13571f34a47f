//! Erasing a person: everything that is stored of a user id, or of a visitor, on one site.
//!
//! It takes the sessions in which they were, with every event of those; the visitor's current session; and the user id itself, out of the
//! dictionary. The counts of events follow in the same transactions, and the site's generation rises, so that no answer that was
//! remembered is given again. The audit log says that something was erased, and not of whom.
//!
//! Counted days that had these events are marked in the same transactions: nothing is answered from them any more, and the leader replaces them
//! within a minute or so. They name nobody: a visitor is a place in a list of that day.
//!
//! Out of reach from here: events that are still queued or dead-lettered. A worker stores the first soon, so what is erased should have
//! stopped sending; the second are purged or replayed by `hgpixel dlq`.

use hgpixel_event::Clock;
use uuid::Uuid;

use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};
use crate::retention::{INDEXED_MS, REMOVED};
use crate::stats;
use crate::writer::dictionary::{ERASURES, text_hash};
use crate::writer::ledger::{self, Hours};

/// Who is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A user id, as the site's pages sent it.
    User(String),
    /// A visitor's number.
    Visitor(i64),
}

/// What an erasure took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Events.
    pub events: u64,
    /// Sessions.
    pub sessions: u64,
}

pub(crate) async fn erase(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    whom: &Whom,
) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    match whom {
        Whom::User(user_id) => {
            let persons = pool.bounded(persons(pool, site, user_id)).await?;
            for person in &persons {
                take_all(pool, site, Part::Person(*person), &mut erased).await?;
            }
            pool.bounded(forget(pool, &persons)).await?;
        }
        Whom::Visitor(visitor) => {
            take_all(pool, site, Part::Visitor(*visitor), &mut erased).await?;
        }
    }
    pool.bounded(settle(pool, clock, actor, site, whom, erased))
        .await?;
    Ok(erased)
}

/// By which sessions are found.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// A row of the dictionary: a user id with a session id of the client's.
    Person(i64),
    Visitor(i64),
}

/// The rows that hold the user id; it has one for each session id that its client sent along.
async fn persons(pool: &Pool, site: i64, user_id: &str) -> Result<Vec<i64>, StoreError> {
    let select = include_str!("../sql/erase.persons.sql");
    Ok(reading!(pool, db => sqlx::query_scalar(select)
        .bind(site)
        .bind(text_hash(user_id))
        .bind(user_id)
        .fetch_all(db)
        .await?))
}

/// Twenty sessions a transaction, until there are no more.
async fn take_all(
    pool: &Pool,
    site: i64,
    part: Part,
    erased: &mut Erased,
) -> Result<(), StoreError> {
    loop {
        let taken = pool.bounded(take_some(pool, site, part)).await?;
        if taken.sessions == 0 {
            return Ok(());
        }
        erased.events += taken.events;
        erased.sessions += taken.sessions;
    }
}

async fn take_some(pool: &Pool, site: i64, part: Part) -> Result<Erased, StoreError> {
    let mut transaction = pool.begin().await?;
    let (select, key) = match part {
        Part::Person(person) => (include_str!("../sql/erase.sessions_of_person.sql"), person),
        Part::Visitor(visitor) => (
            include_str!("../sql/erase.sessions_of_visitor.sql"),
            visitor,
        ),
    };
    let sessions: Vec<i64> = within!(transaction, db => sqlx::query_scalar(select)
        .bind(site)
        .bind(key)
        .fetch_all(db)
        .await?);
    let mut times = Vec::new();
    for session in &sessions {
        if let Part::Person(person) = part {
            let delete = include_str!("../sql/erase.events_of_person.sql");
            let gone: Vec<i64> = within!(transaction, db => sqlx::query_scalar(delete)
                .bind(site)
                .bind(person)
                .bind(session)
                .fetch_all(db)
                .await?);
            times.extend(gone);
        }
        times.extend(end_session(&mut transaction, site, *session).await?);
    }
    if let Part::Visitor(visitor) = part {
        end_visit(&mut transaction, site, visitor).await?;
    }
    ledger::add_hours(&mut transaction, REMOVED, &taken_from(site, &times)).await?;
    stats::mark_times(&mut transaction, site, &times).await?;
    transaction.commit().await?;
    Ok(Erased {
        events: times.len() as u64,
        sessions: sessions.len() as u64,
    })
}

/// Deletes a session with its events and its visit; gives when the events happened.
async fn end_session(
    transaction: &mut Transaction,
    site: i64,
    session: i64,
) -> Result<Vec<i64>, StoreError> {
    let select = include_str!("../sql/erase.session.sql");
    let row: Option<(i64, i64, Option<i64>)> = within!(*transaction, db => sqlx::query_as(select)
        .bind(site)
        .bind(session)
        .fetch_optional(db)
        .await?);
    let Some((started_ms, duration_ms, visitor)) = row else {
        return Ok(Vec::new());
    };
    let delete = include_str!("../sql/erase.events_of_session.sql");
    let times: Vec<i64> = within!(*transaction, db => sqlx::query_scalar(delete)
        .bind(site)
        .bind(session)
        .bind(started_ms / INDEXED_MS)
        .bind((started_ms + duration_ms) / INDEXED_MS)
        .fetch_all(db)
        .await?);
    let end = include_str!("../sql/erase.end_session.sql");
    within!(*transaction, db => sqlx::query(end).bind(site).bind(session).execute(db).await?
        .rows_affected());
    if let Some(visitor) = visitor {
        end_visit(transaction, site, visitor).await?;
    }
    Ok(times)
}

async fn end_visit(
    transaction: &mut Transaction,
    site: i64,
    visitor: i64,
) -> Result<(), StoreError> {
    let end = include_str!("../sql/erase.visit.sql");
    within!(*transaction, db => sqlx::query(end).bind(site).bind(visitor).execute(db).await?
        .rows_affected());
    Ok(())
}

fn taken_from(site: i64, times: &[i64]) -> Hours {
    let mut hours = Hours::new();
    let site = i32::try_from(site).unwrap_or(0);
    for time_ms in times {
        *hours.entry((site, ledger::hour(*time_ms))).or_default() -= 1;
    }
    hours
}

/// Empties the rows. They stay, because their numbers must not be given again; and writers forget the numbers that they remember, so
/// that a user who comes back has a row of their own.
async fn forget(pool: &Pool, persons: &[i64]) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let empty = include_str!("../sql/erase.person.sql");
    for person in persons {
        // The digest says what was in the row to whoever can guess it.
        within!(transaction, db => sqlx::query(empty)
            .bind(person)
            .bind(Uuid::new_v4())
            .execute(db)
            .await?
            .rows_affected());
    }
    let count = include_str!("../sql/counters.next.sql");
    let _erasures: i64 =
        within!(transaction, db => sqlx::query_scalar(count).bind(ERASURES).fetch_one(db).await?);
    transaction.commit().await
}

async fn settle(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    whom: &Whom,
    erased: Erased,
) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let raise = include_str!("../sql/site.raise.sql");
    within!(transaction, db => sqlx::query(raise).bind(site).execute(db).await?.rows_affected());
    let subject = match whom {
        Whom::User(_) => "a user id",
        Whom::Visitor(_) => "a visitor",
    };
    let gone = format!("{} events, {} sessions", erased.events, erased.sessions);
    let note = Note {
        site: Some(site),
        new: &gone,
        ..Note::of(AuditAction::Erase, subject)
    };
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await
}
