//! The collector: from a browser's request to a durable event.
//!
//! A request's path, in the order of the modules: `routes`, `track` or `pixel`; `address` says whose it is and
//! `limit` whether it is too much; `wire` makes a `beacon` of its bytes; `collector` applies the rules; `site` finds the
//! site; `draft` makes events; `batcher` hands them to the queue, and when that says that they are durable, `answer` says 204.
//!
//! | answer | when |
//! | --- | --- |
//! | 204 | every event is durable (with `X-Hgpixel-Rejected`: but so many bad ones of a batch) |
//! | 204, `X-Hgpixel-Dropped` | a rule left the events out, and says why |
//! | 400, 401, 403, 413, 414, 415 | the same request will never be accepted; the body says what to change |
//! | 429, 503, `Retry-After` | nothing is promised: send it again, with the same ids |
//!
//! It is **stateless**: a snapshot of sites and salts, read again each second, is all that it holds, besides what may be forgotten
//! at any time (budgets of addresses, the last few clicks of old scripts). The **address** of a client lives for one request and
//! in the budgets; it goes into the visitor's id and the country, and no [`Event`](hgpixel_event::Event) has a field for it.
//! Absent: user agents, referrers, sessions and bots, which are the worker's, and any writing to the store but a new site.

mod answer;
mod batcher;
mod beacon;
mod cleaner;
mod collector;
mod cors;
mod draft;
mod generations;
mod hit;
mod limit;
mod metrics;
mod page_url;
mod pixel;
mod routes;
mod site;
mod snapshot;
mod start;
mod track;
mod twins;
mod wire;

pub use start::{Deps, start};
