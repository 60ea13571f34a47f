//! Backups of the embedded mode: a folder with one copy of the store, one of the queue, and a manifest.
//!
//! The promise: **every event that was accepted before the backup began is in it, and a server that serves from it stores each once**. A
//! serving process hardly notices: publishing waits for some milliseconds at the beginning.
//!
//! An event is in the queue's file until it is stored, and only then leaves it. So the queue is copied first and the store after it: an
//! event may be in both, which is set right at the end (`QueueFile::settle_copy`), but never in neither. The other way round an event
//! that was stored and settled between the two copies would be lost.
//!
//! A backup has its name when it is whole, checked and on the disk, and not before. Nothing is ever written over: neither a backup by
//! another, nor a store by a backup.
//!
//! Absent: other databases and brokers, which have their own tools; the settings; copies of a part; encryption.

mod digest;
mod manifest;
mod restoring;
mod taking;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use hgpixel_config::Settings;
use hgpixel_queue::QueueFile;
use hgpixel_store::StoreFile;

pub(crate) use manifest::Manifest;
pub(crate) use restoring::restore;
pub(crate) use taking::take;

/// The files in a backup's folder.
const STORE: &str = "store.db";
const QUEUE: &str = "queue.db";

/// What the embedded mode keeps.
#[derive(Debug)]
pub(crate) struct EmbeddedFiles {
    pub(crate) store: StoreFile,
    pub(crate) queue: QueueFile,
}

/// The settings name servers, of which there are backups by other means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotEmbedded;

impl EmbeddedFiles {
    pub(crate) fn of(settings: &Settings) -> Result<Self, NotEmbedded> {
        let store = StoreFile::of(&settings.store).ok_or(NotEmbedded)?;
        let queue = QueueFile::of(&settings.queue).ok_or(NotEmbedded)?;
        Ok(Self { store, queue })
    }
}

impl std::error::Error for NotEmbedded {}

impl std::fmt::Display for NotEmbedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "this is for the embedded mode (store.url sqlite:, queue.url local:); pg_dump and pg_restore are for PostgreSQL, and what \
             waits in RabbitMQ is stored by the workers",
        )
    }
}

/// `store.db` and `-wal` make `store.db-wal`.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The folder in which `path` is.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the names in a folder survive a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
