//! The dead letters on the broker: a queue without a consumer.
//!
//! They are looked at by taking them and giving them back, which is what a channel does when it ends.

use std::time::Duration;

use hgpixel_config::{Queue as Settings, SecretUrl};
use lapin::message::Delivery as Received;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueuePurgeOptions};
use lapin::{Channel, Confirmation, Connection};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::broker::{Broker, answer, unavailable};
use super::message::{batch_properties, letter_of};
use super::publisher::{confirming_channel, mandatory};
use super::topology::{EVENTS_KEY, Topology};
use crate::dead_letter::DeadLetter;
use crate::error::QueueError;
use crate::replay::{Replay, batches_of};

/// Letters that are taken at a time: one full batch's worth.
const LETTERS_MAX: usize = 512;

const GIVING_BACK_MAX: Duration = Duration::from_secs(2);
const GIVING_BACK_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct AmqpDeadLetters {
    connection: Connection,
    topology: Topology,
}

impl AmqpDeadLetters {
    pub(crate) async fn open(url: &SecretUrl, settings: &Settings) -> Result<Self, QueueError> {
        let connect_timeout = Duration::from_millis(settings.connect_timeout_ms);
        let mut broker = Broker::new(url, "dead letters", connect_timeout)?;
        let connection = broker.connect().await?;
        let topology = Topology::named(&settings.name_prefix);
        let channel = answer("opening a channel", connection.create_channel()).await?;
        topology.declare(&channel).await?;
        close(&channel).await?;
        Ok(Self {
            connection,
            topology,
        })
    }

    pub(crate) async fn list(&mut self, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let channel = self.channel().await?;
        let letters = self.take(&channel, limit).await?;
        close(&channel).await?;
        self.given_back(letters.len()).await?;
        Ok(letters.iter().map(letter_of).collect())
    }

    /// Waits until the queue has at least so many letters again: a quorum queue takes them back after it has said that the channel is
    /// closed, and who looked must be able to replay at once. Not for long, since somebody else may have taken some meanwhile.
    async fn given_back(&self, letters: usize) -> Result<(), QueueError> {
        let channel = self.channel().await?;
        let until = Instant::now() + GIVING_BACK_MAX;
        while self.count(&channel).await? < letters && Instant::now() < until {
            sleep(GIVING_BACK_PAUSE).await;
        }
        close(&channel).await
    }

    pub(crate) async fn replay(&mut self, limit: usize) -> Result<u64, QueueError> {
        let channel = self.channel().await?;
        let publisher = confirming_channel(&self.connection).await?;
        // What is dead-lettered again meanwhile comes behind these, and waits for the next replay.
        let mut left = limit.min(self.count(&channel).await?);
        let mut replayed = 0;
        while left > 0 {
            let letters = self.take(&channel, left.min(LETTERS_MAX)).await?;
            if letters.is_empty() {
                break;
            }
            left -= letters.len();
            replayed += self.put_back(&channel, &publisher, &letters).await?;
        }
        close(&publisher).await?;
        close(&channel).await?;
        Ok(replayed)
    }

    pub(crate) async fn purge(&mut self) -> Result<u64, QueueError> {
        let channel = self.channel().await?;
        let queue = self.topology.dead_queue.clone();
        let purged = channel.queue_purge(queue, QueuePurgeOptions::default());
        let letters = answer("purging the dead letters", purged).await?;
        close(&channel).await?;
        Ok(u64::from(letters))
    }

    async fn channel(&self) -> Result<Channel, QueueError> {
        answer("opening a channel", self.connection.create_channel()).await
    }

    async fn count(&self, channel: &Channel) -> Result<usize, QueueError> {
        let passive = lapin::options::QueueDeclareOptions {
            passive: true,
            ..lapin::options::QueueDeclareOptions::default()
        };
        let asked = channel.queue_declare(
            self.topology.dead_queue.clone(),
            passive,
            lapin::types::FieldTable::default(),
        );
        let queue = answer("counting the dead letters", asked).await?;
        Ok(usize::try_from(queue.message_count()).unwrap_or(usize::MAX))
    }

    async fn take(&self, channel: &Channel, limit: usize) -> Result<Vec<Received>, QueueError> {
        let mut letters = Vec::new();
        while letters.len() < limit {
            let queue = self.topology.dead_queue.clone();
            let got = channel.basic_get(queue, BasicGetOptions::default());
            match answer("reading the dead letters", got).await? {
                Some(message) => letters.push(message.delivery),
                None => break,
            }
        }
        Ok(letters)
    }

    /// Publishes the letters as batches, and acknowledges those of a batch when it is confirmed.
    async fn put_back(
        &self,
        channel: &Channel,
        publisher: &Channel,
        letters: &[Received],
    ) -> Result<u64, QueueError> {
        let lines: Vec<String> = letters
            .iter()
            .map(|letter| String::from_utf8_lossy(&letter.data).into_owned())
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut rest = letters;
        for replay in batches_of(&lines) {
            let (done, later) = rest.split_at(replay.letters);
            self.publish(publisher, &replay).await?;
            for letter in done {
                let acknowledged =
                    channel.basic_ack(letter.delivery_tag, BasicAckOptions::default());
                answer("removing a dead letter", acknowledged).await?;
            }
            rest = later;
        }
        Ok(letters.len() as u64)
    }

    async fn publish(&self, publisher: &Channel, replay: &Replay) -> Result<(), QueueError> {
        let properties = batch_properties(Uuid::now_v7(), replay.batch.events, true);
        let sent = publisher.basic_publish(
            self.topology.events_exchange.clone(),
            EVENTS_KEY.into(),
            mandatory(),
            &replay.batch.bytes,
            properties,
        );
        let confirm = answer("publishing", sent).await?;
        match answer("publishing", confirm).await? {
            Confirmation::Ack(None) => Ok(()),
            other => Err(unavailable("publishing", &verdict(&other))),
        }
    }
}

fn verdict(confirmation: &Confirmation) -> &'static str {
    match confirmation {
        Confirmation::Ack(_) => "the broker has no queue for it",
        Confirmation::Nack(_) => "the broker could not store it",
        Confirmation::NotRequested => "the channel does not confirm",
    }
}

async fn close(channel: &Channel) -> Result<(), QueueError> {
    answer("closing a channel", channel.close(200, "closing".into())).await
}
