//! Making a backup.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use hgpixel_event::Clock;
use hgpixel_queue::{QueueContents, QueueFile};
use hgpixel_store::{SqliteFile, StoreContents, StoreFile};
use tokio::time::{MissedTickBehavior, interval};

use super::manifest::Files;
use super::{EmbeddedFiles, Manifest, QUEUE, STORE, digest, folder_of, sync_folder, with_ending};
use crate::say;

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Makes the folder `to` with a backup of `files`. It is there when it is whole; what is left of one that failed, or whose future was
/// dropped, is removed.
pub(crate) async fn take(
    files: &EmbeddedFiles,
    to: &Path,
    clock: &Clock,
) -> anyhow::Result<Manifest> {
    for path in [files.store.file().path(), files.queue.path()] {
        anyhow::ensure!(
            path.exists(),
            "there is no {} yet, and so nothing to back up",
            path.display()
        );
    }
    let folder = Unfinished::beside(to)?;
    let begun_ms = clock.now_ms();
    let (store, queue) = copy(files, &folder.path).await?;
    let sizes = [STORE, QUEUE].map(|name| {
        let size = std::fs::metadata(folder.path.join(name));
        size.map_or(0, |size| size.len())
    });
    let bar = say::progress_bytes("taking checksums", sizes.iter().sum());
    let digests = Files {
        store: digest::of(folder.path.join(STORE), bar.clone()).await?,
        queue: digest::of(folder.path.join(QUEUE), bar.clone()).await?,
    };
    bar.finish_and_clear();
    let manifest = Manifest::new(begun_ms, store, &queue, digests)?;
    manifest.write(&folder.path)?;
    folder.finish(to)?;
    Ok(manifest)
}

/// Copies the queue, then the store, and makes the one fit the other.
async fn copy(
    files: &EmbeddedFiles,
    folder: &Path,
) -> anyhow::Result<(StoreContents, QueueContents)> {
    let imbalance = imbalance(files).await?;
    copy_queue(files, folder).await?;
    copy_store(files, folder).await?;
    fit(files, folder, imbalance).await
}

async fn copy_queue(files: &EmbeddedFiles, folder: &Path) -> anyhow::Result<()> {
    let queue = SqliteFile::new(files.queue.path());
    copy_file("copying the queue", &queue, &folder.join(QUEUE)).await
}

async fn copy_store(files: &EmbeddedFiles, folder: &Path) -> anyhow::Result<()> {
    let store = files.store.file();
    copy_file("copying the store", store, &folder.join(STORE)).await
}

/// Makes the queue's copy fit the store's, and checks both.
async fn fit(
    files: &EmbeddedFiles,
    folder: &Path,
    imbalance: i64,
) -> anyhow::Result<(StoreContents, QueueContents)> {
    let store = StoreFile::at(&folder.join(STORE));
    let checked = store.file().check().await;
    checked.context("check the store's copy")?;
    let contents = store.contents().await.context("count what was copied")?;

    let queue = folder.join(QUEUE);
    let waiting = QueueFile::copy_contents(&queue).await?;
    let settled = store.settled(&waiting.ids()).await?;
    let accepted = imbalance + settled.events + waiting.waiting(&settled.messages);
    let left = files.queue.settle_copy(&queue, &settled.messages, accepted);
    let left = left.await?;
    let checked = SqliteFile::new(queue).check().await;
    checked.context("check the queue's copy")?;
    Ok((contents, left))
}

/// By how much more was accepted than came to its end or waits: nothing, but where the store or the queue has been another's before. The
/// backup's books shall differ by the same.
async fn imbalance(files: &EmbeddedFiles) -> anyhow::Result<i64> {
    // Neither may move while they are compared. What the worker stores meanwhile is known in the queue still.
    let standing = files
        .queue
        .stand_still()
        .await
        .context("look into the queue")?;
    let settled = files.store.settled(&standing.contents().ids()).await;
    let contents = standing.release().await;
    let settled = settled.context("look into the store's books")?;
    Ok(contents.accepted - settled.events - contents.waiting(&settled.messages))
}

/// Copies a file of SQLite's, with a bar that shows how large the copy is by now.
async fn copy_file(doing: &'static str, from: &SqliteFile, to: &Path) -> anyhow::Result<()> {
    let path = from.path().display();
    // SQLite writes into an empty file and leaves its mode as it is.
    digest::create_private(to).with_context(|| format!("make {}", to.display()))?;
    let bytes = from.live_bytes().await;
    let bar = say::progress_bytes(doing, bytes.with_context(|| format!("read {path}"))?);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut copying = std::pin::pin!(from.copy_to(to));
    loop {
        tokio::select! {
            copied = &mut copying => {
                bar.finish_and_clear();
                return copied.with_context(|| format!("copy {path}"));
            }
            _ = tick.tick() => {
                bar.set_position(std::fs::metadata(to).map_or(0, |to| to.len()));
            }
        }
    }
}

