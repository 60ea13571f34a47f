//! A copy of the file beside its server.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hgpixel_queue::{DeadLetter, EventQueue, QueueError, QueueFile};
use sqlx::ConnectOptions;
use uuid::Uuid;

use crate::bench::{Bench, batch, kinds, publish, receive, settle, soon};

/// As `hgpixel backup` copies it.
async fn copied(file: &QueueFile, to: PathBuf) -> PathBuf {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file.path())
        .connect()
        .await
        .unwrap();
    sqlx::query("vacuum into $1")
        .bind(to.to_str())
        .execute(&mut connection)
        .await
        .unwrap();
    to
}

async fn set_aside(queue: &EventQueue, line: &str) {
    let letter = DeadLetter {
        id: Uuid::now_v7(),
        reason: "rejected".to_owned(),
        detail: String::new(),
        at_ms: 1,
        line: line.to_owned(),
    };
    soon(queue.dead_letter(&letter)).await.unwrap();
}

/// A queue on the copy.
fn on(copy: &Path) -> Bench {
    let mut bench = Bench::local();
    bench.settings.url = hgpixel_config::QueueUrl::Local(copy.to_owned());
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_keeps_what_is_stored_nowhere_and_the_letters_of_the_meantime() {
    let bench = Bench::local();
    let queue = bench.open().await;
    let file = QueueFile::of(&bench.settings).unwrap();
    for kind in ["stored", "waiting"] {
        publish(&queue, kind).await;
    }
    set_aside(&queue, "before").await;
    let copy = copied(&file, bench.folder().join("copy.db")).await;

    // The worker goes on before the store is copied.
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    let stored = HashSet::from([first.id]);
    settle(&mut consumer, &[first]).await;
    set_aside(&queue, "meanwhile").await;
    publish(&queue, "later").await;

    let left = file.settle_copy(&copy, &stored, 41).await.unwrap();
    assert_eq!((left.events, left.dead_letters, left.accepted), (1, 2, 41));
    drop(consumer);
    queue.close().await;

    let bench = on(&copy);
    let queue = bench.open().await;
    assert_eq!(queue.accepted_before(), 41);
    assert_eq!(queue.state().borrow().depth_batches, Some(1));
    let mut consumer = queue.consume().await.unwrap();
    assert_eq!(kinds(&receive(&mut consumer).await), ["waiting"]);
    let mut letters = hgpixel_queue::DeadLetters::open(&bench.settings)
        .await
        .unwrap();
    let lines: Vec<String> = letters
        .list(10)
        .await
        .unwrap()
        .into_iter()
        .map(|letter| letter.line)
        .collect();
    assert_eq!(lines, ["before", "meanwhile"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_stands_still_takes_nothing_until_it_is_released() {
    let bench = Bench::local();
    let queue = bench.open().await;
    publish(&queue, "before").await;
    let file = QueueFile::of(&bench.settings).unwrap();
    let standing = soon(file.stand_still()).await.unwrap();
    assert_eq!(standing.contents().accepted, 1);
    assert_eq!(standing.contents().waiting(&HashSet::new()), 1);

    let mut publishing = Box::pin(queue.publish(batch("meanwhile")));
    let early = tokio::time::timeout(Duration::from_millis(100), &mut publishing).await;
    assert!(early.is_err(), "published into a queue that stands still");
    let contents = standing.release().await;
    soon(publishing).await.unwrap();

    let ids: HashSet<Uuid> = contents.ids().into_iter().collect();
    assert_eq!(contents.waiting(&ids), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_owned_elsewhere_is_opened_by_no_server() {
    let bench = Bench::local();
    let file = QueueFile::of(&bench.settings).unwrap();
    let owner = file.own().unwrap();
    let refused = EventQueue::open(&bench.settings, &prometheus::Registry::new()).await;
    assert!(matches!(refused, Err(QueueError::InUse { .. })));
    drop(owner);
    let queue = bench.open().await;
    assert!(matches!(file.own(), Err(QueueError::InUse { .. })));
    queue.close().await;
    file.own().unwrap();
}
