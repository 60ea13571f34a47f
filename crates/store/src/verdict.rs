//! Verdicts: what people say about who is a bot on their site, against what was seen of it.
//!
//! Enrichment marks a visit by its user agent, and the mark stands in the dictionary `clients`, in the row that the visit's session names.
//! A verdict changes no such row, for other sites share it. It gives the sessions that it is about **another row**: a copy with another
//! reason (none, or [`TAUGHT`]), which knows its original. So whatever reads a session's client and its flag `bot`, which follows it
//! always, needs to know nothing of verdicts; and taking one back is to name the original again.
//!
//! Two must agree on a verdict, whatever the order in which they come to it:
//!
//! - **Writers**, about what comes: each transaction that stores events reads the revision of all verdicts under a shared lock
//!   (`agreement`), and is begun again if it was prepared under another one (`writer::judging`).
//! - **The sweep**, about what is stored (`sweep`): it gives every session of the site what the verdicts in force say, piece by piece. It
//!   begins with the transaction that sets the verdict, which takes that lock alone. So each session is either stored before it, and
//!   found by the sweep, or after it, under the new verdicts.
//!
//! What a verdict is about in the end is a visit, as its first event told. Events of it that came from another client keep what was
//! seen of them.
//!
//! Bounds: [`VERDICTS_MAX`] a site; a subject is at most as long as a user agent.

mod agreement;
mod rules;
mod seen;
mod sweep;
mod twins;

use hgpixel_event::Clock;
use hgpixel_event::limits::USER_AGENT_BYTES_MAX;
use sqlx::FromRow;

use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};

pub(crate) use agreement::{revision, shared};
pub(crate) use rules::Rules;
pub use seen::BotSeen;
pub(crate) use seen::last_seen;
pub(crate) use sweep::{sweep, sweep_all};
pub(crate) use twins::{Twin, twins, vanished};

/// Verdicts of one site, at most.
pub const VERDICTS_MAX: u32 = 500;
/// The reason of those of whom nothing was seen but what a verdict says.
pub(crate) const TAUGHT: &str = "taught";

/// Whom a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Suspect {
    /// Everything that was marked under this bot's name, such as `GPTBot`.
    Name(String),
    /// Whoever sends exactly this user agent. It goes before a verdict on the name.
    UserAgent(String),
}

/// What is said of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// They are people, whatever was seen: their visits count.
    People,
    /// They are bots, even if nothing was seen of it. Only of a user agent: who has a bot's name is marked already.
    Bot,
}

/// A verdict in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaughtVerdict {
    /// About whom.
    pub suspect: Suspect,
    /// What.
    pub verdict: Verdict,
    /// Since when, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Who said it.
    pub actor: String,
}

/// How far a verdict has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// To everything that is stored.
    Wholly,
    /// To what comes; what is stored follows within a minute or so.
    Partly,
}

impl Suspect {
    /// `name` or `user_agent`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::UserAgent(_) => "user_agent",
        }
    }

    /// The name or the user agent; the latter may be empty.
    pub fn text(&self) -> &str {
        match self {
            Self::Name(text) | Self::UserAgent(text) => text,
        }
    }

    /// From what [`Suspect::kind`] and [`Suspect::text`] give.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another kind, an empty name, a text that is too long for a user agent, or a NUL.
    pub fn parse(kind: &str, text: &str) -> Result<Self, StoreError> {
        let invalid = |problem: String| Err(StoreError::Invalid(problem));
        if text.len() > USER_AGENT_BYTES_MAX {
            return invalid(format!(
                "a name or user agent has at most {USER_AGENT_BYTES_MAX} bytes"
            ));
        }
        if text.contains('\0') {
            return invalid("a name or user agent has no NUL character".to_owned());
        }
        match kind {
            "name" if text.is_empty() => {
                invalid("name the bot, such as GPTBot; it may not be empty".to_owned())
            }
            "name" => Ok(Self::Name(text.to_owned())),
            "user_agent" => Ok(Self::UserAgent(text.to_owned())),
            _ => invalid("a verdict is about a `name` or a `user_agent`".to_owned()),
        }
    }

    /// For the audit log.
    fn label(&self) -> String {
        match self {
            Self::Name(name) => format!("the bot {name}"),
            Self::UserAgent(agent) if agent.is_empty() => "the empty user agent".to_owned(),
            Self::UserAgent(agent) => format!("the user agent {agent}"),
        }
    }
}

impl Verdict {
    /// `people` or `bot`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Bot => "bot",
        }
    }

    /// The verdict of that name.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another one.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "people" => Ok(Self::People),
            "bot" => Ok(Self::Bot),
            _ => Err(StoreError::Invalid(
                "a verdict is `people` or `bot`".to_owned(),
            )),
        }
    }

    /// The reason that stands in a client's row by this verdict.
    const fn reason(self) -> &'static str {
        match self {
            Self::People => "",
            Self::Bot => TAUGHT,
        }
    }

    /// Whether visits are left out by it.
    pub(crate) const fn is_bot(self) -> bool {
        matches!(self, Self::Bot)
    }
}