/// The folder of a backup that is being made, beside the place where it will be. It is removed when it is dropped.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn beside(to: &Path) -> anyhow::Result<Self> {
        ensure_free(to)?;
        anyhow::ensure!(
            to.file_name().is_some(),
            "{} cannot be the name of a new folder",
            to.display()
        );
        let trimmed: PathBuf = to.components().collect();
        let path = with_ending(&trimmed, &format!(".part-{}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("make the folder {}", path.display()))?;
        Ok(Self { path })
    }

    /// Gives it its name.
    fn finish(self, to: &Path) -> anyhow::Result<()> {
        sync_folder(&self.path).context("force the backup to the disk")?;
        ensure_free(to)?;
        // A folder is never renamed over a file, nor over a folder in which something is.
        std::fs::rename(&self.path, to)
            .with_context(|| format!("give the backup its name {}", to.display()))?;
        sync_folder(folder_of(to)).context("force the backup's name to the disk")
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After its renaming it is not there.
        std::fs::remove_dir_all(&self.path).ok();
    }
}

fn ensure_free(to: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        to.symlink_metadata().is_err(),
        "{} is there already, and a backup is never written over: choose another name",
        to.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use hgpixel_config::{QueueUrl, Settings, StoreUrl};
    use hgpixel_event::{EncodedBatch, Event};
    use hgpixel_queue::EventQueue;
    use hgpixel_store::{EventStore, Message};
    use prometheus::Registry;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    struct Place {
        folder: TempDir,
        settings: Settings,
        clock: Clock,
    }

    impl Place {
        async fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let mut settings = Settings::default();
            settings.store.url = StoreUrl::Sqlite(folder.path().join("data/store.db"));
            settings.queue.url = QueueUrl::Local(folder.path().join("data/queue.db"));
            let clock = Clock::system();
            EventStore::migrate(&settings.store, &clock).await.unwrap();
            Self {
                folder,
                settings,
                clock,
            }
        }

        async fn queue(&self) -> EventQueue {
            EventQueue::open(&self.settings.queue, &Registry::new())
                .await
                .unwrap()
        }

        /// Books an event of the message as dead-lettered: an end like any other.
        async fn book(&self, message: Uuid) {
            let registry = Registry::new();
            let store = EventStore::open(&self.settings.store, self.clock.clone(), &registry);
            let store = store.await.unwrap();
            let booked = Message {
                id: message,
                dead_lettered: vec![("rejected".to_owned(), 1)],
                ..Message::default()
            };
            let mut writer = store.writer("test").await.unwrap();
            writer.append(&[booked]).await.unwrap();
            store.close().await;
        }

        async fn take(&self, to: &Path) -> anyhow::Result<Manifest> {
            take(&EmbeddedFiles::of(&self.settings).unwrap(), to, &self.clock).await
        }
    }

    async fn publish_two(queue: &EventQueue) -> Uuid {
        for _ in 0..2 {
            let batch = EncodedBatch::encode(&[Event::default()]);
            queue.publish(batch).await.unwrap();
        }
        queue.consume().await.unwrap().next().await.unwrap().id
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_in_both_files_is_in_one_of_the_copies() {
        let place = Place::new().await;
        let queue = place.queue().await;
        let first = publish_two(&queue).await;
        // Stored, and not settled yet.
        place.book(first).await;
        let to = place.folder.path().join("backup");
        let manifest = place.take(&to).await.unwrap();
        assert!(manifest.to_string().contains("1 that wait"), "{manifest}");
        let copy = QueueFile::copy_contents(&to.join(QUEUE)).await.unwrap();
        assert_eq!((copy.accepted, copy.events), (2, 1));
        assert!(!copy.ids().contains(&first));
        let live = queue.consume().await.unwrap().next().await.unwrap();
        assert_eq!(live.id, first, "the queue that serves was changed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_accepted_and_stored_between_the_copies_is_accepted_in_the_backup() {
        let place = Place::new().await;
        let queue = place.queue().await;
        let first = publish_two(&queue).await;
        let files = EmbeddedFiles::of(&place.settings).unwrap();
        let to = place.folder.path();

        let imbalance = imbalance(&files).await.unwrap();
        copy_queue(&files, to).await.unwrap();
        // Of the two that were copied one is stored, and so is another one that came later.
        let later = EncodedBatch::encode(&[Event::default()]);
        queue.publish(later).await.unwrap();
        place.book(first).await;
        place.book(Uuid::now_v7()).await;
        copy_store(&files, to).await.unwrap();
        let (_, left) = fit(&files, to, imbalance).await.unwrap();

        assert_eq!((left.accepted, left.events), (3, 1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn books_that_differ_already_differ_by_the_same_in_the_backup() {
        let place = Place::new().await;
        let queue = place.queue().await;
        publish_two(&queue).await;
        // Of another queue.
        place.book(Uuid::now_v7()).await;
        let to = place.folder.path().join("backup");
        place.take(&to).await.unwrap();
        let copy = QueueFile::copy_contents(&to.join(QUEUE)).await.unwrap();
        assert_eq!((copy.accepted, copy.events), (2, 2));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_backup_that_fails_leaves_nothing() {
        let place = Place::new().await;
        place.queue().await.close().await;
        let store = place.folder.path().join("data/store.db");
        let mut bytes = std::fs::read(&store).unwrap();
        bytes[4_096..].fill(0xFF);
        std::fs::write(&store, bytes).unwrap();
        place
            .take(&place.folder.path().join("backup"))
            .await
            .unwrap_err();
        let left: Vec<_> = std::fs::read_dir(place.folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
