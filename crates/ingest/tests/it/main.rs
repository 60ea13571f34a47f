//! The collector from outside: its router, with a real local queue and a real SQLite store behind it.

mod answers;
mod forms;
mod limits;
mod outage;
mod privacy;
mod rig;
mod sites;
mod together;
