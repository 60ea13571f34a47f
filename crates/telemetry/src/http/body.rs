//! A request's body as handlers get it: it notes whose turn it is, and what was left of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::exchange::Exchange;

/// What a body that nobody reads may hold without costing the connection: more than a small form, and no more than is in
/// hyper's hands already, for nothing is waited for.
const DISCARDED_BYTES_MAX: usize = 64 * 1024;

pub(super) struct TimedBody {
    inner: Incoming,
    exchange: Arc<Exchange>,
}

impl TimedBody {
    pub(super) fn new(inner: Incoming, exchange: Arc<Exchange>) -> Self {
        Self { inner, exchange }
    }

    /// Reads what has arrived, and says whether that was the rest.
    fn discard(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut discarded = 0;
        while discarded <= DISCARDED_BYTES_MAX && !self.inner.is_end_stream() {
            match Pin::new(&mut self.inner).poll_frame(&mut cx) {
                Poll::Ready(None) => return true,
                Poll::Ready(Some(Ok(frame))) => {
                    discarded += frame.data_ref().map_or(0, Bytes::len);
                }
                Poll::Ready(Some(Err(_))) | Poll::Pending => return false,
            }
        }
        self.inner.is_end_stream()
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match polled {
            Poll::Pending => self.exchange.waits_for_client(),
            Poll::Ready(_) => self.exchange.waits_for_handler(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if !self.discard() {
            self.exchange.leave_unread();
        }
        self.exchange.waits_for_handler();
    }
}
