//! The room on the disk of the queue's file. Below a floor no batch is taken: a full disk stops more than this queue.
//!
//! The floor is a setting, and never less than twice the log: the log is moved into the file, and both are there until that is done.
//! What cannot be measured is not judged; a disk that is really full says so by itself.

use std::path::{Path, PathBuf};

use prometheus::IntGauge;

#[derive(Debug)]
pub(super) struct Disk {
    file: PathBuf,
    log: PathBuf,
    free_bytes_min: u64,
    free: IntGauge,
}

impl Disk {
    pub(super) fn of(file: &Path, free_bytes_min: u64, free: IntGauge) -> Self {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Self {
            file: file.to_owned(),
            log: PathBuf::from(log),
            free_bytes_min,
            free,
        }
    }

    /// What is wrong, if too little is free, in words for whoever can make room. Costs two calls of the system.
    pub(super) fn shortage(&self) -> Option<String> {
        let free = self.free_bytes()?;
        self.free.set(i64::try_from(free).unwrap_or(i64::MAX));
        let log = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        let least = self.free_bytes_min.max(log.saturating_mul(2));
        (free < least).then(|| {
            format!(
                "the disk of {} has less than {least} bytes free; make room, or lower queue.local_free_bytes_min",
                self.file.display()
            )
        })
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.file).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
