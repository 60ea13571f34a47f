//! Keep sites, people, salts, events and sessions, and answer the dashboard's questions. SQLite, or PostgreSQL.
//!
//! [`EventStore`] is the handle; everything else here is a noun that it takes or gives. Its promises:
//!
//! - **A batch is stored wholly or not at all**, in one transaction, and a message's id is recorded in it: a message that
//!   comes again is recognised and changes nothing. See [`Writer::append`].
//! - **An event is stored once**: its identity is its site and its id.
//! - **What was accepted reads back byte for byte**: [`EventStore::view`].
//! - **Both databases give the same answers**: every query is one text, and every test runs on both.
//!
//! What is absent: nothing here reads user agents or referrers (the worker hands in what they mean), retries (the worker
//! holds the batch, [`StoreError::is_retryable`] tells it whether that helps), caches answers, or knows of HTTP.
#![warn(missing_docs)]

mod access;
mod audit;
mod calendar;
mod erase;
mod error;
mod extra;
mod file;
mod kept;
mod leader;
mod metrics;
mod migration;
mod new_event;
mod partition;
mod pool;
mod prune;
mod retention;
mod session_id;
mod site;
mod snapshot;
mod stats;
mod store;
mod transfer;
mod user;
mod verdict;
mod view;
mod visit;
mod writer;

pub use access::{
    AccessToken, LoginSession, NewToken, SHARED_LINKS_MAX, Scope, SharedLink, UserLogin,
};
pub use audit::{Actor, AuditAction, AuditEntry};
pub use calendar::{CalendarUnit, monday};
pub use erase::{Erased, Whom};
pub use error::StoreError;
pub use file::{Settled, SqliteFile, StoreContents, StoreFile};
pub use kept::{KEPT_MAX, Kept};
pub use leader::Leadership;
pub use new_event::{Campaign, Enriched, Message, NewEvent};
pub use site::{AllowedOrigins, DropRule, DropRules, Site, SiteCounts, SiteSetting};
pub use snapshot::{DailySalt, SenderToken, Snapshot};
pub use stats::{
    Counts, Dimension, Direction, Figure, Filter, Matching, Metric, OrderBy, RollupDay,
    STATS_BUCKETS_MAX, STATS_DIMENSIONS_MAX, STATS_ROWS_MAX, STATS_VALUES_MAX, StatsAnswer,
    StatsQuery, StatsRow, StatsValue, Test,
};
pub use store::EventStore;
pub use transfer::{Checksum, EarlierTransfer, Transfer, TransferStep, TransferredTable};
pub use user::{Authority, Email, Grant, Invited, Role, User};
pub use verdict::{Applied, BotSeen, Suspect, TaughtVerdict, VERDICTS_MAX, Verdict};
pub use view::{
    VIEW_CONDITION_DEPTH_MAX, VIEW_COUNT_MAX, VIEW_GROUP_COLUMNS_MAX, VIEW_GROUP_EVENTS_MAX,
    VIEW_GROUPS_MAX, VIEW_LENGTH_MAX, VIEW_SEARCH_BYTES_MAX, VIEW_TESTS_MAX, VIEW_VALUE_BYTES_MAX,
    ViewColumn, ViewComparison, ViewCondition, ViewDirection, ViewFilter, ViewGroup,
    ViewGroupOrder, ViewGroupQuery, ViewGroups, ViewKey, ViewKind, ViewOrder, ViewPage, ViewQuery,
    ViewRow, ViewSort, ViewTest, ViewValue, mark_words,
};
pub use visit::{TIMELINE_MAX, VISITS_MAX, Visit, VisitEvent};
pub use writer::{Appended, Writer};
