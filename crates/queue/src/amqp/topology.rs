//! The exchanges and queues, and the arguments on which safety rests.
//!
//! ```text
//! exchange hg.events    direct, alternate exchange hg.unrouted
//!   queue  hg.events.v1   quorum; gives a batch up after 20 deliveries, safely, to hg.dlx; refuses when full
//! exchange hg.dlx       direct
//!   queue  hg.given-up    quorum; what the broker gave up; the worker books it and moves it to hg.dead
//!   queue  hg.dead        quorum; what a worker set aside; without a consumer
//! exchange hg.unrouted  fanout → queue hg.unrouted (like hg.events.v1; consumed by the worker too)
//! ```
//!
//! Neither hg.given-up nor hg.dead gives anything up. The first is there for the books: what a broker dead-letters by itself has
//! passed no worker, so nobody would have counted it.
//!
//! A queue's arguments cannot be changed. Other arguments need another version in its name.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use tokio::time::sleep;

use super::broker::{answer, is_not_found};
use crate::error::QueueError;

/// A batch that was delivered so often and never settled kills its workers, or they all die of something else; either way it
/// goes to the dead letters, from where it can be replayed.
const DELIVERIES_MAX: i32 = 20;

/// The dead letters are looked at by taking and giving back, which newer brokers count as a delivery and would end by dropping
/// the letter; and whatever kills workers must not make the broker drop what it has given up already. There is no value for
/// "never" that all versions take.
const LOOKS_MAX: i32 = 1_000_000_000;

/// A new quorum queue is registered on the broker's disk half a second after it was made (before Ra 2.11 at least; rabbitmq/ra
/// pull request 443). A broker that is killed before that starts again with an empty queue in its place, whatever it had
/// confirmed. So nothing is published into a queue that is younger than this.
const NEW_QUEUE_SETTLES: Duration = Duration::from_secs(1);

/// The routing key of batches.
pub(super) const EVENTS_KEY: &str = "events";
/// Of what the broker gives up. It is an argument of queues, so it keeps its name.
const GIVEN_UP_KEY: &str = "dead";
/// Of what a worker sets aside.
pub(super) const LETTER_KEY: &str = "letter";

#[derive(Clone, Debug)]
pub(super) struct Topology {
    pub(super) events_exchange: ShortString,
    pub(super) events_queue: ShortString,
    pub(super) dead_exchange: ShortString,
    pub(super) dead_queue: ShortString,
    pub(super) given_up_queue: ShortString,
    unrouted_exchange: ShortString,
    pub(super) unrouted_queue: ShortString,
}

impl Topology {
    pub(super) fn named(prefix: &str) -> Self {
        let name = |rest: &str| ShortString::from(format!("{prefix}.{rest}"));
        Self {
            events_exchange: name("events"),
            events_queue: name("events.v1"),
            dead_exchange: name("dlx"),
            dead_queue: name("dead"),
            given_up_queue: name("given-up"),
            unrouted_exchange: name("unrouted"),
            unrouted_queue: name("unrouted"),
        }
    }

    /// Makes what is missing, and lets a queue that did not exist settle on the broker's disk. Returns how many batches wait.
    pub(super) async fn establish(&self, connection: &Connection) -> Result<u64, QueueError> {
        let is_new = !self.exists(connection).await?;
        let channel = answer("opening a channel", connection.create_channel()).await?;
        let depth = self.declare(&channel).await?;
        self.end_bypass(&channel).await?;
        let closed = channel.close(200, "closing".into());
        answer("closing a channel", closed).await?;
        if is_new {
            sleep(NEW_QUEUE_SETTLES).await;
        }
        Ok(depth)
    }

