//! The collector from outside: its router, with a real local queue and a real SQLite store behind it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and the place says where"
)]

mod answers;
mod forms;
mod limits;
mod outage;
mod privacy;
mod rig;
mod rules;
mod sites;
mod together;
