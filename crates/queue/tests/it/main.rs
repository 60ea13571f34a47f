//! The queue from outside: what both backends promise (`conformance`), and what each does in its own troubles.

mod amqp;
mod bench;
mod conformance;
mod local;
