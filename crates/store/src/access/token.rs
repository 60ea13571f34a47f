//! Tokens: for programs, and for people who log in with one.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hgpixel_event::Clock;
use sqlx::FromRow;

use super::{USE_NOTED_MS, secret};
use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, reading, within, writing};

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

impl Scope {
    /// The name, as it is stored and written on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Read, Self::Write, Self::Admin]
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| {
                StoreError::Invalid(format!(
                    "a token's scope is read, write or admin, not {text:?}"
                ))
            })
    }
}

/// A token as the store knows it; its secret is known to its holder alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The store's number.
    pub id: i64,
    /// For what it is, in the words of whoever made it; may be empty.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// The only site that it allows, if it is bound to one.
    pub site: Option<i64>,
    /// When it was made, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was last used before now, in milliseconds since 1970 UTC, to the minute.
    pub last_used_ms: Option<i64>,
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_ms: Option<i64>,
}

impl AccessToken {
    /// The number and the name, as the audit log keeps them.
    pub fn label(&self) -> String {
        if self.name.is_empty() {
            format!("token {}", self.id)
        } else {
            format!("token {} ({})", self.id, self.name)
        }
    }
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// For what it is; may be empty.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// The only site that it allows; every one where `None`.
    pub site: Option<i64>,
    /// How long it lasts; until it is revoked where `None`.
    pub expires_in: Option<Duration>,
}

impl NewToken {
    /// One without a name or an end.
    pub fn new(scope: Scope, site: Option<i64>) -> Self {
        Self {
            name: String::new(),
            scope,
            site,
            expires_in: None,
        }
    }
}

/// Programs that look for leaked secrets find them by this.
const PREFIX: &str = "hgp_";

pub(crate) async fn create(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    new: &NewToken,
) -> Result<String, StoreError> {
    let name = match new.name.trim() {
        "" => String::new(),
        name => crate::site::name(name)?,
    };
    let secret = secret::generate(PREFIX)?;
    let now_ms = clock.now_ms();
    let expires_ms = new
        .expires_in
        .map(|after| now_ms.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)));
    let insert = include_str!("../../sql/token.add.sql");
    let mut transaction = pool.begin().await?;
    let id: i64 = within!(transaction, db => sqlx::query_scalar(insert)
        .bind(secret::hash(&secret))
        .bind(new.scope.as_str())
        .bind(new.site)
        .bind(now_ms)
        .bind(expires_ms)
        .bind(&name)
        .fetch_one(db)
        .await?);
    let token = AccessToken {
        id,
        name,
        scope: new.scope,
        site: new.site,
        created_ms: now_ms,
        last_used_ms: None,
        expires_ms,
    };
    let label = token.label();
    let note = Note {
        site: token.site,
        new: token.scope.as_str(),
        ..Note::of(AuditAction::TokenCreate, &label)
    };
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await?;
    Ok(secret)
}

#[derive(FromRow)]
struct TokenRow {
    id: i64,
    scope: String,
    site: Option<i64>,
    created_ms: i64,
    used_ms: Option<i64>,
    expires_ms: Option<i64>,
    name: String,
}

impl TryFrom<TokenRow> for AccessToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            name: row.name,
            scope: row.scope.parse()?,
            site: row.site,
            created_ms: row.created_ms,
            last_used_ms: row.used_ms,
            expires_ms: row.expires_ms,
        })
    }
}

pub(crate) async fn get(
    pool: &Pool,
    clock: &Clock,
    secret: &str,
) -> Result<Option<AccessToken>, StoreError> {
    by_hash(pool, clock, &secret::hash(secret)).await
}

pub(super) async fn by_hash(
    pool: &Pool,
    clock: &Clock,
    hash: &[u8],
) -> Result<Option<AccessToken>, StoreError> {
    let select = include_str!("../../sql/token.get.sql");
    let row: Option<TokenRow> = reading!(pool, db => sqlx::query_as(select)
        .bind(hash)
        .fetch_optional(db)
        .await?);
    let now_ms = clock.now_ms();
    let Some(row) = row.filter(|row| row.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms))
    else {
        return Ok(None);
    };
    if row
        .used_ms
        .is_none_or(|used_ms| now_ms - used_ms >= USE_NOTED_MS)
    {
        let note = include_str!("../../sql/token.use.sql");
        writing!(pool, db => sqlx::query(note).bind(row.id).bind(now_ms).execute(db).await?
        .rows_affected());
    }
    row.try_into().map(Some)
}

/// The newest thousand tokens, also those that have expired.
pub(crate) async fn all(pool: &Pool) -> Result<Vec<AccessToken>, StoreError> {
    let select = include_str!("../../sql/token.all.sql");
    let rows: Vec<TokenRow> = reading!(pool, db => sqlx::query_as(select).fetch_all(db).await?);
    rows.into_iter().map(AccessToken::try_from).collect()
}

pub(crate) async fn revoke(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    id: i64,
) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    let select = include_str!("../../sql/token.by_id.sql");
    let row: Option<TokenRow> =
        within!(transaction, db => sqlx::query_as(select).bind(id).fetch_optional(db).await?);
    let Some(row) = row else {
        return Ok(false);
    };
    let token = AccessToken::try_from(row)?;
    let delete = include_str!("../../sql/token.revoke.sql");
    let gone = within!(transaction, db => sqlx::query(delete).bind(id).execute(db).await?
        .rows_affected());
    if gone == 0 {
        return Ok(false);
    }
    let label = token.label();
    let note = Note {
        site: token.site,
        old: token.scope.as_str(),
        ..Note::of(AuditAction::TokenRevoke, &label)
    };
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await?;
    Ok(true)
}
