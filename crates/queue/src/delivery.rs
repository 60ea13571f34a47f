//! A batch on its way to the worker.

use uuid::Uuid;

/// A batch, delivered. It comes again, with the same `id`, until its tag is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Given when the batch was published; the same at every delivery.
    pub id: Uuid,
    /// How many events its publisher announced.
    pub events: usize,
    /// The encoded batch.
    pub body: Vec<u8>,
    /// Whether it may have been delivered before.
    pub redelivered: bool,
    /// Whether its events come from the dead letters, where they were counted as dead-lettered.
    pub replayed: bool,
    /// Set when the broker has given this batch up by itself, and why in its words: `delivery_limit` after 20 deliveries that
    /// nobody settled. Whatever is in it may have killed those workers: it is to be booked and set aside, and not to be looked into.
    pub given_up: Option<String>,
    /// What settles it.
    pub tag: DeliveryTag,
}

/// Settles one delivery, at the consumer that made it.
///
/// It belongs to one session of that consumer: after a reconnection or a pause it settles nothing, because its batch is
/// delivered again under a new tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryTag {
    pub(crate) session: u64,
    pub(crate) number: u64,
}

impl From<&Delivery> for DeliveryTag {
    fn from(delivery: &Delivery) -> Self {
        delivery.tag
    }
}
