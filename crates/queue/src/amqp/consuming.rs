//! The consuming connection, kept up.
//!
//! One channel with three subscriptions: the batches, those that a missing binding has sent to the alternate exchange, and those
//! that the broker has given up. What is not acknowledged when a channel ends goes back to the broker, and comes again with
//! other tags.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{SelectAll, select_all};
use lapin::message::Delivery as Received;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Shared;
use super::backoff::Backoff;
use super::broker::{Broker, answer, classify, unavailable};
use super::inbox::Inbox;
use super::message::{death_of, events_of, id_of, is_replayed};
use super::publishing::END_WITHIN;
use crate::delivery::{Delivery, DeliveryTag};
use crate::error::QueueError;

/// What the worker asks for. Each is answered when it is done.
#[derive(Debug)]
pub(super) enum Command {
    Settle {
        numbers: Vec<u64>,
        done: oneshot::Sender<()>,
    },
    Pause(oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
}

pub(super) struct Consuming {
    shared: Arc<Shared>,
    broker: Broker,
    inbox: Arc<Inbox>,
    commands: mpsc::Receiver<Command>,
    sessions: u64,
}

/// Why a session ended.
enum End {
    Fault(QueueError),
    /// By the worker's wish; to be answered when everything has been given back.
    Paused(oneshot::Sender<()>),
    Closed,
}

struct Subscription {
    connection: Connection,
    channel: Channel,
    deliveries: SelectAll<Consumer>,
    tags: [ShortString; 3],
}

impl Consuming {
    pub(super) fn new(
        shared: Arc<Shared>,
        broker: Broker,
        inbox: Arc<Inbox>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            shared,
            broker,
            inbox,
            commands,
            sessions: 0,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        let mut known = None;
        while !stop.is_cancelled() {
            let end = match self.subscribe(&stop).await {
                Ok(subscription) => {
                    backoff.reset();
                    known = None;
                    self.serve(subscription, &stop).await
                }
                Err(end) => end,
            };
            self.shared.state.set_receiving(false);
            let between = self.next_session();
            self.inbox.begin(between);
            match end {
                End::Closed => break,
                End::Paused(done) => {
                    done.send(()).ok();
                    self.wait_for_resume(&stop).await;
                }
                End::Fault(fault) => {
                    if known.as_ref() != Some(&fault) {
                        warn!(error = %fault, "cannot consume; trying again");
                    }
                    let pause = backoff.after(&fault);
                    known = Some(fault);
                    self.wait(pause, &stop).await;
                }
            }
        }
        self.inbox.close();
    }

