//! The two steps of the stop, the tasks that it waits for, and the signals that begin it.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use hgpixel_telemetry::{Ending, Lifecycle, Signals};

use crate::support::PATIENCE;

const NO_DRAIN: Duration = Duration::ZERO;

#[tokio::test]
async fn draining_comes_first_and_stopping_after_the_delay() {
    let lifecycle = Lifecycle::new();
    assert!(!lifecycle.is_draining());
    let begun = Instant::now();
    lifecycle.shutdown(Duration::from_millis(200));
    assert!(lifecycle.is_draining());
    assert!(!lifecycle.is_stopping());
    lifecycle.draining().await;
    tokio::time::timeout(PATIENCE, lifecycle.stopping())
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(lifecycle.is_stopping());
}

#[tokio::test]
async fn a_second_shutdown_can_only_hurry() {
    let lifecycle = Lifecycle::new();
    lifecycle.shutdown(Duration::from_mins(1));
    lifecycle.shutdown(NO_DRAIN);
    assert!(lifecycle.is_stopping());
    assert!(lifecycle.finished(PATIENCE).await);
}

#[tokio::test]
async fn the_end_waits_for_every_task() {
    let lifecycle = Lifecycle::new();
    let stopping = lifecycle.stopping();
    lifecycle.spawn("flush", async move {
        stopping.await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    });
    assert!(!lifecycle.finished(Duration::from_millis(20)).await);
    let begun = Instant::now();
    lifecycle.shutdown(NO_DRAIN);
    assert!(lifecycle.finished(PATIENCE).await);
    assert!(begun.elapsed() >= Duration::from_millis(100));
    assert!(!lifecycle.has_failed());
}

#[tokio::test]
async fn a_failed_task_stops_the_process() {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("consume", async { bail!("the channel is gone") });
    assert!(lifecycle.finished(PATIENCE).await);
    assert!(lifecycle.is_stopping());
    assert!(lifecycle.has_failed());
}

#[tokio::test]
async fn a_panicking_task_stops_the_process() {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("consume", async { panic!("as the test wants it") });
    assert!(lifecycle.finished(PATIENCE).await);
    assert!(lifecycle.has_failed());
}

#[tokio::test]
async fn a_minor_task_may_panic() {
    let lifecycle = Lifecycle::new();
    let task = lifecycle.spawn_minor("refresh", async { panic!("as the test wants it") });
    task.await.unwrap();
    assert!(!lifecycle.is_draining());
    assert!(!lifecycle.has_failed());
}

/// One test for all that waits for signals: they reach every listener of a process, so two such tests would disturb each other.
#[tokio::test]
async fn supervision_ends_with_a_failure_or_a_signal() {
    let mut signals = Signals::install().unwrap();
    nobody_asks(&mut signals).await;
    a_task_fails(&mut signals).await;
    terminate_drains(&mut signals).await;
    interrupt_does_not_drain(&mut signals).await;
    a_second_signal_is_obeyed_at_once(&mut signals).await;
}

const A_MINUTE: Duration = Duration::from_mins(1);

async fn nobody_asks(signals: &mut Signals) {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("short", async { Ok(()) });
    let running = lifecycle.supervise(signals, NO_DRAIN, PATIENCE);
    let ended = tokio::time::timeout(Duration::from_millis(100), running).await;
    assert!(ended.is_err());
}

async fn a_task_fails(signals: &mut Signals) {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("consume", async { bail!("the channel is gone") });
    let ending = lifecycle.supervise(signals, A_MINUTE, PATIENCE).await;
    assert_eq!(ending, Ending::Failed);
}

async fn terminate_drains(signals: &mut Signals) {
    let lifecycle = Lifecycle::new();
    let stopping = lifecycle.stopping();
    lifecycle.spawn("serve", async move {
        stopping.await;
        Ok(())
    });
    raise("TERM");
    let begun = Instant::now();
    let drain = Duration::from_millis(300);
    let ending = lifecycle.supervise(signals, drain, PATIENCE).await;
    assert_eq!(ending, Ending::Clean);
    assert!(begun.elapsed() >= drain);
}

async fn interrupt_does_not_drain(signals: &mut Signals) {
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("stuck", std::future::pending());
    raise("INT");
    let deadline = Duration::from_millis(200);
    let ending = lifecycle.supervise(signals, A_MINUTE, deadline).await;
    assert_eq!(ending, Ending::Late);
}

async fn a_second_signal_is_obeyed_at_once(signals: &mut Signals) {
    let lifecycle = Lifecycle::new();
    let draining = lifecycle.draining();
    lifecycle.spawn("impatient", async move {
        draining.await;
        raise("TERM");
        std::future::pending().await
    });
    raise("TERM");
    let ending = lifecycle.supervise(signals, A_MINUTE, PATIENCE).await;
    assert_eq!(ending, Ending::Impatient);
}

/// Sends this process a signal. Returns when it was sent; it may arrive a moment later.
fn raise(signal: &str) {
    let pid = std::process::id().to_string();
    let status = Command::new("kill")
        .args([format!("-{signal}"), pid])
        .status()
        .unwrap();
    assert!(status.success());
}
