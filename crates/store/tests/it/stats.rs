//! Figures: exact on both databases, whatever is asked.

mod journeys;
mod question;
mod random;
mod recount;
mod rollups;
mod verdicts;
mod world;
