//! The broker is away, or does not answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hgpixel_queue::{EventQueue, PublishError, Reason};
use hgpixel_testkit::{RabbitVhost, Rabbitmq, wait_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::behind_proxy;
use crate::bench::{
    Bench, batch, kinds, publish, publish_in_the_end, receive, receive_kinds, settle, soon,
    wait_until_up,
};

/// The default of `queue.publish_timeout_ms`.
const TIMEOUT: Duration = Duration::from_secs(2);

async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begin = Instant::now();
    (soon(future).await, begin.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_confirmed_is_lost_when_the_broker_is_killed_and_restarted() {
    let broker = Rabbitmq::start().await.unwrap();
    let bench = Bench::in_vhost(RabbitVhost::create_in(&broker).await.unwrap());
    let queue = bench.open().await;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let count = Arc::new(AtomicUsize::new(0));
    let publishers: Vec<_> = (0..8)
        .map(|publisher| {
            let (stop, queue, count) = (stop.clone(), queue.clone(), Arc::clone(&count));
            tasks.spawn(publish_until(stop, queue, count, publisher))
        })
        .collect();

    let mut state = queue.state();
    until_more_are_confirmed(&count).await;
    broker.kill().await.unwrap();
    soon(state.wait_for(|state| !state.up)).await.unwrap();
    let (refused, took) = timed(queue.publish(batch("while it is away"))).await;
    let reason = Reason::Down;
    assert_eq!(refused, Err(PublishError::Refused { reason }));
    assert!(took < Duration::from_millis(150), "{took:?}");
    broker.restart().await.unwrap();
    soon(state.wait_for(|state| state.up)).await.unwrap();
    until_more_are_confirmed(&count).await;
    stop.cancel();

    let mut confirmed = BTreeSet::new();
    for publisher in publishers {
        confirmed.extend(soon(publisher).await.unwrap());
    }
    publish(&queue, "the last").await;
    let mut consumer = queue.consume().await.unwrap();
    let mut received = BTreeSet::new();
    while !confirmed.is_subset(&received) || !received.contains("the last") {
        let delivery = receive(&mut consumer).await;
        received.extend(kinds(&delivery));
        settle(&mut consumer, &[delivery]).await;
    }
}

async fn until_more_are_confirmed(count: &AtomicUsize) {
    let wanted = count.load(Ordering::Relaxed) + 100;
    wait_until("confirms", Duration::from_secs(30), async || {
        count.load(Ordering::Relaxed) >= wanted
    })
    .await
    .unwrap();
}

/// What was confirmed.
async fn publish_until(
    stop: CancellationToken,
    queue: EventQueue,
    count: Arc<AtomicUsize>,
    publisher: usize,
) -> BTreeSet<String> {
    let mut confirmed = BTreeSet::new();
    for number in 0.. {
        if stop.is_cancelled() {
            break;
        }
        let kind = format!("{publisher}/{number}");
        match queue.publish(batch(&kind)).await {
            Ok(()) => {
                confirmed.insert(kind);
                count.fetch_add(1, Ordering::Relaxed);
            }
            // There is nothing to be gained by asking again at once.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    confirmed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_costs_one_timeout_and_then_nothing() {
    let mut bench = Bench::amqp().await;
    let proxy = behind_proxy(&mut bench).await;
    let queue = bench.open().await;
    publish(&queue, "before").await;
    proxy.silence().await;

    let (first, took) = timed(queue.publish(batch("first"))).await;
    assert!(first.is_err());
    assert!(took <= TIMEOUT + Duration::from_millis(200), "{took:?}");
    soon(queue.state().wait_for(|state| !state.up))
        .await
        .unwrap();
    for _ in 0..20 {
        let (next, took) = timed(queue.publish(batch("next"))).await;
        let reason = Reason::Down;
        assert_eq!(next, Err(PublishError::Refused { reason }));
        assert!(took <= Duration::from_millis(150), "{took:?}");
    }

    proxy.heal().await;
    wait_until_up(&queue).await;
    publish(&queue, "after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_broker_costs_one_timeout_then_refusals_at_once_and_one_probe_at_a_time() {
    let broker = Rabbitmq::start().await.unwrap();
    let bench = Bench::in_vhost(RabbitVhost::create_in(&broker).await.unwrap());
    let queue = bench.open().await;
    publish(&queue, "before").await;
    broker.pause().await.unwrap();
    let (first, first_took) = timed(queue.publish(batch("first"))).await;
    assert!(first.is_err());
    assert!(first_took <= Duration::from_millis(2_200), "{first_took:?}");
    soon(queue.state().wait_for(|state| !state.up))
        .await
        .unwrap();

    let (frozen, mut took, mut connections) = (Instant::now(), Vec::new(), 0);
    while frozen.elapsed() < FROZEN {
        let (refused, time) = timed(queue.publish(batch("next"))).await;
        let reason = Reason::Down;
        assert_eq!(refused, Err(PublishError::Refused { reason }));
        took.push(time);
        connections = connections.max(connections_to(broker.port()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    took.sort_unstable();
    let p99 = took[took.len() * 99 / 100];
    assert!(p99 <= Duration::from_millis(150), "{p99:?}");
    // The one that froze lives until its end is heard of; beside it there is the probe.
    assert!(connections <= 2, "{connections} connections");

    let resumed = Instant::now();
    broker.resume().await.unwrap();
    wait_until_up(&queue).await;
    publish(&queue, "after").await;
    let back = resumed.elapsed();
    assert!(back <= Duration::from_secs(2), "{back:?}");
    println!(
        "first {first_took:?}; {} refusals, p99 {p99:?}; at most {connections} connections; back after {back:?}",
        took.len()
    );
}

/// Longer than a publish, a probe and the pause after it take together, so that several probes fall into it.
const FROZEN: Duration = Duration::from_secs(12);

/// Connections that this machine's processes have to a port of ours.
fn connections_to(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let is_one = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[2].ends_with(&format!(":{port:04X}")) && fields[3] == ESTABLISHED
    };
    table.lines().skip(1).filter(is_one).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_to_connect_to_a_frozen_broker_do_not_pile_up() {
    let mut bench = Bench::amqp().await;
    bench.settings.connect_timeout_ms = 200;
    let proxy = behind_proxy(&mut bench).await;
    let queue = bench.open().await;
    let threads = io_threads();
    proxy.silence().await;
    let reached = proxy.accepted() + 8;
    wait_until("attempts to connect", Duration::from_secs(30), async || {
        proxy.accepted() >= reached
    })
    .await
    .unwrap();
    assert!(io_threads() <= threads + 1, "{} threads", io_threads());
    proxy.heal().await;
    wait_until_up(&queue).await;
}

/// Threads of this process that serve a connection to a broker.
fn io_threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin-io"))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_made_again_and_unsettled_batches_come_back() {
    let mut bench = Bench::amqp().await;
    let proxy = behind_proxy(&mut bench).await;
    let queue = bench.open().await;
    publish(&queue, "a").await;
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    proxy.cut().await;
    soon(queue.state().wait_for(|state| !state.up))
        .await
        .unwrap();
    proxy.heal().await;
    publish_in_the_end(&queue, "b").await;

    let again = receive(&mut consumer).await;
    assert_eq!((again.id, again.redelivered), (first.id, true));
    // The tag of the old connection settles nothing, and harms nothing.
    settle(&mut consumer, &[first]).await;
    let second = receive(&mut consumer).await;
    settle(&mut consumer, &[again, second]).await;
    drop(consumer);
    publish(&queue, "c").await;
    let mut consumer = queue.consume().await.unwrap();
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_broker_is_waited_for() {
    let mut bench = Bench::amqp().await;
    let proxy = behind_proxy(&mut bench).await;
    let queue = bench.open().await;
    proxy.slow(Duration::from_millis(100)).await;
    for number in 0..5 {
        publish(&queue, number).await;
    }
    let mut consumer = queue.consume().await.unwrap();
    assert_eq!(
        receive_kinds(&mut consumer, 5).await,
        ["0", "1", "2", "3", "4"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_does_not_wait_for_a_broker_that_is_away() {
    let mut bench = Bench::amqp().await;
    let proxy = behind_proxy(&mut bench).await;
    let queue = bench.open().await;
    let consumer = queue.consume().await.unwrap();
    proxy.silence().await;
    let waiting = queue.clone();
    let tasks = TaskTracker::new();
    let outcome = tasks.spawn(async move { waiting.publish(batch("a")).await });
    let ((), took) = timed(queue.close()).await;
    // One publish timeout, and one for an orderly end of the consumer's channel.
    assert!(took < Duration::from_secs(9), "{took:?}");
    assert!(soon(outcome).await.unwrap().is_err());
    drop(consumer);
}
