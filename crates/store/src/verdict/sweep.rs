//! The sweep: every session that a site has stored gets the client that the verdicts in force say.
//!
//! It goes by the number of sessions, in pieces of [`PIECE`], each of which may be done again without harm. How far it has come is stored,
//! so one that is cut short goes on: whoever sets a verdict begins it, the leader ends it. Another verdict on the same site begins it
//! anew, under another revision; a piece of the old one that is under way then changes nothing any more.

use std::collections::{HashMap, HashSet};

use sqlx::QueryBuilder;

use super::agreement;
use super::twins;
use super::{Applied, Rules};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};
use crate::stats;

/// Sessions of one statement, three values each, of which SQLite takes 32,766.
const PIECE: i64 = 5_000;
/// What is remembered about clients, at most: 16 bytes each.
const CLIENTS_MAX: usize = 100_000;

/// How far the sweep of a site has come, and under which revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stand {
    revision: i64,
    session: i64,
}

/// Sessions with their clients, behind where the sweep stands. What a writer puts between them knows the verdicts already.
struct Piece {
    sessions: Vec<(i64, i32)>,
    is_full: bool,
}

/// A session, the client that it gets, and whether that is a bot's.
type Move = (i64, i32, bool);

/// Asks for a sweep of the site, under a new revision.
pub(super) async fn begin(transaction: &mut Transaction, site: i64) -> Result<(), StoreError> {
    let revision = agreement::raise(transaction).await?;
    let begin = include_str!("../../sql/sweep.begin.sql");
    within!(*transaction, db => sqlx::query(begin)
        .bind(site)
        .bind(revision)
        .bind(0_i64)
        .execute(db)
        .await?
        .rows_affected());
    changed(transaction, site).await
}

/// Ends the sweeps that others began. How many sites were swept.
pub(crate) async fn sweep_all(pool: &Pool) -> Result<u64, StoreError> {
    let select = include_str!("../../sql/sweep.all.sql");
    let read = async {
        let sites: Vec<i64> = reading!(pool, db => sqlx::query_scalar(select).fetch_all(db).await?);
        Ok(sites)
    };
    let sites = pool.bounded(read).await?;
    for site in &sites {
        sweep(pool, *site, usize::MAX).await?;
    }
    Ok(sites.len() as u64)
}

/// Sweeps the site, in so many pieces at most. Each is bounded.
pub(crate) async fn sweep(
    pool: &Pool,
    site: i64,
    pieces_max: usize,
) -> Result<Applied, StoreError> {
    let mut sweeper: Option<Sweeper> = None;
    for _ in 0..pieces_max {
        let Some(stand) = pool.bounded(stand(pool, site)).await? else {
            return Ok(Applied::Wholly);
        };
        let of_this = match sweeper.take() {
            Some(sweeper) if sweeper.revision == stand.revision => sweeper,
            _ => pool.bounded(Sweeper::new(pool, site, stand)).await?,
        };
        pool.bounded(sweeper.insert(of_this).step(pool, stand.session))
            .await?;
    }
    let stand = pool.bounded(stand(pool, site)).await?;
    Ok(stand.map_or(Applied::Wholly, |_| Applied::Partly))
}

async fn stand(pool: &Pool, site: i64) -> Result<Option<Stand>, StoreError> {
    let select = include_str!("../../sql/sweep.get.sql");
    let found: Option<(i64, i64)> =
        reading!(pool, db => sqlx::query_as(select).bind(site).fetch_optional(db).await?);
    Ok(found.map(|(revision, session)| Stand { revision, session }))
}

/// Sweeps one site under one revision.
struct Sweeper {
    site: i64,
    revision: i64,
    rules: Rules,
    /// Where each client that was looked at goes; `None` where it stays.
    targets: HashMap<i32, Option<(i32, bool)>>,
}

impl Sweeper {
    async fn new(pool: &Pool, site: i64, stand: Stand) -> Result<Self, StoreError> {
        Ok(Self {
            site,
            revision: stand.revision,
            // Read after the revision: if they are of a later one, no step of this one will do anything.
            rules: Rules::read(pool, site).await?,
            targets: HashMap::new(),
        })
    }

