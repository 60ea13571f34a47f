//! What is in a backup, for whoever restores it and for whoever looks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;
use hgpixel_store::StoreFile;
use serde::{Deserialize, Serialize};

use super::digest::{self, FileDigest};
use super::{QUEUE, STORE};

const NAME: &str = "manifest.json";
/// Rises when an older program would misunderstand a backup.
const FORMAT: u32 = 1;
/// A line for each of half a million sites.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The words of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// The version of the program that made it.
    hgpixel: String,
    /// When it was begun, in RFC 3339: everything that was accepted before is in it.
    begun: String,
    /// The version of the store's tables.
    schema_version: i64,
    /// Stored events of each site, by its key.
    events_by_site: BTreeMap<String, i64>,
    sessions: i64,
    /// Accepted events that are in the queue and not in the store.
    waiting_events: i64,
    dead_letters: i64,
    files: Files,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files {
    #[serde(rename = "store.db")]
    pub(super) store: FileDigest,
    #[serde(rename = "queue.db")]
    pub(super) queue: FileDigest,
}

impl Manifest {
    pub(super) fn new(
        begun_ms: i64,
        store: hgpixel_store::StoreContents,
        queue: &hgpixel_queue::QueueContents,
        files: Files,
    ) -> anyhow::Result<Self> {
        let begun = jiff::Timestamp::from_millisecond(begun_ms).context("read the clock")?;
        Ok(Self {
            format: FORMAT,
            hgpixel: env!("CARGO_PKG_VERSION").to_owned(),
            begun: begun.to_string(),
            schema_version: store.schema_version,
            events_by_site: store.events_by_site,
            sessions: store.sessions,
            waiting_events: queue.events,
            dead_letters: queue.dead_letters,
            files,
        })
    }

    /// Writes it into a backup's folder, and forces it to the disk.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("write the manifest as JSON")?;
        let mut file = digest::create_private(&folder.join(NAME)).context("make the manifest")?;
        writeln!(file, "{text}").context("write the manifest")?;
        file.sync_all().context("force the manifest to the disk")
    }

    /// Reads it out of a backup's folder.
    ///
    /// # Errors
    /// When it is no backup's, or one of a later program.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(NAME);
        let file = File::open(&path).with_context(|| {
            format!(
                "read {}: is {} a folder that `hgpixel backup` made?",
                path.display(),
                folder.display()
            )
        })?;
        let mut text = String::new();
        file.take(BYTES_MAX)
            .read_to_string(&mut text)
            .with_context(|| format!("read {}", path.display()))?;
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no manifest of a backup", path.display()))?;
        manifest.ensure_known()?;
        Ok(manifest)
    }

    fn ensure_known(&self) -> anyhow::Result<()> {
        let known = StoreFile::schema_version();
        anyhow::ensure!(
            self.format == FORMAT && self.schema_version <= known,
            "the backup is of hgpixel {}, with tables of version {}, and this is hgpixel {}, which knows {known} at most: \
             restore it with hgpixel {} or later",
            self.hgpixel,
            self.schema_version,
            env!("CARGO_PKG_VERSION"),
            self.hgpixel,
        );
        Ok(())
    }

    /// The backup's files with what they must be: the queue, the store.
    pub(super) fn files(&self) -> [(&'static str, &FileDigest); 2] {
        [(QUEUE, &self.files.queue), (STORE, &self.files.store)]
    }
}

/// How much is in it, in words.
impl std::fmt::Display for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let events: i64 = self.events_by_site.values().sum();
        let (sites, begun) = (self.events_by_site.len(), &self.begun);
        write!(
            f,
            "{events} events of {sites} sites, {} that wait in the queue, {} dead letters, as of {begun}",
            self.waiting_events, self.dead_letters
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let digest = FileDigest {
            bytes: 1,
            sha256: String::new(),
        };
        let files = Files {
            store: digest.clone(),
            queue: digest,
        };
        let store = hgpixel_store::StoreContents {
            schema_version: StoreFile::schema_version(),
            events_by_site: BTreeMap::from([("shop".to_owned(), 7)]),
            sessions: 2,
        };
        Manifest::new(0, store, &hgpixel_queue::QueueContents::default(), files).unwrap()
    }

    #[test]
    fn what_was_written_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        manifest().write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest());
        let said = "7 events of 1 sites, 0 that wait in the queue, 0 dead letters, as of 1970-01-01T00:00:00Z";
        assert_eq!(manifest().to_string(), said);
    }

    #[test]
    fn a_later_programs_backup_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let mut later = manifest();
        later.schema_version += 1;
        later.hgpixel = "99.0.0".to_owned();
        later.write(folder.path()).unwrap();
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("with hgpixel 99.0.0 or later"), "{error}");
    }

    #[test]
    fn an_older_programs_backup_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let mut older = manifest();
        older.schema_version = 1;
        older.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), older);
    }

    #[test]
    fn a_folder_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("`hgpixel backup` made"), "{error}");
        std::fs::write(folder.path().join(NAME), "{}").unwrap();
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no manifest"), "{error}");
    }
}
