//! Clients as verdicts see them: copies of dictionary rows with another reason.
//!
//! A copy is made once, and known by a digest of its original's number and of its reason. It stays when the verdict goes, like every
//! text in a dictionary.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sha2::{Digest, Sha256};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{Rules, Verdict};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};

/// Rows of one statement: three values each, of 32,766 that SQLite takes.
const ROWS_MAX: usize = 1_000;

/// A client's row, and what a verdict says against it.
pub(crate) type Twin = (i32, Verdict);

/// A client as it was seen.
#[derive(FromRow)]
struct Seen {
    /// The row, maybe a copy.
    id: i64,
    original: i64,
    user_agent: String,
    bot_reason: String,
    bot_name: String,
}

/// Which row each of these clients is to have, by the rules; without those that are right as they are. With each, whether it is a
/// bot's.
pub(crate) async fn judged(
    pool: &Pool,
    rules: &Rules,
    clients: &HashSet<i32>,
) -> Result<HashMap<i32, (i32, bool)>, StoreError> {
    let seen = seen(pool, clients).await?;
    let against = |seen: &Seen| rules.against(&seen.user_agent, &seen.bot_reason, &seen.bot_name);
    let wanted: BTreeSet<Twin> = seen
        .iter()
        .filter_map(|seen| Some((number(seen.original).ok()?, against(seen)?)))
        .collect();
    let copies = twins(pool, &wanted).await?;
    let mut judged = HashMap::new();
    for seen in &seen {
        let (id, original) = (number(seen.id)?, number(seen.original)?);
        let target = match against(seen) {
            Some(verdict) => {
                let twin = copies.get(&(original, verdict)).ok_or_else(vanished)?;
                (*twin, verdict.is_bot())
            }
            None => (original, !seen.bot_reason.is_empty()),
        };
        if target.0 != id {
            judged.insert(id, target);
        }
    }
    Ok(judged)
}

/// The copies' numbers, of which those that are missing are added and committed. What is asked about must be originals.
pub(crate) async fn twins(
    pool: &Pool,
    wanted: &BTreeSet<Twin>,
) -> Result<HashMap<Twin, i32>, StoreError> {
    // In one order, so that two who add the same wait for each other rather than deadlock.
    let digests: BTreeMap<Uuid, Twin> = wanted.iter().map(|twin| (digest(*twin), *twin)).collect();
    let all: Vec<(Uuid, Twin)> = digests.into_iter().collect();
    let mut numbers = HashMap::new();
    for piece in all.chunks(ROWS_MAX) {
        let mut transaction = pool.begin().await?;
        numbers.extend(find(&mut transaction, piece).await?);
        let missing: Vec<(Uuid, Twin)> = piece
            .iter()
            .filter(|(_, twin)| !numbers.contains_key(twin))
            .copied()
            .collect();
        if !missing.is_empty() {
            add(&mut transaction, &missing).await?;
            // Also what another added in the meantime.
            numbers.extend(find(&mut transaction, &missing).await?);
        }
        transaction.commit().await?;
    }
    Ok(numbers)
}

async fn seen(pool: &Pool, clients: &HashSet<i32>) -> Result<Vec<Seen>, StoreError> {
    let clients: Vec<i32> = clients.iter().copied().collect();
    let mut seen = Vec::with_capacity(clients.len());
    for piece in clients.chunks(ROWS_MAX) {
        let rows: Vec<Seen> = reading!(pool, db: Db => {
            let mut query = QueryBuilder::<Db>::new(include_str!("../../sql/verdict.clients.sql"));
            let mut list = query.push("(").separated(", ");
            for client in piece {
                list.push_bind(*client);
            }
            query.push(")").build_query_as().fetch_all(db).await?
        });
        seen.extend(rows);
    }
    Ok(seen)
}

async fn find(
    transaction: &mut Transaction,
    twins: &[(Uuid, Twin)],
) -> Result<Vec<(Twin, i32)>, StoreError> {
    let rows: Vec<(i64, Uuid)> = within!(*transaction, db: Db => {
        let select = "select cast(id as bigint), digest from clients where digest in (";
        let mut query = QueryBuilder::<Db>::new(select);
        let mut list = query.separated(", ");
        for (digest, _) in twins {
            list.push_bind(*digest);
        }
        query.push(")").build_query_as().fetch_all(db).await?
    });
    let by_digest: HashMap<Uuid, Twin> = twins.iter().copied().collect();
    rows.into_iter()
        .filter_map(|(id, digest)| Some((*by_digest.get(&digest)?, id)))
        .map(|(twin, id)| Ok((twin, number(id)?)))
        .collect()
}

async fn add(transaction: &mut Transaction, missing: &[(Uuid, Twin)]) -> Result<(), StoreError> {
    within!(*transaction, db: Db => {
        let mut query = QueryBuilder::<Db>::new(
            "insert into clients (digest, user_agent, browser, browser_version, os, os_version, device, bot_reason, bot_name, \
             language, language_sent, screen, device_info, original) \
             select copy.column2, c.user_agent, c.browser, c.browser_version, c.os, c.os_version, c.device, copy.column3, c.bot_name, \
             c.language, c.language_sent, c.screen, c.device_info, c.id from (",
        );
        query.push_values(missing, |mut values, (digest, (original, verdict))| {
            values.push_bind(*original).push_bind(*digest).push_bind(verdict.reason());
        });
        query.push(") copy join clients c on c.id = copy.column1 where 1 = 1 order by copy.column2 on conflict (digest) do nothing");
        query.build().execute(db).await?;
    });
    Ok(())
}

/// No digest of texts begins like this one: those begin with the length of a text.
fn digest((original, verdict): Twin) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(b"verdict");
    hasher.update(original.to_le_bytes());
    hasher.update(verdict.reason());
    let digest = hasher.finalize();
    Uuid::from_bytes(digest[..16].try_into().expect("a SHA-256 has 32 bytes"))
}

/// Only if somebody deletes from the dictionary just now.
pub(crate) fn vanished() -> StoreError {
    StoreError::unavailable("dictionary", "a row of clients vanished")
}

fn number(id: i64) -> Result<i32, StoreError> {
    i32::try_from(id).map_err(|_| StoreError::rejected("22003", "clients is full"))
}
