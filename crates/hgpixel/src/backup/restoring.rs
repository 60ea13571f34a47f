//! Putting a backup into its place.

use std::path::{Path, PathBuf};

use anyhow::Context;
use hgpixel_event::Clock;
use hgpixel_store::SqliteFile;
use indicatif::ProgressBar;

use super::digest::{self, FileDigest};
use super::{EmbeddedFiles, Manifest, folder_of, sync_folder, with_ending};
use crate::say;

/// What SQLite keeps beside a file. Left behind, it would be taken for the new file's.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// What was put into place, and where that is now which was there before.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) manifest: Manifest,
    pub(crate) aside: Vec<PathBuf>,
}

/// Puts the backup in the folder `from` where `files` are. Everything that can be refused is refused before anything is moved; what is
/// there is moved aside if `replace` says so.
///
/// # Errors
/// When the backup is damaged or of a later program, when something serves from the files, or when there are any and `replace` is not
/// said.
pub(crate) async fn restore(
    files: &EmbeddedFiles,
    from: &Path,
    replace: bool,
    clock: &Clock,
) -> anyhow::Result<Restored> {
    let manifest = Manifest::read(from)?;
    let _owner = files
        .queue
        .own()
        .context("stop the server first, and start it again afterwards")?;
    // As in the manifest. The store is last: without it nobody takes a restore that a power cut ended for a whole one.
    let targets = [files.queue.path(), files.store.file().path()];
    for path in targets {
        ensure_may_be_put(path, replace).await?;
    }
    let total = manifest.files().iter().map(|(_, file)| file.bytes).sum();
    let bar = say::progress_bytes("checking and copying", total);
    let mut arrived = Vec::with_capacity(targets.len());
    for ((name, expected), path) in manifest.files().into_iter().zip(targets) {
        let backup = from.join(name);
        arrived.push(Arrived::copy(&backup, path, expected, bar.clone()).await?);
    }
    bar.finish_and_clear();

    // Copying may have taken long.
    for path in targets {
        ensure_may_be_put(path, replace).await?;
    }
    let mut aside = Vec::new();
    for path in targets {
        aside.extend(set_aside(path, clock.now_ms())?);
    }
    for file in arrived {
        file.put()?;
    }
    Ok(Restored { manifest, aside })
}

/// Nobody else has the file open; it is not there, or may be moved aside, its log within it.
async fn ensure_may_be_put(path: &Path, replace: bool) -> anyhow::Result<()> {
    if !is_occupied(path) {
        return Ok(());
    }
    anyhow::ensure!(
        replace,
        "{} is there already: `--replace` moves it aside and puts the backup in its place",
        path.display()
    );
    match SqliteFile::new(path).fold().await {
        Ok(is_alone) => anyhow::ensure!(
            is_alone,
            "another process has {} open: stop it first",
            path.display()
        ),
        // It is damaged, and perhaps replaced for that: it is moved as it is, its log beside it.
        Err(error) => tracing::debug!(%error, "a damaged file is moved aside"),
    }
    Ok(())
}

fn is_occupied(path: &Path) -> bool {
    ["", "-wal"].iter().any(|ending| {
        let file = std::fs::metadata(with_ending(path, ending));
        file.is_ok_and(|file| file.len() > 0)
    })
}

/// Moves a file and what SQLite keeps beside it out of the way. Returns where it is now, if there was one.
fn set_aside(path: &Path, now_ms: i64) -> anyhow::Result<Option<PathBuf>> {
    let aside = with_ending(path, &format!(".before-restore-{now_ms}"));
    let mut is_moved = false;
    for ending in BESIDE {
        let (from, to) = (with_ending(path, ending), with_ending(&aside, ending));
        if from.exists() {
            std::fs::rename(&from, &to)
                .with_context(|| format!("move {} aside", from.display()))?;
            is_moved |= ending.is_empty();
        }
    }
    Ok(is_moved.then_some(aside))
}

/// A file of the backup beside its place, whole and on the disk. It is removed when it is dropped before it is put there.
#[derive(Debug)]
struct Arrived {
    at: PathBuf,
    path: PathBuf,
}

impl Arrived {
    /// Copies it. What is compared is what was written, and not what may be read later.
    async fn copy(
        backup: &Path,
        path: &Path,
        expected: &FileDigest,
        bar: ProgressBar,
    ) -> anyhow::Result<Self> {
        let folder = folder_of(path);
        std::fs::create_dir_all(folder)
            .with_context(|| format!("make the folder {}", folder.display()))?;
        let at = with_ending(path, &format!(".restoring-{}", std::process::id()));
        let arrived = Self {
            at,
            path: path.to_owned(),
        };
        let digest = digest::copy(backup.to_owned(), arrived.at.clone(), bar)
            .await
            .with_context(|| format!("copy {} to {}", backup.display(), arrived.at.display()))?;
        anyhow::ensure!(
            digest == *expected,
            "{} is damaged, its SHA-256 is not the manifest's: nothing was changed; take another backup",
            backup.display()
        );
        Ok(arrived)
    }

    fn put(self) -> anyhow::Result<()> {
        std::fs::rename(&self.at, &self.path)
            .with_context(|| format!("give {} its name", self.path.display()))?;
        sync_folder(folder_of(&self.path)).context("force the restored names to the disk")
    }
}

impl Drop for Arrived {
    fn drop(&mut self) {
        // After its renaming it is not there.
        std::fs::remove_file(&self.at).ok();
    }
}
