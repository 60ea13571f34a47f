//! Figures: exact on both databases, whatever is asked.

mod journeys;
pub(crate) mod question;
mod random;
mod recount;
pub(crate) mod rollups;
mod verdicts;
pub(crate) mod world;
