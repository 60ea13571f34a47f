//! One channel that publishes one message at a time.
//!
//! One at a time, because lapin pairs returned messages with confirms by their order, which a broker that confirms several at
//! once does not keep: an unroutable batch could pass for a confirmed one.

use std::sync::Arc;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::broker::{answer, classify, is_not_found, unavailable};
use super::message::{batch_properties, letter_properties};
use super::topology::{EVENTS_KEY, LETTER_KEY};
use crate::error::{PublishError, QueueError, Reason};
use crate::line::{Claimed, Content, Counter, Message, Outcome};

pub(super) struct Publisher {
    pub(super) shared: Arc<Shared>,
    pub(super) channel: Channel,
    pub(super) counter: Counter,
    pub(super) blocked: watch::Receiver<bool>,
    /// Take nothing more.
    pub(super) retire: CancellationToken,
}

/// A channel that confirms.
pub(super) async fn confirming_channel(connection: &Connection) -> Result<Channel, QueueError> {
    let channel = answer("opening a channel", connection.create_channel()).await?;
    let confirm = channel.confirm_select(ConfirmSelectOptions::default());
    answer("asking for confirms", confirm).await?;
    Ok(channel)
}

impl Publisher {
    /// Publishes until it is retired, or its channel is in doubt: the error says why.
    pub(super) async fn run(mut self) -> Result<(), QueueError> {
        loop {
            let claimed = tokio::select! {
                biased;
                () = self.retire.cancelled() => return Ok(()),
                claimed = self.counter.take() => match claimed {
                    Some(claimed) => claimed,
                    None => return Ok(()),
                },
            };
            if let Err(fault) = self.serve(claimed).await {
                self.wait_until_unblocked().await;
                return Err(fault);
            }
        }
    }

    async fn serve(&self, claimed: Claimed) -> Result<(), QueueError> {
        let Claimed { message, answer } = claimed;
        if *self.blocked.borrow() {
            answer.refuse(Reason::Blocked);
            return Ok(());
        }
        // With so little time left its sender would not hear of a confirm, so it is better certain.
        if answer.deadline < Instant::now() + self.shared.publish_timeout / 20 {
            answer.refuse(Reason::Timeout);
            return Ok(());
        }
        let (outcome, fault) = self.publish(&message).await;
        answer.give(outcome);
        fault.map_or(Ok(()), Err)
    }

    /// What became of the message, and what is wrong with the channel.
    async fn publish(&self, message: &Message) -> (Outcome, Option<QueueError>) {
        match self.confirmation(message).await {
            Some(Ok(Confirmation::Ack(None))) => (Ok(()), None),
            Some(Ok(Confirmation::Ack(Some(_)))) => (refused(Reason::Returned), None),
            Some(Ok(Confirmation::Nack(_))) => (refused(Reason::Nack), None),
            Some(Ok(Confirmation::NotRequested)) => {
                let fault = unavailable("publishing", &"the channel does not confirm");
                (uncertain(Reason::Failed), Some(fault))
            }
            Some(Err(error)) if is_not_found(&error) => {
                // The exchange is gone. The channel went with it; the next session makes both again.
                let fault = unavailable("publishing", &error);
                (refused(Reason::Returned), Some(fault))
            }
            Some(Err(error)) => (
                uncertain(Reason::Lost),
                Some(classify("publishing", &error)),
            ),
            None => {
                let fault = unavailable("publishing", &"no confirm in time");
                (uncertain(Reason::Timeout), Some(fault))
            }
        }
    }

    /// `None` when it did not come in time. The channel must not be used any more then: the confirm may still come.
    async fn confirmation(&self, message: &Message) -> Option<lapin::Result<Confirmation>> {
        let deadline = Instant::now() + self.shared.publish_timeout;
        let topology = &self.shared.topology;
        let (exchange, key, body, properties) = match &message.content {
            Content::Batch(batch) => (
                &topology.events_exchange,
                EVENTS_KEY,
                batch.bytes.as_slice(),
                batch_properties(message.id, batch.events, false),
            ),
            Content::DeadLetter(letter) => (
                &topology.dead_exchange,
                LETTER_KEY,
                letter.line.as_bytes(),
                letter_properties(letter),
            ),
        };
        let sent =
            self.channel
                .basic_publish(exchange.clone(), key.into(), mandatory(), body, properties);
        match timeout_at(deadline, sent).await.ok()? {
            Ok(confirm) => timeout_at(deadline, confirm).await.ok(),
            Err(error) => Some(Err(error)),
        }
    }

    /// On a blocked connection not even a channel can be closed, and a new connection would be blocked like this one. If this one
    /// breaks, the whole session ends anyway.
    async fn wait_until_unblocked(&mut self) {
        self.blocked.wait_for(|blocked| !blocked).await.ok();
    }
}

/// A message that nobody has a queue for comes back, instead of being confirmed and dropped.
pub(super) fn mandatory() -> BasicPublishOptions {
    BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    }
}

fn refused(reason: Reason) -> Outcome {
    Err(PublishError::Refused { reason })
}

fn uncertain(reason: Reason) -> Outcome {
    Err(PublishError::Uncertain { reason })
}
