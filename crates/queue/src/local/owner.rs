//! One process owns the file: a lock beside it, which the operating system lets go of when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::QueueError;

/// The lock, held for as long as this value lives.
#[derive(Debug)]
pub(super) struct Owner {
    _lock: File,
}

impl Owner {
    /// Makes the file's folder if need be, and takes the lock.
    pub(super) fn of(path: &Path) -> Result<Self, QueueError> {
        let lock = open_lock(path).map_err(|error| QueueError::File {
            path: path.to_owned(),
            detail: error.to_string(),
        })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(QueueError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(QueueError::File {
                path: path.to_owned(),
                detail: format!("its lock cannot be taken: {error}"),
            }),
        }
    }
}

fn open_lock(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(beside(path, "lock"))
}

/// `queue.db` and `lock` make `queue.db.lock`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
