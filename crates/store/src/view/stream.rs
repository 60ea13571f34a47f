//! Every matching event, one after the other.

use std::collections::VecDeque;

use futures_util::Stream;
use futures_util::stream::try_unfold;

use super::filter::Plan;
use super::merge::Merge;
use super::rows::rows;
use super::window::Window;
use super::{ViewFilter, ViewOrder, ViewRow};
use crate::error::StoreError;
use crate::pool::Pool;

/// Events that are read together: a few kilobytes each at most.
const ROWS: usize = 500;
/// Keys that all sources together are read ahead.
const KEYS: usize = 5_000;

pub(crate) fn stream(
    pool: Pool,
    filter: ViewFilter,
    order: ViewOrder,
) -> impl Stream<Item = Result<ViewRow, StoreError>> + Send + 'static {
    try_unfold(
        Reading::New {
            pool,
            filter,
            order,
        },
        Reading::next,
    )
}

/// How far the reading has come.
enum Reading {
    New {
        pool: Pool,
        filter: ViewFilter,
        order: ViewOrder,
    },
    Begun {
        pool: Pool,
        merge: Merge,
        ready: VecDeque<ViewRow>,
    },
}

impl Reading {
    async fn next(self) -> Result<Option<(ViewRow, Self)>, StoreError> {
        let (pool, mut merge, mut ready) = match self {
            Self::New {
                pool,
                filter,
                order,
            } => {
                let merge = pool.bounded(begin(&pool, &filter, order)).await?;
                (pool, merge, VecDeque::new())
            }
            Self::Begun { pool, merge, ready } => (pool, merge, ready),
        };
        while ready.is_empty() {
            let mut keys = Vec::with_capacity(ROWS);
            while keys.len() < ROWS {
                match merge.next().await? {
                    Some(key) => keys.push(key),
                    None => break,
                }
            }
            if keys.is_empty() {
                return Ok(None);
            }
            ready = pool.bounded(rows(&pool, &keys)).await?.into();
        }
        let row = ready.pop_front();
        Ok(row.map(|row| (row, Self::Begun { pool, merge, ready })))
    }
}

async fn begin(pool: &Pool, filter: &ViewFilter, order: ViewOrder) -> Result<Merge, StoreError> {
    let plan = Plan::of(pool, filter).await?;
    let windows = if plan.must_look() {
        plan.windows(pool, order).await?
    } else {
        vec![Window::default()]
    };
    let read_ahead = (KEYS / plan.scope.ids().len().max(1)).max(50);
    Ok(Merge::new(
        pool,
        &plan.scope,
        plan.conditions,
        order,
        windows,
        read_ahead,
    ))
}
