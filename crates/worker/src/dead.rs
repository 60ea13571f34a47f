//! Why an event is set aside instead of stored. The set is bounded: the reasons are labels of a metric.

/// A line of a batch is no event.
pub(crate) const UNREADABLE: &str = "unreadable";
/// A batch as a whole cannot be read: torn, or of a later version.
pub(crate) const UNDECODABLE: &str = "undecodable";
/// The database refuses the event, now and forever.
pub(crate) const REJECTED: &str = "rejected";
/// The broker has given the batch up: it was delivered 20 times, to workers that died.
pub(crate) const DELIVERY_LIMIT: &str = "delivery_limit";
/// The broker has given the batch up for a reason that our topology has not: somebody's policy, most likely.
pub(crate) const GIVEN_UP: &str = "given_up";

/// Every reason.
pub(crate) const REASONS: [&str; 5] = [UNREADABLE, UNDECODABLE, REJECTED, DELIVERY_LIMIT, GIVEN_UP];
