//! Logging in by password, by a link that works once or by a token, and staying logged in.
//!
//! Each login has a cookie of its own that nobody knew before, so none can be planted. The logins of a user end with the password that
//! opened them.

use std::time::Duration;

use hgpixel_event::Clock;
use sqlx::FromRow;

use super::token::{self, AccessToken, Scope};
use super::{Passwords, USE_NOTED_MS, secret};
use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within, writing};
use crate::user::{self, Email, User};

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
    /// The token that opened it, whose limits it has; `None` when a link or a user did.
    pub token: Option<AccessToken>,
    /// The user who logged in; `None` when a link or a token did.
    pub user: Option<User>,
}

/// A login, as its user sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLogin {
    /// By which it can be ended. It opens nothing.
    pub id: String,
    /// When it was begun, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was last used, in milliseconds since 1970 UTC, to the minute.
    pub used_ms: i64,
    /// What the browser said it is.
    pub agent: String,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// What opens a login.
#[derive(Debug)]
pub(crate) enum Opener<'a> {
    Link,
    /// By the hash of its secret.
    Token(Vec<u8>),
    /// By number, with what the browser says it is.
    User(i64, &'a str),
}

/// Enough of a user agent to tell one's browsers apart.
const AGENT_BYTES_MAX: usize = 300;

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
    let note = Note::of(AuditAction::Login, "");
    audit::note(&mut transaction, clock, &Actor::login_link(), &note).await?;
    Ok(Some(begin(transaction, clock, Opener::Link).await?))
}

pub(crate) async fn with_token(
    pool: &Pool,
    clock: &Clock,
    secret: &str,
) -> Result<Option<String>, StoreError> {
    let token = token::get(pool, clock, secret).await?;
    let Some(token) = token.filter(|token| token.scope != Scope::Write) else {
        return Ok(None);
    };
    let mut transaction = pool.begin().await?;
    let note = Note {
        site: token.site,
        ..Note::of(AuditAction::Login, "")
    };
    audit::note(&mut transaction, clock, &Actor::token(&token), &note).await?;
    let opener = Opener::Token(secret::hash(secret));
    Ok(Some(begin(transaction, clock, opener).await?))
}

pub(crate) async fn with_password(
    pool: &Pool,
    clock: &Clock,
    passwords: &Passwords,
    email: &Email,
    password: &str,
    agent: &str,
) -> Result<Option<String>, StoreError> {
    let user = user::by_email(pool, email).await?;
    let kept = match &user {
        Some(user) => {
            let select = include_str!("../../sql/user.password.sql");
            let kept: Option<String> = reading!(pool, db => sqlx::query_scalar(select)
                .bind(user.id)
                .fetch_optional(db)
                .await?);
            kept.unwrap_or_default()
        }
        None => String::new(),
    };
    let is_right = passwords.verify(password, &kept).await?;
    let Some(user) = user.filter(|_| is_right) else {
        return Ok(None);
    };
    let renewed = passwords.renew(password, &kept).await?;
    let mut transaction = pool.begin().await?;
    // Also where nothing is renewed: the row must still be there, and with this password, when the login begins.
    let set = include_str!("../../sql/user.set_password.sql");
    let current = within!(transaction, db => sqlx::query(set)
        .bind(user.id)
        .bind(&kept)
        .bind(renewed.as_ref().unwrap_or(&kept))
        .execute(db)
        .await?
        .rows_affected());
    if current == 0 {
        return Ok(None);
    }
    let note = Note::of(AuditAction::Login, "");
    audit::note(&mut transaction, clock, &Actor::user(&user), &note).await?;
    let cookie = begin(transaction, clock, Opener::User(user.id, agent)).await?;
    Ok(Some(cookie))
}

/// Commits a new login, and gives the value of its cookie.
pub(crate) async fn begin(
    mut transaction: Transaction,
    clock: &Clock,
    opener: Opener<'_>,
) -> Result<String, StoreError> {
    let (token, user, agent) = match opener {
        Opener::Link => (None, None, ""),
        Opener::Token(hash) => (Some(hash), None, ""),
        Opener::User(user, agent) => (None, Some(user), agent),
    };
    let agent = &agent[..agent.floor_char_boundary(AGENT_BYTES_MAX)];
    let cookie = secret::generate("")?;
    let insert = include_str!("../../sql/login.add.sql");
    within!(transaction, db => sqlx::query(insert)
        .bind(secret::hash(&cookie))
        .bind(token)
        .bind(user)
        .bind(agent)
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
    let row: Option<(i64, i64, Option<Vec<u8>>, Option<i64>)> =
        reading!(pool, db => sqlx::query_as(select).bind(&hash).fetch_optional(db).await?);
    let now_ms = clock.now_ms();
    let Some((created_ms, used_ms, opened_by, user)) = row else {
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
    let user = match user {
        None => None,
        Some(user) => match user::by_id(pool, user).await? {
            None => return Ok(None),
            user => user,
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
        user,
    }))
}

/// The living logins of a user, the last used first; a hundred at most.
pub(crate) async fn of_user(
    pool: &Pool,
    clock: &Clock,
    user: i64,
    cookie: &str,
) -> Result<Vec<UserLogin>, StoreError> {
    let this = secret::hash(cookie);
    let login = |row: LoginRow| UserLogin {
        id: secret::hex(&row.hash),
        created_ms: row.created_ms,
        used_ms: row.used_ms,
        agent: row.agent,
        is_this: row.hash == this,
    };
    let rows = living(pool, clock, user).await?;
    Ok(rows.into_iter().map(login).collect())
}

#[derive(FromRow)]
struct LoginRow {
    hash: Vec<u8>,
    created_ms: i64,
    used_ms: i64,
    agent: String,
}

async fn living(pool: &Pool, clock: &Clock, user: i64) -> Result<Vec<LoginRow>, StoreError> {
    let select = include_str!("../../sql/login.of_user.sql");
    let now_ms = clock.now_ms();
    Ok(reading!(pool, db => sqlx::query_as(select)
        .bind(user)
        .bind(now_ms - LOGIN_MS)
        .bind(now_ms - LOGIN_IDLE_MS)
        .fetch_all(db)
        .await?))
}

/// Ends the login of a user that has this id, or, without one, all but the one of `cookie`.
pub(crate) async fn end_of_user(
    pool: &Pool,
    clock: &Clock,
    user: &User,
    cookie: &str,
    only: Option<&str>,
) -> Result<(), StoreError> {
    let this = secret::hash(cookie);
    let ends = |hash: &Vec<u8>| match only {
        Some(id) => secret::hex(hash) == id,
        None => *hash != this,
    };
    let logins = living(pool, clock, user.id).await?;
    let hashes = logins.into_iter().map(|login| login.hash);
    let ending: Vec<Vec<u8>> = hashes.filter(ends).collect();
    if ending.is_empty() {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    let end = include_str!("../../sql/login.end_one.sql");
    for hash in &ending {
        within!(transaction, db => sqlx::query(end).bind(user.id).bind(hash).execute(db).await?
            .rows_affected());
    }
    let note = Note::of(AuditAction::LoginEnd, "");
    audit::note(&mut transaction, clock, &Actor::user(user), &note).await?;
    transaction.commit().await
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
