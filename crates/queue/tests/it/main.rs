//! The queue from outside: what both backends promise (`conformance`), and what each does in its own troubles.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod amqp;
mod bench;
mod conformance;
mod local;
