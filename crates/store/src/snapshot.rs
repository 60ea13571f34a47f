//! What ingest holds of the store: sites, secrets and who may send for a server, small enough to be read whole each second.

use std::collections::HashMap;
use std::fmt;

use hgpixel_event::{Clock, SiteKey};
use sqlx::FromRow;
use subtle::{Choice, ConstantTimeEq};

use crate::access::secret;
use crate::error::StoreError;
use crate::pool::{Backend, Pool, reading, writing};
use crate::site::Site;

/// A consistent picture of what ingest needs to take events while the store is away.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Every site by its key.
    pub sites: HashMap<SiteKey, Site>,
    /// The salts of today and, where already made, of yesterday and tomorrow; ascending by day. Today's is always there.
    pub salts: Vec<DailySalt>,
    /// The installation's secret, made once, the same for every process: the key of what must outlive a day.
    pub secret: [u8; 32],
    /// The tokens with which a server may send, at most 1,000: the oldest, so that one that works does not cease to because
    /// others are made.
    pub senders: Vec<SenderToken>,
}

/// A token of scope write or admin. It is known by its hash alone, which `Debug` does not show either.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct SenderToken {
    hash: Vec<u8>,
    /// The only site for which it may send, if it is bound to one.
    pub site: Option<i64>,
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_ms: Option<i64>,
}

/// The key of one day's visitor ids. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct DailySalt {
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// The key.
    pub bytes: [u8; 32],
}

impl Snapshot {
    /// The salt of the day in which `now_ms` lies. A snapshot that is older than its salts has none for today.
    pub fn salt(&self, now_ms: i64) -> Option<&DailySalt> {
        let day = now_ms.div_euclid(DAY_MS);
        self.salts.iter().find(|salt| salt.day == day)
    }

    /// The token of this secret, unless it has ended. How long that takes does not tell how much of the secret is right.
    pub fn sender(&self, secret: &str, now_ms: i64) -> Option<&SenderToken> {
        let hash = secret::hash(secret);
        let mut found = None;
        // Through to the end, whichever it is.
        for token in &self.senders {
            let is_it: Choice = token.hash.ct_eq(&hash);
            if bool::from(is_it) {
                found = Some(token);
            }
        }
        found.filter(|token| {
            token
                .expires_ms
                .is_none_or(|expires_ms| now_ms < expires_ms)
        })
    }
}

/// Hashes of 32 bytes, read and compared each second and each request: more than an installation has servers.
const SENDERS_MAX: i64 = 1_000;

pub(crate) const DAY_MS: i64 = 24 * 3_600_000;

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("sites", &self.sites.len())
            .field("salts", &self.salts)
            .field("senders", &self.senders.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SenderToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderToken")
            .field("site", &self.site)
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DailySalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DailySalt")
            .field("day", &self.day)
            .finish_non_exhaustive()
    }
}

const SECRET_BYTES: usize = 32;
const SECRET: &str = "installation_secret";

/// The salts of yesterday, today and tomorrow as far as they exist, today's in any case.
pub(crate) async fn salts(pool: &Pool, clock: &Clock) -> Result<Vec<DailySalt>, StoreError> {
    let today = clock.now_ms().div_euclid(DAY_MS);
    let salts = salts_between(pool, today - 1, today + 1).await?;
    if salts.iter().any(|salt| salt.day == today) {
        return Ok(salts);
    }
    add_salt(pool, today).await?;
    salts_between(pool, today - 1, today + 1).await
}

/// The tokens with which servers may send now.
pub(crate) async fn senders(pool: &Pool, clock: &Clock) -> Result<Vec<SenderToken>, StoreError> {
    let select = include_str!("../sql/token.senders.sql");
    Ok(reading!(pool, db => sqlx::query_as(select)
        .bind(clock.now_ms())
        .bind(SENDERS_MAX)
        .fetch_all(db)
        .await?))
}

/// Makes today's and tomorrow's salts, and forgets those of days that ended 24 hours ago or more.
pub(crate) async fn rotate_salts(pool: &Pool, clock: &Clock) -> Result<(), StoreError> {
    let today = clock.now_ms().div_euclid(DAY_MS);
    for day in [today, today + 1] {
        add_salt(pool, day).await?;
    }
    let forget = include_str!("../sql/salt.forget.sql");
    let forgotten = writing!(pool, db => sqlx::query(forget).bind(today - 1).execute(db).await?.rows_affected());
    if let (Backend::Postgres(db), 1..) = (&pool.backend, forgotten) {
        // Until then the deleted rows are still in the table's file. (SQLite overwrites them at once: secure_delete.)
        sqlx::query("vacuum salts").execute(db).await?;
    }
    Ok(())
}

async fn salts_between(
    pool: &Pool,
    from_day: i64,
    until_day: i64,
) -> Result<Vec<DailySalt>, StoreError> {
    let select = include_str!("../sql/salt.between.sql");
    let rows: Vec<(i64, Vec<u8>)> = reading!(pool, db => sqlx::query_as(select)
        .bind(from_day)
        .bind(until_day)
        .fetch_all(db)
        .await?);
    rows.into_iter()
        .map(|(day, bytes)| {
            Ok(DailySalt {
                day,
                bytes: key(&bytes)?,
            })
        })
        .collect()
}

async fn add_salt(pool: &Pool, day: i64) -> Result<(), StoreError> {
    let insert = include_str!("../sql/salt.add.sql");
    let bytes = random_key()?;
    writing!(pool, db => sqlx::query(insert).bind(day).bind(&bytes[..]).execute(db).await?
        .rows_affected());
    Ok(())
}

/// The secret that all processes share. Two may make one at the same time; the first to commit wins, and both read it back.
pub(crate) async fn installation_secret(pool: &Pool) -> Result<[u8; SECRET_BYTES], StoreError> {
    if let Some(secret) = stored_secret(pool).await? {
        return Ok(secret);
    }
    let insert = include_str!("../sql/meta.add.sql");
    let bytes = random_key()?;
    writing!(pool, db => sqlx::query(insert).bind(SECRET).bind(&bytes[..]).execute(db).await?
        .rows_affected());
    stored_secret(pool)
        .await?
        .ok_or_else(|| StoreError::unavailable("secret", "the installation's secret vanished"))
}

async fn stored_secret(pool: &Pool) -> Result<Option<[u8; SECRET_BYTES]>, StoreError> {
    let select = include_str!("../sql/meta.get.sql");
    let bytes: Option<Vec<u8>> =
        reading!(pool, db => sqlx::query_scalar(select).bind(SECRET).fetch_optional(db).await?);
    bytes.map(|bytes| key(&bytes)).transpose()
}

fn key(bytes: &[u8]) -> Result<[u8; SECRET_BYTES], StoreError> {
    bytes.try_into().map_err(|_| {
        StoreError::rejected("decode", format!("a stored key has {} bytes", bytes.len()))
    })
}

/// # Errors
/// When the system has no randomness to give: a key that could be guessed would be worse than none.
fn random_key() -> Result<[u8; SECRET_BYTES], StoreError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::unavailable("random", error.to_string()))?;
    Ok(bytes)
}
