//! Several sources, read as one in the order of time.
//!
//! Each source is read ahead a little, and the foremost of what they offer is next. A search that must look at every event goes window by
//! window of time, so that no single query runs for long without finding anything.

use std::collections::VecDeque;

use super::ViewOrder;
use super::keys::{Key, keys};
use super::matching::{Conditions, Scope};
use super::window::Window;
use crate::error::StoreError;
use crate::pool::Pool;

/// Keys in order, as many as are asked for.
#[derive(Debug)]
pub(super) struct Merge {
    pool: Pool,
    conditions: Conditions,
    order: ViewOrder,
    read_ahead: i64,
    sources: Vec<Scope>,
    windows: VecDeque<Window>,
    cursors: Vec<Cursor>,
}

#[derive(Debug)]
struct Cursor {
    source: Scope,
    conditions: Conditions,
    ready: VecDeque<Key>,
    last: Option<Key>,
    exhausted: bool,
}

impl Merge {
    /// Reads `read_ahead` keys of a source, which is each id of the scope, at a time. The windows must lie in `order`, side by side.
    pub(super) fn new(
        pool: &Pool,
        scope: &Scope,
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
            sources: scope.each(),
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
                .map(|source| Cursor::new(source.clone(), &self.conditions, window))
                .collect();
        }
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
    fn new(source: Scope, conditions: &Conditions, window: Window) -> Self {
        let conditions = conditions.within(window);
        Self {
            source,
            exhausted: conditions.window.is_empty(),
            conditions,
            ready: VecDeque::new(),
            last: None,
        }
    }

    async fn read(&mut self, pool: &Pool, order: ViewOrder, limit: i64) -> Result<(), StoreError> {
        let read = keys(
            pool,
            &self.source,
            &self.conditions,
            self.last,
            order,
            limit,
        );
        self.ready = pool.bounded(read).await?.into();
        self.exhausted = i64::try_from(self.ready.len()).is_ok_and(|read| read < limit);
        self.last = self.ready.back().copied();
        Ok(())
    }
}
