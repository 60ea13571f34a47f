//! `hgpixel migrate-store`: the store of one process, a SQLite file, becomes that of a fleet, a PostgreSQL database.
//!
//! The store itself is moved by [`Transfer`]. What is looked after here is the queue beside it: its file must not be in use, and no event
//! may wait in it that the store does not have yet, for it was accepted. Dead letters stay where they are, and are told of.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hgpixel_config::{Queue, QueueUrl, Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_queue::{QueueFile, QueueOwner};
use hgpixel_store::{
    EarlierTransfer, StoreError, StoreFile, Transfer, TransferStep, TransferredTable,
};
use hgpixel_telemetry::Signals;
use indicatif::ProgressBar;

use crate::cli::MigrateStoreArgs;
use crate::say;

pub(crate) async fn run(mut settings: Settings, args: MigrateStoreArgs) -> anyhow::Result<()> {
    let earlier = if args.start_over {
        EarlierTransfer::Forget
    } else {
        EarlierTransfer::GoOn
    };
    let (from, to) = sides(&settings, args)?;
    let queues = queue_files(&settings, &from);
    settings.store.url = to;
    // A signal drops what is under way: the transaction of the last rows.
    let mut signals = Signals::install().context("listen for signals")?;
    tokio::select! {
        _ = signals.next() => anyhow::bail!("stopped: the same command goes on where it was"),
        moved = transfer(&settings, &from, queues, earlier) => moved,
    }
}

/// Whence and whither; what is not given is what the settings name.
fn sides(settings: &Settings, args: MigrateStoreArgs) -> Result<(StoreUrl, StoreUrl), StoreError> {
    let side = |option: &str, given: Option<String>| -> Result<StoreUrl, StoreError> {
        let Some(text) = given else {
            return Ok(settings.store.url.clone());
        };
        let mut url: StoreUrl = text
            .parse()
            .map_err(|error| StoreError::Invalid(format!("--{option}: {error}")))?;
        url.settle(&settings.data_dir);
        Ok(url)
    };
    Ok((side("from", args.from)?, side("to", args.to)?))
}

/// The queues that may belong to the store: the one that lies beside it by default, and that of the settings, which may be the fleet's
/// already. Where the settings name another file as the store, their queue is that one's.
fn queue_files(settings: &Settings, from: &StoreUrl) -> Vec<PathBuf> {
    let StoreUrl::Sqlite(store) = from else {
        return Vec::new();
    };
    let mut files = vec![store.with_file_name("queue.db")];
    let is_ours = match &settings.store.url {
        StoreUrl::Sqlite(own) => own == store,
        StoreUrl::Postgres(_) => true,
    };
    match &settings.queue.url {
        QueueUrl::Local(path) if is_ours && !files.contains(path) => files.push(path.clone()),
        _ => {}
    }
    files
}

async fn transfer(
    settings: &Settings,
    from: &StoreUrl,
    queues: Vec<PathBuf>,
    earlier: EarlierTransfer,
) -> anyhow::Result<()> {
    let queues = match from {
        StoreUrl::Sqlite(path) => hold_queues(&settings.queue, queues, path).await?,
        // The move itself is refused.
        StoreUrl::Postgres(_) => Vec::new(),
    };
    say::note("looking through the file, and at the database …");
    let transfer = Transfer::begin(from, &settings.store, &Clock::system(), earlier).await?;
    let (rows, moved) = (transfer.rows(), transfer.moved());
    if moved > 0 {
        say::note(format_args!(
            "{moved} of {rows} rows have arrived before: going on behind them"
        ));
    }
    let progress = Progress::new(rows, moved);
    let tables = transfer.run(&|step| progress.show(step)).await;
    progress.end();
    let tables = match tables {
        Err(error) if error.is_retryable() => {
            return Err(error).context("the same command goes on where it was");
        }
        tables => tables?,
    };
    report(&tables, &queues)
}

/// A queue that may belong to the store, in our hands for as long as this value lives.
struct HeldQueue {
    _owner: QueueOwner,
    path: PathBuf,
    dead_letters: i64,
}

