//! The store's end of the worker: one batch at a time, until it is committed.
//!
//! What is temporary (a database away, busy or full) holds the batch and is tried again, for as long as it takes; the batch
//! stays unsettled in the queue meanwhile. What is permanent is the fault of a row: it is found by halving, set aside with the
//! database's own words, and everything else is stored.

use std::time::Duration;

use hgpixel_event::Clock;
use hgpixel_queue::{DeadLetter, DeliveryTag, EventQueue};
use hgpixel_store::{Appended, EventStore, Message, NewEvent, StoreError, Writer};
use hgpixel_telemetry::Lifecycle;
use tokio::sync::watch;

use crate::dead::REJECTED;
use crate::metrics::Metrics;
use crate::reading::rejected;

/// The first pause before another try, doubled each time up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A store batch: whole messages, what must be dead-lettered of them, and what settles them.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<Message>,
    pub(crate) dead: Vec<DeadLetter>,
    /// What the broker has given up, to be moved to the dead letters when it is booked.
    pub(crate) given_up: Vec<DeadLetter>,
    pub(crate) tags: Vec<DeliveryTag>,
    /// Events in it, dead ones included.
    pub(crate) events: usize,
}

/// The process stops, and the batch is not committed: it stays in the queue.
pub(crate) struct Stopped;

/// Stores batches in the name of one instance.
pub(crate) struct Storing {
    pub(crate) instance: String,
    pub(crate) queue: EventQueue,
    pub(crate) store: EventStore,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) lifecycle: Lifecycle,
    /// Since when the store has been failing, in milliseconds since 1970; `None` while it works.
    pub(crate) failing_since_ms: watch::Sender<Option<i64>>,
}

