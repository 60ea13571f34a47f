//! Keeping what people set of a site.

use hgpixel_event::Clock;

use super::setting::opt_out_name;
use super::{Site, SiteRow, SiteSetting};
use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, within};

const BY_ID: &str = include_str!("../../sql/site.by_id.sql");

/// Keeps the settings of `wanted`, raises the generation, and writes down each setting that differs. Without a difference nothing is done.
///
/// # Errors
/// [`StoreError::Conflict`] when the site is no longer as whoever changed it saw it; [`StoreError::Invalid`] for a value that
/// [`SiteSetting::set`] refuses, and where there is no such site.
pub(crate) async fn change(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    wanted: &Site,
) -> Result<Site, StoreError> {
    let mut transaction = pool.begin().await?;
    let stored = get(&mut transaction, wanted.id).await?;
    if stored.generation != wanted.generation {
        return Err(StoreError::Conflict);
    }
    // The fields are public, so the values are read once more.
    let mut checked = stored.clone();
    for setting in SiteSetting::ALL {
        setting.set(&mut checked, &setting.text(wanted))?;
    }
    if checked == stored {
        return Ok(stored);
    }
    update(&mut transaction, &checked).await?;
    for setting in SiteSetting::ALL {
        let (old, new) = (setting.text(&stored), setting.text(&checked));
        if old == new {
            continue;
        }
        let note = Note {
            site: Some(stored.id),
            old: &old,
            new: &new,
            ..Note::of(AuditAction::SiteSet, setting.as_str())
        };
        audit::note(&mut transaction, clock, actor, &note).await?;
    }
    transaction.commit().await?;
    checked.generation += 1;
    Ok(checked)
}

async fn get(transaction: &mut Transaction, id: i64) -> Result<Site, StoreError> {
    let row: Option<SiteRow> =
        within!(*transaction, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await?);
    row.ok_or_else(no_such_site)?.try_into()
}

/// Whether there is such a site, for what refers to one by number.
pub(crate) async fn exists(transaction: &mut Transaction, id: i64) -> Result<(), StoreError> {
    get(transaction, id).await.map(drop)
}

fn no_such_site() -> StoreError {
    StoreError::Invalid("there is no such site".to_owned())
}

async fn update(transaction: &mut Transaction, site: &Site) -> Result<(), StoreError> {
    let update = include_str!("../../sql/site.change.sql");
    let changed = within!(*transaction, db => sqlx::query(update)
        .bind(site.id)
        .bind(site.generation)
        .bind(&site.name)
        .bind(&site.domain)
        .bind(&site.time_zone)
        .bind(site.allowed_origins.to_json())
        .bind(i64::from(site.retention_days))
        .bind(site.opt_out.map_or("", opt_out_name))
        .bind(site.drop_rules.to_json())
        .execute(db)
        .await?
        .rows_affected());
    // Another one's change was committed between our reading and this.
    if changed == 0 {
        return Err(StoreError::Conflict);
    }
    Ok(())
}
