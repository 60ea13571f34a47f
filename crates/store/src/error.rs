//! What can go wrong, by what the caller can do about it.

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

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
    /// Somebody else has changed the same thing meanwhile: look at it again.
    #[error("somebody else has changed this meanwhile: look at it again")]
    Conflict,
    /// A store cannot be moved to another database, or has not arrived as it was.
    #[error("{0}")]
    Transfer(String),
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

    /// Whether the database is there, and the question was too much for the time that it has.
    pub fn took_too_long(&self) -> bool {
        // PostgreSQL's statement timeout, SQLite's interruption, and our own limit.
        const CODES: [&str; 3] = ["57014", "9", "timeout"];
        matches!(self, Self::Unavailable { code, .. } if CODES.contains(&code.as_str()))
    }

    /// A short word for labels and dead letters: the database's own code where there is one.
    pub fn code(&self) -> &str {
        match self {
            Self::Unavailable { code, .. } | Self::Rejected { code, .. } => code,
            Self::Schema(_) => "schema",
            Self::Conflict => "conflict",
            Self::Transfer(_) => "transfer",
            Self::SitesLimit(_) => "sites_limit",
            Self::Invalid(_) => "invalid",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let detail = error.to_string();
        match &error {
            sqlx::Error::Database(database) => classify(database.as_ref(), detail),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::unavailable("io", detail),
            sqlx::Error::PoolTimedOut => Self::unavailable("pool_timeout", detail),
            sqlx::Error::PoolClosed => Self::unavailable("closed", detail),
            sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => {
                Self::unavailable("connection", detail)
            }
            // A connection that is cut in the middle of an answer may show itself as nonsense in the protocol.
            sqlx::Error::Protocol(_) => Self::unavailable("protocol", detail),
            sqlx::Error::Configuration(_) => Self::Invalid(detail),
            _ => Self::rejected("decode", detail),
        }
    }
}

impl StoreError {
    pub(crate) fn unavailable(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Unavailable {
            code: code.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn rejected(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Rejected {
            code: code.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn timeout(after: std::time::Duration) -> Self {
        Self::unavailable(
            "timeout",
            format!("no answer within {} ms", after.as_millis()),
        )
    }
}

fn classify(database: &dyn DatabaseError, detail: String) -> StoreError {
    let code = database.code().unwrap_or_default().into_owned();
    let sqlite = database.try_downcast_ref::<SqliteError>().is_some();
    let passes = if sqlite {
        sqlite_passes(&code)
    } else {
        postgres_passes(&code)
    };
    if passes {
        StoreError::unavailable(code, detail)
    } else {
        StoreError::rejected(code, detail)
    }
}

/// Whether a SQLSTATE is about the server's condition and not about the data.
fn postgres_passes(sqlstate: &str) -> bool {
    // 08 connection, 25 state of the transaction (read-only after a failover, say), 40 lost race, 53 out of resources,
    // 55 object in use, 57 operator intervention (57014 is our own statement timeout), 58 system error.
    const CLASSES: [&str; 7] = ["08", "25", "40", "53", "55", "57", "58"];
    // The role may not log in (yet), the database or a table does not exist (yet): an operator's matter, and never the data's.
    const CODES: [&str; 4] = ["28P01", "28000", "3D000", "42501"];
    CLASSES.iter().any(|class| sqlstate.starts_with(class)) || CODES.contains(&sqlstate)
}

/// The same for the primary result code of SQLite (the low eight bits of an extended one).
fn sqlite_passes(code: &str) -> bool {
    // PERM 3, BUSY 5, LOCKED 6, NOMEM 7, READONLY 8, INTERRUPT 9, IOERR 10, CORRUPT 11, FULL 13, CANTOPEN 14, PROTOCOL 15.
    // A corrupt file is not the event's fault: to dead-letter every event that meets it would only spread the damage.
    const CODES: [u32; 11] = [3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15];
    code.parse::<u32>()
        .is_ok_and(|code| CODES.contains(&(code & 0xFF)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_the_server_pass_and_faults_of_the_data_stay() {
        for code in [
            "08006", "40001", "40P01", "53100", "53300", "55P03", "57014", "57P01", "57P03",
            "25006",
        ] {
            assert!(postgres_passes(code), "{code}");
        }
        for code in [
            "21000", "22001", "22003", "22021", "23502", "23505", "23514", "54000", "42P01",
        ] {
            assert!(!postgres_passes(code), "{code}");
        }
        for code in ["5", "261", "517", "10", "266", "778", "13"] {
            assert!(sqlite_passes(code), "{code}");
        }
        for code in ["1", "19", "275", "2067", "3091", "18", "20", "25", ""] {
            assert!(!sqlite_passes(code), "{code}");
        }
    }
}
