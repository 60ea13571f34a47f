//! The HTTP server that every listener uses: HTTP/1 only, and nothing that a client delays or sends can hold more than its share.
//!
//! # What is bounded
//! - **Time.** The head of a request, its body, the handler, and a client that does not read its answer each have a deadline
//!   ([`hgpixel_config::Http`]). A late head closes the connection, a late body is answered 408, a late handler 503.
//! - **Size.** A target over 8 KiB is answered 414, a head over 16 KiB or 64 fields 431. Bodies are bounded by whoever reads them.
//! - **Number.** Connections over the cap are answered 503 and closed. When the process runs out of sockets the server waits.
//! - **Doubt.** A head whose framing could be read in two ways is answered 400 and its connection closed.
//! - **Panics.** A handler that panics is answered 503; the process lives.
//!
//! Every refusal is a [`Problem`](crate::Problem). While the process drains, answers close their connections; once it stops,
//! idle connections are closed, requests in flight are answered, and whatever is left at the deadline is cut.
//!
//! Who the client is behind a balancer, [`TrustedProxies`] tells. Not here: TLS, HTTP/2 and compression, which are the balancer's.

mod accept;
mod alarm;
mod answerer;
mod body;
mod client;
mod connection;
mod exchange;
mod framing;
mod guard;
mod link;
mod metrics;
mod plain;
mod wire;

pub use accept::{bind, serve};
pub use client::{Client, TrustedProxies};
pub use metrics::HttpMetrics;

use std::net::SocketAddr;

/// The request extension that says who is at the other end of the connection: the client, or a balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The longest request target (path and query), in bytes.
const TARGET_BYTES_MAX: usize = 8 * 1024;

/// The longest head (request line and fields), in bytes. Also hyper's buffer, so it bounds the memory of a connection: at the
/// default cap of 12,000 connections these buffers come to 192 MiB at the very most.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The most fields of a head. Browsers send about 20, balancers add a handful.
const FIELDS_MAX: usize = 64;
