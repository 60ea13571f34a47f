//! What is changed of people, each change with its entry in the audit log.

use hgpixel_event::Clock;

use super::invitation::forget_links;
use super::{Role, User, get};
use crate::access::{Opener, Passwords, begin};
use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};
use crate::site;

/// Changes or ends the role of somebody who has one on this site.
pub(crate) async fn set_role(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    user: i64,
    site: i64,
    role: Option<Role>,
) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let user = get(&mut transaction, user).await?;
    // Who has none comes in by an invitation, which sees to links that others may hold.
    if !user.roles.iter().any(|(own, _)| *own == site) {
        return Err(StoreError::Invalid(
            "this person has no role on this site: invite them".to_owned(),
        ));
    }
    give_role(&mut transaction, clock, actor, &user, site, role).await?;
    transaction.commit().await
}

pub(super) async fn give_role(
    transaction: &mut Transaction,
    clock: &Clock,
    actor: &Actor,
    user: &User,
    site: i64,
    role: Option<Role>,
) -> Result<(), StoreError> {
    let old = user.roles.iter().find(|(own, _)| *own == site);
    let old = old.map(|(_, role)| *role);
    if old == role {
        return Ok(());
    }
    match role {
        Some(role) => {
            let set = include_str!("../../sql/role.set.sql");
            within!(*transaction, db => sqlx::query(set)
                .bind(user.id)
                .bind(site)
                .bind(role.as_str())
                .execute(db)
                .await?
                .rows_affected());
        }
        None => {
            let remove = include_str!("../../sql/role.remove.sql");
            within!(*transaction, db => sqlx::query(remove).bind(user.id).bind(site).execute(db).await?
                .rows_affected());
        }
    }
    let label = user.label();
    let note = Note {
        site: Some(site),
        old: old.map_or("", Role::as_str),
        new: role.map_or("", Role::as_str),
        ..Note::of(AuditAction::RoleSet, &label)
    };
    audit::note(transaction, clock, actor, &note).await
}

pub(crate) async fn set_owner(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    user: i64,
    is_owner: bool,
) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let user = get(&mut transaction, user).await?;
    if !user.is_active && is_owner {
        return Err(StoreError::Invalid(
            "this person has not come in yet: invite them as an owner of the server".to_owned(),
        ));
    }
    if user.is_owner != is_owner {
        make_owner(&mut transaction, clock, actor, &user, is_owner).await?;
    }
    transaction.commit().await
}

pub(super) async fn make_owner(
    transaction: &mut Transaction,
    clock: &Clock,
    actor: &Actor,
    user: &User,
    is_owner: bool,
) -> Result<(), StoreError> {
    let set = include_str!("../../sql/user.set_owner.sql");
    within!(*transaction, db => sqlx::query(set)
        .bind(user.id)
        .bind(i64::from(is_owner))
        .execute(db)
        .await?
        .rows_affected());
    let label = user.label();
    let word = |is_owner| if is_owner { "owner" } else { "" };
    let note = Note {
        old: word(user.is_owner),
        new: word(is_owner),
        ..Note::of(AuditAction::UserOwner, &label)
    };
    audit::note(transaction, clock, actor, &note).await
}

pub(crate) async fn rename(
    pool: &Pool,
    clock: &Clock,
    user: &User,
    name: &str,
) -> Result<(), StoreError> {
    let name = site::name(name)?;
    if name == user.name {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    let set = include_str!("../../sql/user.set_name.sql");
    within!(transaction, db => sqlx::query(set).bind(user.id).bind(&name).execute(db).await?
        .rows_affected());
    let label = user.label();
    let note = Note {
        old: &user.name,
        new: &name,
        ..Note::of(AuditAction::UserName, &label)
    };
    audit::note(&mut transaction, clock, &Actor::user(user), &note).await?;
    transaction.commit().await
}

/// Sets a new password, ends every login of the user and begins another, whose cookie it gives; `None` when `current` is not the
/// password.
pub(crate) async fn change_password(
    pool: &Pool,
    clock: &Clock,
    passwords: &Passwords,
    user: &User,
    current: &str,
    new: &str,
    agent: &str,
) -> Result<Option<String>, StoreError> {
    let select = include_str!("../../sql/user.password.sql");
    let old: String =
        reading!(pool, db => sqlx::query_scalar(select).bind(user.id).fetch_one(db).await?);
    if !passwords.verify(current, &old).await? {
        return Ok(None);
    }
    let hash = passwords.hash(new, user.email.as_str()).await?;
    let mut transaction = pool.begin().await?;
    let set = include_str!("../../sql/user.set_password.sql");
    let changed = within!(transaction, db => sqlx::query(set)
        .bind(user.id)
        .bind(&old)
        .bind(&hash)
        .execute(db)
        .await?
        .rows_affected());
    if changed == 0 {
        return Err(StoreError::Conflict);
    }
    forget_links(&mut transaction, user.id).await?;
    end_logins(&mut transaction, user.id).await?;
    let label = user.label();
    let note = Note::of(AuditAction::UserPassword, &label);
    audit::note(&mut transaction, clock, &Actor::user(user), &note).await?;
    let cookie = begin(transaction, clock, Opener::User(user.id, agent)).await?;
    Ok(Some(cookie))
}

pub(super) async fn end_logins(transaction: &mut Transaction, user: i64) -> Result<(), StoreError> {
    let end = include_str!("../../sql/login.end_of_user.sql");
    within!(*transaction, db => sqlx::query(end).bind(user).execute(db).await?.rows_affected());
    Ok(())
}

/// Removes a person with roles, links and logins. What they did stays in the audit log, under their name and number.
pub(crate) async fn remove(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    user: i64,
) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let user = get(&mut transaction, user).await?;
    forget_links(&mut transaction, user.id).await?;
    end_logins(&mut transaction, user.id).await?;
    for delete in [
        include_str!("../../sql/role.remove_all.sql"),
        include_str!("../../sql/user.remove.sql"),
    ] {
        within!(transaction, db => sqlx::query(delete).bind(user.id).execute(db).await?
            .rows_affected());
    }
    let label = user.label();
    let note = Note::of(AuditAction::UserRemove, &label);
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await
}
