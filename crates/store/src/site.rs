//! A site: whose events are counted together, under one key, by the rules that people set for it.

mod change;
mod drop_rules;
mod origins;
mod setting;

use hgpixel_config::OptOut;
use hgpixel_event::{Clock, SiteKey};
use jiff::tz::TimeZone;
use sqlx::FromRow;

use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};

pub(crate) use change::{change, exists};
pub use drop_rules::{DropRule, DropRules};
pub use origins::AllowedOrigins;
pub use setting::SiteSetting;
pub(crate) use setting::name;

/// A site as the store knows it. What may be set is described at [`SiteSetting`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The store's number, which events carry.
    pub id: i64,
    /// The public key, which pages carry.
    pub key: SiteKey,
    /// When it was added, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// Raised by whatever changes what is to be said of it: its settings, an erasure, its retention. Keys of cached answers carry it.
    pub generation: i64,
    /// The name that people gave it; its key where they gave none.
    pub name: String,
    /// The host of its pages; may be empty.
    pub domain: String,
    /// The IANA's name of the time zone in which its days and hours are cut; see [`Site::zone`].
    pub time_zone: String,
    /// The pages that may send for it.
    pub allowed_origins: AllowedOrigins,
    /// After how many days its events are forgotten; 0 is never.
    pub retention_days: u32,
    /// What the opt-out signals of browsers do; `None` is what the server's settings say.
    pub opt_out: Option<OptOut>,
    /// Whose hits are left out.
    pub drop_rules: DropRules,
}

impl Site {
    /// A site of which nothing has been set.
    pub fn new(id: i64, key: SiteKey) -> Self {
        Self {
            id,
            created_ms: 0,
            generation: 1,
            name: key.to_string(),
            key,
            domain: String::new(),
            time_zone: "UTC".to_owned(),
            allowed_origins: AllowedOrigins::default(),
            retention_days: 0,
            opt_out: None,
            drop_rules: DropRules::default(),
        }
    }

    /// The time zone. UTC where this program's database does not know the name, which a later version may have kept.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// How much a site has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteCounts {
    /// The site.
    pub site: Site,
    /// Its events of the current hour and the 23 before.
    pub events_day: u64,
    /// When its latest event happened, in milliseconds since 1970 UTC.
    pub last_event_ms: Option<i64>,
}

#[derive(FromRow)]
struct SiteRow {
    id: i64,
    key: String,
    created_ms: i64,
    generation: i64,
    name: String,
    domain: String,
    time_zone: String,
    allowed_origins: String,
    retention_days: i64,
    opt_out: String,
    drop_rules: String,
}

impl TryFrom<SiteRow> for Site {
    type Error = StoreError;

    fn try_from(row: SiteRow) -> Result<Self, StoreError> {
        let SiteRow { id, .. } = row;
        Ok(Self {
            id,
            key: row
                .key
                .parse()
                .map_err(|error| unusable(id, "key", &error))?,
            created_ms: row.created_ms,
            generation: row.generation,
            name: row.name,
            domain: row.domain,
            time_zone: row.time_zone,
            allowed_origins: AllowedOrigins::from_json(&row.allowed_origins)
                .map_err(|error| unusable(id, "allowed origins", &error))?,
            retention_days: u32::try_from(row.retention_days)
                .map_err(|error| unusable(id, "retention", &error))?,
            opt_out: setting::opt_out(&row.opt_out)
                .map_err(|error| unusable(id, "opt-out rule", &error))?,
            drop_rules: DropRules::from_json(&row.drop_rules)
                .map_err(|error| unusable(id, "drop rules", &error))?,
        })
    }
}

fn unusable(site: i64, what: &str, error: &impl std::fmt::Display) -> StoreError {
    StoreError::rejected(
        "decode",
        format!("site {site} has no usable {what}: {error}"),
    )
}

pub(crate) async fn all(pool: &Pool) -> Result<Vec<Site>, StoreError> {
    let select = include_str!("../sql/site.all.sql");
    let rows: Vec<SiteRow> = reading!(pool, db => sqlx::query_as(select).fetch_all(db).await?);
    rows.into_iter().map(Site::try_from).collect()
}

