//! Whether the queue takes and gives batches at the moment.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::{QueueError, Reason};
use crate::metrics::Metrics;

/// What is known about the queue. Watch it with [`crate::EventQueue::state`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Whether batches can be published. False until it has been proven.
    pub up: bool,
    /// Whether the broker takes nothing for want of disk or memory; `up` is false then.
    pub blocked: bool,
    /// Whether a consumer is connected, and receives what there is.
    pub receiving: bool,
    /// Batches that wait for a worker, as last seen; unknown until asked.
    pub depth_batches: Option<u64>,
    /// Why it is not up, for a person.
    pub problem: Option<String>,
    fault: Option<QueueError>,
    refusal: Option<Reason>,
}

/// The one place where the state is kept; its changes are the metrics' too.
#[derive(Clone, Debug)]
pub(crate) struct State {
    sender: watch::Sender<QueueState>,
    metrics: Metrics,
}

impl State {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            sender: watch::Sender::new(QueueState {
                refusal: Some(Reason::Down),
                ..QueueState::default()
            }),
            metrics,
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<QueueState> {
        self.sender.subscribe()
    }

    /// Why nothing can be published now, so that nobody waits in line for it.
    pub(crate) fn refusal(&self) -> Option<Reason> {
        self.sender.borrow().refusal
    }

    pub(crate) fn set_up(&self) {
        self.change(|state| {
            state.up = true;
            state.blocked = false;
            state.problem = None;
            state.fault = None;
            state.refusal = None;
        });
    }

    pub(crate) fn set_down(&self, fault: &QueueError, refusal: Reason) {
        self.change(|state| {
            state.up = false;
            state.blocked = false;
            state.problem = Some(fault.to_string());
            state.fault = Some(fault.clone());
            state.refusal = Some(refusal);
        });
    }

    pub(crate) fn set_blocked(&self, why: &str) {
        self.change(|state| {
            state.up = false;
            state.blocked = true;
            state.problem = Some(format!("the broker takes nothing: {why}"));
            state.refusal = Some(Reason::Blocked);
        });
    }

    pub(crate) fn set_receiving(&self, receiving: bool) {
        self.change(|state| state.receiving = receiving);
    }

    pub(crate) fn set_depth(&self, batches: u64) {
        self.change(|state| state.depth_batches = Some(batches));
    }

    /// Waits until it is up, or down for a reason that waiting does not cure.
    pub(crate) async fn check(&self, at_most: Duration) -> Result<(), QueueError> {
        let mut watch = self.sender.subscribe();
        let known = watch.wait_for(|state| {
            let lasting = state
                .fault
                .as_ref()
                .is_some_and(|fault| !fault.is_retryable());
            state.up || state.blocked || lasting
        });
        match timeout(at_most, known).await {
            Ok(Ok(state)) => match &state.fault {
                Some(fault) if !fault.is_retryable() => Err(fault.clone()),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn change(&self, change: impl FnOnce(&mut QueueState)) {
        self.sender.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
        let state = self.sender.borrow();
        self.metrics.up.set(i64::from(state.up));
        self.metrics.blocked.set(i64::from(state.blocked));
        if let Some(depth) = state.depth_batches {
            self.metrics
                .depth_batches
                .set(i64::try_from(depth).unwrap_or(i64::MAX));
        }
    }
}
