//! The one task that writes the file.
//!
//! It takes a batch, and with it everything that has come into line while the last transaction was committing. A failed
//! transaction is refused as a whole; what was settled stays settled, and is written with the next one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::Shared;
use super::disk::Disk;
use super::file::{self, Opened};
use super::group::{Group, NewBatch};
use super::recent::Row;
use super::upkeep::{shrink, try_room};
use crate::dead_letter::DeadLetter;
use crate::error::{PublishError, QueueError, Reason};
use crate::line::{Answer, Claimed, Content, Counter, Outcome};
use crate::state::State;

/// One commit's worth: more would keep those who wait longer than another commit takes.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages of one transaction: the statement's text for each number is prepared once and kept.
const GROUP_MESSAGES_MAX: usize = 64;

/// How often a failing file is tried again, and how often an idle one is looked after.
const TICK: Duration = Duration::from_millis(500);

/// What consumers ask of the writer.
#[derive(Debug)]
pub(super) enum Command {
    /// Rows that are done with.
    Settle(Vec<i64>),
    /// Answer when everything settled so far is out of the file.
    Flush(oneshot::Sender<()>),
}

pub(super) struct Writer {
    file: Opened,
    shared: Arc<Shared>,
    counter: Counter,
    state: State,
    commands: mpsc::Receiver<Command>,
    disk: Disk,
    /// Why the disk has too little room for batches, when last looked at.
    shortage: Option<String>,
    depth: u64,
    last_seq: i64,
    settled: Vec<i64>,
    flushes: Vec<oneshot::Sender<()>>,
    failing: bool,
}

/// What was taken out of the line for one transaction.
#[derive(Default)]
struct Taken {
    batches: Vec<NewBatch>,
    batch_answers: Vec<Answer>,
    letters: Vec<DeadLetter>,
    letter_answers: Vec<Answer>,
    bytes: usize,
    events: usize,
}

