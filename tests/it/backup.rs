//! A backup taken beside a serving process under load, and what is restored from it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_event::{Clock, assigned_id};
use hgpixel_testkit::{HgpixelBuilder, HgpixelProcess, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::stack::Stack;

/// Beacons that each sender sends at most: far more than it can while three backups are made.
const BEACONS_MAX: usize = 20_000;
const BEACON_EVENTS: usize = 20;
const SENDERS: usize = 6;
/// Accepted before the first backup begins.
const FIRST: usize = 5_000;
const BACKUPS: usize = 3;

/// The books of a worker are kept by its name, which otherwise is made of its port.
fn server() -> HgpixelBuilder {
    HgpixelProcess::serve().env("HGPIXEL_WORKER__INSTANCE", "backup-test")
}

/// A load that ends when it is told to, or after [`BEACONS_MAX`].
struct Load {
    stack: Arc<Stack>,
    accepted: Arc<Mutex<BTreeSet<Uuid>>>,
    stop: Arc<AtomicBool>,
    senders: JoinSet<Result<()>>,
}

impl Load {
    fn start(stack: Stack) -> Self {
        let mut load = Self {
            stack: Arc::new(stack),
            accepted: Arc::default(),
            stop: Arc::default(),
            senders: JoinSet::new(),
        };
        for sender in 0..SENDERS {
            let (stack, accepted) = (Arc::clone(&load.stack), Arc::clone(&load.accepted));
            let stop = Arc::clone(&load.stop);
            load.senders.spawn(async move {
                for _ in 0..BEACONS_MAX {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let ids: Vec<Uuid> = (0..BEACON_EVENTS)
                        .map(|_| assigned_id(Clock::system().now_ms()))
                        .collect();
                    stack.track(&beacon(sender, &ids)).await?;
                    accepted.lock().await.extend(ids);
                }
                Ok(())
            });
        }
        load
    }

    async fn has_accepted(&self, events: usize) -> Result<()> {
        let has = async || self.accepted.lock().await.len() >= events;
        wait_until("accepted events", Duration::from_mins(1), has).await
    }

    async fn stop(mut self) -> Result<(Stack, BTreeSet<Uuid>)> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.senders.join_next().await {
            ended??;
        }
        let stack = Arc::into_inner(self.stack).context("the load has let go of the stack")?;
        let accepted = Arc::into_inner(self.accepted).context("the load has let go of the ids")?;
        Ok((stack, accepted.into_inner()))
    }
}

fn beacon(sender: usize, ids: &[Uuid]) -> Value {
    let events: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "type": "pageview"}))
        .collect();
    json!({
        "v": 1,
        "site": "load.example",
        "url": format!("https://load.example/{sender}"),
        "userId": format!("user-{sender}"),
        "events": events,
    })
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_backup_began_is_restored_once() -> Result<()> {
    let folder = TempDir::new()?;
    let load = Load::start(Stack::on(server().start().await?).await?);
    load.has_accepted(FIRST).await?;
    let mut backups = Vec::new();
    for number in 0..BACKUPS {
        let (to, before) = (
            folder.path().join(format!("backup-{number}")),
            load.accepted.lock().await.clone(),
        );
        load.stack.ingest().run(&["backup", text(&to)?]).await?;
        ensure!(!load.senders.is_empty(), "the load ended too early");
        backups.push((to, before));
    }
    let (stack, sent) = load.stop().await?;
    ensure!(
        sent.len() > backups[BACKUPS - 1].1.len(),
        "nothing came while the last backup was made"
    );
    stack.ingest().kill().await?;
    for (backup, before) in &backups {
        check_restored(backup, before, &sent).await?;
    }
    Ok(())
}

/// Serves from a restored backup: all of `before` is there, each once, nothing that was never sent; the books balance.
async fn check_restored(
    backup: &Path,
    before: &BTreeSet<Uuid>,
    sent: &BTreeSet<Uuid>,
) -> Result<()> {
    let process = server().prepare()?;
    let said = process.run(&["restore", text(backup)?]).await?;
    ensure!(said.lines().count() == 1, "{said}");
    process.restart().await?;
    let stack = Stack::on(process).await?;
    let books = stack.at_rest().await?;
    let rows = stack.export().await?;
    let ids: BTreeSet<Uuid> = rows
        .iter()
        .map(|row| Ok(row["eventId"].as_str().context("an event id")?.parse()?))
        .collect::<Result<_>>()?;
    ensure!(
        ids.len() == rows.len(),
        "{} ids, {} rows",
        ids.len(),
        rows.len()
    );
    let lost = before.difference(&ids).count();
    ensure!(lost == 0, "{lost} of {} are lost", before.len());
    ensure!(ids.is_subset(sent), "events that were never accepted");
    ensure!(
        books.accepted == books.finished() && books.stored == rows.len() as u64,
        "{} rows, {books:?}",
        rows.len()
    );
    ensure!(
        books.duplicate == 0 && books.dead_lettered == 0,
        "{books:?}"
    );

    // It goes on as before.
    stack
        .track(&beacon(0, &[assigned_id(Clock::system().now_ms())]))
        .await?;
    stack.has_rows(rows.len() as u64 + 1).await
}