#[derive(FromRow)]
struct Row {
    about: String,
    subject: String,
    verdict: String,
    at_ms: i64,
    actor: String,
}

/// The newest first.
pub(crate) async fn list(pool: &Pool, site: i64) -> Result<Vec<TaughtVerdict>, StoreError> {
    let select = include_str!("../sql/verdict.list.sql");
    let rows: Vec<Row> =
        reading!(pool, db => sqlx::query_as(select).bind(site).fetch_all(db).await?);
    let taught = |row: Row| {
        Ok(TaughtVerdict {
            suspect: Suspect::parse(&row.about, &row.subject)?,
            verdict: Verdict::parse(&row.verdict)?,
            at_ms: row.at_ms,
            actor: row.actor,
        })
    };
    rows.into_iter().map(taught).collect()
}

/// Sets a verdict, and lets writers know. What is stored follows by [`sweep()`].
pub(crate) async fn teach(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    suspect: &Suspect,
    verdict: Verdict,
) -> Result<(), StoreError> {
    // Also what was put together by hand is checked.
    let suspect = Suspect::parse(suspect.kind(), suspect.text())?;
    if let (Suspect::Name(_), Verdict::Bot) = (&suspect, verdict) {
        return Err(StoreError::Invalid(
            "only what is marked already has a bot's name: teach a user agent instead".to_owned(),
        ));
    }
    let mut transaction = pool.begin().await?;
    agreement::alone(&mut transaction).await?;
    let old = get(&mut transaction, site, &suspect).await?;
    if old.as_deref() == Some(verdict.as_str()) {
        return Ok(());
    }
    if old.is_none() {
        make_room(&mut transaction, site).await?;
    }
    let set = include_str!("../sql/verdict.set.sql");
    within!(transaction, db => sqlx::query(set)
        .bind(site)
        .bind(suspect.kind())
        .bind(suspect.text())
        .bind(verdict.as_str())
        .bind(clock.now_ms())
        .bind(actor.name())
        .execute(db)
        .await?
        .rows_affected());
    let label = suspect.label();
    let note = Note {
        site: Some(site),
        old: old.as_deref().unwrap_or_default(),
        new: verdict.as_str(),
        ..Note::of(AuditAction::BotsTeach, &label)
    };
    settle(transaction, clock, actor, site, &note).await
}

/// Takes a verdict back, as [`teach`] sets it. Whether there was one.
pub(crate) async fn forget(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    suspect: &Suspect,
) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    agreement::alone(&mut transaction).await?;
    let Some(old) = get(&mut transaction, site, suspect).await? else {
        return Ok(false);
    };
    let remove = include_str!("../sql/verdict.remove.sql");
    within!(transaction, db => sqlx::query(remove)
        .bind(site)
        .bind(suspect.kind())
        .bind(suspect.text())
        .execute(db)
        .await?
        .rows_affected());
    let label = suspect.label();
    let note = Note {
        site: Some(site),
        old: &old,
        ..Note::of(AuditAction::BotsForget, &label)
    };
    settle(transaction, clock, actor, site, &note).await?;
    Ok(true)
}

/// Ends a change: writes it down, lets writers know and asks for a sweep.
async fn settle(
    mut transaction: Transaction,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    note: &Note<'_>,
) -> Result<(), StoreError> {
    audit::note(&mut transaction, clock, actor, note).await?;
    sweep::begin(&mut transaction, site).await?;
    transaction.commit().await
}

async fn get(
    transaction: &mut Transaction,
    site: i64,
    suspect: &Suspect,
) -> Result<Option<String>, StoreError> {
    let select = include_str!("../sql/verdict.get.sql");
    Ok(within!(*transaction, db => sqlx::query_scalar(select)
        .bind(site)
        .bind(suspect.kind())
        .bind(suspect.text())
        .fetch_optional(db)
        .await?))
}

async fn make_room(transaction: &mut Transaction, site: i64) -> Result<(), StoreError> {
    let count = include_str!("../sql/verdict.count.sql");
    let verdicts: i64 =
        within!(*transaction, db => sqlx::query_scalar(count).bind(site).fetch_one(db).await?);
    if verdicts >= i64::from(VERDICTS_MAX) {
        return Err(StoreError::Invalid(format!(
            "a site has at most {VERDICTS_MAX} verdicts: take one back first"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_suspect_is_refused() {
        for (kind, text) in [
            ("name", ""),
            ("agent", "x"),
            ("user_agent", "a\0b"),
            ("user_agent", &"x".repeat(USER_AGENT_BYTES_MAX + 1)),
        ] {
            assert!(Suspect::parse(kind, text).is_err(), "{kind} {text:?}");
        }
        assert!(Suspect::parse("user_agent", "").is_ok());
    }
}
