//! What verdicts make of the events of a batch: see [`crate::verdict`].
//!
//! The verdicts are read once a site, and again after any of them changed. A batch is judged before its transaction begins, for copies
//! of clients must be committed before a number of theirs is remembered; the transaction then tells whether the same verdicts are
//! still in force.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::dictionary::Interned;
use super::remembered::Remembered;
use crate::error::StoreError;
use crate::new_event::NewEvent;
use crate::pool::Pool;
use crate::verdict::{self, Rules, Twin};

/// 24 bytes an entry and slack: half a MiB when full.
const TWINS_MAX: usize = 10_000;

/// An event's numbers, and what its visit is to have of its client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// As it was seen.
    pub(super) interned: Interned,
    /// As a verdict says; the same where there is none.
    pub(super) client: i32,
    pub(super) is_bot: bool,
}

/// The verdicts of the sites that were met, and the copies that they asked for.
#[derive(Debug)]
pub(super) struct Judging {
    /// Under which the rules were read, or an earlier one; `None` before the first batch.
    revision: Option<i64>,
    rules: HashMap<i64, Rules>,
    twins: Remembered<Twin, i32>,
}

impl Judging {
    pub(super) fn new() -> Self {
        Self {
            revision: None,
            rules: HashMap::new(),
            twins: Remembered::new(TWINS_MAX),
        }
    }

    /// Whether what was judged last was judged by the verdicts of this revision.
    pub(super) fn is_of(&self, revision: i64) -> bool {
        self.revision == Some(revision)
    }

    /// Verdicts have changed: from now on this revision holds. Copies stay what they are.
    pub(super) fn forget(&mut self, revision: i64) {
        self.revision = Some(revision);
        self.rules.clear();
    }

    /// The events, judged by the verdicts that are known.
    pub(super) async fn judge(
        &mut self,
        pool: &Pool,
        rows: &[&NewEvent],
        interned: &[Interned],
    ) -> Result<Vec<Judged>, StoreError> {
        self.learn(pool, rows).await?;
        let twin = |(row, interned): (&&NewEvent, &Interned)| {
            let (event, enriched) = (&row.event, &row.enriched);
            let rules = &self.rules[&event.site];
            let against =
                rules.against(&event.user_agent, &enriched.bot_reason, &enriched.bot_name)?;
            Some((interned.client, against))
        };
        let twins: Vec<Option<Twin>> = rows.iter().zip(interned).map(twin).collect();
        let numbers = self.numbers(pool, twins.iter().flatten()).await?;
        let judged = |((row, interned), twin): ((&&NewEvent, &Interned), &Option<Twin>)| {
            let as_seen = (interned.client, !row.enriched.bot_reason.is_empty());
            let (client, is_bot) = match twin {
                Some(twin) => (numbers[twin], twin.1.is_bot()),
                None => as_seen,
            };
            Judged {
                interned: *interned,
                client,
                is_bot,
            }
        };
        Ok(rows.iter().zip(interned).zip(&twins).map(judged).collect())
    }

    /// Reads the rules of sites that were not met under this revision.
    async fn learn(&mut self, pool: &Pool, rows: &[&NewEvent]) -> Result<(), StoreError> {
        if self.revision.is_none() {
            self.revision = Some(verdict::revision(pool).await?);
        }
        for row in rows {
            if let Entry::Vacant(place) = self.rules.entry(row.event.site) {
                place.insert(Rules::read(pool, row.event.site).await?);
            }
        }
        Ok(())
    }

    async fn numbers(
        &mut self,
        pool: &Pool,
        wanted: impl Iterator<Item = &Twin>,
    ) -> Result<HashMap<Twin, i32>, StoreError> {
        let mut numbers = HashMap::new();
        let mut unknown = BTreeSet::new();
        for twin in wanted {
            match self.twins.get(twin) {
                Some(number) => {
                    numbers.insert(*twin, number);
                }
                None => {
                    unknown.insert(*twin);
                }
            }
        }
        if !unknown.is_empty() {
            for (twin, number) in verdict::twins(pool, &unknown).await? {
                self.twins.insert(twin, number);
                numbers.insert(twin, number);
            }
        }
        match unknown.iter().find(|twin| !numbers.contains_key(twin)) {
            Some(_) => Err(verdict::vanished()),
            None => Ok(numbers),
        }
    }
}
