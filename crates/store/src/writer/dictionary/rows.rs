//! The dictionaries' rows: read where they are, added where they are not.

use std::collections::{BTreeMap, HashMap};

use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::entry::{Entry, Key, Table};
use super::text_hash;
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, within};

/// Rows of one insert: the widest table has 13 columns, and SQLite takes 32,766 values.
const ROWS_MAX: usize = 1_000;

/// Reads the numbers of `unknown`, and adds those that no table has yet.
pub(super) async fn find_or_add(
    pool: &Pool,
    unknown: &BTreeMap<Key, Entry<'_>>,
) -> Result<HashMap<Key, i32>, StoreError> {
    let mut found = HashMap::new();
    let mut transaction = pool.begin().await?;
    for table in Table::ALL {
        // Sorted by digest, as a BTreeMap is: two workers that add the same texts wait for each other in one order.
        let entries: Vec<(u128, Entry<'_>)> = of_table(unknown, table).collect();
        for chunk in entries.chunks(ROWS_MAX) {
            let digests: Vec<u128> = chunk.iter().map(|(digest, _)| *digest).collect();
            found.extend(find(&mut transaction, table, &digests).await?);
            let missing: Vec<_> = chunk
                .iter()
                .filter(|(digest, _)| !found.contains_key(&(table, *digest)))
                .collect();
            if !missing.is_empty() {
                found.extend(add(&mut transaction, table, &missing).await?);
            }
        }
    }
    // What another worker added in the meantime conflicted and was not returned, but is there to be read now.
    for table in Table::ALL {
        let raced: Vec<u128> = of_table(unknown, table)
            .map(|(digest, _)| digest)
            .filter(|digest| !found.contains_key(&(table, *digest)))
            .collect();
        for chunk in raced.chunks(ROWS_MAX) {
            found.extend(find(&mut transaction, table, chunk).await?);
        }
    }
    transaction.commit().await?;
    Ok(found)
}

fn of_table<'m, 'e>(
    unknown: &'m BTreeMap<Key, Entry<'e>>,
    table: Table,
) -> impl Iterator<Item = (u128, Entry<'e>)> + 'm {
    unknown
        .range((table, 0)..=(table, u128::MAX))
        .map(|((_, digest), entry)| (*digest, *entry))
}

async fn find(
    transaction: &mut Transaction,
    table: Table,
    digests: &[u128],
) -> Result<Vec<(Key, i32)>, StoreError> {
    within!(*transaction, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select cast(id as bigint) as id, digest from ");
        query.push(table.name()).push(" where digest in (");
        let mut list = query.separated(", ");
        for digest in digests {
            list.push_bind(Uuid::from_u128(*digest));
        }
        query.push(")");
        let rows = query.build().fetch_all(db).await?;
        rows.iter().map(|row| numbered(table, row.try_get("digest")?, row.try_get("id")?)).collect()
    })
}

async fn add(
    transaction: &mut Transaction,
    table: Table,
    entries: &[&(u128, Entry<'_>)],
) -> Result<Vec<(Key, i32)>, StoreError> {
    within!(*transaction, db: Db => {
        let mut query = QueryBuilder::<Db>::new("insert into ");
        query.push(table.name()).push(" (").push(table.columns()).push(") ");
        query.push_values(entries, |mut values, (digest, entry)| {
            values.push_bind(Uuid::from_u128(*digest));
            if table.is_of_site() {
                values.push_bind(text_hash(entry.texts.as_slice()[0]));
                values.push_bind(entry.site);
            }
            for text in entry.texts.as_slice() {
                values.push_bind((*text).to_owned());
            }
        });
        query.push(" on conflict (digest) do nothing returning cast(id as bigint) as id, digest");
        let rows = query.build().fetch_all(db).await?;
        rows.iter().map(|row| numbered(table, row.try_get("digest")?, row.try_get("id")?)).collect()
    })
}

fn numbered(table: Table, digest: Uuid, id: i64) -> Result<(Key, i32), StoreError> {
    let id = i32::try_from(id)
        .map_err(|_| StoreError::rejected("22003", format!("{} is full", table.name())))?;
    Ok(((table, digest.as_u128()), id))
}
