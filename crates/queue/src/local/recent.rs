//! What was just committed, for the reader, so that a batch is not read back out of the file when the worker keeps up.
//!
//! It is a shortcut and nothing more: what does not fit, or comes by another way, the reader finds in the file.

use std::collections::VecDeque;

use uuid::Uuid;

/// Enough for the batches that arrive while the worker stores those before: at 256 KiB each, 32.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) events: usize,
    pub(super) replayed: bool,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Recent {
    rows: VecDeque<Row>,
    bytes: usize,
}

impl Recent {
    /// Remembers a committed row, if there is room. Rows come in the order of their numbers.
    pub(super) fn push(&mut self, row: Row) {
        if self.bytes + row.body.len() <= BYTES_MAX {
            self.bytes += row.body.len();
            self.rows.push_back(row);
        }
    }

    /// The row that follows `position` immediately; rows up to `position` are forgotten. `None` says nothing about the file:
    /// another process may have put rows in between, or there was no room for one.
    pub(super) fn after(&mut self, position: i64) -> Option<Row> {
        while self.rows.front().is_some_and(|row| row.seq <= position) {
            self.pop();
        }
        let follows = self.rows.front()?.seq == position + 1;
        if follows { self.pop() } else { None }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn pop(&mut self) -> Option<Row> {
        let row = self.rows.pop_front()?;
        self.bytes -= row.body.len();
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64, bytes: usize) -> Row {
        Row {
            seq,
            id: Uuid::nil(),
            events: 1,
            replayed: false,
            body: vec![0; bytes],
        }
    }

    fn next(recent: &mut Recent, position: i64) -> Option<i64> {
        recent.after(position).map(|row| row.seq)
    }

    #[test]
    fn only_the_row_that_follows_is_given() {
        let mut recent = Recent::default();
        for seq in [4, 5, 8] {
            recent.push(row(seq, 1));
        }
        assert_eq!(next(&mut recent, 1), None);
        assert_eq!(next(&mut recent, 3), Some(4));
        assert_eq!(next(&mut recent, 4), Some(5));
        assert_eq!(next(&mut recent, 5), None, "6 and 7 are in the file only");
        assert_eq!(next(&mut recent, 7), Some(8));
        assert_eq!(recent.bytes, 0);
    }

    #[test]
    fn what_does_not_fit_is_left_to_the_file() {
        let mut recent = Recent::default();
        recent.push(row(1, BYTES_MAX - 1));
        recent.push(row(2, 2));
        recent.push(row(3, 1));
        assert_eq!(next(&mut recent, 0), Some(1));
        assert_eq!(next(&mut recent, 1), None);
        assert_eq!(next(&mut recent, 2), Some(3));
    }
}
