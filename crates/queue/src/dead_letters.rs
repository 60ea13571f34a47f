//! The operator's view of the dead letters.

use hgpixel_config::{Queue as Settings, QueueUrl};

use crate::amqp::AmqpDeadLetters;
use crate::dead_letter::DeadLetter;
use crate::error::QueueError;
use crate::local::LocalDeadLetters;

/// What could not be stored, to look at, to put back and to throw away. It works beside a running process, also on a local file.
#[derive(Debug)]
pub struct DeadLetters {
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Local(LocalDeadLetters),
    Amqp(Box<AmqpDeadLetters>),
}

impl DeadLetters {
    /// Opens the dead letters of the queue that the settings name. A local file that does not exist holds none.
    ///
    /// # Errors
    /// When the file cannot be read, or the broker cannot be reached.
    pub async fn open(settings: &Settings) -> Result<Self, QueueError> {
        let backend = match &settings.url {
            QueueUrl::Local(path) => Backend::Local(LocalDeadLetters::open(path, settings).await?),
            QueueUrl::Amqp(url) => {
                Backend::Amqp(Box::new(AmqpDeadLetters::open(url, settings).await?))
            }
        };
        Ok(Self { backend })
    }

    /// The oldest letters, at most `limit`. They stay where they are.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn list(&mut self, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        match &mut self.backend {
            Backend::Local(local) => local.list(limit).await,
            Backend::Amqp(amqp) => amqp.list(limit).await,
        }
    }

    /// Publishes the oldest letters again, at most `limit`, in batches with new ids, and removes them after that. Returns how
    /// many letters went back. A crash in between leaves some twice; the store keeps their events once.
    ///
    /// # Errors
    /// When the backend fails; what had gone back by then is back.
    pub async fn replay(&mut self, limit: usize) -> Result<u64, QueueError> {
        match &mut self.backend {
            Backend::Local(local) => local.replay(limit).await,
            Backend::Amqp(amqp) => amqp.replay(limit).await,
        }
    }

    /// Throws all letters away, and returns how many there were.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn purge(&mut self) -> Result<u64, QueueError> {
        match &mut self.backend {
            Backend::Local(local) => local.purge().await,
            Backend::Amqp(amqp) => amqp.purge().await,
        }
    }
}
