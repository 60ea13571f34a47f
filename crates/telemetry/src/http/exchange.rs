//! One request and its answer: whose turn it is, and until when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::alarm::Moment;
use super::link::Link;

/// Who let a deadline pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    Client,
    Handler,
}

/// Shared by the body, which knows whose turn it is, and the guard, which enforces the deadline.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) link: Arc<Link>,
    /// When the head was complete.
    pub(super) began: Moment,
    /// The handler waits for the client's body.
    clients_turn: AtomicBool,
    /// When it last became the handler's turn.
    handlers_turn_began: AtomicU64,
    /// The handler left some of the body unread, and it had not all arrived.
    left_unread: AtomicBool,
}

impl Exchange {
    pub(super) fn new(link: Arc<Link>) -> Arc<Self> {
        let began = link.alarm.now();
        Arc::new(Self {
            link,
            began,
            clients_turn: AtomicBool::new(false),
            handlers_turn_began: AtomicU64::new(began),
            left_unread: AtomicBool::new(false),
        })
    }

    pub(super) fn waits_for_client(&self) {
        self.clients_turn.store(true, Ordering::Relaxed);
    }

    /// Starts the handler's time, unless it is running already: a handler gains none by reading piece by piece.
    pub(super) fn waits_for_handler(&self) {
        if self.clients_turn.load(Ordering::Relaxed) {
            self.clients_turn.store(false, Ordering::Relaxed);
            self.handlers_turn_began
                .store(self.link.alarm.now(), Ordering::Relaxed);
        }
    }

    pub(super) fn leave_unread(&self) {
        self.left_unread.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_left_unread(&self) -> bool {
        self.left_unread.load(Ordering::Relaxed)
    }

    /// Who is late, if anyone. While nobody is, the connection will be polled again when someone would be.
    ///
    /// The whole body has one deadline: a client that sends a byte now and then gains nothing.
    pub(super) fn late(&self) -> Option<Late> {
        let deadlines = &self.link.deadlines;
        let (deadline, late) = if self.clients_turn.load(Ordering::Relaxed) {
            (self.began + deadlines.body, Late::Client)
        } else {
            let began = self.handlers_turn_began.load(Ordering::Relaxed);
            (began + deadlines.handler, Late::Handler)
        };
        self.link.alarm.has_come(deadline).then_some(late)
    }
}
