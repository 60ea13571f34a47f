//! What the first event of a session said, which later ones need not say again.
//!
//! It never changes once it is committed, so it is read once by each writer, or not at all by the writer that stored it.

use super::bulk;
use super::remembered::Remembered;
use super::rows::Traits;
use crate::error::StoreError;
use crate::pool::Transaction;

/// Twice the sessions of half an hour at 50 visitors a second; 32 bytes an entry and slack, about 8 MiB when full.
const REMEMBERED_MAX: usize = 180_000;

/// The traits of sessions that were committed.
#[derive(Debug)]
pub(super) struct KnownTraits {
    remembered: Remembered<i64, Traits>,
}

impl KnownTraits {
    pub(super) fn new() -> Self {
        Self {
            remembered: Remembered::new(REMEMBERED_MAX),
        }
    }

    /// Of these sessions, remembered or read. A session of which no event is stored yet is missing.
    pub(super) async fn of(
        &mut self,
        transaction: &mut Transaction,
        sessions: &[(i32, i64)],
    ) -> Result<Vec<Traits>, StoreError> {
        let mut known = Vec::with_capacity(sessions.len());
        let mut unknown = Vec::new();
        for (site, session) in sessions {
            match self.remembered.get(session) {
                Some(traits) => known.push(traits),
                None => unknown.push((*site, *session)),
            }
        }
        known.extend(bulk::traits(transaction, &unknown).await?);
        Ok(known)
    }

    /// To be called once they are committed.
    pub(super) fn remember(&mut self, traits: Vec<Traits>) {
        for traits in traits {
            self.remembered.insert(traits.session, traits);
        }
    }
}
