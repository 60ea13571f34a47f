//! One publishing connection, from its opening to the first doubt about it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::{Channel, Connection, Event};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::broker::{Broker, answer, classify, unavailable};
use super::publisher::{Publisher, confirming_channel};
use super::publishing::END_WITHIN;
use super::{PUBLISHERS, Shared};
use crate::error::{QueueError, Reason};
use crate::line::Counter;

/// How often what somebody has deleted is made again, and the queue's depth is asked for. It also finds out that an idle
/// connection is dead.
const KEEP_EVERY: Duration = Duration::from_secs(2);

pub(super) struct Session {
    connection: Connection,
    publishers: JoinSet<Result<(), QueueError>>,
    /// Those who notice what the publishers do not.
    watchers: JoinSet<QueueError>,
    /// Take nothing more.
    retire: CancellationToken,
}

impl Session {
    /// Connects, makes what is missing on the broker, and opens the channels.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        broker: &mut Broker,
        counter: &Counter,
    ) -> Result<Self, QueueError> {
        let connection = broker.connect().await?;
        let depth = shared.topology.establish(&connection).await?;
        shared.state.set_depth(depth);
        let keeper = answer("opening a channel", connection.create_channel()).await?;
        let blocked = watch::Sender::new(false);
        let retire = CancellationToken::new();
        let mut publishers = JoinSet::new();
        for _ in 0..PUBLISHERS {
            let publisher = Publisher {
                shared: Arc::clone(shared),
                channel: confirming_channel(&connection).await?,
                counter: counter.clone(),
                blocked: blocked.subscribe(),
                retire: retire.clone(),
            };
            publishers.spawn(publisher.run());
        }
        let mut watchers = JoinSet::new();
        watchers.spawn(keep(Arc::clone(shared), keeper, blocked.subscribe()));
        watchers.spawn(follow_events(
            Arc::clone(shared),
            connection.events_listener(),
            blocked,
        ));
        info!("connected to the broker for publishing");
        shared.state.set_up();
        Ok(Self {
            connection,
            publishers,
            watchers,
            retire,
        })
    }

    /// Serves until something is in doubt, and says what; `None` when the queue is closed.
    pub(super) async fn serve(mut self, shared: &Shared) -> Option<QueueError> {
        let fault = tokio::select! {
            () = shared.stop.cancelled() => None,
            ended = self.publishers.join_next() => match ended {
                Some(Ok(Err(fault))) => Some(fault),
                Some(Err(panicked)) => Some(unavailable("publishing", &panicked)),
                // A publisher ends in peace when every handle is gone.
                Some(Ok(Ok(()))) | None => None,
            },
            Some(noticed) = self.watchers.join_next() => Some(
                noticed.unwrap_or_else(|panicked| unavailable("publishing", &panicked)),
            ),
        };
        // From here on nothing comes into line; what is in it is refused by whoever waits for the end.
        if let Some(fault) = &fault {
            shared.metrics.channel_errors.inc();
            shared.state.set_down(fault, Reason::Down);
            self.end(END_WITHIN).await;
        } else {
            shared.state.set_down(&QueueError::Closed, Reason::Closed);
            self.end(shared.publish_timeout).await;
        }
        fault
    }

    /// Lets publishers finish the one message that each has taken, and closes the connection.
    async fn end(mut self, within: Duration) {
        self.retire.cancel();
        let publishers_are_done = async { while self.publishers.join_next().await.is_some() {} };
        timeout(within, publishers_are_done).await.ok();
        // Whoever still waits for a message that is dropped here hears that it is uncertain.
        self.publishers.abort_all();
        self.watchers.abort_all();
        let closed = self.connection.close(200, "closing".into());
        timeout(END_WITHIN, closed).await.ok();
    }
}

/// Makes what somebody has deleted again, and asks for the depth.
async fn keep(shared: Arc<Shared>, channel: Channel, blocked: watch::Receiver<bool>) -> QueueError {
    let mut ticks = interval(KEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // On a blocked connection nothing can be asked, and nothing is wrong with it for that.
        if !*blocked.borrow() {
            let depth = shared.topology.declare(&channel).await;
            // It may have been blocked meanwhile, and not have answered for that.
            if !*blocked.borrow() {
                match depth {
                    Ok(depth) => shared.state.set_depth(depth),
                    Err(fault) => return fault,
                }
            }
        }
    }
}

async fn follow_events(
    shared: Arc<Shared>,
    events: impl futures_util::Stream<Item = Event>,
    blocked: watch::Sender<bool>,
) -> QueueError {
    let mut events = pin!(events);
    loop {
        match events.next().await {
            Some(Event::ConnectionBlocked(why)) => {
                warn!(why, "the broker takes nothing");
                blocked.send_replace(true);
                shared.state.set_blocked(&why);
            }
            Some(Event::ConnectionUnblocked) => {
                info!("the broker takes batches again");
                blocked.send_replace(false);
                shared.state.set_up();
            }
            Some(Event::Error(error)) => return classify("publishing", &error),
            Some(_) => {}
            None => return unavailable("publishing", &"the connection is gone"),
        }
    }
}
