//! The line of messages in front of the publishers.
//!
//! It decides who may still say what about a message. A message is *claimed* when a publisher takes it out of the line; until
//! then its sender may give it up, and it is certainly not queued. After that only the publisher knows, and a sender who
//! stops waiting has to call it uncertain.
//!
//! A sender who goes away cancels nothing: the message is published, and nobody hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hgpixel_event::EncodedBatch;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::dead_letter::DeadLetter;
use crate::error::{PublishError, Reason};

/// Messages in line. Each is a request's, or a micro-batch's, so the byte budget is met long before.
const MESSAGES_MAX: usize = 4_096;

/// A publisher that was about to answer at the deadline may still do so.
const GRACE: Duration = Duration::from_millis(100);

/// A message to be made durable.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Batch(EncodedBatch),
    DeadLetter(DeadLetter),
}

impl Message {
    pub(crate) fn batch(batch: EncodedBatch) -> Self {
        Self {
            id: Uuid::now_v7(),
            content: Content::Batch(batch),
        }
    }

    pub(crate) fn dead_letter(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            content: Content::DeadLetter(letter),
        }
    }

    pub(crate) fn is_dead_letter(&self) -> bool {
        matches!(self.content, Content::DeadLetter(_))
    }

    fn bytes_len(&self) -> usize {
        match &self.content {
            Content::Batch(batch) => batch.bytes.len(),
            Content::DeadLetter(letter) => letter.line.len() + letter.detail.len(),
        }
    }
}

pub(crate) type Outcome = Result<(), PublishError>;

/// The senders' end.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    tickets: mpsc::Sender<Ticket>,
    bytes: Arc<Semaphore>,
    bytes_max: usize,
    timeout: Duration,
}

/// The publishers' end: several may take from it.
#[derive(Clone, Debug)]
pub(crate) struct Counter(Arc<Mutex<mpsc::Receiver<Ticket>>>);

/// A message in line.
#[derive(Debug)]
struct Ticket {
    message: Message,
    taken: Arc<AtomicBool>,
    answer: Answer,
}

/// A message that a publisher has taken, and the duty to answer.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) message: Message,
    pub(crate) answer: Answer,
}

/// Where the outcome goes. Dropped without an answer it means that the publisher broke off: uncertain.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) deadline: Instant,
    sender: oneshot::Sender<Outcome>,
    // Held until the outcome is known: the message's bytes are in memory for so long.
    bytes: OwnedSemaphorePermit,
}

impl Answer {
    pub(crate) fn give(self, outcome: Outcome) {
        // First the bytes, so that whoever hears of the outcome may use them again.
        drop(self.bytes);
        // An error means that nobody waits any more, which is the sender's affair.
        self.sender.send(outcome).ok();
    }

    pub(crate) fn refuse(self, reason: Reason) {
        self.give(Err(PublishError::Refused { reason }));
    }
}

/// A line for at most `bytes_max` bytes, whose messages are answered within `timeout` (and a little).
pub(crate) fn line(bytes_max: usize, timeout: Duration) -> (Line, Counter) {
    let (tickets, taken) = mpsc::channel(MESSAGES_MAX);
    let line = Line {
        tickets,
        bytes: Arc::new(Semaphore::new(bytes_max)),
        bytes_max,
        timeout,
    };
    (line, Counter(Arc::new(Mutex::new(taken))))
}

impl Line {
    /// Puts a message in line and waits for what becomes of it.
    pub(crate) async fn publish(&self, message: Message) -> Outcome {
        let bytes = self.reserve(message.bytes_len())?;
        let deadline = Instant::now() + self.timeout;
        let taken = Arc::new(AtomicBool::new(false));
        let (sender, mut outcome) = oneshot::channel();
        let ticket = Ticket {
            message,
            taken: Arc::clone(&taken),
            answer: Answer {
                deadline,
                sender,
                bytes,
            },
        };
        self.tickets.try_send(ticket).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => refused(Reason::Busy),
            mpsc::error::TrySendError::Closed(_) => refused(Reason::Closed),
        })?;

        if let Ok(answer) = timeout_at(deadline, &mut outcome).await {
            return answer.unwrap_or_else(|_| Err(abandoned(&taken, Reason::Lost)));
        }
        let gave_up = abandoned(&taken, Reason::Timeout);
        if matches!(gave_up, PublishError::Refused { .. }) {
            return Err(gave_up);
        }
        match timeout_at(deadline + GRACE, &mut outcome).await {
            Ok(Ok(answer)) => answer,
            _ => Err(gave_up),
        }
    }

    /// Bytes in line and with the publishers.
    pub(crate) fn bytes_in_flight(&self) -> usize {
        self.bytes_max - self.bytes.available_permits()
    }

    fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, PublishError> {
        let bytes = u32::try_from(bytes.max(1)).map_err(|_| refused(Reason::Busy))?;
        Arc::clone(&self.bytes)
            .try_acquire_many_owned(bytes)
            .map_err(|_| refused(Reason::Busy))
    }
}

