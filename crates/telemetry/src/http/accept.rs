//! Taking connections in: the cap, the errors, the stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hgpixel_config::Http;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::guard::Guard;
use super::link::{Deadlines, Link};
use super::{HttpMetrics, connection, plain};
use crate::{Lifecycle, Problem, caught};

/// Connections that the kernel holds for us while we are busy; it may cap this itself (`net.core.somaxconn`, 4,096 by default).
const BACKLOG: u32 = 4_096;

/// Connections over the cap that are being told so. Beyond that they are closed without a word: whoever floods us with
/// connections must not make us hold twice the cap.
const REFUSALS_MAX: usize = 256;

/// How long a refused connection may take to read its refusal.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A process at its limit may fail and succeed in turn, many times a second; the counter has them all.
const WARNING_PAUSE: Duration = Duration::from_mins(1);

/// Opens a listening socket. Port 0 takes a free one.
///
/// # Errors
/// When the address is taken, not ours, or not allowed.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart may take the address although connections of its predecessor are still in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `app` on `listener` until the lifecycle stops, and returns when every connection has ended: at the latest
/// `shutdown_timeout_ms` after the stop.
///
/// Each request carries a [`Peer`](super::Peer). `app` needs no layer for deadlines, panics or metrics.
///
/// # Errors
/// None so far: what one connection does ends that connection only, and the lack of sockets is waited out.
pub fn serve(
    listener: TcpListener,
    app: Router,
    settings: &Http,
    lifecycle: &Lifecycle,
    metrics: &HttpMetrics,
) -> impl Future<Output = anyhow::Result<()>> + Send + 'static + use<> {
    let guard = Guard {
        metrics: metrics.clone(),
        lifecycle: lifecycle.clone(),
    };
    let house = Arc::new(House {
        app: app.layer(guard),
        deadlines: Deadlines::from(settings),
        connections_max: settings.connections_max,
        free: Arc::new(Semaphore::new(settings.connections_max)),
        refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
        lifecycle: lifecycle.clone(),
        metrics: metrics.clone(),
        tasks: TaskTracker::new(),
    });
    async move {
        house.accept_all(listener).await;
        house.tasks.close();
        house.tasks.wait().await;
        Ok(())
    }
}

/// What the connections of one listener share.
pub(super) struct House {
    pub(super) app: Router,
    pub(super) lifecycle: Lifecycle,
    deadlines: Deadlines,
    connections_max: usize,
    free: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    metrics: HttpMetrics,
    tasks: TaskTracker,
}

impl House {
    /// Whether at least half of the connections that we may have are open.
    pub(super) fn is_crowded(&self) -> bool {
        self.free.available_permits() <= self.connections_max / 2
    }

    /// Takes the listener along, so that it is closed when this ends.
    async fn accept_all(self: &Arc<Self>, listener: TcpListener) {
        let mut stopping = std::pin::pin!(self.lifecycle.stopping());
        let mut pause = PAUSE_MIN;
        let mut warned: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopping => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause = PAUSE_MIN;
                    self.take(stream, peer);
                }
                Err(error) => {
                    self.metrics.accept_error();
                    if concerns_one_connection(&error) {
                        continue;
                    }
                    if warned.is_none_or(|at| at.elapsed() >= WARNING_PAUSE) {
                        warned = Some(Instant::now());
                        tracing::warn!(%error, "cannot accept connections for now");
                    }
                    tokio::select! {
                        () = &mut stopping => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    fn take(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => self.serve(stream, peer, permit),
            Err(_) => self.refuse(stream),
        }
    }

    fn serve(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        // Answers are small and written whole: to wait for more would only delay them. A socket that refuses is closing.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let house = Arc::clone(self);
        let link = Link::new(self.deadlines, peer, self.metrics.clone());
        self.metrics.connections().inc();
        self.tasks.spawn(async move {
            // A panic outside of a handler, such as in a streamed answer, ends its connection and nothing else.
            let ended = caught::run(connection::run(stream, link, Arc::clone(&house))).await;
            if ended.is_err() {
                house.metrics.panicked();
            }
            house.metrics.connections().dec();
            drop(permit);
        });
    }

    fn refuse(&self, stream: TcpStream) {
        self.metrics.refused();
        if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            self.tasks.spawn(async move {
                let told = tokio::time::timeout(REFUSAL_TIME, tell_full(stream)).await;
                tracing::debug!(in_time = told.is_ok(), "refused a connection over the cap");
                drop(permit);
            });
        }
    }
}

/// Answers without having read the request, and then reads until the client closes: a close with unread bytes would be a
/// reset, which destroys the answer.
async fn tell_full(mut stream: TcpStream) -> io::Result<()> {
    let problem = Problem::unavailable("too many connections");
    stream.write_all(&plain::last_answer(&problem)).await?;
    stream.shutdown().await?;
    let mut scratch = [0; 4 * 1024];
    while stream.read(&mut scratch).await? > 0 {}
    Ok(())
}

/// Whether the next connection may well be accepted at once. Everything else means that we are out of something.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(
        error.kind(),
        E::ConnectionAborted | E::ConnectionReset | E::ConnectionRefused | E::Interrupted
    )
}
