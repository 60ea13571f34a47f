//! What the parts of one connection share: the bytes below hyper, the service above it, and the task around it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hgpixel_config::Http;
use hyper::Request;

use super::alarm::{Alarm, Moment, span_of_ms};
use super::framing::{Inbox, Refusal};
use super::metrics::HttpMetrics;

/// How long each step of a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// From the accept, or the first byte of a later head, to the end of the head.
    pub(super) head: Moment,
    /// From the end of the head to the end of the body; also how long a client may leave its answer unread.
    pub(super) body: Moment,
    /// From the end of the body to the head of the answer.
    pub(super) handler: Moment,
    /// From the stop to the cut of whatever is left.
    pub(super) shutdown: Moment,
}

impl From<&Http> for Deadlines {
    fn from(settings: &Http) -> Self {
        Self {
            head: span_of_ms(settings.header_timeout_ms),
            body: span_of_ms(settings.body_timeout_ms),
            handler: span_of_ms(settings.handler_timeout_ms),
            shutdown: span_of_ms(settings.shutdown_timeout_ms),
        }
    }
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) alarm: Alarm,
    pub(super) deadlines: Deadlines,
    pub(super) peer: SocketAddr,
    pub(super) metrics: HttpMetrics,
    inbox: Mutex<Inbox>,
    has_served: AtomicBool,
    /// hyper waits for a head: every earlier request is answered, though the answer may not be written out yet.
    awaits_head: AtomicBool,
    /// The client may still be sending when we close.
    lingers: AtomicBool,
}

impl Link {
    pub(super) fn new(deadlines: Deadlines, peer: SocketAddr, metrics: HttpMetrics) -> Arc<Self> {
        Arc::new(Self {
            alarm: Alarm::new(),
            deadlines,
            peer,
            metrics,
            inbox: Mutex::default(),
            has_served: AtomicBool::new(false),
            awaits_head: AtomicBool::new(true),
            lingers: AtomicBool::new(false),
        })
    }

    /// Bytes came in.
    pub(super) fn received(&self, bytes: &[u8]) {
        let now = self.alarm.now();
        self.with_inbox(|inbox| inbox.received(bytes, now));
    }

    /// When the first byte of the head that is being received came in.
    pub(super) fn head_began(&self) -> Option<Moment> {
        self.with_inbox(|inbox| inbox.head_began())
    }

    /// hyper begins to wait for a head.
    pub(super) fn await_head(&self) {
        self.awaits_head.store(true, Ordering::Relaxed);
    }

    pub(super) fn awaits_head(&self) -> bool {
        self.awaits_head.load(Ordering::Relaxed)
    }

    /// hyper has parsed a head: is it one that we serve?
    pub(super) fn take_head<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        self.awaits_head.store(false, Ordering::Relaxed);
        self.has_served.store(true, Ordering::Relaxed);
        let now = self.alarm.now();
        self.with_inbox(|inbox| inbox.take_head(request, now))
    }

    /// Whether a head was received before.
    pub(super) fn has_served(&self) -> bool {
        self.has_served.load(Ordering::Relaxed)
    }

    /// Close gently: the client is still sending, and a plain close would reset the connection and destroy our last answer.
    pub(super) fn linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    pub(super) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }

    fn with_inbox<T>(&self, act: impl FnOnce(&mut Inbox) -> T) -> T {
        // Nothing in the inbox can panic half way, and if it could, its connection would end with it.
        act(&mut self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
