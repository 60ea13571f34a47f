//! The write path: a batch of messages, stored in one transaction.
//!
//! 1. Texts become numbers (`dictionary`), committed before the rest; where people have said who is a bot, that of the client becomes
//!    another (`judging`).
//! 2. The messages' ids are recorded; those that were recorded before are skipped wholly.
//! 3. Each event finds its session (`visits`), under the lock of its visitor's row.
//! 4. The events are inserted; those that were stored before come back as not inserted.
//! 5. **Only from what was inserted** follow the sessions' counters, the counts by site and hour, and the books.
//!
//! Rows of one statement are sorted by their keys, and statements come in one order, so that two writers wait for each other rather
//! than deadlock.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use hgpixel_event::Clock;
use uuid::Uuid;

use crate::error::StoreError;
use crate::metrics::Metrics;
use crate::new_event::{Message, NewEvent};
use crate::pool::{Pool, Transaction};
use crate::stats;
use crate::verdict;

pub(crate) mod bulk;
mod check;
pub(crate) mod dictionary;
mod doubt;
mod judging;
mod known_sites;
pub(crate) mod ledger;
mod messages;
mod numbering;
mod plan;
mod remembered;
mod rows;
mod traits;
mod visits;

use dictionary::{Dictionaries, Interned};
use doubt::Doubt;
use judging::{Judged, Judging};
use known_sites::KnownSites;
use ledger::Line;
use numbering::Numbering;
use plan::Planned;
use rows::{SessionRow, Traits};
use traits::KnownTraits;
use visits::Seen;

/// What became of a batch, in events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Events that were new, and are stored.
    pub stored: u64,
    /// Events of first-time messages whose id was stored already: the client sent them again.
    pub duplicate: u64,
    /// Events of messages that were stored already, dead letters included.
    pub redelivered: u64,
    /// What was recorded as dead-lettered, by reason; without the messages that were stored already.
    pub dead_lettered: Vec<(String, u64)>,
    /// Events of first-time messages that come back from the dead letters: each is in `stored`, `duplicate` or `dead_lettered` once more.
    pub replayed: u64,
}

/// Stores batches under one name, in whose books they are counted. Use one from one task; several may work at the same time.
#[derive(Debug)]
pub struct Writer {
    pool: Pool,
    clock: Clock,
    metrics: Arc<Metrics>,
    instance: String,
    dictionaries: Dictionaries,
    sites: KnownSites,
    judging: Judging,
    traits: KnownTraits,
    numbering: Numbering,
    /// The last commit, while its answer is not known.
    doubt: Option<Doubt>,
}

/// What a pass did in its transaction, which is still open.
#[derive(Debug)]
struct Stored {
    appended: Appended,
    line: Option<Line>,
    /// Of every session that now has a row.
    traits: Vec<Traits>,
}

/// How a pass over a batch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

impl Writer {
    pub(crate) async fn open(
        pool: Pool,
        clock: Clock,
        metrics: Arc<Metrics>,
        instance: &str,
    ) -> Result<Self, StoreError> {
        let numbering = pool.bounded(Numbering::open(&pool)).await?;
        Ok(Self {
            pool,
            clock,
            metrics,
            instance: instance.to_owned(),
            dictionaries: Dictionaries::new(),
            sites: KnownSites::default(),
            judging: Judging::new(),
            traits: KnownTraits::new(),
            numbering,
            doubt: None,
        })
    }

    /// Stores `batch` in one transaction: when it returns `Ok` it is committed to disk, and its messages may be settled.
    ///
    /// # Errors
    /// Nothing of the batch is stored then. [`StoreError::is_retryable`] tells whether to try the same batch again (if its commit
    /// happened and only the answer was lost, that answer is given then), or to look for the row at fault with [`Writer::probe`].
    ///
    /// # Cancellation
    /// A dropped future rolls back, or leaves a commit that a second try recognises.
    pub async fn append(&mut self, batch: &[Message]) -> Result<Appended, StoreError> {
        let started = Instant::now();
        let appended = self.pass(batch, End::Commit).await?;
        self.metrics
            .batch_seconds
            .observe(started.elapsed().as_secs_f64());
        Ok(appended)
    }

    /// Goes through everything that [`Writer::append`] would do with `rows`, then rolls back: the way to find the row for which a batch is
    /// rejected, by halving.
    ///
    /// # Errors
    /// As [`Writer::append`].
    pub async fn probe(&mut self, rows: &[NewEvent]) -> Result<(), StoreError> {
        let message = Message {
            id: Uuid::new_v4(),
            rows: rows.to_vec(),
            ..Message::default()
        };
        self.pass(&[message], End::Rollback).await.map(|_| ())
    }

    async fn pass(&mut self, batch: &[Message], end: End) -> Result<Appended, StoreError> {
        let pool = self.pool.clone();
        // Boxed, because it is large and lives inside its callers' futures.
        pool.bounded(Box::pin(self.try_pass(batch, end))).await
    }

