//! The queue in a SQLite file of this machine: one process, nothing to install.
//!
//! A batch is a row. One task writes ([`writer`]): whatever waits for it goes into one transaction with `synchronous=FULL`, so
//! that a hundred waiting batches cost one `fsync`. One task reads ([`reader`]), mostly out of the memory of what was just
//! committed ([`recent`]).
//!
//! The file belongs to one process ([`owner`]); another may look at the dead letters and put them back meanwhile.

mod consumer;
mod copy;
mod dead_letters;
mod disk;
mod file;
mod group;
mod lease;
mod owner;
mod reader;
mod recent;
mod salvage;
mod upkeep;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use hgpixel_config::Queue as Settings;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use consumer::LocalConsumer;
pub use copy::{QueueContents, QueueFile, QueueOwner, StandingQueue, WaitingBatch};
pub(crate) use dead_letters::LocalDeadLetters;

use crate::backend::QueueBackend;
use crate::error::QueueError;
use crate::line::Counter;
use crate::metrics::Metrics;
use crate::state::State;
use disk::Disk;
use owner::Owner;
use recent::Recent;
use writer::{Command, Writer};

/// Commands in line to the writer. Each is one store batch of the worker's, so a handful is plenty.
const COMMANDS_MAX: usize = 16;

#[derive(Clone, Debug)]
pub(crate) struct LocalQueue {
    shared: Arc<Shared>,
    accepted_before: u64,
}

/// What writer, readers and handles share.
#[derive(Debug)]
struct Shared {
    path: PathBuf,
    metrics: Metrics,
    state: State,
    commands: mpsc::Sender<Command>,
    /// What was just committed, for the reader.
    recent: Mutex<Recent>,
    /// Something was committed.
    arrived: Notify,
    /// Rows up to this one may have been delivered before: in an earlier run, or to an earlier consumer.
    delivered_through: AtomicI64,
    /// Whether a consumer lives.
    consumed: AtomicBool,
    /// Consumers and resumptions so far: each is a session with tags of its own.
    sessions: AtomicU64,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Given up when the queue is closed, or with the last handle.
    owner: Mutex<Option<Owner>>,
}

impl LocalQueue {
    pub(crate) async fn open(
        path: &Path,
        settings: &Settings,
        counter: Counter,
        state: State,
        metrics: Metrics,
    ) -> Result<Self, QueueError> {
        let owner = Owner::of(path)?;
        let opened = file::open_or_salvage(path, settings.local_bytes_max, &metrics).await?;
        let (commands, received) = mpsc::channel(COMMANDS_MAX);
        let ledger = opened.ledger;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            metrics: metrics.clone(),
            state: state.clone(),
            commands,
            recent: Mutex::new(Recent::default()),
            arrived: Notify::new(),
            delivered_through: AtomicI64::new(ledger.last_seq),
            consumed: AtomicBool::new(false),
            sessions: AtomicU64::new(0),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            owner: Mutex::new(Some(owner)),
        });
        state.set_depth(opened.depth);
        state.set_up();
        let free = metrics.disk_free_bytes.clone();
        let disk = Disk::of(path, settings.local_free_bytes_min, free);
        let writer = Writer::new(opened, Arc::clone(&shared), disk, counter, received);
        shared.tasks.spawn(writer.run(shared.stop.clone()));
        shared.tasks.close();
        Ok(Self {
            shared,
            accepted_before: ledger.accepted.unsigned_abs(),
        })
    }
}

impl QueueBackend for LocalQueue {
    type Consumer = LocalConsumer;

    /// One: whatever waits while it commits goes into the next transaction together.
    fn publishers(&self) -> usize {
        1
    }

    async fn consume(&self) -> Result<LocalConsumer, QueueError> {
        LocalConsumer::start(&self.shared).await
    }

    fn accepted_before(&self) -> u64 {
        self.accepted_before
    }

    async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.wait().await;
        drop(
            self.shared
                .owner
                .lock()
                .expect("nobody panics with the lock")
                .take(),
        );
    }
}

impl Shared {
    fn has_consumer(&self) -> bool {
        self.consumed.load(Ordering::Acquire)
    }

    fn lock_recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().expect("nobody panics with the lock")
    }

    /// Waits until everything that was settled so far is gone from the file.
    async fn flush(&self) -> Result<(), QueueError> {
        let (done, flushed) = oneshot::channel();
        self.commands
            .send(Command::Flush(done))
            .await
            .map_err(|_| QueueError::Closed)?;
        flushed.await.map_err(|_| QueueError::Closed)
    }
}
