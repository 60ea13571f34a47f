//! The numbers of new sessions.

use crate::error::StoreError;
use crate::pool::{Pool, writing};
use crate::session_id::{COUNTER_MAX, session_id};

/// Numbers sessions without asking anybody: the database gives each writer an epoch of its own, in which it counts.
#[derive(Debug)]
pub(super) struct Numbering {
    epoch: i64,
    counter: i64,
}

impl Numbering {
    pub(super) async fn open(pool: &Pool) -> Result<Self, StoreError> {
        Ok(Self {
            epoch: next_epoch(pool).await?,
            counter: 0,
        })
    }

    /// The numbers of an epoch run out after 16 million; half of them are more than any batch takes.
    pub(super) async fn renew(&mut self, pool: &Pool) -> Result<(), StoreError> {
        if self.counter > COUNTER_MAX / 2 {
            *self = Self::open(pool).await?;
        }
        Ok(())
    }

    pub(super) fn next(&mut self, started_ms: i64) -> i64 {
        self.counter += 1;
        session_id(started_ms, self.epoch, self.counter)
    }
}

async fn next_epoch(pool: &Pool) -> Result<i64, StoreError> {
    let next = include_str!("../../sql/counters.next.sql");
    Ok(writing!(pool, db => sqlx::query_scalar(next).bind("writer_epoch").fetch_one(db).await?))
}
