//! Starting, stopping, and outages of what a process depends on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{HgpixelProcess, Postgres, PostgresDatabase, Rabbitmq, wait_until};
use serde_json::json;
use tokio::net::UnixDatagram;

use crate::in_both_modes;
use crate::stack::{Stack, client};
use crate::traffic::{Sent, send_with_repeats};

in_both_modes!(
    asked_to_stop_under_load_it_drains_and_ends_in_time,
    every_metric_of_the_contract_is_there_from_the_start
);

async fn asked_to_stop_under_load_it_drains_and_ends_in_time(stack: Stack) -> Result<()> {
    let (stack, sent) = (Arc::new(stack), Arc::new(Sent::default()));
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no lifecycle; the task is awaited below"
    )]
    let load = tokio::spawn(send_with_repeats(
        Arc::clone(&stack),
        5_000,
        Arc::clone(&sent),
    ));
    for process in stack.processes() {
        let asked = Instant::now();
        let code = process.terminate().await?;
        ensure!(code == 0, "exit {code}: {}", process.log());
        ensure!(
            asked.elapsed() <= Duration::from_secs(15),
            "took {:?}",
            asked.elapsed()
        );
        process.restart().await?;
    }
    load.await??;
    stack.has_rows(5_000).await
}

async fn every_metric_of_the_contract_is_there_from_the_start(stack: Stack) -> Result<()> {
    let mut found = std::collections::BTreeSet::new();
    for process in stack.processes() {
        found.extend(
            process
                .metrics()
                .await?
                .into_keys()
                .map(|key| key.split('{').next().unwrap_or_default().to_owned()),
        );
    }
    for name in [
        "events_received_total",
        "events_accepted_total",
        "events_rejected_total",
        "events_dropped_total",
        "events_stored_total",
        "events_duplicate_total",
        "events_redelivered_total",
        "events_uncertain_total",
        "events_dead_lettered_total",
        "queue_publish_seconds_count",
        "queue_batch_events_count",
        "queue_up",
        "store_batch_seconds_count",
        "store_up",
        "event_age_seconds_count",
        "cache_requests_total",
        "http_requests_total",
        "http_request_seconds_count",
        "build_info",
    ] {
        ensure!(
            found.contains(&format!("hgpixel_{name}")),
            "{name} is missing of {found:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_process_at_once() -> Result<()> {
    let process = HgpixelProcess::serve().start().await?;
    let client = client()?;
    let asked = Instant::now();
    process.signal("TERM")?;
    let draining = async || {
        client
            .get(format!("{}/readyz", process.admin_url()))
            .send()
            .await
            .is_ok_and(|it| it.status() == 503)
    };
    wait_until("readiness to end", Duration::from_secs(3), draining).await?;
    process.signal("TERM")?;
    process.wait().await?;
    ensure!(
        asked.elapsed() < Duration::from_secs(4),
        "took {:?}",
        asked.elapsed()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_broker_ingest_refuses_at_once_and_takes_events_again_after() -> Result<()> {
    let (database, broker) = (PostgresDatabase::create().await?, Rabbitmq::start().await?);
    let stack = Stack::fleet_on(&database.url(), &broker.url(), &[]).await?;
    let event = json!({"clientID": "outage.example", "eventType": "during", "url": "https://outage.example/"});
    stack.track(&event).await?;
    broker.kill().await?;
    let refused = async || {
        stack
            .post(event.to_string())
            .await
            .is_ok_and(|answer| answer.status() == 503)
    };
    wait_until("a refusal", Duration::from_secs(5), refused).await?;
    for _ in 0..20 {
        let asked = Instant::now();
        let answer = stack.post(event.to_string()).await?;
        ensure!(
            answer.status() == 503 && answer.headers().contains_key("retry-after"),
            "{answer:?}"
        );
        ensure!(
            asked.elapsed() < Duration::from_millis(500),
            "refused after {:?}",
            asked.elapsed()
        );
    }
    broker.restart().await?;
    let healed = Instant::now();
    let accepted = async || {
        stack
            .post(event.to_string())
            .await
            .is_ok_and(|answer| answer.status() == 204)
    };
    wait_until("an acceptance", Duration::from_secs(10), accepted).await?;
    ensure!(
        healed.elapsed() < Duration::from_secs(5),
        "accepted again after {:?}",
        healed.elapsed()
    );
    stack.at_rest().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_hears_when_a_process_serves_and_when_it_stops() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket)?;
    let database = Postgres::start().await?;
    let process = HgpixelProcess::role("query")
        .env("HGPIXEL_STORE__URL", database.url())
        .env("NOTIFY_SOCKET", socket.to_string_lossy())
        .env("WATCHDOG_USEC", "600000")
        .prepare()?;
    process.run(&["migrate"]).await?;
    database.kill().await?;
    let client = client()?;
    let readiness = async || -> Result<u16> {
        let url = format!("{}/readyz", process.admin_url());
        Ok(client.get(url).send().await?.status().as_u16())
    };
    let manage = async || {
        // That it is not said before is also seen by `hears`.
        let waits = "STATUS=Starts, waits for: start (waits for the store)";
        hears(&manager, waits).await?;
        ensure!(readiness().await? == 503);
        database.restart().await?;
        hears(&manager, "READY=1\nSTATUS=Serves").await?;
        ensure!(readiness().await? == 200);
        let page = client.get(format!("{}/login", process.url())).send();
        ensure!(page.await?.status() == 200);
        hears(&manager, "WATCHDOG=1").await
    };
    tokio::try_join!(process.restart(), manage())?;
    process.signal("TERM")?;
    hears(&manager, "STOPPING=1\n").await?;
    ensure!(readiness().await? == 503);
    hears(&manager, "STATUS=Answers what is in flight").await?;
    let code = process.wait().await?;
    ensure!(code == 0, "exit {code}: {}", process.log());
    Ok(())
}

/// Waits for a message that begins so. No other may say that the process is ready or stops.
async fn hears(manager: &UnixDatagram, beginning: &str) -> Result<()> {
    let mut buffer = [0; 4_096];
    let heard = async {
        loop {
            let size = manager.recv(&mut buffer).await?;
            let message = str::from_utf8(&buffer[..size])?;
            if message.starts_with(beginning) {
                return Ok(());
            }
            ensure!(
                !message.contains("READY=1") && !message.contains("STOPPING=1"),
                "heard {message:?} before {beginning:?}"
            );
        }
    };
    tokio::time::timeout(Duration::from_mins(1), heard)
        .await
        .with_context(|| format!("wait for {beginning:?}"))?
}
