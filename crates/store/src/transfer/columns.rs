//! A row in PostgreSQL's binary form, as `copy … (format binary)` takes and gives it: both sides are brought to it, to copy and to compare.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::tables::Table;
use crate::error::StoreError;

/// A column of PostgreSQL's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether it numbers rows by itself.
    pub(super) is_identity: bool,
}

/// The types that the tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int2,
    Int4,
    Int8,
    Text,
    Bytes,
    Uuid,
}

impl Kind {
    /// By PostgreSQL's name of it.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "int2" => Some(Self::Int2),
            "int4" => Some(Self::Int4),
            "int8" => Some(Self::Int8),
            "text" => Some(Self::Text),
            "bytea" => Some(Self::Bytes),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }
}

/// The columns of a table, of those of all.
pub(super) fn of_table(table: &Table, all: &[Column]) -> Result<Vec<Column>, StoreError> {
    let columns: Vec<Column> = all
        .iter()
        .filter(|column| column.table == table.name)
        .cloned()
        .collect();
    if columns.is_empty() {
        return Err(StoreError::Transfer(format!(
            "the database has no table {}",
            table.name
        )));
    }
    Ok(columns)
}

/// The columns as a statement names them, on either database: some are called like its words.
pub(super) fn list(columns: &[Column]) -> String {
    let quoted: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    quoted.join(", ")
}

/// What stands before the first row.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands in place of a row's number of columns after the last one.
pub(super) const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Appends a row of the file, which has these columns in this order.
pub(super) fn encode(
    row: &SqliteRow,
    columns: &[Column],
    to: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let count = i16::try_from(columns.len()).expect("no table has so many columns");
    to.extend(count.to_be_bytes());
    for (index, column) in columns.iter().enumerate() {
        match column.kind {
            Kind::Int2 | Kind::Int4 | Kind::Int8 => {
                number(row.try_get(index)?, column, to)?;
            }
            Kind::Text => {
                let text: Option<&str> = row.try_get(index)?;
                bytes(text.map(str::as_bytes), to)?;
            }
            Kind::Bytes => bytes(row.try_get(index)?, to)?,
            Kind::Uuid => {
                let uuid: Option<&[u8]> = row.try_get(index)?;
                if uuid.is_some_and(|uuid| uuid.len() != 16) {
                    return Err(does_not_fit(column));
                }
                bytes(uuid, to)?;
            }
        }
    }
    Ok(())
}

fn number(value: Option<i64>, column: &Column, to: &mut Vec<u8>) -> Result<(), StoreError> {
    let Some(value) = value else {
        return bytes(None, to);
    };
    let does_not_fit = |_| does_not_fit(column);
    match column.kind {
        Kind::Int2 => {
            let value = i16::try_from(value).map_err(does_not_fit)?;
            bytes(Some(&value.to_be_bytes()), to)
        }
        Kind::Int4 => {
            let value = i32::try_from(value).map_err(does_not_fit)?;
            bytes(Some(&value.to_be_bytes()), to)
        }
        _ => bytes(Some(&value.to_be_bytes()), to),
    }
}

fn bytes(value: Option<&[u8]>, to: &mut Vec<u8>) -> Result<(), StoreError> {
    let Some(value) = value else {
        to.extend((-1_i32).to_be_bytes());
        return Ok(());
    };
    let length = i32::try_from(value.len())
        .map_err(|_| StoreError::Transfer("a value of 2 GiB or more cannot be moved".to_owned()))?;
    to.extend(length.to_be_bytes());
    to.extend(value);
    Ok(())
}

/// Its value is not named, for it may be a visitor's.
fn does_not_fit(column: &Column) -> StoreError {
    StoreError::Transfer(format!(
        "table {}: a value of {} is none that PostgreSQL's column takes",
        column.table, column.name
    ))
}

/// Takes rows apart that arrive in pieces of any length.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pending: Vec<u8>,
    taken: usize,
    has_begun: bool,
}

impl Rows {
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.pending.drain(..self.taken);
        self.taken = 0;
        self.pending.extend(piece);
    }

    /// The next row, if it has arrived wholly.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, StoreError> {
        let Some(length) = self.next_length()? else {
            return Ok(None);
        };
        let from = self.taken;
        self.taken += length;
        Ok(Some(&self.pending[from..self.taken]))
    }

    /// Whether the next row has arrived wholly.
    pub(super) fn has_next(&mut self) -> Result<bool, StoreError> {
        Ok(self.next_length()?.is_some())
    }

    fn next_length(&mut self) -> Result<Option<usize>, StoreError> {
        if !self.has_begun {
            if self.pending.len() < HEADER.len() {
                return Ok(None);
            }
            if !self.pending.starts_with(HEADER) {
                return Err(unreadable());
            }
            self.has_begun = true;
            self.taken = HEADER.len();
        }
        row_length(&self.pending[self.taken..])
    }

    /// Whether the last row was the last of all.
    pub(super) fn is_over(&self) -> bool {
        self.has_begun && self.pending[self.taken..] == *TRAILER
    }
}