    /// The piece after `session`; after the last one the sweep is over.
    async fn step(&mut self, pool: &Pool, session: i64) -> Result<(), StoreError> {
        let piece = self.piece(pool, session).await?;
        self.look_up(pool, &piece).await?;
        let moves: Vec<Move> = piece
            .sessions
            .iter()
            .filter_map(|(session, client)| {
                let (target, is_bot) = (*self.targets.get(client)?)?;
                Some((*session, target, is_bot))
            })
            .collect();
        let last = piece.sessions.last().map_or(session, |(last, _)| *last);
        let mut transaction = pool.begin().await?;
        if !self.advance(&mut transaction, session, last).await? {
            // Another sweeper was faster, or other verdicts are in force.
            return transaction.rollback().await;
        }
        if !moves.is_empty() {
            self.apply(&mut transaction, &moves).await?;
            changed(&mut transaction, self.site).await?;
        }
        if !piece.is_full {
            self.end(&mut transaction).await?;
        }
        transaction.commit().await
    }

    async fn piece(&self, pool: &Pool, session: i64) -> Result<Piece, StoreError> {
        let select = include_str!("../../sql/sweep.sessions.sql");
        let rows: Vec<(i64, i64)> = reading!(pool, db => sqlx::query_as(select)
            .bind(self.site)
            .bind(session)
            .bind(PIECE)
            .fetch_all(db)
            .await?);
        let is_full = i64::try_from(rows.len()).unwrap_or(PIECE) == PIECE;
        let session = |(session, client): (i64, i64)| Some((session, i32::try_from(client).ok()?));
        Ok(Piece {
            sessions: rows.into_iter().filter_map(session).collect(),
            is_full,
        })
    }

    async fn look_up(&mut self, pool: &Pool, piece: &Piece) -> Result<(), StoreError> {
        if self.targets.len() > CLIENTS_MAX {
            self.targets.clear();
        }
        let unknown: HashSet<i32> = piece
            .sessions
            .iter()
            .map(|(_, client)| *client)
            .filter(|client| !self.targets.contains_key(client))
            .collect();
        let judged = twins::judged(pool, &self.rules, &unknown).await?;
        for client in unknown {
            self.targets.insert(client, judged.get(&client).copied());
        }
        Ok(())
    }

    /// The first statement of a step: only one that still stands where it began may go on.
    async fn advance(
        &self,
        transaction: &mut Transaction,
        from: i64,
        to: i64,
    ) -> Result<bool, StoreError> {
        let advance = include_str!("../../sql/sweep.advance.sql");
        let rows = within!(*transaction, db => sqlx::query(advance)
            .bind(self.site)
            .bind(self.revision)
            .bind(from)
            .bind(to)
            .execute(db)
            .await?
            .rows_affected());
        Ok(rows == 1)
    }

    async fn apply(&self, transaction: &mut Transaction, moves: &[Move]) -> Result<(), StoreError> {
        within!(*transaction, db: Db => {
            let mut query = QueryBuilder::<Db>::new(
                "update sessions set client = target.column2, bot = target.column3 from (",
            );
            query.push_values(moves, |mut values, (session, client, is_bot)| {
                values.push_bind(*session).push_bind(*client).push_bind(i16::from(*is_bot));
            });
            query.push(") target where sessions.session = target.column1 and sessions.site = ").push_bind(self.site);
            query.build().execute(db).await?;
        });
        Ok(())
    }

    async fn end(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let end = include_str!("../../sql/sweep.end.sql");
        within!(*transaction, db => sqlx::query(end)
            .bind(self.site)
            .bind(self.revision)
            .execute(db)
            .await?
            .rows_affected());
        changed(transaction, self.site).await
    }
}

/// What was said of the site before is no longer so: the one place for whatever must be said again.
async fn changed(transaction: &mut Transaction, site: i64) -> Result<(), StoreError> {
    let raise = include_str!("../../sql/site.raise.sql");
    within!(*transaction, db => sqlx::query(raise).bind(site).execute(db).await?.rows_affected());
    stats::mark_all(transaction, site).await
}
