//! The nouns of hgpixel, their limits, and the versioned encoding in which they are queued.
//!
//! - A **beacon** is what a browser sent: untrusted bytes, parsed once, bounded. It lives in the ingest crate.
//! - A **hit** is a beacon and its request (address, headers, time of receipt). It holds the address and lives in memory only.
//! - An **event** is what is queued, stored and counted. [`Event`] has no field for an address, so none can leave the
//!   process that received it.
//!
//! Nothing here does I/O. Time is handed in through [`Clock`], so that a test can set it.
#![warn(missing_docs)]

mod clock;
mod encoding;
mod event;
mod id;
pub mod limits;
mod site_key;
mod text;

pub use clock::Clock;
pub use encoding::{
    CONTENT_TYPE, DecodeError, EncodedBatch, EncodedEvent, Line, begins_batch, decode,
};
pub use event::{Event, Hints, Marks, Place};
pub use id::{assigned_id, id_time_ms, is_plausible_time, moved_id, usable_id};
pub use site_key::{InvalidSiteKey, SiteKey};
pub use text::{Cleaned, clean};
