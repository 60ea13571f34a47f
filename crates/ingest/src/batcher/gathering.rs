//! What waits to be published, and when it is due. No clock and no task in here: time is handed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hgpixel_event::EncodedEvent;
use hgpixel_event::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use tokio::sync::oneshot;

use super::Outcome;

/// Encoded bytes that may wait: 32 full batches, or more than half a second of 20,000 events/s.
pub(crate) const WAITING_BYTES_MAX: usize = 32 * BATCH_BYTES_MAX;

/// What has waited for so long is refused rather than published: with a publish of 2 s after it, the request is still answered
/// within the handler's 6 s.
const WAITING_MAX: Duration = Duration::from_secs(3);

/// The header line of an encoded batch.
const HEADER_BYTES: usize = 64;

/// An event that fits into a batch of its own.
pub(crate) const EVENT_BYTES_MAX: usize = BATCH_BYTES_MAX - HEADER_BYTES - 1;

pub(super) struct Settings {
    /// How long the first event waits for company.
    pub(super) wait: Duration,
    /// How many batches are published side by side.
    pub(super) publishers: usize,
}

/// Events that are published in one batch and answered together: those of a request, or as many of them as fit.
pub(super) struct Part {
    pub(super) events: Vec<EncodedEvent>,
    bytes: usize,
    pub(super) answer: oneshot::Sender<Outcome>,
}

impl Part {
    pub(super) fn of(events: Vec<EncodedEvent>) -> (Self, oneshot::Receiver<Outcome>) {
        let (answer, receiver) = oneshot::channel();
        let bytes = events.iter().map(line_bytes).sum();
        let part = Self {
            events,
            bytes,
            answer,
        };
        (part, receiver)
    }
}

/// With its line break.
fn line_bytes(event: &EncodedEvent) -> usize {
    event.bytes_len() + 1
}

/// Splits a request's events into parts of which each fits into a batch. A beacon's limits make one part of nearly every request:
/// an event alone always fits, and there are fewer than a batch holds.
pub(super) fn parts(events: Vec<EncodedEvent>) -> Vec<Vec<EncodedEvent>> {
    let mut parts = Vec::with_capacity(1);
    let mut part = Vec::with_capacity(events.len());
    let mut bytes = HEADER_BYTES;
    for event in events {
        let more = line_bytes(&event);
        let is_full = bytes + more > BATCH_BYTES_MAX || part.len() == BATCH_EVENTS_MAX;
        if is_full && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = HEADER_BYTES;
        }
        bytes += more;
        part.push(event);
    }
    parts.push(part);
    parts
}

/// Too much is waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// What the publishing side has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Publish the next batch.
    Now,
    /// Look again then, or when something changes.
    At(Instant),
    /// Look again when something changes.
    WhenChanged,
    /// Nothing is left and nothing more will come.
    Never,
}

pub(super) struct Gathering {
    settings: Settings,
    waiting: VecDeque<(Instant, Part)>,
    events: usize,
    bytes: usize,
    publishing: usize,
    closed: bool,
}

impl Gathering {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            waiting: VecDeque::new(),
            events: 0,
            bytes: 0,
            publishing: 0,
            closed: false,
        }
    }

    /// Takes all of a request's parts or none. `Ok(true)` when the publishing side has to look: most events only join what waits
    /// already, and waking it for each of them would cost more than the event itself.
    pub(super) fn enter(&mut self, parts: Vec<Part>, now: Instant) -> Result<bool, Full> {
        let bytes: usize = parts.iter().map(|part| part.bytes).sum();
        if self.closed || self.bytes + bytes > WAITING_BYTES_MAX {
            return Err(Full);
        }
        let was_empty = self.waiting.is_empty();
        let was_full = self.holds_a_batch();
        for part in parts {
            self.events += part.events.len();
            self.bytes += part.bytes;
            self.waiting.push_back((now, part));
        }
        let has_become_due = was_empty || (!was_full && self.holds_a_batch());
        Ok(has_become_due && self.publishing < self.settings.publishers)
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn due(&self, now: Instant) -> Due {
        let Some((since, _)) = self.waiting.front() else {
            let is_done = self.closed && self.publishing == 0;
            return if is_done {
                Due::Never
            } else {
                Due::WhenChanged
            };
        };
        if self.publishing >= self.settings.publishers {
            return Due::WhenChanged;
        }
        let at = *since + self.settings.wait;
        if self.publishing == 0 || self.closed || self.holds_a_batch() || at <= now {
            Due::Now
        } else {
            Due::At(at)
        }
    }

    fn holds_a_batch(&self) -> bool {
        self.events >= BATCH_EVENTS_MAX || self.bytes + HEADER_BYTES >= BATCH_BYTES_MAX
    }

    /// The next batch: as many whole parts as fit, in their order. What has waited for too long comes apart from it, to be
    /// refused. Until [`Gathering::published`], the batch occupies a publisher.
    pub(super) fn take(&mut self, now: Instant) -> Taken {
        let mut taken = Taken::default();
        let mut events = 0;
        let mut bytes = HEADER_BYTES;
        while let Some((since, part)) = self.waiting.front() {
            let is_late = now.saturating_duration_since(*since) > WAITING_MAX;
            let fits = events + part.events.len() <= BATCH_EVENTS_MAX
                && bytes + part.bytes <= BATCH_BYTES_MAX;
            if !is_late && !fits {
                break;
            }
            let Some((_, part)) = self.waiting.pop_front() else {
                break;
            };
            self.events -= part.events.len();
            self.bytes -= part.bytes;
            if is_late {
                taken.late.push(part);
            } else {
                events += part.events.len();
                bytes += part.bytes;
                taken.batch.push(part);
            }
        }
        if !taken.batch.is_empty() {
            self.publishing += 1;
        }
        taken
    }

    pub(super) fn published(&mut self) {
        self.publishing -= 1;
    }
}

#[derive(Default)]
pub(super) struct Taken {
    pub(super) batch: Vec<Part>,
    pub(super) late: Vec<Part>,
}

#[cfg(test)]
mod tests;
