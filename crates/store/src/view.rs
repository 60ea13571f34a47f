//! `/view-data`: the raw events, newest or oldest first, filtered, paged or streamed.

use hgpixel_event::Marks;
use uuid::Uuid;

mod bind;
mod count;
mod filter;
mod keys;
mod merge;
mod page;
mod rows;
mod stream;

pub(crate) use page::page;
pub(crate) use stream::stream;

/// Rows of one page, at most.
pub const VIEW_LENGTH_MAX: u32 = 1_000;
/// Matches are counted exactly up to this many; a page that says more says "at least".
pub const VIEW_COUNT_MAX: u64 = 100_000;
/// Bytes of a search text, at most.
pub const VIEW_SEARCH_BYTES_MAX: usize = 200;

/// Which events. Conditions are joined with AND; an absent one filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ViewFilter {
    /// Only these sites; `Some` of none matches nothing.
    pub sites: Option<Vec<i64>>,
    /// Exactly this page's address.
    pub url: Option<String>,
    /// Exactly this client's user id.
    pub user_id: Option<String>,
    /// A part of the address, title, referrer, event type, user id or data, whatever its case.
    pub search: Option<String>,
    /// Not before this time, in milliseconds since 1970 UTC.
    pub from_ms: Option<i64>,
    /// Before this time, in milliseconds since 1970 UTC.
    pub until_ms: Option<i64>,
}

/// By the time at which events happened; events of one millisecond by their ids. Without further filters every page can be reached; with
/// an address, a user id, a search text or a range of time, the first [`VIEW_COUNT_MAX`] matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ViewOrder {
    /// Latest first.
    #[default]
    NewestFirst,
    /// Earliest first.
    OldestFirst,
}

/// Which page of which events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ViewQuery {
    /// Which events.
    pub filter: ViewFilter,
    /// How many matches to skip.
    pub start: u64,
    /// How many rows, at most [`VIEW_LENGTH_MAX`].
    pub length: u32,
    /// In which order.
    pub order: ViewOrder,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewPage {
    /// Events of the sites that the filter allows.
    pub records_total: u64,
    /// Events that match the whole filter.
    pub records_filtered: u64,
    /// Whether counting stopped at `records_filtered` and there may be more: at [`VIEW_COUNT_MAX`], or, in a search, when its time was up.
    pub records_filtered_capped: bool,
    /// The rows.
    pub rows: Vec<ViewRow>,
}

/// One event as it was accepted, and what was found out about it. Absent texts are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewRow {
    /// The event's id.
    pub event_id: Uuid,
    /// The site's number.
    pub site: i64,
    /// The site's key: the old script's client id.
    pub client_id: String,
    /// The event's type.
    pub event_type: String,
    /// The event's data: the text of a JSON object; empty for `{}`.
    pub event_data: String,
    /// The client's own session id as sent.
    pub client_session_id: String,
    /// Our session.
    pub session: i64,
    /// The client's own user id as sent.
    pub user_id: String,
    /// When it happened, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// When it was received, in milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// The page's address.
    pub url: String,
    /// The page's title.
    pub title: String,
    /// The referrer.
    pub referrer: String,
    /// The user agent.
    pub user_agent: String,
    /// What the client told about its device: the text of a JSON object; empty for `{}`.
    pub device_info: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The subdivision.
    pub region: String,
    /// The city.
    pub city: String,
    /// The browser's name.
    pub browser: String,
    /// The browser's version.
    pub browser_version: String,
    /// The operating system's name.
    pub os: String,
    /// The operating system's version.
    pub os_version: String,
    /// The kind of device.
    pub device: String,
    /// The language in its normal form.
    pub language: String,
    /// The language as sent.
    pub language_sent: String,
    /// The screen's size as `WxH`.
    pub screen: String,
    /// The session's channel.
    pub channel: String,
    /// The source of this event's referrer.
    pub source: String,
    /// The name of the session's campaign.
    pub campaign: String,
    /// Why it is taken for a bot; empty for a person.
    pub bot_reason: String,
    /// The bot's name.
    pub bot_name: String,
    /// What the server had to change.
    pub marks: Marks,
}