/// Takes those of the files that are there.
async fn hold_queues(
    settings: &Queue,
    files: Vec<PathBuf>,
    store: &Path,
) -> anyhow::Result<Vec<HeldQueue>> {
    let mut held = Vec::new();
    for path in files.into_iter().filter(|path| path.is_file()) {
        let local = Queue {
            url: QueueUrl::Local(path.clone()),
            ..settings.clone()
        };
        let queue = QueueFile::of(&local).context("a local queue has a file")?;
        let owner = queue
            .own()
            .context("stop the server first: what it stores now would not be moved")?;
        held.push(HeldQueue {
            dead_letters: ensure_settled(&queue, store).await?,
            _owner: owner,
            path,
        });
    }
    Ok(held)
}

/// Everything that was accepted has come to its end. Returns how many dead letters there are.
async fn ensure_settled(queue: &QueueFile, store: &Path) -> anyhow::Result<i64> {
    let standing = queue.stand_still().await.context("look into the queue")?;
    let contents = standing.release().await;
    // Of a batch that was stored, and whose end the queue did not hear of, the message goes along and is known.
    let settled = if contents.batches.is_empty() || !store.is_file() {
        hgpixel_store::Settled::default()
    } else {
        let settled = StoreFile::at(store).settled(&contents.ids()).await;
        settled.context("look into the store's books")?
    };
    let waiting = contents
        .batches
        .iter()
        .filter(|batch| !settled.messages.contains(&batch.id))
        .count();
    anyhow::ensure!(
        waiting == 0,
        "{waiting} batches of events wait in {} and are not stored yet: start `hgpixel serve` on these files once more, stop it when its \
         metric hgpixel_queue_depth_batches is 0, and run this again",
        queue.path().display()
    );
    Ok(contents.dead_letters)
}

/// How far it is: a bar on a terminal, else a line at each tenth.
struct Progress {
    rows: u64,
    is_terminal: bool,
    bar: RefCell<ProgressBar>,
    copied: Cell<u64>,
    compared: Cell<u64>,
}

impl Progress {
    fn new(rows: u64, moved: u64) -> Self {
        let bar = say::progress("copying", rows, "rows");
        bar.set_position(moved);
        bar.reset_eta();
        Self {
            rows,
            is_terminal: std::io::stderr().is_terminal(),
            bar: RefCell::new(bar),
            copied: Cell::new(moved),
            compared: Cell::new(0),
        }
    }

    fn show(&self, step: TransferStep) {
        let (doing, done, more) = match step {
            TransferStep::Copied(more) => ("copied", &self.copied, more),
            TransferStep::Compared(more) => {
                if self.compared.get() == 0 && more > 0 {
                    self.bar.borrow().finish_and_clear();
                    self.bar
                        .replace(say::progress("comparing", self.rows, "rows"));
                }
                ("compared", &self.compared, more)
            }
        };
        let before = done.replace(done.get() + more);
        self.bar.borrow().inc(more);
        let tenth = |rows: u64| rows * 10 / self.rows.max(1);
        if !self.is_terminal && tenth(before) < tenth(done.get()) {
            say::note(format_args!("{doing} {} of {} rows", done.get(), self.rows));
        }
    }

    fn end(&self) {
        self.bar.borrow().finish_and_clear();
    }
}

/// What was moved: a line for each table that holds anything, with its checksum on both sides.
fn report(tables: &[TransferredTable], queues: &[HeldQueue]) -> anyhow::Result<()> {
    for table in tables.iter().filter(|table| table.checksum.rows > 0) {
        say::line(format_args!(
            "{:<15}{:>13}  {}",
            table.name, table.checksum.rows, table.checksum
        ))?;
    }
    let rows: u64 = tables.iter().map(|table| table.checksum.rows).sum();
    say::line(format_args!(
        "moved {rows} rows; each was read back and is the same on both sides"
    ))?;
    for queue in queues.iter().filter(|queue| queue.dead_letters > 0) {
        say::line(format_args!(
            "{} dead letters stay in {}: docs/moving.md says how to bring them along",
            queue.dead_letters,
            queue.path.display()
        ))?;
    }
    say::line("the file stays as it was: keep it as a backup, and start nothing on it any more")
}

#[cfg(test)]
mod tests {
    use hgpixel_event::{EncodedBatch, Event};
    use hgpixel_queue::{DeadLetter, EventQueue};
    use hgpixel_store::{EventStore, Message};
    use prometheus::Registry;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    /// A store and a queue in a folder, in which a batch was published.
    struct Place {
        _folder: TempDir,
        settings: Settings,
        batch: Uuid,
    }

