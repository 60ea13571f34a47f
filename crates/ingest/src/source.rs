//! Who sends: a browser, about its own visitor; or a server, about somebody else's.
//!
//! A server shows a token of scope write. Its address and its headers are its own, so they say nothing about the visitor: it names
//! `ip` and `userAgent` itself, where it knows them. It may send more at a time, and is not limited by its address.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::sync::{Semaphore, SemaphorePermit};

use hgpixel_event::limits::{
    BEACON_EVENTS_MAX, BODY_BYTES_MAX, SERVER_BODY_BYTES_MAX, SERVER_EVENTS_MAX,
};
use hgpixel_store::Snapshot;

use crate::answer::Refusal;

/// Requests of servers that are in memory at a time: each may hold 1 MiB as sent, 4 MiB inflated and 8 MiB as queued.
const SERVERS_MAX: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Browser,
    /// With a token, which may be bound to one site.
    Server {
        site: Option<i64>,
    },
}

impl Source {
    pub(crate) fn is_server(self) -> bool {
        matches!(self, Self::Server { .. })
    }

    pub(crate) fn body_bytes_max(self) -> usize {
        match self {
            Self::Browser => BODY_BYTES_MAX,
            Self::Server { .. } => SERVER_BODY_BYTES_MAX,
        }
    }

    pub(crate) fn events_max(self) -> usize {
        match self {
            Self::Browser => BEACON_EVENTS_MAX,
            Self::Server { .. } => SERVER_EVENTS_MAX,
        }
    }
}

/// The secret of a request that shows a token. Another scheme is not for us: it belongs to a proxy in front.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = shown.split_once(' ').unwrap_or((shown, ""));
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(secret.trim())
}

/// The source that a token of this secret makes.
pub(crate) fn of_token(
    snapshot: Option<&Arc<Snapshot>>,
    secret: &str,
    now_ms: i64,
) -> Result<Source, Refusal> {
    let snapshot = snapshot.ok_or(Refusal::Unavailable)?;
    let token = snapshot.sender(secret, now_ms).ok_or(Refusal::Token)?;
    Ok(Source::Server { site: token.site })
}

/// Room for the requests of servers.
pub(crate) struct Room(Semaphore);

impl Room {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(SERVERS_MAX))
    }

    /// A place for as long as the permit lives; a browser needs none.
    pub(crate) fn enter(&self, source: Source) -> Result<Option<SemaphorePermit<'_>>, Refusal> {
        if source == Source::Browser {
            return Ok(None);
        }
        let permit = self.0.try_acquire().map_err(|_| Refusal::Unavailable)?;
        Ok(Some(permit))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(header: &'static str, expected: Option<&str>) {
        let value = HeaderValue::from_static(header);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        assert_eq!(bearer(&headers), expected, "{header}");
    }

    #[test]
    fn a_token_stands_after_its_scheme() {
        check("Bearer hgp_1", Some("hgp_1"));
        check("bearer  hgp_1 ", Some("hgp_1"));
        check("Bearer", Some(""));
        check("Basic dXNlcjpwYXNz", None);
        check("hgp_1", None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn there_is_room_for_so_many_servers_and_for_every_browser() {
        let room = Room::new();
        let server = Source::Server { site: None };
        let taken: Vec<_> = (0..SERVERS_MAX).map(|_| room.enter(server)).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(room.enter(server).unwrap_err(), Refusal::Unavailable);
        assert!(room.enter(Source::Browser).is_ok());
        drop(taken);
        assert!(room.enter(server).is_ok());
    }
}
