//! One connection, from its accept to its end.

use std::error::Error as _;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::accept::House;
use super::alarm::{Moment, span_of_ms};
use super::answerer::Answerer;
use super::link::Link;
use super::metrics::Cut;
use super::wire::Wire;
use super::{FIELDS_MAX, HEAD_BYTES_MAX};

/// How long a connection may stay open between two requests. Browsers give theirs up after minutes, balancers are usually
/// set to about one; the longer of the two sides saves a race in which a request meets a closing connection.
const IDLE_MS: u64 = 60_000;

/// Serves one connection until the client closes it, a deadline passes, or the process stops.
pub(super) async fn run(stream: TcpStream, link: Arc<Link>, house: Arc<House>) {
    let connection = http1::Builder::new()
        .timer(HeadTimer {
            link: Arc::clone(&link),
            house: Arc::clone(&house),
        })
        .header_read_timeout(Duration::from_micros(link.deadlines.head))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(FIELDS_MAX)
        // A client may close its sending side and wait for the answer; one that is gone altogether shows when we write.
        .half_close(true)
        .serve_connection(
            TokioIo::new(Wire::new(stream, Arc::clone(&link))),
            Answerer {
                app: house.app.clone(),
                link: Arc::clone(&link),
            },
        );
    if let Some(cut) = Driver::drive(pin!(connection), &link, &house).await {
        link.metrics.cut(cut);
    }
}

/// Polls a connection, keeps its one timer and tells it of the stop.
struct Driver<'a> {
    link: &'a Link,
    house: &'a House,
    /// What the timer is set to.
    armed: Option<Moment>,
    /// When a connection that outlives the stop is cut.
    cut_at: Option<Moment>,
}

type Connection = http1::Connection<TokioIo<Wire>, Answerer>;

impl Driver<'_> {
    async fn drive(
        mut connection: Pin<&mut Connection>,
        link: &Link,
        house: &House,
    ) -> Option<Cut> {
        let mut driver = Driver {
            link,
            house,
            armed: None,
            cut_at: None,
        };
        let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
        let mut stopping = pin!(house.lifecycle.stopping());
        let mut listens = false;
        std::future::poll_fn(|cx| {
            // Once is enough, for a task keeps its waker; each further poll would take a lock that all connections share.
            if !listens {
                listens = true;
                let _wakes_us = stopping.as_mut().poll(cx);
            }
            driver.poll(cx, connection.as_mut(), timer.as_mut())
        })
        .await
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut connection: Pin<&mut Connection>,
        timer: Pin<&mut tokio::time::Sleep>,
    ) -> Poll<Option<Cut>> {
        let alarm = &self.link.alarm;
        alarm.begin_poll();
        let mut polled = connection.as_mut().poll(cx);
        if polled.is_pending() && self.stops_now() {
            connection.as_mut().graceful_shutdown();
            polled = connection.poll(cx);
        }
        match polled {
            Poll::Ready(Ok(())) => Poll::Ready(None),
            Poll::Ready(Err(error)) => Poll::Ready(cut_by(&error)),
            Poll::Pending if self.cut_at.is_some_and(|at| alarm.has_come(at)) => {
                Poll::Ready(Some(Cut::Shutdown))
            }
            Poll::Pending => {
                self.set(timer, cx);
                Poll::Pending
            }
        }
    }

    /// Whether the process has begun to stop since the last look.
    fn stops_now(&mut self) -> bool {
        if self.cut_at.is_some() || !self.house.lifecycle.is_stopping() {
            return false;
        }
        self.cut_at = Some(self.link.alarm.now() + self.link.deadlines.shutdown);
        true
    }

    /// Makes sure that the timer rings at the nearest deadline, or before.
    fn set(&mut self, mut timer: Pin<&mut tokio::time::Sleep>, cx: &mut Context<'_>) {
        let alarm = &self.link.alarm;
        let Some(due) = alarm.due() else { return };
        let rings_in_time = self
            .armed
            .is_some_and(|armed| alarm.now() < armed && armed <= due);
        if rings_in_time {
            return;
        }
        timer.as_mut().reset(alarm.instant(due));
        self.armed = Some(due);
        // A poll that has used up the task's budget would return without having set anything, and we ask only once.
        let set = pin!(tokio::task::unconstrained(timer)).poll(cx);
        if set.is_ready() {
            // The deadline passed while we were busy.
            self.armed = None;
            cx.waker().wake_by_ref();
        }
    }
}

/// Whether we ended a connection that ended with an error. All the other errors are the client's: it went away or sent no HTTP.
fn cut_by(error: &hyper::Error) -> Option<Cut> {
    if error.is_timeout() {
        return Some(Cut::Head);
    }
    let cause = error.source()?.downcast_ref::<io::Error>()?;
    (cause.kind() == io::ErrorKind::TimedOut).then_some(Cut::Answer)
}

/// hyper's timer, which it uses for one thing: to wait for a head.
struct HeadTimer {
    link: Arc<Link>,
    house: Arc<House>,
}

impl Timer for HeadTimer {
    fn sleep(&self, _duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.wait()
    }

    fn sleep_until(&self, _deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.wait()
    }

    /// hyper only ever adds to it; what counts is decided in [`HeadSleep`].
    fn now(&self) -> Instant {
        self.link.alarm.instant(self.link.alarm.now()).into_std()
    }
}

impl HeadTimer {
    fn wait(&self) -> Pin<Box<dyn Sleep>> {
        let deadlines = &self.link.deadlines;
        let is_first = !self.link.has_served();
        // When half of all connections are taken, idle ones make room as fast as slow heads.
        let idle = if self.house.is_crowded() {
            deadlines.head
        } else {
            span_of_ms(IDLE_MS)
        };
        self.link.await_head();
        Box::pin(HeadSleep {
            link: Arc::clone(&self.link),
            idle_until: self.link.alarm.now() + idle,
            is_first,
        })
    }
}

/// Until when a head is waited for: the first one from the accept on, a later one from its first byte on.
struct HeadSleep {
    link: Arc<Link>,
    idle_until: Moment,
    is_first: bool,
}

impl Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        let head = self.link.deadlines.head;
        let deadline = match self.link.head_began() {
            _ if self.is_first => head,
            Some(began) => began + head,
            None => self.idle_until,
        };
        if self.link.alarm.has_come(deadline) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
