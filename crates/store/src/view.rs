//! `/view-data`: the raw events, filtered, in order, paged or streamed; and grouped.
//!
//! Where an index holds the matches together, they are read from there. Every other question is asked window by window of time, newest
//! first, so that no statement runs for long; after three seconds the answer is what was found so far, and says so.

use hgpixel_event::Marks;
use uuid::Uuid;

mod check;
mod column;
mod condition;
mod count;
mod dialect;
mod expression;
mod filter;
mod groups;
mod keys;
mod marks;
mod matching;
mod merge;
mod page;
mod resolve;
mod rows;
mod sorted;
mod stream;
mod texts;
mod value;
mod window;

pub use column::{ViewColumn, ViewKind};
pub use condition::{
    VIEW_CONDITION_DEPTH_MAX, VIEW_TESTS_MAX, VIEW_VALUE_BYTES_MAX, ViewComparison, ViewCondition,
    ViewTest, ViewValue,
};
pub(crate) use groups::groups;
pub use marks::mark_words;
pub(crate) use page::page;
pub(crate) use stream::stream;

/// Rows of one page, at most.
pub const VIEW_LENGTH_MAX: u32 = 1_000;
/// Matches are counted exactly up to this many; a page that says more says "at least". In the order of another column than the time, these
/// are the newest matches.
pub const VIEW_COUNT_MAX: u64 = 100_000;
/// Bytes of a search text, at most.
pub const VIEW_SEARCH_BYTES_MAX: usize = 200;
/// Columns by which events are grouped, at most.
pub const VIEW_GROUP_COLUMNS_MAX: usize = 2;
/// Events that are grouped, at most, and about: the newest matches.
pub const VIEW_GROUP_EVENTS_MAX: u64 = 1_000_000;
/// Groups of one answer, at most, and about: all their keys and visitors are held in memory.
pub const VIEW_GROUPS_MAX: usize = 20_000;

/// How long an answer looks through events that no index holds together.
const LOOKING: std::time::Duration = std::time::Duration::from_secs(3);

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
    /// What else must hold.
    pub conditions: Vec<ViewCondition>,
}

/// By the time at which events happened; events of one millisecond by their ids. With no further filters than a range of time every page can
/// be reached; with others, the first [`VIEW_COUNT_MAX`] matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ViewOrder {
    /// Latest first.
    #[default]
    NewestFirst,
    /// Earliest first.
    OldestFirst,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewDirection {
    /// The least first; texts by their bytes.
    Ascending,
    /// The greatest first.
    Descending,
}

/// By a column. Only the newest [`VIEW_COUNT_MAX`] matches are sorted, unless it is the time; texts by their first 100 characters, and
/// equal ones newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ViewSort {
    /// The column.
    pub column: ViewColumn,
    /// Which way.
    pub direction: ViewDirection,
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
    /// In which order of time.
    pub order: ViewOrder,
    /// In the order of a column instead.
    pub sort: Option<ViewSort>,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewPage {
    /// Events of the sites that the filter allows.
    pub records_total: u64,
    /// Events that match the whole filter.
    pub records_filtered: u64,
    /// Whether counting stopped at `records_filtered` and there may be more: at [`VIEW_COUNT_MAX`], or when the time for looking was up.
    pub records_filtered_capped: bool,
    /// The rows.
    pub rows: Vec<ViewRow>,
}

/// Which page of which groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewGroupQuery {
    /// Which events.
    pub filter: ViewFilter,
    /// Events that are equal in these columns are one group: one or two different ones, each of which can be grouped by.
    pub by: Vec<ViewColumn>,
    /// By what the groups are sorted; equal ones by their keys.
    pub order: ViewGroupOrder,
    /// Which way.
    pub direction: ViewDirection,
    /// How many groups to skip.
    pub start: u64,
    /// How many groups, at most [`VIEW_GROUPS_MAX`].
    pub length: usize,
}

/// By what groups are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ViewGroupOrder {
    /// How many events.
    #[default]
    Events,
    /// How many visitors.
    Visitors,
    /// When the first event happened.
    First,
    /// When the last event happened.
    Last,
    /// The columns' values.
    Key,
}

/// A page of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewGroups {
    /// Events of the sites that the filter allows.
    pub records_total: u64,
    /// Events that were grouped.
    pub records_grouped: u64,
    /// Where grouping stopped, and there may be more events before: after about [`VIEW_GROUP_EVENTS_MAX`] events or [`VIEW_GROUPS_MAX`]
    /// groups, or when the time for looking was up. The grouped events are those since this time.
    pub stopped_at_ms: Option<i64>,
    /// How many groups there are in all.
    pub groups_total: u64,
    /// The groups of this page.
    pub groups: Vec<ViewGroup>,
}

/// Events that are equal in some columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewGroup {
    /// The columns' values, in the order in which they were asked for.
    pub key: Vec<ViewKey>,
    /// How many events.
    pub events: u64,
    /// How many visitors; one is another the next day. Those who opted out are not among them.
    pub visitors: u64,
    /// When the first of the events happened, in milliseconds since 1970 UTC.
    pub first_ms: i64,
    /// When the last of them happened.
    pub last_ms: i64,
}

/// What is equal in a group's events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViewKey {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// A day of UTC, by its beginning in milliseconds since 1970.
    Day(i64),
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
    /// The path of the page's address.
    pub path: String,
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
