//! A beacon: what a browser sent, parsed but not yet believed.
//!
//! Texts are as they were sent, of any length. Each event of a batch is a `Result`, so that a bad one does not cost the good ones.

use std::borrow::Cow;
use std::net::IpAddr;

use hgpixel_event::SiteKey;

use crate::metrics::LossReason;
use crate::wire::properties::Entries;
use crate::wire::time::ClientTime;

/// What one request brought.
#[derive(Debug)]
pub(crate) struct Beacon<'a> {
    /// Absent when the sender did not say; see [`crate::site`].
    pub(crate) site: Option<SiteKey>,
    pub(crate) sender: Sender,
    /// The sender says in the body that its visitor opted out, besides what the request's headers say.
    pub(crate) opted_out: bool,
    /// A program runs the browser, as the page's script saw it.
    pub(crate) automated: bool,
    /// The client's clock when it sent the beacon, in milliseconds since 1970 UTC.
    pub(crate) sent_at_ms: Option<i64>,
    /// How many events the sender gave up since it was last answered 2xx, and why.
    pub(crate) lost: Vec<(LossReason, u64)>,
    pub(crate) shared: Shared<'a>,
    /// At least one.
    pub(crate) events: Vec<Result<BeaconEvent<'a>, Invalid>>,
}

/// Who speaks: the old script's defects are allowed for, nobody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The script that hgpixel began with, recognised by three keys that it never leaves out.
    OldScript,
    Other,
}

/// What all events of a beacon have in common. An absent text is empty.
#[derive(Debug, Default)]
pub(crate) struct Shared<'a> {
    pub(crate) url: Cow<'a, str>,
    pub(crate) title: Cow<'a, str>,
    pub(crate) referrer: Cow<'a, str>,
    pub(crate) language: Cow<'a, str>,
    pub(crate) user_agent: Cow<'a, str>,
    /// The visitor's, from a server.
    pub(crate) ip: Option<IpAddr>,
    pub(crate) user_id: Cow<'a, str>,
    pub(crate) session_id: Cow<'a, str>,
    pub(crate) device: Entries<'a>,
}

/// One event of a beacon.
#[derive(Debug, Default)]
pub(crate) struct BeaconEvent<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) data: Entries<'a>,
    pub(crate) time: ClientTime,
    /// Where it differs from [`Shared::url`].
    pub(crate) url: Option<Cow<'a, str>>,
    pub(crate) title: Option<Cow<'a, str>>,
    pub(crate) referrer: Option<Cow<'a, str>>,
    /// From a server, where it differs from [`Shared::user_agent`].
    pub(crate) user_agent: Option<Cow<'a, str>>,
    /// From a server, where it differs from [`Shared::ip`].
    pub(crate) ip: Option<IpAddr>,
}

/// Why a beacon or one of its events cannot be accepted, in words that tell its sender what to change. Never quotes the input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(Cow<'static, str>);

impl Invalid {
    pub(crate) fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self(problem.into())
    }

    /// Says which event of a batch it was.
    pub(crate) fn in_event(&self, index: usize) -> Self {
        Self(format!("`events[{index}]`: {}", self.0).into())
    }
}