impl Writer {
    pub(super) fn new(
        file: Opened,
        shared: Arc<Shared>,
        disk: Disk,
        counter: Counter,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            depth: file.depth,
            last_seq: file.ledger.last_seq,
            file,
            state: shared.state.clone(),
            shared,
            counter,
            commands,
            disk,
            shortage: None,
            settled: Vec::new(),
            flushes: Vec::new(),
            failing: false,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut taken = Taken::default();
            tokio::select! {
                () = stop.cancelled() => break,
                claimed = self.counter.take() => match claimed {
                    Some(claimed) => taken.add(claimed),
                    None => break,
                },
                Some(command) = self.commands.recv() => self.obey(command),
                _ = tick.tick() => {
                    self.look_after().await;
                    continue;
                }
            }
            self.gather(&mut taken);
            self.commit(taken).await;
        }
        self.finish().await;
    }

    /// Takes what else is waiting, without waiting.
    fn gather(&mut self, taken: &mut Taken) {
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
        while taken.bytes < GROUP_BYTES_MAX && taken.messages() < GROUP_MESSAGES_MAX {
            let Some(claimed) = self.counter.try_take() else {
                return;
            };
            taken.add(claimed);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Settle(mut rows) => self.settled.append(&mut rows),
            Command::Flush(done) => self.flushes.push(done),
        }
    }

    async fn commit(&mut self, taken: Taken) {
        self.shortage = self.disk.shortage();
        if let Some(shortage) = self.shortage.clone()
            && !taken.batches.is_empty()
        {
            return self.full(&shortage, Reason::DiskLow, taken).await;
        }
        let group = Group {
            batches: &taken.batches,
            accepted: taken.events,
            letters: &taken.letters,
            settled: &self.settled,
        };
        match group.commit(&mut self.file.connection).await {
            Ok(last_seq) => {
                self.committed(last_seq, taken.batches);
                answer_all(taken.batch_answers, Ok(()));
                answer_all(taken.letter_answers, Ok(()));
            }
            Err(error) if file::is_full(&error) => {
                self.full(&error.to_string(), Reason::Full, taken).await;
            }
            Err(error) => {
                self.report(&file::describe(&error), Reason::Failed);
                let outcome = outcome_of(&error);
                answer_all(taken.batch_answers, outcome);
                answer_all(taken.letter_answers, outcome);
            }
        }
    }

    fn committed(&mut self, last_seq: Option<i64>, batches: Vec<NewBatch>) {
        self.shared.metrics.commits.inc();
        self.recovered();
        self.settled_are_gone();
        if let Some(last_seq) = last_seq {
            // More than these batches, if another process has put dead letters back in between.
            self.depth += last_seq.saturating_sub(self.last_seq).unsigned_abs();
            self.last_seq = last_seq;
            self.remember(last_seq, batches);
            self.shared.arrived.notify_waiters();
        }
        self.state.set_depth(self.depth);
    }

    fn settled_are_gone(&mut self) {
        self.depth = self.depth.saturating_sub(self.settled.len() as u64);
        self.settled.clear();
        for done in self.flushes.drain(..) {
            // An error means that nobody waits for it any more.
            done.send(()).ok();
        }
    }

    fn remember(&self, last_seq: i64, batches: Vec<NewBatch>) {
        if !self.shared.has_consumer() {
            return;
        }
        let first = last_seq + 1 - i64::try_from(batches.len()).unwrap_or(0);
        let mut recent = self.shared.lock_recent();
        for (seq, batch) in (first..).zip(batches) {
            recent.push(Row {
                seq,
                id: batch.id,
                events: batch.events,
                replayed: batch.replayed,
                body: batch.body,
            });
        }
    }

    /// The file is at its size, or the disk is full or nearly so. Batches are refused; what makes room goes into the reserve, and so do the
    /// dead letters, without which a poisoned batch could never be settled.
    async fn full(&mut self, problem: &str, reason: Reason, taken: Taken) {
        self.report(problem, reason);
        let refused = Err(PublishError::Refused { reason });
        answer_all(taken.batch_answers, refused);
        let kept = self.use_reserve(&taken.letters).await;
        answer_all(taken.letter_answers, if kept { Ok(()) } else { refused });
        if kept {
            self.probe().await;
        }
    }

    async fn use_reserve(&mut self, letters: &[DeadLetter]) -> bool {
        if letters.is_empty() && self.settled.is_empty() {
            return false;
        }
        match self.write_into_reserve(letters).await {
            Ok(()) => {
                self.settled_are_gone();
                self.state.set_depth(self.depth);
                true
            }
            Err(error) => {
                warn!(error = %error, "cannot write into the reserve of the queue file");
                false
            }
        }
    }

    async fn write_into_reserve(&mut self, letters: &[DeadLetter]) -> sqlx::Result<()> {
        let (connection, pages_max) = (&mut self.file.connection, self.file.pages_max);
        let group = Group {
            letters,
            settled: &self.settled,
            ..Group::default()
        };
        file::limit_pages(connection, pages_max, true).await?;
        let written = group.commit(connection).await;
        file::limit_pages(connection, pages_max, false).await?;
        written.map(drop)
    }

    /// Tries a failing file again; gives the disk back what an idle one does not need.
    async fn look_after(&mut self) {
        self.shortage = self.disk.shortage();
        if let Some(shortage) = self.shortage.clone() {
            self.report(&shortage, Reason::DiskLow);
            self.use_reserve(&[]).await;
        } else if self.failing {
            self.use_reserve(&[]).await;
            self.probe().await;
        } else if self.depth == 0
            && let Err(error) = shrink(&mut self.file.connection).await
        {
            warn!(error = %error, "cannot shrink the queue file");
        }
    }

    async fn probe(&mut self) {
        if self.shortage.is_some() {
            return;
        }
        match try_room(&mut self.file.connection).await {
            Ok(()) => self.recovered(),
            Err(error) if file::is_full(&error) => self.report(&error.to_string(), Reason::Full),
            Err(error) => self.report(&file::describe(&error), Reason::Failed),
        }
    }

    fn report(&mut self, problem: &str, reason: Reason) {
        if !self.failing {
            error!(file = %self.shared.path.display(), problem, "the queue file takes nothing");
        }
        self.failing = true;
        let fault = QueueError::Unavailable {
            detail: problem.to_owned(),
        };
        self.state.set_down(&fault, reason);
    }

    /// What was settled can be written on a disk that has too little room for batches.
    fn recovered(&mut self) {
        if self.shortage.is_some() {
            return;
        }
        if self.failing {
            info!(file = %self.shared.path.display(), "the queue file takes batches again");
            self.failing = false;
        }
        self.state.set_up();
    }

    /// Commits what is still in line, and what was settled; refuses what comes then.
    async fn finish(mut self) {
        self.state.set_down(&QueueError::Closed, Reason::Closed);
        loop {
            let mut taken = Taken::default();
            self.gather(&mut taken);
            let nothing_left = taken.messages() == 0 && self.settled.is_empty();
            if nothing_left && self.flushes.is_empty() {
                break;
            }
            self.commit(taken).await;
            if self.failing {
                break;
            }
        }
        self.state.set_down(&QueueError::Closed, Reason::Closed);
        self.counter.close(Reason::Closed).await;
        file::close(self.file.connection).await;
    }
}

impl Taken {
    fn add(&mut self, claimed: Claimed) {
        match claimed.message.content {
            Content::Batch(batch) => {
                self.bytes += batch.bytes.len();
                self.events += batch.events;
                self.batches.push(NewBatch {
                    id: claimed.message.id,
                    events: batch.events,
                    replayed: false,
                    body: batch.bytes,
                });
                self.batch_answers.push(claimed.answer);
            }
            Content::DeadLetter(letter) => {
                self.bytes += letter.line.len();
                self.letters.push(letter);
                self.letter_answers.push(claimed.answer);
            }
        }
    }

    fn messages(&self) -> usize {
        self.batches.len() + self.letters.len()
    }
}

/// A transaction that never began is certainly not in the file. Of one whose commit failed, such as by an `fsync`, the log may
/// hold enough to find it there after a crash.
fn outcome_of(error: &sqlx::Error) -> Outcome {
    Err(if file::is_busy(error) {
        PublishError::Refused {
            reason: Reason::Busy,
        }
    } else {
        PublishError::Uncertain {
            reason: Reason::Failed,
        }
    })
}

fn answer_all(answers: Vec<Answer>, outcome: Outcome) {
    for answer in answers {
        answer.give(outcome);
    }
}