/// A server with some events and a backup of it.
async fn backed_up(folder: &TempDir) -> Result<(Stack, PathBuf)> {
    let stack = Stack::on(server().start().await?).await?;
    let ids: Vec<Uuid> = (0..5)
        .map(|_| assigned_id(Clock::system().now_ms()))
        .collect();
    stack.track(&beacon(0, &ids)).await?;
    stack.at_rest().await?;
    let to = folder.path().join("backup");
    let said = stack.ingest().run(&["backup", text(&to)?]).await?;
    ensure!(said.contains("5 events of 1 sites, 0 that wait"), "{said}");
    Ok((stack, to))
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_private_described_and_never_written_over() -> Result<()> {
    let folder = TempDir::new()?;
    let (stack, to) = backed_up(&folder).await?;
    let mode = |path: &Path| anyhow::Ok(std::fs::metadata(path)?.permissions().mode() & 0o777);
    ensure!(mode(&to)? == 0o700);
    let expected = ["manifest.json", "queue.db", "store.db"];
    ensure!(names(&to)? == expected.map(str::to_owned).into());
    for name in expected {
        ensure!(mode(&to.join(name))? == 0o600, "{name}");
    }
    let manifest: Value = serde_json::from_slice(&std::fs::read(to.join("manifest.json"))?)?;
    ensure!(
        manifest["events_by_site"] == json!({"load.example": 5}),
        "{manifest}"
    );
    ensure!(
        manifest["files"]["store.db"]["bytes"] == std::fs::metadata(to.join("store.db"))?.len()
    );

    let before = std::fs::read(to.join("manifest.json"))?;
    let again = stack.ingest().try_run(&["backup", text(&to)?]).await?;
    ensure!(
        again.code == 1 && again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    ensure!(std::fs::read(to.join("manifest.json"))? == before);
    ensure!(
        names(folder.path())? == ["backup".to_owned()].into(),
        "something is left"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_found_and_changes_nothing() -> Result<()> {
    let folder = TempDir::new()?;
    let (_stack, to) = backed_up(&folder).await?;
    for name in ["queue.db", "store.db"] {
        let path = to.join(name);
        let whole = std::fs::read(&path)?;
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(&path, damaged)?;
        let process = server().prepare()?;
        let refused = process.try_run(&["restore", text(&to)?]).await?;
        ensure!(refused.code == 1, "{name}: {}", refused.stdout);
        ensure!(
            refused.stderr.contains(name) && refused.stderr.contains("is damaged"),
            "{}",
            refused.stderr
        );
        let left = names(&process.data_dir())?;
        ensure!(left == ["queue.db.lock".to_owned()].into(), "{left:?}");
        std::fs::write(&path, whole)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_waits_for_the_server_to_end_and_deletes_nothing() -> Result<()> {
    let folder = TempDir::new()?;
    let (stack, to) = backed_up(&folder).await?;
    let process = stack.ingest();
    let living = process
        .try_run(&["restore", text(&to)?, "--replace"])
        .await?;
    ensure!(
        living.code == 1 && living.stderr.contains("stop the server first"),
        "{}",
        living.stderr
    );
    stack
        .track(&beacon(0, &[assigned_id(Clock::system().now_ms())]))
        .await?;
    stack.has_rows(6).await?;

    process.kill().await?;
    let occupied = process.try_run(&["restore", text(&to)?]).await?;
    ensure!(
        occupied.code == 1 && occupied.stderr.contains("--replace"),
        "{}",
        occupied.stderr
    );

    let said = process.run(&["restore", text(&to)?, "--replace"]).await?;
    let aside: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("moved aside: "))
        .collect();
    ensure!(aside.len() == 2, "{said}");
    ensure!(
        said.lines()
            .last()
            .is_some_and(|line| line.starts_with("restored 5 events")),
        "{said}"
    );
    process.restart().await?;
    stack.has_rows(5).await?;

    // What was there before is a store as it was.
    let before = HgpixelProcess::serve()
        .env(
            "HGPIXEL_STORE__URL",
            format!("sqlite:{}", process.directory().join(aside[1]).display()),
        )
        .env(
            "HGPIXEL_QUEUE__URL",
            format!("local:{}", process.directory().join(aside[0]).display()),
        )
        .start()
        .await?;
    Stack::on(before).await?.has_rows(6).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_refused_while_pages_alone_are_served_from_the_store() -> Result<()> {
    let folder = TempDir::new()?;
    let (_stack, to) = backed_up(&folder).await?;
    let pages = HgpixelProcess::role("query").prepare()?;
    pages.run(&["migrate"]).await?;
    pages.restart().await?;
    let refused = pages.try_run(&["restore", text(&to)?, "--replace"]).await?;
    ensure!(
        refused.code == 1 && refused.stderr.contains("another process has"),
        "{}",
        refused.stderr
    );
    pages.kill().await?;
    pages.run(&["restore", text(&to)?, "--replace"]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_backed_up_by_their_own_tools() -> Result<()> {
    for (name, value) in [
        ("HGPIXEL_STORE__URL", "postgres://hg:s3cret@db.example/hg"),
        ("HGPIXEL_QUEUE__URL", "amqp://hg:s3cret@broker.example/hg"),
    ] {
        let process = HgpixelProcess::serve().env(name, value).prepare()?;
        for arguments in [["backup", "to"], ["restore", "from"]] {
            let refused = process.try_run(&arguments).await?;
            ensure!(refused.code == 2, "{arguments:?}: {}", refused.code);
            ensure!(
                refused.stderr.trim().lines().count() == 1 && refused.stderr.contains("pg_dump"),
                "{}",
                refused.stderr
            );
        }
    }
    Ok(())
}
