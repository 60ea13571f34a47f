//! What was answered 204 is stored, once; and the books balance.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{
    HgpixelProcess, Postgres, PostgresDatabase, RabbitVhost, Rabbitmq, wait_until,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::in_both_modes;
use crate::stack::{Books, Stack};
use crate::traffic::{Sent, send_with_repeats};

const EVENTS: usize = 50_000;
const REPEATS: u64 = 2_500;
const KILLS: u64 = 10;
/// A load with kills has a part before each of them, and one after the last.
const PART: u64 = (EVENTS as u64 + REPEATS) / (KILLS + 1);

in_both_modes!(every_id_is_stored_once_and_the_books_balance);

async fn every_id_is_stored_once_and_the_books_balance(stack: Stack) -> Result<()> {
    let load = Load::start(stack, EVENTS);
    let (stack, sent) = load.finish().await?;
    let books = stack.at_rest().await?;
    let expected = Books {
        accepted: EVENTS as u64 + REPEATS,
        stored: EVENTS as u64,
        duplicate: REPEATS,
        dead_lettered: 0,
        uncertain: 0,
    };
    assert_eq!(books, expected);
    check_ids(&stack, &sent).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_process_killed_ten_times_loses_nothing() -> Result<()> {
    let load = Load::start(Stack::embedded().await?, EVENTS);
    load.release(0);
    for kill in 1..=KILLS {
        load.reach(kill).await?;
        kill_and_restart(load.stack.ingest()).await?;
        load.release(kill);
    }
    let (stack, sent) = load.finish().await?;
    let books = stack.at_rest().await?;
    check_balance(books, &sent)?;
    check_ids(&stack, &sent).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_whose_worker_broker_and_database_are_killed_loses_nothing() -> Result<()> {
    let (database, broker) = (Postgres::start().await?, Rabbitmq::start().await?);
    let stack = Stack::fleet_on(&database.url(), &broker.url(), &[]).await?;
    let load = Load::start(stack, EVENTS);
    load.release(0);
    for kill in 1..=KILLS {
        load.reach(kill).await?;
        kill_and_restart(load.stack.worker()).await?;
        if kill == 3 {
            broker.kill().await?;
            broker.restart().await?;
        }
        if kill == 7 {
            database.restart().await?;
        }
        load.release(kill);
    }
    let (stack, sent) = load.finish().await?;
    let books = stack.at_rest().await?;
    check_balance(books, &sent)?;
    check_ids(&stack, &sent).await
}

/// Until it is dropped, nothing can be stored; a worker that tries is at it for as long as a statement may take.
const HOLD: &str = "create function hold() returns trigger language plpgsql as
    'begin perform pg_sleep(600); return new; end';
    create trigger hold before insert on batches for each row execute function hold()";
const LET_GO: &str = "drop trigger hold on batches";

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_outlive_25_workers_are_booked_and_come_back_by_a_replay() -> Result<()> {
    let (database, vhost) = (
        PostgresDatabase::create().await?,
        RabbitVhost::create().await?,
    );
    let stack = Stack::fleet_on(&database.url(), &vhost.url(), &[]).await?;
    database.query(HOLD).await?;
    let (stack, sent) = Load::start(stack, 1_000).finish().await?;
    for _ in 0..25 {
        let has_one = async || {
            let received = stack.worker().metric("hgpixel_queue_deliveries_total");
            received.await.is_ok_and(|batches| batches >= 1.0)
        };
        wait_until("a delivery", Duration::from_mins(1), has_one).await?;
        kill_and_restart(stack.worker()).await?;
    }
    database.query(LET_GO).await?;

    let books = stack.at_rest().await?;
    ensure!(books.finished() == books.accepted, "{books:?}");
    let given_up = "hgpixel_events_dead_lettered_total{reason=\"delivery_limit\"}";
    let given_up = stack.worker().counter(given_up).await?;
    ensure!(given_up > 0, "the broker gave nothing up: {books:?}");
    ensure!(given_up == books.dead_lettered, "{given_up}: {books:?}");

    stack.worker().run(&["dlq", "replay"]).await?;
    stack.has_rows(1_000).await?;
    check_ids(&stack, &sent).await?;
    let all_are_back = async || {
        let replayed = stack
            .worker()
            .counter("hgpixel_events_replayed_total")
            .await;
        let (Ok(replayed), Ok(books)) = (replayed, stack.books().await) else {
            return false;
        };
        replayed == books.dead_lettered && books.accepted + replayed == books.finished()
    };
    wait_until("balanced books", Duration::from_mins(1), all_are_back)
        .await
        .with_context(|| format!("given up: {given_up}"))
}

/// A load under way.
struct Load {
    stack: Arc<Stack>,
    sent: Arc<Sent>,
    task: JoinHandle<Result<()>>,
}

impl Load {
    fn start(stack: Stack, events: usize) -> Self {
        let (stack, sent) = (Arc::new(stack), Arc::new(Sent::default()));
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no lifecycle; the task is awaited in `finish`"
        )]
        let task = tokio::spawn(send_with_repeats(
            Arc::clone(&stack),
            events,
            Arc::clone(&sent),
        ));
        Self { stack, sent, task }
    }

    /// Waits until the load is through `part` of eleven parts.
    async fn reach(&self, part: u64) -> Result<()> {
        let goal = part * PART;
        let reached =
            async || self.sent.accepted.load(Ordering::Relaxed) >= goal || self.task.is_finished();
        wait_until(
            &format!("{goal} accepted events"),
            Duration::from_mins(3),
            reached,
        )
        .await?;
        ensure!(
            !self.task.is_finished(),
            "the load ended before kill {part}"
        );
        Ok(())
    }

    /// Lets the load go on to the middle of the part after the next kill, so that each kill meets it at work.
    fn release(&self, kill: u64) {
        let limit = if kill < KILLS {
            (kill + 1) * PART + PART / 2
        } else {
            u64::MAX
        };
        self.sent.limit.send_replace(limit);
    }

    async fn finish(self) -> Result<(Stack, Arc<Sent>)> {
        self.task.await??;
        let stack = Arc::into_inner(self.stack).context("the load has let go of the stack")?;
        Ok((stack, self.sent))
    }
}

async fn kill_and_restart(process: &HgpixelProcess) -> Result<()> {
    process.kill().await?;
    process.restart().await
}

/// With kills a client cannot know of every answer: what it saw accepted is the least. What timed out at a broker may have
/// arrived all the same, and is counted as uncertain.
fn check_balance(books: Books, sent: &Sent) -> Result<()> {
    let seen = sent.accepted.load(Ordering::Relaxed);
    ensure!(
        books.accepted >= seen,
        "{books:?}, the client saw {seen} accepted"
    );
    ensure!(books.dead_lettered == 0, "{books:?}");
    ensure!(
        books.finished() <= books.accepted + books.uncertain,
        "{books:?}"
    );
    Ok(())
}

async fn check_ids(stack: &Stack, sent: &Sent) -> Result<()> {
    let rows = stack.export().await?;
    let ids: BTreeSet<Uuid> = rows
        .iter()
        .map(|row| Ok(row["eventId"].as_str().context("an event id")?.parse()?))
        .collect::<Result<_>>()?;
    ensure!(
        ids.len() == rows.len(),
        "{} rows, {} ids",
        rows.len(),
        ids.len()
    );
    let expected = sent.ids.lock().await;
    let (lost, surplus) = (
        expected.difference(&ids).count(),
        ids.difference(&expected).count(),
    );
    ensure!(
        lost == 0 && surplus == 0,
        "{lost} ids lost, {surplus} never sent"
    );
    Ok(())
}
