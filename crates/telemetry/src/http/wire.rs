//! The socket of a connection as hyper sees it.
//!
//! Three things happen below hyper because nothing above it can do them: the bytes of each head are noted (see
//! [`framing`](super::framing)), a client that does not read is given up, and a close while the client still sends is a
//! gentle one. And hyper's own refusals, which are bare status lines, are replaced by problems.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::alarm::{Moment, span_of_ms};
use super::link::Link;
use super::plain;

/// How long, and for how many bytes, a closed connection is still read so that our last answer is not destroyed by a reset.
/// A client that has sent 16 MiB into a 413 will not read it either.
const LINGER_MS: u64 = 2_000;
const LINGER_BYTES: usize = 16 * 1024 * 1024;

pub(super) struct Wire {
    stream: TcpStream,
    link: Arc<Link>,
    /// Since when the client has taken none of what we have to write.
    stalled: Option<Moment>,
    /// Our own last answer, in place of hyper's, and how much of it is written.
    last_answer: Option<(Vec<u8>, usize)>,
    lingering: Option<Lingering>,
}

struct Lingering {
    until: Moment,
    bytes_left: usize,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, link: Arc<Link>) -> Self {
        Self {
            stream,
            link,
            stalled: None,
            last_answer: None,
            lingering: None,
        }
    }

    /// Replaces what hyper wants to write if that is a refusal of its own. Nothing that hyper writes comes after one.
    fn replaces(&mut self, bytes: &[u8]) -> bool {
        if self.last_answer.is_none()
            && self.link.awaits_head()
            && let Some(problem) = plain::problem_of_bare(bytes)
        {
            self.link.metrics.unrouted(problem.status.as_str());
            self.link.linger();
            self.last_answer = Some((plain::last_answer(&problem), 0));
        }
        self.last_answer.is_some()
    }

    fn poll_last_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((answer, written)) = &mut self.last_answer
            && *written < answer.len()
        {
            let polled = Pin::new(&mut self.stream).poll_write(cx, &answer[*written..]);
            if let Poll::Ready(Ok(more)) = polled {
                *written += more;
            }
            let more = ready!(self.watch(polled))?;
            if more == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Gives up on a client that takes nothing for as long as a whole body may take.
    fn watch<T>(&mut self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let alarm = &self.link.alarm;
        let since = *self.stalled.get_or_insert(alarm.now());
        if alarm.has_come(since + self.link.deadlines.body) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    /// Reads on after our side is closed, until the client has closed its own or has had its chance.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let alarm = &self.link.alarm;
        let lingering = self.lingering.get_or_insert_with(|| Lingering {
            until: alarm.now() + span_of_ms(LINGER_MS),
            bytes_left: LINGER_BYTES,
        });
        let mut scratch = [0; 8 * 1024];
        while lingering.bytes_left > 0 && !alarm.has_come(lingering.until) {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            lingering.bytes_left = lingering.bytes_left.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.link.received(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.replaces(slices.first().map_or(&[], |first| first)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_last_answer(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_last_answer(cx))?;
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.link.lingers() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