impl Counter {
    /// The next message that its sender still waits for; `None` when every [`Line`] is gone. Cancel safe.
    pub(crate) async fn take(&self) -> Option<Claimed> {
        let mut tickets = self.0.lock().await;
        loop {
            if let Some(claimed) = tickets.recv().await?.claim() {
                return Some(claimed);
            }
        }
    }

    /// The next message, if one is in line now and nobody else is taking one.
    pub(crate) fn try_take(&self) -> Option<Claimed> {
        let mut tickets = self.0.try_lock().ok()?;
        loop {
            if let Some(claimed) = tickets.try_recv().ok()?.claim() {
                return Some(claimed);
            }
        }
    }

    /// Refuses everything that is in line, and everything that comes.
    pub(crate) async fn close(&self, reason: Reason) {
        let mut tickets = self.0.lock().await;
        tickets.close();
        while let Some(ticket) = tickets.recv().await {
            if let Some(claimed) = ticket.claim() {
                claimed.answer.refuse(reason);
            }
        }
    }
}

impl Ticket {
    fn claim(self) -> Option<Claimed> {
        // Whoever sets the mark first decides: the publisher by taking the message, or the sender by giving it up.
        if self.taken.swap(true, Ordering::AcqRel) {
            return None;
        }
        Some(Claimed {
            message: self.message,
            answer: self.answer,
        })
    }
}

fn abandoned(taken: &AtomicBool, reason: Reason) -> PublishError {
    if taken.swap(true, Ordering::AcqRel) {
        PublishError::Uncertain { reason }
    } else {
        PublishError::Refused { reason }
    }
}

fn refused(reason: Reason) -> PublishError {
    PublishError::Refused { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(50);

    fn message(bytes: usize) -> Message {
        Message::batch(EncodedBatch {
            events: 1,
            bytes: vec![0; bytes],
        })
    }

    #[tokio::test]
    async fn a_message_that_nobody_took_is_certainly_refused() {
        let (line, counter) = line(100, TIMEOUT);
        let reason = Reason::Timeout;
        assert_eq!(
            line.publish(message(1)).await,
            Err(PublishError::Refused { reason })
        );
        assert!(counter.try_take().is_none(), "its sender has given it up");
        assert_eq!(line.bytes_in_flight(), 0);
    }

    #[tokio::test]
    async fn a_message_that_was_taken_and_not_answered_in_time_is_uncertain() {
        let (line, counter) = line(100, TIMEOUT);
        let (outcome, taken) = tokio::join!(line.publish(message(1)), counter.take());
        let reason = Reason::Timeout;
        assert_eq!(outcome, Err(PublishError::Uncertain { reason }));
        assert_eq!(line.bytes_in_flight(), 1, "it is still with the publisher");
        drop(taken);
        assert_eq!(line.bytes_in_flight(), 0);
    }

    #[tokio::test]
    async fn a_publisher_that_breaks_off_leaves_it_uncertain() {
        let (line, counter) = line(100, TIMEOUT);
        let breaks_off = async { drop(counter.take().await) };
        let (outcome, ()) = tokio::join!(line.publish(message(1)), breaks_off);
        let reason = Reason::Lost;
        assert_eq!(outcome, Err(PublishError::Uncertain { reason }));
    }

    #[tokio::test]
    async fn closing_refuses_what_is_in_line_and_what_comes() {
        let (line, counter) = line(100, TIMEOUT);
        let (outcome, ()) = tokio::join!(line.publish(message(1)), counter.close(Reason::Closed));
        let reason = Reason::Closed;
        assert_eq!(outcome, Err(PublishError::Refused { reason }));
        assert_eq!(line.publish(message(1)).await, outcome);
    }

    #[tokio::test]
    async fn bytes_beyond_the_bound_are_refused_at_once() {
        let (line, counter) = line(100, TIMEOUT);
        let busy = Err(PublishError::Refused {
            reason: Reason::Busy,
        });
        let second = async {
            let claimed = counter.take().await.unwrap();
            assert_eq!(line.publish(message(41)).await, busy);
            claimed.answer.give(Ok(()));
        };
        let (first, ()) = tokio::join!(line.publish(message(60)), second);
        assert_eq!(first, Ok(()));
        assert_eq!(line.publish(message(101)).await, busy);
    }
}