/// How long the row is with which `bytes` begin; `None` where it is not all there, or the trailer.
fn row_length(bytes: &[u8]) -> Result<Option<usize>, StoreError> {
    let Some((count, _)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let mut at = 2;
    match i16::from_be_bytes(*count) {
        -1 => return Ok(None),
        count @ 0.. => {
            for _ in 0..count {
                let Some((length, _)) = bytes.get(at..).and_then(<[u8]>::split_first_chunk) else {
                    return Ok(None);
                };
                at += 4;
                match i32::from_be_bytes(*length) {
                    -1 => {}
                    length => at += usize::try_from(length).map_err(|_| unreadable())?,
                }
            }
        }
        _ => return Err(unreadable()),
    }
    Ok((at <= bytes.len()).then_some(at))
}

fn unreadable() -> StoreError {
    StoreError::unavailable("protocol", "the rows that the database sent cannot be read")
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    fn columns(kinds: &[Kind]) -> Vec<Column> {
        let column = |kind: &Kind| Column {
            table: "t".to_owned(),
            name: "c".to_owned(),
            kind: *kind,
            is_identity: false,
        };
        kinds.iter().map(column).collect()
    }

    async fn encoded(select: &'static str, kinds: &[Kind]) -> Result<Vec<u8>, StoreError> {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let row = sqlx::query(select).fetch_one(&mut connection).await?;
        let mut bytes = Vec::new();
        encode(&row, &columns(kinds), &mut bytes)?;
        Ok(bytes)
    }

    #[tokio::test]
    async fn a_row_is_as_postgresql_writes_it() {
        let kinds = [
            Kind::Int2,
            Kind::Int4,
            Kind::Int8,
            Kind::Text,
            Kind::Bytes,
            Kind::Text,
        ];
        let row = encoded("select -2, 3, -4, 'é', x'00ff', null", &kinds).await;
        let expected = b"\0\x06\
            \0\0\0\x02\xff\xfe\
            \0\0\0\x04\0\0\0\x03\
            \0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfc\
            \0\0\0\x02\xc3\xa9\
            \0\0\0\x02\0\xff\
            \xff\xff\xff\xff";
        assert_eq!(row.unwrap(), expected);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_an_error_that_names_the_column() {
        for (select, kind) in [
            ("select 32768", Kind::Int2),
            ("select -2147483649", Kind::Int4),
            ("select x'00'", Kind::Uuid),
        ] {
            let error = encoded(select, &[kind]).await.unwrap_err();
            assert!(
                matches!(&error, StoreError::Transfer(text) if text.contains("table t: a value of c")),
                "{error}"
            );
        }
        // A text where a number should be, and the other way round.
        for (select, kind) in [("select 'a'", Kind::Int8), ("select 1", Kind::Text)] {
            encoded(select, &[kind]).await.unwrap_err();
        }
    }

    #[tokio::test]
    async fn rows_are_told_apart_whatever_the_pieces() {
        let first = encoded("select 1, 'one'", &[Kind::Int4, Kind::Text]).await;
        let second = encoded("select 2, null", &[Kind::Int4, Kind::Text]).await;
        let rows = [first.unwrap(), second.unwrap()];
        let whole = [HEADER, &rows[0], &rows[1], TRAILER].concat();
        for length in 1..=whole.len() {
            let mut reader = Rows::default();
            let mut found = Vec::new();
            for piece in whole.chunks(length) {
                reader.push(piece);
                while let Some(row) = reader.next().unwrap() {
                    found.push(row.to_vec());
                }
            }
            assert_eq!(found, rows, "in pieces of {length}");
            assert!(reader.is_over());
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        let mut reader = Rows::default();
        reader.push(b"this is no header of PostgreSQL's");
        reader.next().unwrap_err();
        assert!(row_length(&[0xFF, 0xFE]).is_err());
        assert!(row_length(&[0, 1, 0xFF, 0xFF, 0xFF, 0xFE]).is_err());
    }
}
