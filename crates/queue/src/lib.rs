//! Hand batches from ingest to worker without losing one: `Ok` means durable.
//!
//! [`EventQueue`] is the handle. Behind it is a SQLite file of this machine (`local:`), or RabbitMQ (`amqp://`), and nobody in
//! front of it can tell which. The promises, on both:
//!
//! - [`EventQueue::publish`] answers `Ok` when the batch is on disk: committed with `synchronous=FULL`, or confirmed by a
//!   quorum queue. It answers within its timeout, and says of a failure whether the batch may still arrive.
//! - What was published is delivered until it is settled, in the order of publishing as long as nothing fails. A delivery
//!   that may have been made before says so, and its id is the same each time.
//! - What cannot be stored goes to the dead letters ([`EventQueue::dead_letter`]), from which [`DeadLetters`] puts it back.
//!
//! Absent: looking into batches (they are bytes here), deciding what is poison (the worker's), counting what the worker does
//! with events (its books), and more than one consumer of a local file (it belongs to one process).
#![warn(missing_docs)]

mod amqp;
mod backend;
mod consumer;
mod dead_letter;
mod dead_letters;
mod delivery;
mod error;
mod line;
mod local;
mod metrics;
mod queue;
mod replay;
mod state;

pub use consumer::Consumer;
pub use dead_letter::DeadLetter;
pub use dead_letters::DeadLetters;
pub use delivery::{Delivery, DeliveryTag};
pub use error::{PublishError, QueueError, Reason};
pub use local::{QueueContents, QueueFile, QueueOwner, StandingQueue, WaitingBatch};
pub use queue::EventQueue;
pub use state::QueueState;
