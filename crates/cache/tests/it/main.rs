//! The cache from outside: its promises on every backend, and what Redis may do to them.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only #[test] functions for tests, not what they call"
)]

mod conformance;
mod redis_tier;
mod support;
