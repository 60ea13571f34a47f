//! Why an event is set aside instead of stored. The set is bounded: the reasons are labels of a metric.

/// A line of a batch is no event.
pub(crate) const UNREADABLE: &str = "unreadable";
/// A batch as a whole cannot be read: torn, or of a later version.
pub(crate) const UNDECODABLE: &str = "undecodable";
/// The database refuses the event, now and forever.
pub(crate) const REJECTED: &str = "rejected";

/// Every reason.
pub(crate) const REASONS: [&str; 3] = [UNREADABLE, UNDECODABLE, REJECTED];
