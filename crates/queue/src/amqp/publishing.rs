//! The publishing connection, kept up.
//!
//! While it is not up, whatever comes into line is refused here at once: nobody waits for a broker that is known to be away.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use super::Shared;
use super::backoff::Backoff;
use super::broker::Broker;
use super::session::Session;
use crate::error::{QueueError, Reason};
use crate::line::Counter;

pub(super) struct Publishing {
    shared: Arc<Shared>,
    broker: Broker,
    counter: Counter,
}

impl Publishing {
    pub(super) fn new(shared: Arc<Shared>, broker: Broker, counter: Counter) -> Self {
        Self {
            shared,
            broker,
            counter,
        }
    }

    pub(super) async fn run(mut self) {
        self.try_run().await;
        self.shared
            .state
            .set_down(&QueueError::Closed, Reason::Closed);
        self.counter.close(Reason::Closed).await;
    }

    /// `None` when the queue is closed, or every handle is gone.
    async fn try_run(&mut self) -> Option<()> {
        let (shared, counter) = (Arc::clone(&self.shared), self.counter.clone());
        let mut backoff = Backoff::new();
        let mut connections: u64 = 0;
        let mut known = None;
        loop {
            let opening = Session::open(&shared, &mut self.broker, &counter);
            let fault = match refuse_meanwhile(&shared, &counter, opening).await? {
                Ok(session) => {
                    shared.metrics.reconnects.inc_by(u64::from(connections > 0));
                    connections += 1;
                    backoff.reset();
                    known = None;
                    session.serve(&shared).await?
                }
                Err(fault) => fault,
            };
            if known.as_ref() != Some(&fault) {
                warn!(error = %fault, "cannot publish; trying again");
            }
            shared.state.set_down(&fault, Reason::Down);
            let pause = sleep(backoff.after(&fault));
            known = Some(fault);
            refuse_meanwhile(&shared, &counter, pause).await?;
        }
    }
}

/// Waits for `future`, and refuses what comes into line until then. `None` when the queue is closed first.
async fn refuse_meanwhile<T>(
    shared: &Shared,
    counter: &Counter,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => return None,
            done = &mut future => return Some(done),
            claimed = counter.take() => claimed?.answer.refuse(Reason::Down),
        }
    }
}

/// How long to wait for an orderly end of what is in doubt anyway.
pub(super) const END_WITHIN: Duration = Duration::from_millis(200);
