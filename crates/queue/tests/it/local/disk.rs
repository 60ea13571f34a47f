//! The disk gets too little free space, and has enough again.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hgpixel_queue::{DeadLetter, DeadLetters, EventQueue, PublishError, Reason};
use prometheus::{Registry, TextEncoder};
use tempfile::TempDir;
use uuid::Uuid;

use crate::bench::{Bench, batch, publish, receive, settle, soon, wait_until_up};

const REFUSED: PublishError = PublishError::Refused {
    reason: Reason::DiskLow,
};

async fn wait_until_down(queue: &EventQueue) {
    soon(queue.state().wait_for(|state| !state.up))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_little_free_space_refuses_batches_and_says_why() {
    let mut bench = Bench::local();
    let queue = bench.open().await;
    publish(&queue, "before").await;
    queue.close().await;
    bench.settings.local_free_bytes_min = 1 << 60;
    let registry = Registry::new();
    let queue = EventQueue::open(&bench.settings, &registry).await.unwrap();
    wait_until_down(&queue).await;
    assert_eq!(soon(queue.publish(batch("a"))).await, Err(REFUSED));
    let problem = queue.state().borrow().problem.clone().unwrap();
    assert!(problem.contains("queue.local_free_bytes_min"), "{problem}");
    let metrics = TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    let refusals = "hgpixel_queue_publish_results_total{result=\"disk_low\"} 1";
    assert!(metrics.contains(refusals), "{metrics}");
    assert!(!metrics.contains("hgpixel_queue_disk_free_bytes 0"));

    // What is there can still be worked off, and set aside.
    let letter = DeadLetter {
        id: Uuid::now_v7(),
        reason: "poison".into(),
        detail: String::new(),
        at_ms: 1,
        line: "x".into(),
    };
    soon(queue.dead_letter(&letter)).await.unwrap();
    let mut consumer = queue.consume().await.unwrap();
    let delivery = receive(&mut consumer).await;
    settle(&mut consumer, &[delivery]).await;
    soon(
        queue
            .state()
            .wait_for(|state| state.depth_batches == Some(0)),
    )
    .await
    .unwrap();
    assert!(!queue.state().borrow().up);
    let mut dead = DeadLetters::open(&bench.settings).await.unwrap();
    assert_eq!(dead.list(10).await.unwrap(), [letter]);
}

/// A file system of 16 MiB in memory, where we may make one.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .is_ok_and(|done| done.status.success())
            .then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(self.path())
            .output()
            .ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_taken_again_soon_after_there_is_room() {
    // Only root may mount; for everybody else the test above has shown the refusal.
    let Some(small) = Small::mount() else {
        return;
    };
    let mut bench = Bench::local();
    bench.settings.url = hgpixel_config::QueueUrl::Local(small.path().join("queue.db"));
    bench.settings.local_free_bytes_min = 8 << 20;
    let queue = bench.open().await;
    publish(&queue, "before").await;
    let filler = small.path().join("filler");
    std::fs::write(&filler, vec![0; 10 << 20]).unwrap();
    wait_until_down(&queue).await;
    assert_eq!(soon(queue.publish(batch("a"))).await, Err(REFUSED));

    std::fs::remove_file(&filler).unwrap();
    let begin = Instant::now();
    wait_until_up(&queue).await;
    publish(&queue, "after").await;
    let took = begin.elapsed();
    assert!(took <= Duration::from_secs(2), "{took:?}");
    println!("taken again {took:?} after there was room");
    soon(queue.close()).await;
}
