//! Forgetting what has had its time: two days for most, longer for the audit log.

use hgpixel_event::Clock;

use crate::access::{LOGIN_IDLE_MS, LOGIN_MS};
use crate::audit;
use crate::error::StoreError;
use crate::pool::{Pool, writing};

/// A message is redelivered, and a visitor's late event arrives, sooner than this. It is also what privacy promises: a salt is
/// gone by then, and with the row in `visits` goes the last use of the visitor's number as a key.
const KEPT_MS: i64 = 48 * 3_600_000;
/// What one statement of `prune.*.sql` deletes, so that it holds its locks briefly.
const ROWS: u64 = 20_000;

/// Returns how many rows went.
pub(crate) async fn prune(pool: &Pool, clock: &Clock) -> Result<u64, StoreError> {
    let now_ms = clock.now_ms();
    let mut rows = repeat(
        pool,
        include_str!("../sql/prune.batches.sql"),
        now_ms - KEPT_MS,
    )
    .await?;
    rows += repeat(
        pool,
        include_str!("../sql/prune.visits.sql"),
        now_ms - KEPT_MS,
    )
    .await?;
    rows += repeat(
        pool,
        include_str!("../sql/prune.audit.sql"),
        now_ms - audit::KEPT_MS,
    )
    .await?;
    for links in [
        include_str!("../sql/prune.login_links.sql"),
        include_str!("../sql/prune.invitations.sql"),
    ] {
        rows += writing!(pool, db => sqlx::query(links).bind(now_ms).execute(db).await?.rows_affected());
    }
    let logins = include_str!("../sql/prune.logins.sql");
    rows += writing!(pool, db => sqlx::query(logins)
        .bind(now_ms - LOGIN_MS)
        .bind(now_ms - LOGIN_IDLE_MS)
        .execute(db)
        .await?
        .rows_affected());
    Ok(rows)
}

async fn repeat(pool: &Pool, delete: &'static str, before_ms: i64) -> Result<u64, StoreError> {
    let mut rows = 0;
    loop {
        let gone = pool
            .bounded(async { Ok(writing!(pool, db => sqlx::query(delete).bind(before_ms).execute(db).await?.rows_affected())) })
            .await?;
        rows += gone;
        if gone < ROWS {
            return Ok(rows);
        }
    }
}
