//! What can go wrong, by what the caller can do about it.

use std::fmt;
use std::path::PathBuf;

/// A batch was not, or perhaps not, queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// It is certainly not queued: send it again.
    #[error("the queue refused the batch: {reason}")]
    Refused {
        /// Why.
        reason: Reason,
    },
    /// It may be queued, or arrive there later. Sending it again may queue its events twice; the store keeps them once.
    #[error("the batch may or may not be queued: {reason}")]
    Uncertain {
        /// Why.
        reason: Reason,
    },
}

impl PublishError {
    /// Why.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Refused { reason } | Self::Uncertain { reason } => *reason,
        }
    }
}

/// Why a batch was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no connection to the broker, or it does not answer.
    Down,
    /// The broker takes nothing at the moment, for want of disk or memory.
    Blocked,
    /// Too many bytes or batches are in flight in this process.
    Busy,
    /// The queue has reached its size, or the disk is full.
    Full,
    /// The disk of the local queue has less free space than `queue.local_free_bytes_min`.
    DiskLow,
    /// The broker could not store the batch, most likely because its queue is full.
    Nack,
    /// The broker had no queue to put the batch into.
    Returned,
    /// There was no answer in time.
    Timeout,
    /// The connection broke before the answer.
    Lost,
    /// The backend answered with an error, which is in the log.
    Failed,
    /// The queue has been closed.
    Closed,
}

impl Reason {
    /// Every reason, for metrics that begin at zero.
    pub const ALL: [Self; 11] = [
        Self::Down,
        Self::Blocked,
        Self::Busy,
        Self::Full,
        Self::DiskLow,
        Self::Nack,
        Self::Returned,
        Self::Timeout,
        Self::Lost,
        Self::Failed,
        Self::Closed,
    ];

    /// The reason as a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Blocked => "blocked",
            Self::Busy => "busy",
            Self::Full => "full",
            Self::DiskLow => "disk_low",
            Self::Nack => "nack",
            Self::Returned => "returned",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Failed => "error",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "the broker cannot be reached",
            Self::Blocked => "the broker is short of disk or memory",
            Self::Busy => "too much is in flight",
            Self::Full => "the queue or its disk is full",
            Self::DiskLow => "the disk has too little free space",
            Self::Nack => "the broker could not store it",
            Self::Returned => "the broker has no queue for it",
            Self::Timeout => "no answer in time",
            Self::Lost => "the connection broke",
            Self::Failed => "the backend failed",
            Self::Closed => "the queue is closed",
        })
    }
}

/// The queue cannot be opened, read or settled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// A queue or exchange exists with other arguments. A person has to remove it, or to choose another `queue.name_prefix`.
    #[error(
        "{name} exists on the broker with other arguments; remove it or set another queue.name_prefix ({detail})"
    )]
    Mismatch {
        /// The exchange or queue.
        name: String,
        /// The broker's words.
        detail: String,
    },
    /// The broker refuses these credentials or this vhost, or its certificate is refused here. Tried again every few seconds.
    #[error("no access to the broker: {detail}")]
    Access {
        /// The broker's words, or those about its certificate.
        detail: String,
    },
    /// The backend cannot be reached at the moment.
    #[error("the queue is unavailable: {detail}")]
    Unavailable {
        /// What was attempted, and what came of it.
        detail: String,
    },
    /// Another process owns the local file.
    #[error("the queue file {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The local file cannot be used.
    #[error("cannot use the queue file {}: {detail}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system or SQLite said.
        detail: String,
    },
    /// The local file has a consumer already.
    #[error("the local queue has a consumer already")]
    Consumed,
    /// The queue has been closed.
    #[error("the queue is closed")]
    Closed,
    /// The metrics are registered already: one registry serves one queue.
    #[error("cannot register the queue's metrics: {detail}")]
    Metrics {
        /// What the registry said.
        detail: String,
    },
}

impl QueueError {
    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Consumed)
    }
}
