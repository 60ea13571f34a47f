//! The broker is short of disk, and blocks whoever publishes.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hgpixel_queue::{PublishError, Reason};
use hgpixel_testkit::{RabbitVhost, Rabbitmq, find_program, run};

use crate::bench::{
    Bench, batch, kinds, publish, receive, receive_kinds, settle, soon, wait_until_up,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_broker_refuses_at_once_and_is_emptied_meanwhile() {
    let broker = Rabbitmq::start().await.unwrap();
    let bench = Bench::in_vhost(RabbitVhost::create_in(&broker).await.unwrap());
    let queue = bench.open().await;
    publish(&queue, "before").await;
    limit_free_disk(broker.directory(), "900GB").await;
    // The broker says so when something is published.
    let first = soon(queue.publish(batch("first"))).await;
    assert!(first.is_err());
    soon(queue.state().wait_for(|state| state.blocked))
        .await
        .unwrap();
    for _ in 0..20 {
        let begin = Instant::now();
        let reason = Reason::Blocked;
        assert_eq!(
            soon(queue.publish(batch("next"))).await,
            Err(PublishError::Refused { reason })
        );
        assert!(begin.elapsed() < Duration::from_millis(150));
    }
    let mut consumer = queue.consume().await.unwrap();
    let delivery = receive(&mut consumer).await;
    assert_eq!(kinds(&delivery), ["before"]);
    settle(&mut consumer, &[delivery]).await;

    limit_free_disk(broker.directory(), "50MB").await;
    wait_until_up(&queue).await;
    publish(&queue, "after").await;
    // What was sent when the alarm began may arrive after it, and was called uncertain then.
    let received = receive_kinds(&mut consumer, 1).await;
    if received == ["first"] {
        let reason = Reason::Timeout;
        assert_eq!(first, Err(PublishError::Uncertain { reason }));
        assert_eq!(receive_kinds(&mut consumer, 1).await, ["after"]);
    } else {
        assert_eq!(received, ["after"]);
    }
}

/// Tells the broker that runs in `directory` how much of the disk has to be free.
async fn limit_free_disk(directory: &Path, limit: &str) {
    let environment = environment_of(directory);
    let mut command = Command::new(find_program("rabbitmqctl").unwrap());
    command
        .args([
            "-n",
            &environment["RABBITMQ_NODENAME"],
            "set_disk_free_limit",
            limit,
        ])
        .env("ERL_EPMD_PORT", &environment["ERL_EPMD_PORT"])
        .env("HOME", directory);
    run(command).await.unwrap();
}

/// The environment in which the broker was started: it names the node and the ports by which `rabbitmqctl` finds it.
fn environment_of(directory: &Path) -> HashMap<String, String> {
    let mnesia = directory.join("mnesia");
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|process| std::fs::read(process.ok()?.path().join("environ")).ok())
        .map(|environ| {
            String::from_utf8_lossy(&environ)
                .split('\0')
                .filter_map(|entry| entry.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<HashMap<_, _>>()
        })
        .find(|environment| {
            environment
                .get("RABBITMQ_MNESIA_BASE")
                .is_some_and(|base| Path::new(base) == mnesia)
        })
        .expect("the broker runs")
}
