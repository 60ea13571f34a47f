//! The file reaches its size, and becomes small again.

use std::time::Duration;

use hgpixel_queue::{DeadLetter, DeadLetters, EventQueue, PublishError, Reason};
use hgpixel_testkit::wait_until;
use uuid::Uuid;

use crate::bench::{Bench, large_batch, publish, receive, settle, soon, wait_until_up};

async fn fill(queue: &EventQueue) -> usize {
    let mut accepted = 0;
    let refused = soon(async {
        loop {
            match queue.publish(large_batch(50_000)).await {
                Ok(()) => accepted += 1,
                Err(error) => break error,
            }
        }
    })
    .await;
    let reason = Reason::Full;
    assert_eq!(refused, PublishError::Refused { reason });
    accepted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_file_refuses_keeps_what_it_has_and_takes_batches_again() {
    let mut bench = Bench::local();
    bench.settings.local_bytes_max = 2 * 1024 * 1024;
    let queue = bench.open().await;
    let accepted = fill(&queue).await;
    assert!(accepted > 20, "{accepted}");
    assert!(!queue.state().borrow().up);
    let size = std::fs::metadata(bench.folder().join("queue.db"))
        .unwrap()
        .len();
    assert!(size <= 2 * 1024 * 1024, "{size}");

    // A poisoned batch must be settled even now, or the file could never be emptied.
    let letter = DeadLetter {
        id: Uuid::now_v7(),
        reason: "poison".into(),
        detail: String::new(),
        at_ms: 1,
        line: "x".repeat(50_000),
    };
    soon(queue.dead_letter(&letter)).await.unwrap();

    let mut consumer = queue.consume().await.unwrap();
    for _ in 0..accepted {
        let delivery = receive(&mut consumer).await;
        settle(&mut consumer, &[delivery]).await;
    }
    wait_until_up(&queue).await;
    publish(&queue, "again").await;
    let mut dead = DeadLetters::open(&bench.settings).await.unwrap();
    assert_eq!(dead.list(10).await.unwrap(), [letter]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_file_becomes_small_again() {
    let bench = Bench::local();
    let queue = bench.open().await;
    for _ in 0..120 {
        soon(queue.publish(large_batch(200_000))).await.unwrap();
    }
    let mut consumer = queue.consume().await.unwrap();
    for _ in 0..120 {
        let delivery = receive(&mut consumer).await;
        settle(&mut consumer, &[delivery]).await;
    }
    // 24 MB were in it; 4 MB of free pages may stay, and as much of the log.
    wait_until("a small file", Duration::from_secs(30), async || {
        let bytes =
            |name: &str| std::fs::metadata(bench.folder().join(name)).map_or(0, |file| file.len());
        bytes("queue.db") + bytes("queue.db-wal") < 9_000_000
    })
    .await
    .unwrap();
}
