//! From start to stop: which tasks run, and when they shall end.
//!
//! A stop has two steps. *Draining*: readiness is off, answers close their connections, but everything still works, because
//! balancers learn of it with a delay. *Stopping*: nothing new is begun, what is in flight is finished. Both are one-way.
//!
//! Tasks are spawned here and nowhere else, so that the end waits for all of them. A task that fails or panics has broken a
//! promise that others build on: it is logged, once, and the whole process stops in order rather than limp.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::caught;
use crate::signals::{Signal, Signals};

/// The handle of a process' life. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tasks: TaskTracker,
    draining: Step,
    stopping: Step,
    failed: AtomicBool,
}

/// One step of the stop. The flag doubles the token because it is read on every request, and the token's own look takes a lock.
#[derive(Debug, Default)]
struct Step {
    begun: AtomicBool,
    token: CancellationToken,
}

impl Step {
    fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.token.cancel();
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }
}

/// How a process ended, see [`Lifecycle::supervise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Asked to stop, and every task came to its end.
    Clean,
    /// A task failed or panicked; the others came to their end.
    Failed,
    /// Some task had not ended in time.
    Late,
    /// A second signal asked to stop at once.
    Impatient,
}

impl Lifecycle {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task on which the process depends. It may end with `Ok` at any time; an error or a panic is logged once under
    /// `name` and stops the process without a drain delay.
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<()>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let lifecycle = self.clone();
        self.0.tasks.spawn(async move {
            match caught::run(task).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(task = name, error = %format_args!("{error:#}"), "a task failed, the process stops");
                    lifecycle.fail();
                }
                Err(_panic) => {
                    tracing::error!(task = name, "a task panicked, the process stops");
                    lifecycle.fail();
                }
            }
        })
    }

    /// Runs a task whose failure costs nobody else anything. A panic in it is logged and nothing more; the end still waits for it.
    pub fn spawn_minor<F>(&self, name: &'static str, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.tasks.spawn(async move {
            if caught::run(task).await.is_err() {
                tracing::error!(task = name, "a minor task panicked");
            }
        })
    }

    /// Begins the stop: draining now, stopping after `drain`. Asked again, the earlier of the two times counts.
    pub fn shutdown(&self, drain: Duration) {
        self.0.draining.begin();
        if drain.is_zero() {
            self.0.stopping.begin();
            return;
        }
        let lifecycle = self.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(drain) => lifecycle.0.stopping.begin(),
                () = lifecycle.stopping() => {}
            }
        });
    }

    /// Whether the process shall be sent no more work. One atomic load.
    pub fn is_draining(&self) -> bool {
        self.0.draining.has_begun()
    }

    /// Whether nothing new may be begun. One atomic load.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.has_begun()
    }

    /// Resolves when draining begins, or at once if it has.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.0.draining.token.clone().cancelled_owned()
    }

    /// Resolves when stopping begins, or at once if it has.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.0.stopping.token.clone().cancelled_owned()
    }

    /// Whether a task failed or panicked.
    pub fn has_failed(&self) -> bool {
        self.0.failed.load(Ordering::Acquire)
    }

    /// Waits until every task has ended; `false` when that takes longer than `deadline`. Tasks may still be spawned meanwhile.
    pub async fn finished(&self, deadline: Duration) -> bool {
        self.0.tasks.close();
        tokio::time::timeout(deadline, self.0.tasks.wait())
            .await
            .is_ok()
    }

    /// Runs the process to its end: waits for a signal or a failed task, drains for `drain` (after SIGTERM only), and gives the
    /// tasks `deadline` from then on. A second signal ends the wait at once; whoever called then exits without more ado.
    pub async fn supervise(
        &self,
        signals: &mut Signals,
        drain: Duration,
        deadline: Duration,
    ) -> Ending {
        let drain = tokio::select! {
            signal = signals.next() => self.heed(signal, drain),
            () = self.draining() => Duration::ZERO,
        };
        tokio::select! {
            _ = signals.next() => Ending::Impatient,
            in_time = self.finished(drain + deadline) => self.ending(in_time),
        }
    }

    fn heed(&self, signal: Signal, drain: Duration) -> Duration {
        let drain = match signal {
            Signal::Terminate => drain,
            Signal::Interrupt => Duration::ZERO,
        };
        tracing::info!(?signal, drain_ms = drain.as_millis(), "asked to stop");
        self.shutdown(drain);
        drain
    }

    fn ending(&self, in_time: bool) -> Ending {
        match (in_time, self.has_failed()) {
            (false, _) => Ending::Late,
            (true, true) => Ending::Failed,
            (true, false) => Ending::Clean,
        }
    }

    fn fail(&self) {
        self.0.failed.store(true, Ordering::Release);
        self.shutdown(Duration::ZERO);
    }
}