    async fn exists(&self, connection: &Connection) -> Result<bool, QueueError> {
        let channel = answer("opening a channel", connection.create_channel()).await?;
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let asked =
            channel.queue_declare(self.events_queue.clone(), passive, FieldTable::default());
        answer("looking for the queue", async {
            match asked.await {
                Ok(_) => channel.close(200, "closing".into()).await.map(|()| true),
                Err(error) if is_not_found(&error) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Makes what is missing. Returns how many batches wait for a worker.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<u64, QueueError> {
        self.declare_exchange(
            channel,
            &self.dead_exchange,
            ExchangeKind::Direct,
            FieldTable::default(),
        )
        .await?;
        self.declare_exchange(
            channel,
            &self.unrouted_exchange,
            ExchangeKind::Fanout,
            FieldTable::default(),
        )
        .await?;
        let mut alternate = FieldTable::default();
        alternate.insert("alternate-exchange".into(), text(&self.unrouted_exchange));
        self.declare_exchange(
            channel,
            &self.events_exchange,
            ExchangeKind::Direct,
            alternate,
        )
        .await?;

        self.declare_queue(channel, &self.dead_queue, Self::kept())
            .await?;
        let given_up = self
            .declare_queue(channel, &self.given_up_queue, Self::kept())
            .await?;
        let unrouted = self
            .declare_queue(channel, &self.unrouted_queue, self.worked_off())
            .await?;
        let events = self
            .declare_queue(channel, &self.events_queue, self.worked_off())
            .await?;

        self.bind(channel, &self.dead_queue, &self.dead_exchange, LETTER_KEY)
            .await?;
        self.bind(
            channel,
            &self.given_up_queue,
            &self.dead_exchange,
            GIVEN_UP_KEY,
        )
        .await?;
        self.bind(channel, &self.unrouted_queue, &self.unrouted_exchange, "")
            .await?;
        self.bind(
            channel,
            &self.events_queue,
            &self.events_exchange,
            EVENTS_KEY,
        )
        .await?;
        Ok(u64::from(events) + u64::from(unrouted) + u64::from(given_up))
    }

    /// Before there was hg.given-up, what the broker gives up went straight to the dead letters, and would still go there too. To
    /// remove a binding that does not exist is no error.
    async fn end_bypass(&self, channel: &Channel) -> Result<(), QueueError> {
        let unbound = channel.queue_unbind(
            self.dead_queue.clone(),
            self.dead_exchange.clone(),
            GIVEN_UP_KEY.into(),
            FieldTable::default(),
        );
        answer("removing a binding of the dead letters", unbound).await
    }

    /// The arguments of queues that a worker empties.
    fn worked_off(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), text("quorum"));
        arguments.insert(
            "x-delivery-limit".into(),
            AMQPValue::LongInt(DELIVERIES_MAX),
        );
        arguments.insert("x-dead-letter-exchange".into(), text(&self.dead_exchange));
        arguments.insert("x-dead-letter-routing-key".into(), text(GIVEN_UP_KEY));
        // Without these two a broker that fails at the wrong moment loses what it dead-letters.
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments
    }

    /// The arguments of queues from which nothing is given up.
    fn kept() -> FieldTable {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), text("quorum"));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(LOOKS_MAX));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments
    }

    async fn declare_exchange(
        &self,
        channel: &Channel,
        name: &ShortString,
        kind: ExchangeKind,
        arguments: FieldTable,
    ) -> Result<(), QueueError> {
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let declared = channel.exchange_declare(name.clone(), kind, durable, arguments);
        answer(&format!("exchange {name}"), declared).await
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        name: &ShortString,
        arguments: FieldTable,
    ) -> Result<u32, QueueError> {
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let declared = channel.queue_declare(name.clone(), durable, arguments);
        let queue = answer(&format!("queue {name}"), declared).await?;
        Ok(queue.message_count())
    }

    async fn bind(
        &self,
        channel: &Channel,
        queue: &ShortString,
        exchange: &ShortString,
        key: &str,
    ) -> Result<(), QueueError> {
        let bound = channel.queue_bind(
            queue.clone(),
            exchange.clone(),
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        answer(&format!("the binding of queue {queue}"), bound).await
    }
}

fn text(value: &(impl ToString + ?Sized)) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value.to_string()))
}
