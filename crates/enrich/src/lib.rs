//! Who, where, with what, whence, in which language, and whether it was a machine.
//!
//! Every function here is pure: the same input gives the same answer, whatever the time, the process or the network. The one
//! file that is read is the geo database, once, when it is opened. Nothing here knows the queue, the store or HTTP, and nothing
//! keeps an IP address: it goes into a hash or a lookup, and does not come out.
//!
//! | question | module | used by |
//! | --- | --- | --- |
//! | who | [`visitor`] | ingest, on the hot path |
//! | where | [`geo`] | ingest: it is the last place that knows the IP |
//! | with what | [`agent`], [`hints`] | worker |
//! | was it a machine | [`bot`] | worker |
//! | whence | [`referrer`], [`mod@campaign`], [`mod@channel`] | worker |
//! | in which language | [`mod@language`] | worker |
//!
//! Every text comes from outside. No function panics on any of it, and every text that is returned is bounded.

pub mod agent;
pub mod bot;
pub mod campaign;
pub mod channel;
pub mod geo;
pub mod hints;
pub mod language;
pub mod referrer;
pub mod visitor;

mod patterns;

pub use agent::{Agent, AgentParser, DeviceClass};
pub use bot::{BotReason, bot_name};
pub use campaign::{Campaign, ClickId, campaign};
pub use channel::{Channel, channel};
pub use geo::{Country, GeoDatabase, GeoError, Place};
pub use hints::ClientHints;
pub use language::language;
pub use referrer::{Medium, Source, source};
pub use visitor::{Salt, identified_visitor_id, visitor_id};
