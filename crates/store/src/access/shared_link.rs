//! Links that show the dashboard of one site, read-only, to whoever has them, until they are revoked.

use hgpixel_event::Clock;
use sqlx::FromRow;

use super::secret;
use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};

/// How many links one site may have.
pub const SHARED_LINKS_MAX: u32 = 50;

/// A link as the store knows it; its secret is known to its holders alone.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SharedLink {
    /// The store's number.
    pub id: i64,
    /// When it was made, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// For whom it is, as people call it.
    pub name: String,
}

/// The secret; `None` where the site has [`SHARED_LINKS_MAX`] already.
pub(crate) async fn share(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let token = secret::generate("")?;
    let mut transaction = pool.begin().await?;
    let insert = include_str!("../../sql/shared_link.add.sql");
    let added = within!(transaction, db => sqlx::query(insert)
        .bind(secret::hash(&token))
        .bind(site)
        .bind(clock.now_ms())
        .bind(name)
        .bind(i64::from(SHARED_LINKS_MAX))
        .execute(db)
        .await?
        .rows_affected());
    if added == 0 {
        return Ok(None);
    }
    note(
        &mut transaction,
        clock,
        actor,
        site,
        AuditAction::LinkShare,
        name,
    )
    .await?;
    transaction.commit().await?;
    Ok(Some(token))
}

pub(crate) async fn shared(pool: &Pool, site: i64) -> Result<Vec<SharedLink>, StoreError> {
    let select = include_str!("../../sql/shared_link.list.sql");
    Ok(reading!(pool, db => sqlx::query_as(select).bind(site).fetch_all(db).await?))
}

pub(crate) async fn shared_site(pool: &Pool, token: &str) -> Result<Option<i64>, StoreError> {
    let select = include_str!("../../sql/shared_link.site.sql");
    Ok(reading!(pool, db => sqlx::query_scalar(select)
        .bind(secret::hash(token))
        .fetch_optional(db)
        .await?))
}

pub(crate) async fn unshare(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    id: i64,
) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    let delete = include_str!("../../sql/shared_link.remove.sql");
    let name: Option<String> = within!(transaction, db => sqlx::query_scalar(delete)
        .bind(site)
        .bind(id)
        .fetch_optional(db)
        .await?);
    let Some(name) = name else {
        return Ok(false);
    };
    note(
        &mut transaction,
        clock,
        actor,
        site,
        AuditAction::LinkRevoke,
        &name,
    )
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// The link by its name: whoever has its secret may look.
async fn note(
    transaction: &mut Transaction,
    clock: &Clock,
    actor: &Actor,
    site: i64,
    action: AuditAction,
    name: &str,
) -> Result<(), StoreError> {
    let subject = format!("the shared link {name}");
    let note = Note {
        site: Some(site),
        ..Note::of(action, &subject)
    };
    audit::note(transaction, clock, actor, &note).await
}
