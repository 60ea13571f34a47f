//! Who may see and do what: one-time login links, login sessions and tokens.
//!
//! All three are 256 random bits, shown once and stored as their SHA-256: a copy of the database opens no door.

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read figures and events.
    Read,
    /// Send events in the name of a server.
    Write,
    /// Everything.
    Admin,
}

/// A login of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    /// When it was begun, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it ends at the latest, in milliseconds since 1970 UTC.
    pub expires_ms: i64,
}

/// A token as the store knows it; its secret is known to its holder alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The store's number.
    pub id: i64,
    /// What it allows.
    pub scope: Scope,
    /// The only site that it allows, if it is bound to one.
    pub site: Option<i64>,
    /// When it was made, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was last used, in milliseconds since 1970 UTC, to the minute.
    pub last_used_ms: Option<i64>,
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_ms: Option<i64>,
}