impl Storing {
    /// The writer of this instance, its counters standing where its books do, as soon as the database gives them.
    pub(crate) async fn open_writer(&self) -> Result<Writer, Stopped> {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.try_open_writer().await {
                Ok(writer) => {
                    self.works();
                    return Ok(writer);
                }
                Err(error) => self.wait_after(&error, &mut pause).await?,
            }
        }
    }

    async fn try_open_writer(&self) -> Result<Writer, StoreError> {
        let writer = self.store.writer(&self.instance).await?;
        let books = self.store.books(&self.instance).await?;
        self.metrics.start_from(&books);
        Ok(writer)
    }

    /// Commits `batch`, whatever it takes. Afterwards its tags may be settled.
    pub(crate) async fn store(
        &self,
        writer: &mut Writer,
        batch: &mut Batch,
    ) -> Result<(), Stopped> {
        // Dead letters first: a crash between the two sets them aside twice, which replay and the store forgive; the other
        // order would lose them.
        self.set_aside(&batch.dead).await?;
        batch.dead.clear();
        self.append_all(writer, &mut batch.messages).await?;
        // Of these nothing is stored, so nothing is lost by moving them last: after a crash they come again and are moved then,
        // while the other order would leave one more copy for each worker that dies.
        self.set_aside(&batch.given_up).await
    }

    /// Appends the messages together or, when one of them is rejected, in halves until that one is alone.
    async fn append_all(
        &self,
        writer: &mut Writer,
        messages: &mut [Message],
    ) -> Result<(), Stopped> {
        if self.append(writer, messages).await?.is_ok() {
            return Ok(());
        }
        if let [message] = messages {
            return self.append_good_rows(writer, message).await;
        }
        let (left, right) = messages.split_at_mut(messages.len() / 2);
        Box::pin(self.append_all(writer, left)).await?;
        Box::pin(self.append_all(writer, right)).await
    }

    /// Appends a message without the rows that are rejected, which become dead letters.
    async fn append_good_rows(
        &self,
        writer: &mut Writer,
        message: &mut Message,
    ) -> Result<(), Stopped> {
        let mut bad = Vec::new();
        self.find_bad_rows(writer, &message.rows, 0, &mut bad)
            .await?;
        self.set_aside_rows(message, &bad).await?;
        let Err(error) = self.append(writer, std::slice::from_ref(message)).await? else {
            return Ok(());
        };
        // Each row alone is fine and together they are not: no halving can tell whose fault it is, so none is stored.
        let all: Vec<(usize, String)> = (0..message.rows.len())
            .map(|index| (index, error.to_string()))
            .collect();
        self.set_aside_rows(message, &all).await?;
        if let Err(error) = self.append(writer, std::slice::from_ref(message)).await? {
            tracing::error!(message = %message.id, %error, "the store rejects a message without events, it is settled unrecorded");
        }
        Ok(())
    }

    /// Finds the rows that the store rejects: their indexes, ascending, each with the store's words.
    async fn find_bad_rows(
        &self,
        writer: &mut Writer,
        rows: &[NewEvent],
        offset: usize,
        bad: &mut Vec<(usize, String)>,
    ) -> Result<(), Stopped> {
        let Err(error) = self.probe(writer, rows).await? else {
            return Ok(());
        };
        if rows.len() <= 1 {
            bad.push((offset, error.to_string()));
            return Ok(());
        }
        let (left, right) = rows.split_at(rows.len() / 2);
        Box::pin(self.find_bad_rows(writer, left, offset, bad)).await?;
        Box::pin(self.find_bad_rows(writer, right, offset + left.len(), bad)).await
    }

    /// Moves rows, given by ascending index, to the dead letters.
    async fn set_aside_rows(
        &self,
        message: &mut Message,
        bad: &[(usize, String)],
    ) -> Result<(), Stopped> {
        if bad.is_empty() {
            return Ok(());
        }
        let letter = |(index, detail): &(usize, String)| {
            rejected(
                &message.rows[*index].event,
                REJECTED,
                detail.clone(),
                &self.clock,
            )
        };
        let letters: Vec<DeadLetter> = bad.iter().map(letter).collect();
        self.set_aside(&letters).await?;
        for (index, _) in bad.iter().rev() {
            message.rows.remove(*index);
        }
        message
            .dead_lettered
            .push((REJECTED.to_owned(), bad.len() as u64));
        Ok(())
    }

    /// Queues dead letters durably, however long that takes.
    async fn set_aside(&self, letters: &[DeadLetter]) -> Result<(), Stopped> {
        for letter in letters {
            let mut pause = PAUSE_FIRST;
            while let Err(error) = self.queue.dead_letter(letter).await {
                tracing::warn!(%error, "could not set an event aside, trying again");
                self.sleep(&mut pause).await?;
            }
            // An event that nobody can count any more without a person's help.
            tracing::error!(id = %letter.id, reason = letter.reason, detail = letter.detail, "set an event aside; see `hgpixel dlq list`");
        }
        Ok(())
    }

    /// Appends; only a rejection is handed back.
    async fn append(
        &self,
        writer: &mut Writer,
        messages: &[Message],
    ) -> Result<Result<(), StoreError>, Stopped> {
        let mut pause = PAUSE_FIRST;
        loop {
            match writer.append(messages).await {
                Ok(appended) => {
                    self.committed(&appended, messages);
                    return Ok(Ok(()));
                }
                Err(error @ StoreError::Rejected { .. }) => return Ok(Err(error)),
                Err(error) => self.wait_after(&error, &mut pause).await?,
            }
        }
    }

    /// Probes; only a rejection is handed back.
    async fn probe(
        &self,
        writer: &mut Writer,
        rows: &[NewEvent],
    ) -> Result<Result<(), StoreError>, Stopped> {
        let mut pause = PAUSE_FIRST;
        loop {
            match writer.probe(rows).await {
                Ok(()) => return Ok(Ok(())),
                Err(error @ StoreError::Rejected { .. }) => return Ok(Err(error)),
                Err(error) => self.wait_after(&error, &mut pause).await?,
            }
        }
    }

    fn committed(&self, appended: &Appended, messages: &[Message]) {
        self.works();
        self.metrics.appended(appended);
        if appended.stored == 0 {
            return;
        }
        let now_ms = self.clock.now_ms();
        for row in messages.iter().flat_map(|message| &message.rows) {
            self.metrics.committed(now_ms - row.event.received_ms);
        }
    }

    fn works(&self) {
        if self.failing_since_ms.send_replace(None).is_some() {
            tracing::info!("the store works again");
        }
    }

    /// Notes that the store fails, and pauses.
    async fn wait_after(&self, error: &StoreError, pause: &mut Duration) -> Result<(), Stopped> {
        self.metrics.retried();
        let now_ms = self.clock.now_ms();
        let is_new = self.failing_since_ms.send_if_modified(|since| {
            let is_new = since.is_none();
            since.get_or_insert(now_ms);
            is_new
        });
        if !error.is_retryable() {
            tracing::error!(%error, "the store cannot be used, the events wait in the queue");
        } else if is_new {
            tracing::warn!(%error, "the store fails, the events wait in the queue");
        } else {
            tracing::debug!(%error, "the store still fails");
        }
        self.sleep(pause).await
    }

    /// Sleeps for `pause` and doubles it.
    async fn sleep(&self, pause: &mut Duration) -> Result<(), Stopped> {
        let asleep = *pause;
        *pause = (asleep * 2).min(PAUSE_MAX);
        tokio::select! {
            () = self.lifecycle.stopping() => Err(Stopped),
            () = tokio::time::sleep(asleep) => Ok(()),
        }
    }
}
