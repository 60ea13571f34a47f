//! The process is killed while it publishes.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use hgpixel_config::{Queue as Config, QueueUrl, Settings};
use hgpixel_queue::EventQueue;
use prometheus::Registry;

use crate::bench::{Bench, batch, kinds, receive, soon};

const FILE: &str = "HG_CRASH_TEST_FILE";
const ROUND: &str = "HG_CRASH_TEST_ROUND";

/// The process that is killed: this test, started once more by the other one. It tells each batch that is accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_is_killed() {
    let (Some(file), Some(round)) = (std::env::var_os(FILE), std::env::var_os(ROUND)) else {
        return;
    };
    let settings = Config {
        url: QueueUrl::Local(file.into()),
        ..Settings::default().queue
    };
    let queue = EventQueue::open(&settings, &Registry::new()).await.unwrap();
    let tasks = tokio_util::task::TaskTracker::new();
    for publisher in 0..4 {
        let (queue, round) = (queue.clone(), round.to_string_lossy().into_owned());
        tasks.spawn(async move {
            for number in 0.. {
                let kind = format!("{round}/{publisher}/{number}");
                queue.publish(batch(&kind)).await.unwrap();
                println!("accepted {kind}");
            }
        });
    }
    tasks.close();
    tasks.wait().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_when_the_process_is_killed() {
    let bench = Bench::local();
    let mut accepted = BTreeSet::new();
    for round in 0..5 {
        accepted.extend(killed_after(&bench, round, 150));
    }
    let queue = bench.open().await;
    assert!(queue.accepted_before() >= accepted.len() as u64);
    let mut consumer = queue.consume().await.unwrap();
    let mut received = BTreeSet::new();
    soon(async {
        while !accepted.is_subset(&received) {
            for kind in kinds(&receive(&mut consumer).await) {
                assert!(received.insert(kind.clone()), "{kind} came twice");
            }
        }
    })
    .await;
}

/// What a process told before it was killed.
fn killed_after(bench: &Bench, round: usize, lines: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "local::crash::the_process_that_is_killed",
            "--nocapture",
        ])
        .env(FILE, bench.folder().join("queue.db"))
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut accepted = Vec::new();
    let mut take = |line: std::io::Result<String>| {
        let line = line.unwrap();
        accepted.extend(
            line.split_once("accepted ")
                .map(|(_, kind)| kind.to_owned()),
        );
    };
    output.by_ref().take(lines).for_each(&mut take);
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had told and was not read yet.
    output.for_each(take);
    assert!(accepted.len() > lines / 2, "{}", accepted.len());
    accepted
}
