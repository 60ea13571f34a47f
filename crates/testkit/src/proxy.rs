//! A TCP proxy that fails on request, for tests of outages that a killed server does not show: a cut cable, a silent peer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::free_port;

/// How much is taken from one side before it is given to the other.
const BUFFER_BYTES: usize = 64 * 1024;

/// A proxy in front of one server on 127.0.0.1. It lives on the runtime of the test that made it, and ends with this value.
///
/// It begins healthy. Each fault replaces the one before; [`TcpProxy::heal`] ends it.
#[derive(Debug)]
pub struct TcpProxy {
    port: u16,
    wanted: watch::Sender<Fault>,
    open: watch::Receiver<bool>,
    accepted: Arc<AtomicUsize>,
    /// Aborts the proxy when dropped.
    _tasks: JoinSet<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Connections end, new ones are refused.
    Cut,
    /// Connections stay and are accepted, and not a byte passes.
    Silent,
    /// What is read is passed on so much later, in both directions.
    Slow(Duration),
}

impl TcpProxy {
    /// Starts a proxy to a port of 127.0.0.1.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(upstream_port: u16) -> Result<Self> {
        let port = free_port();
        let listener = TcpListener::bind(local(port))
            .await
            .context("listen as a proxy")?;
        let (wanted, faults) = watch::channel(Fault::None);
        let (opened, open) = watch::channel(true);
        let accepted = Arc::new(AtomicUsize::new(0));
        let front = Front {
            port,
            upstream: local(upstream_port),
            faults,
            opened,
            accepted: Arc::clone(&accepted),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(front.serve(listener));
        Ok(Self {
            port,
            wanted,
            open,
            accepted,
            _tasks: tasks,
        })
    }

    /// The proxy's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the server with the proxy's port in place of the server's.
    ///
    /// # Panics
    /// When the URL does not name 127.0.0.1 and a port.
    pub fn url(&self, server_url: &str) -> String {
        let (before, after) = server_url
            .split_once("127.0.0.1:")
            .expect("the URLs of this kit name 127.0.0.1 and a port");
        let rest = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
        format!("{before}127.0.0.1:{}{rest}", self.port)
    }

    /// Ends all connections and refuses new ones; returns when that is done.
    pub async fn cut(&self) {
        self.wanted.send_replace(Fault::Cut);
        self.until_open_is(false).await;
    }

    /// Lets nothing pass, while connections stay open and new ones are accepted: the peer is frozen, or packets are lost.
    pub async fn silence(&self) {
        self.wanted.send_replace(Fault::Silent);
        self.until_open_is(true).await;
    }

    /// Passes everything on so much later, in each direction, at most 64 KiB at a time.
    pub async fn slow(&self, delay: Duration) {
        self.wanted.send_replace(Fault::Slow(delay));
        self.until_open_is(true).await;
    }

    /// Lets everything pass again, also what waited in a silence; returns when new connections are accepted.
    pub async fn heal(&self) {
        self.wanted.send_replace(Fault::None);
        self.until_open_is(true).await;
    }

    /// How many connections have been accepted since the start.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    async fn until_open_is(&self, wanted: bool) {
        self.open
            .clone()
            .wait_for(|open| *open == wanted)
            .await
            .expect("the proxy runs for as long as this value lives");
    }
}

struct Front {
    port: u16,
    upstream: SocketAddr,
    faults: watch::Receiver<Fault>,
    opened: watch::Sender<bool>,
    accepted: Arc<AtomicUsize>,
}

impl Front {
    async fn serve(mut self, first: TcpListener) {
        let mut listener = first;
        loop {
            self.serve_until_cut(&listener).await;
            // Only a closed listener refuses: where nobody accepts, the kernel still says yes.
            drop(listener);
            self.opened.send_replace(false);
            if self
                .faults
                .wait_for(|fault| *fault != Fault::Cut)
                .await
                .is_err()
            {
                return;
            }
            let Ok(again) = TcpListener::bind(local(self.port)).await else {
                return;
            };
            listener = again;
            self.opened.send_replace(true);
        }
    }

    /// Returns, and with that ends all its connections, at the first cut.
    async fn serve_until_cut(&self, listener: &TcpListener) {
        let mut faults = self.faults.clone();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = faults.wait_for(|fault| *fault == Fault::Cut) => break,
                Some(_) = connections.join_next() => {}
                Ok((client, _)) = listener.accept() => {
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(connection(client, self.upstream, self.faults.clone()));
                }
            }
        }
        connections.shutdown().await;
    }
}

/// Carries one connection to its end. An error on either side ends both.
async fn connection(client: TcpStream, upstream: SocketAddr, mut faults: watch::Receiver<Fault>) {
    if !speaks(&mut faults).await {
        return;
    }
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    // A delay by Nagle's algorithm would be a fault that nobody has asked for.
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = carry(from_client, to_server, faults.clone());
    let back = carry(from_server, to_client, faults);
    drop(tokio::try_join!(there, back));
}

/// One direction. A half-closed side is passed on as such.
async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut faults: watch::Receiver<Fault>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        if !speaks(&mut faults).await {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        let fault = *faults.borrow();
        if let Fault::Slow(delay) = fault {
            tokio::time::sleep(delay).await;
        }
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Waits out a silence; false when the proxy is gone.
async fn speaks(faults: &mut watch::Receiver<Fault>) -> bool {
    faults
        .wait_for(|fault| *fault != Fault::Silent)
        .await
        .is_ok()
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
