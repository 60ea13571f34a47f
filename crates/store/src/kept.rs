//! What people keep on a site's dashboard: annotations, goals and funnels. The store knows their kinds; what stands in them is the
//! dashboard's.

use hgpixel_event::Clock;
use sqlx::FromRow;

use crate::error::StoreError;
use crate::pool::{Pool, reading, writing};

/// How much one site may keep, of all kinds together.
pub const KEPT_MAX: u32 = 300;

/// A thing that is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Kept {
    /// The store's number.
    pub id: i64,
    /// `annotation`, `goal` or `funnel`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// JSON.
    pub body: String,
}

pub(crate) async fn list(pool: &Pool, site: i64) -> Result<Vec<Kept>, StoreError> {
    let select = include_str!("../sql/kept.list.sql");
    Ok(reading!(pool, db => sqlx::query_as(select).bind(site).fetch_all(db).await?))
}

/// Its number; `None` where the site keeps [`KEPT_MAX`] already.
pub(crate) async fn add(
    pool: &Pool,
    clock: &Clock,
    site: i64,
    kind: &str,
    name: &str,
    body: &str,
) -> Result<Option<i64>, StoreError> {
    let insert = include_str!("../sql/kept.add.sql");
    Ok(writing!(pool, db => sqlx::query_scalar(insert)
        .bind(site)
        .bind(clock.now_ms())
        .bind(kind)
        .bind(name)
        .bind(body)
        .bind(i64::from(KEPT_MAX))
        .fetch_optional(db)
        .await?))
}

pub(crate) async fn remove(pool: &Pool, site: i64, id: i64) -> Result<bool, StoreError> {
    let delete = include_str!("../sql/kept.remove.sql");
    let gone = writing!(pool, db => sqlx::query(delete).bind(site).bind(id).execute(db).await?.rows_affected());
    Ok(gone > 0)
}