    async fn try_pass(&mut self, batch: &[Message], end: End) -> Result<Appended, StoreError> {
        let rows: Vec<&NewEvent> = batch.iter().flat_map(|message| &message.rows).collect();
        for row in &rows {
            check::check(row)?;
        }
        let pool = self.pool.clone();
        self.sites.check(&pool, &rows).await?;
        self.numbering.renew(&pool).await?;
        let interned = self.dictionaries.intern(&pool, &rows).await?;
        let (mut transaction, judged) = self.begin(&pool, &rows, &interned).await?;
        let messages = messages::ids(batch);
        let new = bulk::insert_batches(&mut transaction, &messages, self.clock.now_ms()).await?;
        if let Some(appended) = self.settle_doubt(&mut transaction, &messages).await? {
            transaction.rollback().await?;
            return Ok(appended);
        }
        let Stored {
            appended,
            line,
            traits,
        } = self.store(&mut transaction, batch, new, &judged).await?;
        if end == End::Rollback {
            transaction.rollback().await?;
            return Ok(appended);
        }
        self.doubt = Some(Doubt {
            messages,
            appended,
            line,
        });
        transaction.commit().await?;
        self.traits.remember(traits);
        Ok(self
            .doubt
            .take()
            .map(|doubt| doubt.appended)
            .unwrap_or_default())
    }

    /// A transaction, and the events as the verdicts see them that are in force until it ends.
    async fn begin(
        &mut self,
        pool: &Pool,
        rows: &[&NewEvent],
        interned: &[Interned],
    ) -> Result<(Transaction, Vec<Judged>), StoreError> {
        // People set verdicts now and then: whoever finds another one each time has met something else.
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            let judged = self.judging.judge(pool, rows, interned).await?;
            let mut transaction = pool.begin().await?;
            let revision = verdict::shared(&mut transaction).await?;
            if self.judging.is_of(revision) {
                return Ok((transaction, judged));
            }
            transaction.rollback().await?;
            self.judging.forget(revision);
        }
        Err(StoreError::unavailable(
            "verdicts",
            "verdicts about bots change too fast",
        ))
    }

    /// What the last commit would have answered, if its answer was lost and this is its batch again.
    async fn settle_doubt(
        &mut self,
        transaction: &mut Transaction,
        messages: &[Uuid],
    ) -> Result<Option<Appended>, StoreError> {
        let happened = match &self.doubt {
            Some(doubt) => {
                doubt
                    .happened(transaction, &self.instance, messages)
                    .await?
            }
            None => false,
        };
        Ok(if happened {
            self.doubt.take().map(|doubt| doubt.appended)
        } else {
            None
        })
    }

    async fn store(
        &mut self,
        transaction: &mut Transaction,
        batch: &[Message],
        new: Vec<Uuid>,
        judged: &[Judged],
    ) -> Result<Stored, StoreError> {
        let mut appended = Appended::default();
        let mut planned = messages::first_time(batch, new, judged, &mut appended)?;
        let continued = self.assign_sessions(transaction, &mut planned).await?;
        let traits = self.traits.of(transaction, &continued).await?;
        let traits = plan::traits_of(&mut planned, traits);
        let rows = plan::event_rows(&planned, &traits)?;
        let stored: HashSet<(i32, Uuid)> = bulk::insert_events(transaction, &rows)
            .await?
            .into_iter()
            .collect();
        let sessions = plan::session_rows(&planned, &stored, &traits, &continued)?;
        bulk::upsert_sessions(transaction, &sessions).await?;
        ledger::add_hours(transaction, &self.instance, &plan::hours(&planned, &stored)).await?;
        stats::mark_received(
            transaction,
            plan::received(&planned, &stored),
            self.clock.now_ms(),
        )
        .await?;
        appended.stored = stored.len() as u64;
        appended.duplicate += (planned.len() - stored.len()) as u64;
        let line = ledger::add_books(transaction, &self.instance, &appended).await?;
        Ok(Stored {
            appended,
            line,
            traits: sessions.iter().map(SessionRow::traits).collect(),
        })
    }

    /// Gives each event its session, and returns those that may have had events before.
    async fn assign_sessions(
        &mut self,
        transaction: &mut Transaction,
        planned: &mut [Planned<'_>],
    ) -> Result<Vec<(i32, i64)>, StoreError> {
        let mut seen = Vec::with_capacity(planned.len());
        for (index, event) in planned.iter_mut().enumerate() {
            match event.row.event.visitor {
                Some(visitor) => seen.push(Seen {
                    site: event.site,
                    visitor,
                    time_ms: event.row.event.time_ms,
                    index,
                }),
                // Nobody may recognise this visitor, so nothing may follow this event: its session is its own.
                None => event.session = self.numbering.next(event.row.event.time_ms),
            }
        }
        let assigned = visits::assign(transaction, seen, |started_ms| {
            self.numbering.next(started_ms)
        })
        .await?;
        for (index, session) in assigned.sessions {
            planned[index].session = session;
        }
        Ok(assigned.continued)
    }
}
