//! The worker's handle on the consuming connection.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Shared;
use super::broker::Broker;
use super::consuming::{Command, Consuming};
use super::inbox::Inbox;
use crate::backend::ConsumerBackend;
use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;

/// Commands in line: a worker gives one at a time.
const COMMANDS_MAX: usize = 4;

#[derive(Debug)]
pub(crate) struct AmqpConsumer {
    inbox: Arc<Inbox>,
    commands: mpsc::Sender<Command>,
    prefetch: usize,
    _task: DropGuard,
}

impl AmqpConsumer {
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, QueueError> {
        let broker = Broker::new(&shared.url, "consume", shared.connect_timeout)?;
        let inbox = Arc::new(Inbox::default());
        let (commands, received) = mpsc::channel(COMMANDS_MAX);
        let stop = CancellationToken::child_token(&shared.stop);
        let consuming = Consuming::new(Arc::clone(shared), broker, Arc::clone(&inbox), received);
        shared.tasks.spawn(consuming.run(stop.clone()));
        Ok(Self {
            inbox,
            commands,
            prefetch: usize::from(shared.prefetch),
            _task: stop.drop_guard(),
        })
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.inbox.is_exhausted(self.prefetch)
    }

    /// Waits until the consuming task has done what the command says.
    async fn command(
        &self,
        command: impl FnOnce(oneshot::Sender<()>) -> Command,
    ) -> Result<(), QueueError> {
        let (done, is_done) = oneshot::channel();
        self.commands
            .send(command(done))
            .await
            .map_err(|_| QueueError::Closed)?;
        is_done.await.map_err(|_| QueueError::Closed)
    }
}

impl ConsumerBackend for AmqpConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        self.inbox.take().await.ok_or(QueueError::Closed)
    }

    async fn settle(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError> {
        let numbers = self.inbox.settle(tags);
        if numbers.is_empty() {
            return Ok(());
        }
        self.command(|done| Command::Settle { numbers, done }).await
    }

    async fn pause(&mut self) {
        // When the queue is closed everything has been given back.
        self.command(Command::Pause).await.ok();
    }

    async fn resume(&mut self) -> Result<(), QueueError> {
        self.command(Command::Resume).await
    }
}
