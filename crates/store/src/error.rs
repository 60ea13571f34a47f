//! What can go wrong, by what the caller can do about it.

/// A failure of the store. Its text names no password and no tracked value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, busy, full, or lost a race: the same call may succeed later.
    #[error("the database cannot serve now ({code}): {detail}")]
    Unavailable {
        /// The SQLSTATE, SQLite's result code, or a word such as `io` or `timeout`: a bounded set, fit for a label.
        code: String,
        /// What the driver said.
        detail: String,
    },
    /// The database refuses what it was given, now and forever: a row of the batch is at fault.
    #[error("the database refuses the data ({code}): {detail}")]
    Rejected {
        /// As in [`StoreError::Unavailable`].
        code: String,
        /// What the driver said.
        detail: String,
    },
    /// The database's tables are of another version than this program's.
    #[error("{0}")]
    Schema(String),
    /// As many sites exist as hits may create.
    #[error("there are {0} sites already, and hits may create no more")]
    SitesLimit(u32),
    /// The store's settings, or what it was asked for, make no sense.
    #[error("{0}")]
    Invalid(String),
}

impl StoreError {
    /// Whether the same call may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// A short word for labels and dead letters: the database's own code where there is one.
    pub fn code(&self) -> &str {
        match self {
            Self::Unavailable { code, .. } | Self::Rejected { code, .. } => code,
            Self::Schema(_) => "schema",
            Self::SitesLimit(_) => "sites_limit",
            Self::Invalid(_) => "invalid",
        }
    }
}
