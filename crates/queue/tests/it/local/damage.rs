//! The file is damaged between two runs.

use std::collections::BTreeSet;
use std::path::Path;

use hgpixel_queue::EventQueue;
use prometheus::Registry;

use crate::bench::{Bench, batch, kinds, large_batch, publish, receive, soon};

/// A file with small and large batches, closed.
async fn filled() -> (Bench, BTreeSet<String>) {
    let bench = Bench::local();
    let queue = bench.open().await;
    let mut kept = BTreeSet::new();
    for number in 0..60 {
        publish(&queue, number).await;
        kept.insert(number.to_string());
        if number % 20 == 0 {
            soon(queue.publish(large_batch(20_000))).await.unwrap();
        }
    }
    queue.close().await;
    (bench, kept)
}

fn asides(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().contains("queue.db.corrupt-")
        })
        .count()
}

/// Opens what is there, and reads it to its end; nothing that was never sent may come.
async fn reopen(bench: &Bench) -> (BTreeSet<String>, String) {
    let registry = Registry::new();
    let queue = EventQueue::open(&bench.settings, &registry).await.unwrap();
    publish(&queue, "the last").await;
    let mut consumer = queue.consume().await.unwrap();
    let mut received = BTreeSet::new();
    loop {
        let delivery = receive(&mut consumer).await;
        // A changed letter is not the queue's to find; a batch that cannot be read is dead-lettered by the worker.
        if hgpixel_event::decode(&delivery.body).is_err() {
            continue;
        }
        let kinds = kinds(&delivery);
        if kinds == ["the last"] {
            break;
        }
        received.extend(kinds);
    }
    drop(consumer);
    queue.close().await;
    let metrics = prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    (received, metrics)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_page_costs_its_rows_only() {
    let (bench, kept) = filled().await;
    let path = bench.folder().join("queue.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // A leaf page of a table, the last one that there is: its header says 0x0d.
    let leaf = (1..bytes.len() / 4_096)
        .rev()
        .find(|page| bytes[page * 4_096] == 0x0d && bytes[page * 4_096 + 4] > 4)
        .unwrap();
    bytes[leaf * 4_096..leaf * 4_096 + 64].fill(0xff);
    std::fs::write(&path, bytes).unwrap();

    let (received, metrics) = reopen(&bench).await;
    assert_eq!(asides(bench.folder()), 1);
    assert!(
        metrics.contains("hgpixel_queue_corrupt_total 1"),
        "{metrics}"
    );
    let lost: Vec<_> = kept.difference(&received).collect();
    assert!(!received.is_empty() && lost.len() < 20, "{lost:?} are lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_sqlite_file_is_set_aside() {
    let (bench, _) = filled().await;
    std::fs::write(
        bench.folder().join("queue.db"),
        b"no queue at all".repeat(1_000),
    )
    .unwrap();
    let (received, _) = reopen(&bench).await;
    assert!(received.is_empty());
    assert_eq!(asides(bench.folder()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bytes_and_truncations_never_keep_it_from_opening() {
    let (bench, kept) = filled().await;
    let path = bench.folder().join("queue.db");
    let whole = std::fs::read(&path).unwrap();
    // A sequence of its own, so that a failure happens again.
    let mut seed: usize = 20_261_123;
    for round in 0..40 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let place = 100 + (seed >> 33) % (whole.len() - 100);
        let mut bytes = whole.clone();
        if round % 4 == 0 {
            bytes.truncate(place);
        } else {
            for byte in bytes.iter_mut().skip(place).take(16) {
                *byte ^= 0xa5;
            }
        }
        for leftover in ["queue.db-wal", "queue.db-shm"] {
            std::fs::remove_file(bench.folder().join(leftover)).ok();
        }
        std::fs::write(&path, bytes).unwrap();
        let (received, _) = reopen(&bench).await;
        let invented: Vec<_> = received
            .difference(&kept)
            .filter(|kind| kind.len() < 3)
            .collect();
        assert!(invented.len() <= 1, "round {round}: {invented:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_log_loses_no_committed_batch_before_the_tear() {
    let bench = Bench::local();
    let queue = bench.open().await;
    for number in 0..10 {
        publish(&queue, number).await;
    }
    // As a power failure leaves it: the file and its log as they are, and half a frame more.
    let copy = Bench::local();
    for name in ["queue.db", "queue.db-wal"] {
        let mut bytes = std::fs::read(bench.folder().join(name)).unwrap();
        if name.ends_with("wal") {
            bytes.extend(batch("torn").bytes);
        }
        std::fs::write(copy.folder().join(name), bytes).unwrap();
    }
    let (received, _) = reopen(&copy).await;
    assert_eq!(received.len(), 10);
    assert_eq!(asides(copy.folder()), 0);
}
