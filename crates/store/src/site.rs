//! A site: whose events are counted together, under one key.

use hgpixel_event::SiteKey;

/// A site as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The store's number, which events carry.
    pub id: i64,
    /// The public key, which pages carry.
    pub key: SiteKey,
    /// The name that people gave it; its key where they gave none.
    pub name: String,
    /// When it was added, in milliseconds since 1970 UTC.
    pub created_ms: i64,
}