pub(crate) async fn by_id(pool: &Pool, id: i64) -> Result<Option<Site>, StoreError> {
    let select = include_str!("../sql/site.by_id.sql");
    let row: Option<SiteRow> =
        reading!(pool, db => sqlx::query_as(select).bind(id).fetch_optional(db).await?);
    row.map(Site::try_from).transpose()
}

/// Adds a site, or returns the one that has the key already.
pub(crate) async fn add(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    key: &SiteKey,
    site_name: &str,
) -> Result<Site, StoreError> {
    let site_name = match site_name.trim() {
        "" => key.to_string(),
        text => name(text)?,
    };
    let mut transaction = pool.begin().await?;
    let insert = include_str!("../sql/site.add.sql");
    let added = within!(transaction, db => sqlx::query(insert)
        .bind(key.as_str())
        .bind(&site_name)
        .bind(clock.now_ms())
        .execute(db)
        .await?
        .rows_affected());
    let select = include_str!("../sql/site.by_key.sql");
    let row: SiteRow =
        within!(transaction, db => sqlx::query_as(select).bind(key.as_str()).fetch_one(db).await?);
    let site = Site::try_from(row)?;
    if added > 0 {
        let note = Note {
            site: Some(site.id),
            new: &site.name,
            ..Note::of(AuditAction::SiteAdd, site.key.as_str())
        };
        audit::note(&mut transaction, clock, actor, &note).await?;
    }
    transaction.commit().await?;
    Ok(site)
}

/// Adds a site while there are fewer than `sites_max`, or returns the one that has the key already.
pub(crate) async fn create_from_hit(
    pool: &Pool,
    clock: &Clock,
    key: &SiteKey,
    sites_max: u32,
) -> Result<Site, StoreError> {
    let select = include_str!("../sql/site.by_key.sql");
    let known: Option<SiteRow> =
        reading!(pool, db => sqlx::query_as(select).bind(key.as_str()).fetch_optional(db).await?);
    if let Some(row) = known {
        return row.try_into();
    }
    let mut transaction = pool.begin().await?;
    if let Transaction::Postgres(postgres) = &mut transaction {
        // One at a time, or a thousand first hits at once would count the same sites and each find room.
        sqlx::query("lock table sites in share row exclusive mode")
            .execute(&mut **postgres)
            .await?;
    }
    let count = include_str!("../sql/site.count.sql");
    let sites: i64 = within!(transaction, db => sqlx::query_scalar(count).fetch_one(db).await?);
    let known: Option<SiteRow> = within!(transaction, db => sqlx::query_as(select).bind(key.as_str()).fetch_optional(db).await?);
    if known.is_none() && sites >= i64::from(sites_max) {
        return Err(StoreError::SitesLimit(sites_max));
    }
    let insert = include_str!("../sql/site.add.sql");
    within!(transaction, db => sqlx::query(insert)
        .bind(key.as_str())
        .bind(key.as_str())
        .bind(clock.now_ms())
        .execute(db)
        .await?
        .rows_affected());
    let row: SiteRow =
        within!(transaction, db => sqlx::query_as(select).bind(key.as_str()).fetch_one(db).await?);
    transaction.commit().await?;
    row.try_into()
}

#[derive(FromRow)]
struct CountsRow {
    id: i64,
    events_day: i64,
    last_event_ms: Option<i64>,
}

/// What each site received lately; in the order of [`all`].
pub(crate) async fn counts(
    pool: &Pool,
    clock: &Clock,
    only: Option<&[i64]>,
) -> Result<Vec<SiteCounts>, StoreError> {
    let select = include_str!("../sql/site.counts.sql");
    let hour = crate::writer::ledger::hour(clock.now_ms()) - 24;
    let rows: Vec<CountsRow> =
        reading!(pool, db => sqlx::query_as(select).bind(hour).fetch_all(db).await?);
    let allowed = |site: &Site| only.is_none_or(|only| only.contains(&site.id));
    let sites = all(pool).await?;
    Ok(sites
        .into_iter()
        .filter(allowed)
        .filter_map(|site| {
            let row = rows.iter().find(|row| row.id == site.id)?;
            Some(SiteCounts {
                site,
                events_day: u64::try_from(row.events_day).unwrap_or(0),
                last_event_ms: row.last_event_ms,
            })
        })
        .collect())
}