    fn next_session(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    async fn subscribe(&mut self, stop: &CancellationToken) -> Result<Subscription, End> {
        tokio::select! {
            () = stop.cancelled() => Err(End::Closed),
            opened = Subscription::open(&self.shared, &mut self.broker) => opened.map_err(End::Fault),
        }
    }

    async fn serve(&mut self, mut subscription: Subscription, stop: &CancellationToken) -> End {
        let session = self.next_session();
        self.inbox.begin(session);
        self.shared.state.set_receiving(true);
        info!("connected to the broker for consuming");
        let end = loop {
            tokio::select! {
                biased;
                Some(command) = self.commands.recv() => match command {
                    Command::Settle { numbers, done } => {
                        if let Err(fault) = subscription.acknowledge(&numbers).await {
                            break End::Fault(fault);
                        }
                        done.send(()).ok();
                    }
                    Command::Pause(done) => break End::Paused(done),
                    Command::Resume(done) => drop(done.send(())),
                },
                () = stop.cancelled() => break End::Closed,
                received = subscription.next() => match received {
                    Ok(received) => self.receive(session, received),
                    Err(fault) => break End::Fault(fault),
                },
            }
        };
        subscription.end(!matches!(end, End::Fault(_))).await;
        end
    }

    fn receive(&self, session: u64, received: Received) {
        let topology = &self.shared.topology;
        let is_given_up = received.exchange == topology.dead_exchange;
        let is_routed = received.exchange == topology.events_exchange
            && received.routing_key.as_str() == super::topology::EVENTS_KEY;
        if !is_given_up && !is_routed {
            self.shared.metrics.unrouted.inc();
        }
        self.inbox.put(Delivery {
            given_up: is_given_up.then(|| death_of(&received)),
            id: id_of(&received),
            events: events_of(&received),
            redelivered: received.redelivered,
            replayed: is_replayed(&received),
            tag: DeliveryTag {
                session,
                number: received.delivery_tag,
            },
            body: received.data,
        });
    }

    /// While there is no channel: nothing can be acknowledged, and everything has been given back.
    async fn wait(&mut self, pause: Duration, stop: &CancellationToken) {
        let wait = async {
            loop {
                match self.commands.recv().await {
                    Some(Command::Settle { done, .. } | Command::Resume(done)) => {
                        done.send(()).ok();
                    }
                    Some(Command::Pause(done)) => return Some(done),
                    None => return None,
                }
            }
        };
        let paused = tokio::select! {
            () = stop.cancelled() => None,
            () = sleep(pause) => None,
            paused = wait => paused,
        };
        if let Some(done) = paused {
            done.send(()).ok();
            self.wait_for_resume(stop).await;
        }
    }

    async fn wait_for_resume(&mut self, stop: &CancellationToken) {
        loop {
            let command = tokio::select! {
                () = stop.cancelled() => return,
                command = self.commands.recv() => command,
            };
            match command {
                Some(Command::Settle { done, .. } | Command::Pause(done)) => {
                    done.send(()).ok();
                }
                Some(Command::Resume(done)) => {
                    done.send(()).ok();
                    return;
                }
                None => return,
            }
        }
    }
}

impl Subscription {
    async fn open(shared: &Shared, broker: &mut Broker) -> Result<Self, QueueError> {
        let connection = broker.connect().await?;
        let channel = answer("opening a channel", connection.create_channel()).await?;
        let topology = &shared.topology;
        topology.declare(&channel).await?;
        let events = consume(&channel, &topology.events_queue, shared.prefetch).await?;
        let unrouted = consume(&channel, &topology.unrouted_queue, shared.prefetch).await?;
        let given_up = consume(&channel, &topology.given_up_queue, shared.prefetch).await?;
        Ok(Self {
            connection,
            channel,
            tags: [events.tag(), unrouted.tag(), given_up.tag()],
            deliveries: select_all([events, unrouted, given_up]),
        })
    }

    /// The next message. A subscription that the broker ends, because its queue was deleted, is a fault: the next session makes
    /// the queue again.
    async fn next(&mut self) -> Result<Received, QueueError> {
        match self.deliveries.next().await {
            Some(Ok(received)) => Ok(received),
            Some(Err(error)) => Err(classify("consuming", &error)),
            None => Err(unavailable("consuming", &"the subscription ended")),
        }
    }

    async fn acknowledge(&self, numbers: &[u64]) -> Result<(), QueueError> {
        for number in numbers {
            let acknowledged = self.channel.basic_ack(*number, BasicAckOptions::default());
            answer("acknowledging", acknowledged).await?;
        }
        Ok(())
    }

    async fn end(self, orderly: bool) {
        if orderly {
            for tag in &self.tags {
                let cancelled = self
                    .channel
                    .basic_cancel(tag.clone(), BasicCancelOptions::default());
                answer("unsubscribing", cancelled).await.ok();
            }
            answer(
                "closing a channel",
                self.channel.close(200, "closing".into()),
            )
            .await
            .ok();
        }
        let closed = self.connection.close(200, "closing".into());
        timeout(END_WITHIN, closed).await.ok();
    }
}

async fn consume(
    channel: &Channel,
    queue: &ShortString,
    prefetch: u16,
) -> Result<Consumer, QueueError> {
    // It holds for the subscriptions made after it, each for itself.
    let limited = channel.basic_qos(prefetch, BasicQosOptions::default());
    answer("setting the prefetch", limited).await?;
    let subscribed = channel.basic_consume(
        queue.clone(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    answer(&format!("consuming {queue}"), subscribed).await
}