    impl Place {
        async fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let mut settings = Settings::default();
            settings.store.url = StoreUrl::Sqlite(folder.path().join("store.db"));
            settings.queue.url = QueueUrl::Local(folder.path().join("mine.db"));
            EventStore::migrate(&settings.store, &Clock::system())
                .await
                .unwrap();
            let queue = EventQueue::open(&settings.queue, &Registry::new())
                .await
                .unwrap();
            let batch = EncodedBatch::encode(&[Event::default()]);
            queue.publish(batch).await.unwrap();
            let batch = queue.consume().await.unwrap().next().await.unwrap().id;
            let letter = DeadLetter {
                id: Uuid::now_v7(),
                reason: "rejected".to_owned(),
                detail: String::new(),
                at_ms: 0,
                line: "{}".to_owned(),
            };
            queue.dead_letter(&letter).await.unwrap();
            queue.close().await;
            Self {
                _folder: folder,
                settings,
                batch,
            }
        }

        /// Stores the batch; that the queue does not hear of it is as after a kill.
        async fn store_it(&self) {
            let registry = Registry::new();
            let store = EventStore::open(&self.settings.store, Clock::system(), &registry);
            let store = store.await.unwrap();
            let booked = Message {
                id: self.batch,
                dead_lettered: vec![("rejected".to_owned(), 1)],
                ..Message::default()
            };
            let mut writer = store.writer("test").await.unwrap();
            writer.append(&[booked]).await.unwrap();
            store.close().await;
        }

        async fn hold(&self) -> anyhow::Result<Vec<HeldQueue>> {
            let StoreUrl::Sqlite(path) = &self.settings.store.url else {
                panic!("a file");
            };
            let files = queue_files(&self.settings, &self.settings.store.url);
            hold_queues(&self.settings.queue, files, path).await
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_waits_and_is_not_stored_is_not_left_behind() {
        let place = Place::new().await;
        let error = format!("{:#}", place.hold().await.err().unwrap());
        assert!(error.contains("1 batches of events wait in"), "{error}");
        place.store_it().await;
        let held = place.hold().await.unwrap();
        let letters: Vec<i64> = held.iter().map(|queue| queue.dead_letters).collect();
        assert_eq!(letters, [1]);
        // While it is held, no server begins to store from it, and no other move begins.
        let error = format!("{:#}", place.hold().await.err().unwrap());
        assert!(error.contains("stop the server first"), "{error}");
    }

    fn given(from: Option<&str>, to: Option<&str>) -> MigrateStoreArgs {
        MigrateStoreArgs {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            start_over: false,
        }
    }

    #[test]
    fn what_is_not_given_is_what_the_settings_name() {
        let mut settings = Settings {
            data_dir: "/data".into(),
            ..Settings::default()
        };
        let database = "postgres://hg:s3cret@db.example/hg";
        let (from, to) = sides(&settings, given(None, Some(database))).unwrap();
        assert_eq!(from, settings.store.url);
        assert!(matches!(to, StoreUrl::Postgres(_)));

        settings.store.url = database.parse().unwrap();
        let (from, to) = sides(&settings, given(Some("sqlite:/old/hgpixel.db"), None)).unwrap();
        assert_eq!(from, StoreUrl::Sqlite("/old/hgpixel.db".into()));
        assert_eq!(to, settings.store.url);
        let (from, _) = sides(&settings, given(Some("sqlite:"), None)).unwrap();
        assert_eq!(from, StoreUrl::Sqlite("/data/hgpixel.db".into()));
    }

    #[test]
    fn the_queue_beside_the_store_is_looked_at_and_that_of_the_settings_unless_it_is_anothers() {
        let from = StoreUrl::Sqlite("/old/hgpixel.db".into());
        let check = |store: &str, expected: &[&str]| {
            let mut settings = Settings::default();
            settings.store.url = store.parse().unwrap();
            settings.queue.url = QueueUrl::Local("/mine/queue.db".into());
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(queue_files(&settings, &from), expected, "{store}");
        };
        let both = ["/old/queue.db", "/mine/queue.db"];
        check("sqlite:/old/hgpixel.db", &both);
        check("postgres://hg@db.example/hg", &both);
        check("sqlite:/other/hgpixel.db", &both[..1]);
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let to = Some("mysql://hg:s3cret@db.example/hg");
        let error = sides(&Settings::default(), given(None, to)).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("--to: expected sqlite:PATH"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
