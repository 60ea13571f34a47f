//! Texts that repeat, as small numbers.
//!
//! New texts are written and committed *before* the batch that needs them, in a small transaction of their own: a number that is
//! remembered is then never one that a rollback took away. A text that stays without an event is harmless.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::remembered::Remembered;
use crate::error::StoreError;
use crate::new_event::NewEvent;
use crate::pool::{Pool, reading};

mod entry;
mod rows;
mod said;

use entry::{Entry, Key, TABLES, Table};

/// 48 bytes an entry and slack: about 15 MiB when full.
const REMEMBERED_MAX: usize = 200_000;

/// The numbers of an event's texts; 0 is "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interned {
    pub(super) page: i32,
    pub(super) referrer: i32,
    pub(super) client: i32,
    pub(super) campaign: i32,
    pub(super) place: i32,
    pub(super) person: i32,
    pub(super) kind: i32,
    pub(super) channel: i32,
}

/// By which an exact address or user id is found.
pub(crate) fn text_hash(text: &str) -> i64 {
    let digest = Sha256::digest(text);
    i64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has 32 bytes"))
}

/// The dictionaries, and what they answered lately.
#[derive(Debug)]
pub(super) struct Dictionaries {
    remembered: Remembered<Key, i32>,
    /// The erasures that were known when what is remembered was read: each may have emptied rows.
    erasures: Option<i64>,
}

/// The counter of erasures.
pub(crate) const ERASURES: &str = "erasures";

impl Dictionaries {
    pub(super) fn new() -> Self {
        Self {
            remembered: Remembered::new(REMEMBERED_MAX),
            erasures: None,
        }
    }

    /// The numbers of every row's texts.
    pub(super) async fn intern(
        &mut self,
        pool: &Pool,
        rows: &[&NewEvent],
    ) -> Result<Vec<Interned>, StoreError> {
        self.forget_after_erasures(pool).await?;
        let mut numbers = vec![[0; TABLES]; rows.len()];
        let mut unknown: BTreeMap<Key, Entry<'_>> = BTreeMap::new();
        let mut sought: Vec<(usize, usize, Key)> = Vec::new();
        for (row, event) in rows.iter().enumerate() {
            for (place, entry) in said::entries(event).into_iter().enumerate() {
                let Some(entry) = entry else { continue };
                let key = entry.key(Table::ALL[place]);
                if let Some(id) = self.remembered.get(&key) {
                    numbers[row][place] = id;
                } else {
                    unknown.insert(key, entry);
                    sought.push((row, place, key));
                }
            }
        }
        if !unknown.is_empty() {
            let found = rows::find_or_add(pool, &unknown).await?;
            for (row, place, key) in sought {
                numbers[row][place] = number(&found, key)?;
            }
            for (key, id) in found {
                self.remembered.insert(key, id);
            }
        }
        Ok(numbers.into_iter().map(Interned::from).collect())
    }

    async fn forget_after_erasures(&mut self, pool: &Pool) -> Result<(), StoreError> {
        let select = include_str!("../../sql/counters.get.sql");
        let erasures: Option<i64> = reading!(pool, db => sqlx::query_scalar(select)
            .bind(ERASURES)
            .fetch_optional(db)
            .await?);
        if self.erasures != erasures {
            self.remembered = Remembered::new(REMEMBERED_MAX);
            self.erasures = erasures;
        }
        Ok(())
    }
}

fn number(found: &HashMap<Key, i32>, key: Key) -> Result<i32, StoreError> {
    // Absent only if somebody deletes from a dictionary just now; the next try adds it again.
    found.get(&key).copied().ok_or_else(|| {
        let detail = format!("a row of {} vanished", key.0.name());
        StoreError::unavailable("dictionary", detail)
    })
}

impl From<[i32; TABLES]> for Interned {
    /// In the order of [`Table::ALL`].
    fn from(numbers: [i32; TABLES]) -> Self {
        let [
            page,
            referrer,
            client,
            campaign,
            place,
            person,
            kind,
            channel,
        ] = numbers;
        Self {
            page,
            referrer,
            client,
            campaign,
            place,
            person,
            kind,
            channel,
        }
    }
}
