//! The queue in RabbitMQ: a quorum queue, confirmed publishing, and reconnection by our own hand.
//!
//! Two connections, so that a broker that blocks publishers does not keep a worker from emptying it: one publishes
//! ([`publishing`]), one consumes ([`consuming`]). Each is made anew, channels and all, whenever anything about it is in doubt:
//! after an error, and after an answer that did not come in time. lapin's own recovery is not used, because acknowledgements
//! and confirms of one channel must never meet the tags of another.
//!
//! Every wait for the network has a deadline. What the broker must not lose by a forgotten policy is in the queues' arguments
//! ([`topology`]).

mod backoff;
mod broker;
mod consumer;
mod consuming;
mod dead_letters;
mod inbox;
mod message;
mod publisher;
mod publishing;
mod session;
mod topology;

use std::sync::Arc;
use std::time::Duration;

use hgpixel_config::{Queue as Settings, SecretUrl};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use consumer::AmqpConsumer;
pub(crate) use dead_letters::AmqpDeadLetters;

use crate::backend::QueueBackend;
use crate::error::QueueError;
use crate::line::Counter;
use crate::metrics::Metrics;
use crate::state::State;
use broker::Broker;
use publishing::Publishing;
use topology::Topology;

/// Channels that publish, one message at a time each: enough to keep a broker's disk busy on two cores.
const PUBLISHERS: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct AmqpQueue {
    shared: Arc<Shared>,
}

/// What the connections have in common.
#[derive(Debug)]
struct Shared {
    url: SecretUrl,
    topology: Topology,
    connect_timeout: Duration,
    publish_timeout: Duration,
    prefetch: u16,
    state: State,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl AmqpQueue {
    pub(crate) fn open(
        url: &SecretUrl,
        settings: &Settings,
        counter: Counter,
        state: State,
        metrics: Metrics,
    ) -> Result<Self, QueueError> {
        let shared = Arc::new(Shared {
            url: url.clone(),
            topology: Topology::named(&settings.name_prefix),
            connect_timeout: Duration::from_millis(settings.connect_timeout_ms),
            publish_timeout: Duration::from_millis(settings.publish_timeout_ms),
            prefetch: settings.prefetch_batches.max(1),
            state,
            metrics,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let broker = Broker::new(url, "publish", shared.connect_timeout)?;
        let publishing = Publishing::new(Arc::clone(&shared), broker, counter);
        shared.tasks.spawn(publishing.run());
        shared.tasks.close();
        Ok(Self { shared })
    }
}

impl QueueBackend for AmqpQueue {
    type Consumer = AmqpConsumer;

    fn publishers(&self) -> usize {
        PUBLISHERS
    }

    async fn consume(&self) -> Result<AmqpConsumer, QueueError> {
        AmqpConsumer::start(&self.shared)
    }

    /// The broker's queue is everybody's.
    fn accepted_before(&self) -> u64 {
        0
    }

    async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.wait().await;
    }
}
