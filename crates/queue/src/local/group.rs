//! One transaction: the batches, the settled rows and the dead letters that waited for it.

use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use crate::dead_letter::DeadLetter;

/// A batch to be written.
#[derive(Debug)]
pub(super) struct NewBatch {
    pub(super) id: Uuid,
    pub(super) events: usize,
    pub(super) replayed: bool,
    pub(super) body: Vec<u8>,
}

/// What goes into the file together.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    pub(super) batches: &'a [NewBatch],
    /// Events of the batches that count as accepted: none of those that are replayed.
    pub(super) accepted: usize,
    pub(super) letters: &'a [DeadLetter],
    /// Rows that go out of it.
    pub(super) settled: &'a [i64],
}

impl Group<'_> {
    /// Writes it all, or nothing. Returns the number of the last batch, if there is one; the batches are numbered one by one.
    ///
    /// All statements are sent to SQLite's thread at once: the way there and back costs more than a statement does.
    pub(super) async fn commit(
        &self,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<Option<i64>> {
        let mut query = self.statements();
        // `fetch_one` would stop at the first row, before the commit.
        match query.build().fetch_all(&mut *connection).await {
            Ok(rows) => rows.first().map(|row| row.try_get(0)).transpose(),
            Err(error) => {
                // SQLite rolls back by itself after some errors, and says then that there is nothing to roll back.
                drop(sqlx::query("rollback").execute(connection).await);
                Err(error)
            }
        }
    }

    fn statements(&self) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new("begin immediate; ");
        if !self.batches.is_empty() {
            push_batches(&mut query, self.batches, self.accepted);
        }
        if !self.letters.is_empty() {
            push_letters(&mut query, self.letters);
        }
        if !self.settled.is_empty() {
            // One text for any number of rows, so that it is prepared once.
            query.push("delete from batches where seq in (select value from json_each(");
            query.push_bind(format!("{:?}", self.settled));
            query.push(")); ");
        }
        query.push("commit");
        query
    }
}

/// Numbers the batches and inserts them; the first row that comes back holds the number of the last.
pub(super) fn push_batches(
    query: &mut QueryBuilder<Sqlite>,
    batches: &[NewBatch],
    accepted: usize,
) {
    query.push("update ledger set accepted = accepted + ");
    query.push_bind(i64::try_from(accepted).unwrap_or(i64::MAX));
    query.push(", last_seq = last_seq + ");
    query.push_bind(i64::try_from(batches.len()).unwrap_or(i64::MAX));
    query.push(" returning last_seq; insert into batches (seq, id, events, replayed, body) ");
    let last = batches.len() - 1;
    query.push_values(batches.iter().enumerate(), |mut row, (index, batch)| {
        row.push("(select last_seq from ledger) - ")
            .push_bind_unseparated(i64::try_from(last - index).unwrap_or(i64::MAX))
            .push_bind(batch.id)
            .push_bind(i64::try_from(batch.events).unwrap_or(i64::MAX))
            .push_bind(batch.replayed)
            .push_bind(batch.body.clone());
    });
    query.push("; ");
}

fn push_letters(query: &mut QueryBuilder<Sqlite>, letters: &[DeadLetter]) {
    query.push("insert into dead_letters (id, reason, detail, at_ms, line) ");
    query.push_values(letters, |mut row, letter| {
        row.push_bind(letter.id)
            .push_bind(letter.reason.clone())
            .push_bind(letter.detail.clone())
            .push_bind(letter.at_ms)
            .push_bind(letter.line.clone());
    });
    query.push("; ");
}
