//! The one consumer of a local file.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::reader::{self, Rows};
use super::{Shared, lease::Lease};
use crate::backend::ConsumerBackend;
use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;
use crate::local::writer::Command;

#[derive(Debug)]
pub(crate) struct LocalConsumer {
    shared: Arc<Shared>,
    session: Option<Session>,
    number: u64,
    _lease: Lease,
}

/// From a start or a resumption to a pause.
#[derive(Debug)]
struct Session {
    rows: Rows,
    /// Rows up to this one may have been delivered in an earlier session.
    delivered_through: i64,
    _reader: DropGuard,
    _receiving: Receiving,
}

/// While it lives the queue's state says that a consumer receives.
#[derive(Debug)]
struct Receiving(Arc<Shared>);

impl Receiving {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.state.set_receiving(true);
        Self(Arc::clone(shared))
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.state.set_receiving(false);
    }
}

impl LocalConsumer {
    pub(super) async fn start(shared: &Arc<Shared>) -> Result<Self, QueueError> {
        let mut consumer = Self {
            _lease: Lease::take(shared)?,
            shared: Arc::clone(shared),
            session: None,
            number: 0,
        };
        consumer.begin().await?;
        Ok(consumer)
    }

    async fn begin(&mut self) -> Result<(), QueueError> {
        // What was settled before must not come again.
        self.shared.flush().await?;
        let stop = self.shared.stop.child_token();
        let rows = reader::start(&self.shared, stop.clone()).await?;
        self.number = self.shared.sessions.fetch_add(1, Ordering::Relaxed);
        self.session = Some(Session {
            rows,
            delivered_through: self.shared.delivered_through.load(Ordering::Relaxed),
            _reader: CancellationToken::drop_guard(stop),
            _receiving: Receiving::begin(&self.shared),
        });
        Ok(())
    }
}

impl ConsumerBackend for LocalConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        let Some(session) = &mut self.session else {
            self.shared.stop.cancelled().await;
            return Err(QueueError::Closed);
        };
        let row = session.rows.recv().await.ok_or(QueueError::Closed)??;
        self.shared
            .delivered_through
            .fetch_max(row.seq, Ordering::Relaxed);
        Ok(Delivery {
            id: row.id,
            events: row.events,
            body: row.body,
            redelivered: row.seq <= session.delivered_through,
            replayed: row.replayed,
            given_up: None,
            tag: DeliveryTag {
                session: self.number,
                number: row.seq.unsigned_abs(),
            },
        })
    }

    async fn settle(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError> {
        let rows: Vec<i64> = tags
            .iter()
            .filter(|tag| self.session.is_some() && tag.session == self.number)
            .filter_map(|tag| i64::try_from(tag.number).ok())
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.shared
            .commands
            .send(Command::Settle(rows))
            .await
            .map_err(|_| QueueError::Closed)
    }

    async fn pause(&mut self) {
        self.session = None;
    }

    async fn resume(&mut self) -> Result<(), QueueError> {
        match self.session {
            Some(_) => Ok(()),
            None => self.begin().await,
        }
    }
}
