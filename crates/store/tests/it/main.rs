//! The store from outside: every promise, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod access;
mod append;
mod forgetting;
mod keeping;
mod outage;
mod people;
mod schema;
mod sessions;
mod sites;
mod stats;
mod support;
mod transfer;
mod verdicts;
mod view;
