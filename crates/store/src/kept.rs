//! What people keep on a site's dashboard: annotations, goals and funnels. The store knows their kinds; what stands in them is the
//! dashboard's.

use hgpixel_event::Clock;
use sqlx::FromRow;

use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, reading, within};

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
    actor: &Actor,
    site: i64,
    kind: &str,
    name: &str,
    body: &str,
) -> Result<Option<i64>, StoreError> {
    let mut transaction = pool.begin().await?;
    let insert = include_str!("../sql/kept.add.sql");
    let id: Option<i64> = within!(transaction, db => sqlx::query_scalar(insert)
        .bind(site)
        .bind(clock.now_ms())
        .bind(kind)
        .bind(name)
        .bind(body)
        .bind(i64::from(KEPT_MAX))
        .fetch_optional(db)
        .await?);
    if id.is_none() {
        return Ok(None);
    }
    let subject = format!("the {kind} {name}");
    let note = Note {
        site: Some(site),
        new: body,
        ..Note::of(AuditAction::KeptAdd, &subject)
    };
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await?;
    Ok(id)
}

pub(crate) async fn remove(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    id: i64,
) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    let delete = include_str!("../sql/kept.remove.sql");
    let gone: Option<Kept> = within!(transaction, db => sqlx::query_as(delete)
        .bind(site)
        .bind(id)
        .fetch_optional(db)
        .await?);
    let Some(gone) = gone else {
        return Ok(false);
    };
    let subject = format!("the {} {}", gone.kind, gone.name);
    let note = Note {
        site: Some(site),
        old: &gone.body,
        ..Note::of(AuditAction::KeptRemove, &subject)
    };
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await?;
    Ok(true)
}
