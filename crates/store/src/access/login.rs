//! Logging in by a link that works once or by a token, and staying logged in.

use std::time::Duration;

use hgpixel_event::Clock;

use super::token::{self, AccessToken, Scope};
use super::{USE_NOTED_MS, secret};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within, writing};

/// A login ends after so long without use.
pub(crate) const LOGIN_IDLE_MS: i64 = 12 * 3_600_000;
/// A login ends after so long in any case.
pub(crate) const LOGIN_MS: i64 = 7 * 24 * 3_600_000;

/// A login of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    /// When it was begun, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it ends at the latest, in milliseconds since 1970 UTC.
    pub expires_ms: i64,
    /// The token that opened it, whose limits it has; `None` when a link did.
    pub token: Option<AccessToken>,
}

pub(crate) async fn create_link(
    pool: &Pool,
    clock: &Clock,
    ttl: Duration,
) -> Result<String, StoreError> {
    let token = secret::generate("")?;
    let ttl_ms = i64::try_from(ttl.as_millis()).unwrap_or(LOGIN_MS);
    let insert = include_str!("../../sql/login_link.add.sql");
    writing!(pool, db => sqlx::query(insert)
        .bind(secret::hash(&token))
        .bind(clock.now_ms().saturating_add(ttl_ms))
        .execute(db)
        .await?
        .rows_affected());
    Ok(token)
}

pub(crate) async fn redeem_link(
    pool: &Pool,
    clock: &Clock,
    token: &str,
) -> Result<Option<String>, StoreError> {
    let mut transaction = pool.begin().await?;
    let take = include_str!("../../sql/login_link.take.sql");
    let expires_ms: Option<i64> = within!(transaction, db => sqlx::query_scalar(take)
        .bind(secret::hash(token))
        .fetch_optional(db)
        .await?);
    if expires_ms.is_none_or(|expires_ms| expires_ms <= clock.now_ms()) {
        return Ok(None);
    }
    Ok(Some(begin(transaction, clock, None).await?))
}

pub(crate) async fn with_token(
    pool: &Pool,
    clock: &Clock,
    secret: &str,
) -> Result<Option<String>, StoreError> {
    let token = token::get(pool, clock, secret).await?;
    if token.is_none_or(|token| token.scope == Scope::Write) {
        return Ok(None);
    }
    let opened_by = Some(secret::hash(secret));
    Ok(Some(begin(pool.begin().await?, clock, opened_by).await?))
}

/// Commits a new login, and gives the value of its cookie.
async fn begin(
    mut transaction: Transaction,
    clock: &Clock,
    token: Option<Vec<u8>>,
) -> Result<String, StoreError> {
    let cookie = secret::generate("")?;
    let insert = include_str!("../../sql/login.add.sql");
    within!(transaction, db => sqlx::query(insert)
        .bind(secret::hash(&cookie))
        .bind(token)
        .bind(clock.now_ms())
        .execute(db)
        .await?
        .rows_affected());
    transaction.commit().await?;
    Ok(cookie)
}

pub(crate) async fn session(
    pool: &Pool,
    clock: &Clock,
    cookie: &str,
) -> Result<Option<LoginSession>, StoreError> {
    let select = include_str!("../../sql/login.get.sql");
    let hash = secret::hash(cookie);
    let row: Option<(i64, i64, Option<Vec<u8>>)> =
        reading!(pool, db => sqlx::query_as(select).bind(&hash).fetch_optional(db).await?);
    let now_ms = clock.now_ms();
    let Some((created_ms, used_ms, opened_by)) = row else {
        return Ok(None);
    };
    if now_ms - created_ms >= LOGIN_MS || now_ms - used_ms >= LOGIN_IDLE_MS {
        return Ok(None);
    }
    let token = match opened_by {
        None => None,
        Some(opened_by) => match token::by_hash(pool, clock, &opened_by).await? {
            None => return Ok(None),
            token => token,
        },
    };
    if now_ms - used_ms >= USE_NOTED_MS {
        let note = include_str!("../../sql/login.use.sql");
        writing!(pool, db => sqlx::query(note).bind(&hash).bind(now_ms).execute(db).await?
        .rows_affected());
    }
    Ok(Some(LoginSession {
        created_ms,
        expires_ms: created_ms + LOGIN_MS,
        token,
    }))
}

pub(crate) async fn any(pool: &Pool) -> Result<bool, StoreError> {
    let count = include_str!("../../sql/login.count.sql");
    let logins: i64 = reading!(pool, db => sqlx::query_scalar(count).fetch_one(db).await?);
    Ok(logins > 0)
}

pub(crate) async fn end(pool: &Pool, cookie: &str) -> Result<(), StoreError> {
    let delete = include_str!("../../sql/login.end.sql");
    writing!(pool, db => sqlx::query(delete).bind(secret::hash(cookie)).execute(db).await?
        .rows_affected());
    Ok(())
}
