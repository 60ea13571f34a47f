//! What came of asking a tier: outcomes instead of errors.

use std::time::Duration;

use bytes::Bytes;

/// What came of a lookup in one tier. All but `Hit` are a miss to the caller; the metrics tell them apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Hit(Entry),
    Miss,
    /// Something lay under the key that we did not write, or wrote in another version.
    Corrupt,
    /// The tier answered with an error, or too late.
    Failed,
    /// The tier is known to be away and was not asked.
    Bypassed,
}

/// Bytes and how long they may still be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) bytes: Bytes,
    pub(crate) ttl: Duration,
}

/// What came of a put that a tier may fail to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Kept,
    /// The tier answered with an error, or too late: the entry may be there or not.
    Failed,
    /// The tier is known to be away and was not asked.
    Bypassed,
}
