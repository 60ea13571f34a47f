//! Several sources, read as one in the order of time.
//!
//! Each source is read ahead a little, and the foremost of what they offer is next. A search that must look at every event goes window by
//! window of time, so that no single query runs for long without finding anything.

use std::collections::VecDeque;

use super::ViewOrder;
use super::keys::{Conditions, Key, Source, keys};
use crate::error::StoreError;
use crate::pool::Pool;

/// Keys in order, as many as are asked for.
#[derive(Debug)]
pub(super) struct Merge {
    pool: Pool,
    conditions: Conditions,
    order: ViewOrder,
    read_ahead: i64,
    sources: Vec<Source>,
    windows: VecDeque<Window>,
    cursors: Vec<Cursor>,
}

/// A range of time, open where `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from_ms: Option<i64>,
    pub(super) until_ms: Option<i64>,
}

#[derive(Debug)]
struct Cursor {
    source: Source,
    conditions: Conditions,
    ready: VecDeque<Key>,
    last: Option<Key>,
    exhausted: bool,
}

impl Merge {
    /// Reads `read_ahead` keys of a source at a time. The windows must lie in `order`, side by side.
    pub(super) fn new(
        pool: &Pool,
        sources: Vec<Source>,
        conditions: Conditions,
        order: ViewOrder,
        windows: Vec<Window>,
        read_ahead: usize,
    ) -> Self {
        Self {
            pool: pool.clone(),
            conditions,
            order,
            read_ahead: i64::try_from(read_ahead.max(1)).unwrap_or(i64::MAX),
            sources,
            windows: windows.into(),
            cursors: Vec::new(),
        }
    }

    /// The next key, or `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Key>, StoreError> {
        loop {
            self.fill().await?;
            if let Some(key) = self.foremost() {
                return Ok(Some(key));
            }
            let Some(window) = self.windows.pop_front() else {
                return Ok(None);
            };
            self.cursors = self
                .sources
                .iter()
                .map(|source| Cursor::new(*source, &self.conditions, window))
                .collect();
        }
    }

    /// Whether a key is at hand without asking the database.
    pub(super) fn is_ready(&self) -> bool {
        !self.cursors.is_empty()
            && self
                .cursors
                .iter()
                .all(|cursor| cursor.exhausted || !cursor.ready.is_empty())
    }

    async fn fill(&mut self) -> Result<(), StoreError> {
        for cursor in &mut self.cursors {
            if cursor.ready.is_empty() && !cursor.exhausted {
                cursor.read(&self.pool, self.order, self.read_ahead).await?;
            }
        }
        Ok(())
    }

    fn foremost(&mut self) -> Option<Key> {
        let offers = self
            .cursors
            .iter_mut()
            .filter(|cursor| !cursor.ready.is_empty());
        let place = |cursor: &&mut Cursor| cursor.ready.front().map(Key::place);
        let cursor = match self.order {
            ViewOrder::NewestFirst => offers.max_by_key(place),
            ViewOrder::OldestFirst => offers.min_by_key(place),
        };
        cursor.and_then(|cursor| cursor.ready.pop_front())
    }
}

impl Cursor {
    fn new(source: Source, conditions: &Conditions, window: Window) -> Self {
        let later = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other).max();
        let earlier = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other).min();
        Self {
            source,
            conditions: Conditions {
                from_ms: later(conditions.from_ms, window.from_ms),
                until_ms: earlier(conditions.until_ms, window.until_ms),
                ..conditions.clone()
            },
            ready: VecDeque::new(),
            last: None,
            exhausted: false,
        }
    }

    async fn read(&mut self, pool: &Pool, order: ViewOrder, limit: i64) -> Result<(), StoreError> {
        let read = keys(pool, self.source, &self.conditions, self.last, order, limit);
        self.ready = pool.bounded(read).await?.into();
        self.exhausted = i64::try_from(self.ready.len()).is_ok_and(|read| read < limit);
        self.last = self.ready.back().copied();
        Ok(())
    }
}
