//! The pages from outside: requests to the router, answers from a real store.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only #[test] functions for tests, not what they call"
)]

mod access;
mod bots;
mod csrf;
mod dashboard;
mod files;
mod login;
mod people;
mod settings;
mod stats;
mod stats_cache;
mod support;
mod view_data;
