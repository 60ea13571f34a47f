//! The rows of one batch, as the bulk statements take them.

use uuid::Uuid;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct EventRow<'a> {
    pub(super) event_id: Uuid,
    pub(super) session: i64,
    pub(super) time_ms: i64,
    pub(super) site: i32,
    pub(super) age_ms: i32,
    pub(super) page: i32,
    pub(super) referrer: i32,
    pub(super) person: i32,
    /// 0 where the kind's number is in `extra`.
    pub(super) kind: i16,
    pub(super) data: &'a str,
    pub(super) extra: String,
}

/// What a batch adds to a session: the whole session where it is new.
#[derive(Clone, Debug)]
pub(super) struct SessionRow {
    /// Numbered in this transaction: no row of it can be there.
    pub(super) is_new: bool,
    pub(super) session: i64,
    pub(super) started_ms: i64,
    pub(super) visitor: Option<i64>,
    pub(super) site: i32,
    pub(super) duration_ms: i32,
    pub(super) pageviews: i32,
    pub(super) events: i32,
    pub(super) entry_page: i32,
    pub(super) exit_page: i32,
    pub(super) referrer: i32,
    pub(super) campaign: i32,
    pub(super) client: i32,
    pub(super) place: i32,
    pub(super) channel: i16,
    pub(super) bot: i16,
    pub(super) interactions: i32,
}

impl SessionRow {
    pub(super) fn traits(&self) -> Traits {
        Traits {
            session: self.session,
            client: self.client,
            place: self.place,
        }
    }
}

/// A visitor's current session: what is proposed, and what the store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VisitRow {
    pub(super) site: i32,
    pub(super) visitor: i64,
    pub(super) session: i64,
    pub(super) started_ms: i64,
    pub(super) last_ms: i64,
}

/// A session, and what its first event said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) session: i64,
    pub(super) client: i32,
    pub(super) place: i32,
}
