//! How a person comes in: by a link that sets name and password, once.
//!
//! Who holds a link may become its person. So a link is shown to whoever may decide about *everything* that the person may do, and to
//! nobody else; and one that somebody else holds ends when the person's powers grow.

use hgpixel_event::Clock;

use super::{Email, Role, USERS_MAX, User, find, get};
use crate::access::{Opener, Passwords, begin, secret};
use crate::audit::{self, Actor, AuditAction, Note};
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};
use crate::site;

/// An invitation may be taken up for so long.
pub(crate) const INVITATION_MS: i64 = 72 * 3_600_000;

/// What an invited person is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// An owner of the server.
    Server,
    /// Somebody on a site.
    Site(i64, Role),
}

/// About what whoever invites may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Everything.
    Server,
    /// Everything about these sites.
    Sites(Vec<i64>),
}

impl Authority {
    fn may(&self, grant: Grant) -> bool {
        match (self, grant) {
            (Self::Server, _) => true,
            (Self::Sites(sites), Grant::Site(site, _)) => sites.contains(&site),
            (Self::Sites(_), Grant::Server) => false,
        }
    }

    /// Whether it covers all that a person may do.
    fn covers(&self, user: &User) -> bool {
        match self {
            Self::Server => true,
            Self::Sites(sites) => {
                !user.is_owner && user.roles.iter().all(|(site, _)| sites.contains(site))
            }
        }
    }
}

/// What became of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The person, with the new role.
    pub user: User,
    /// The token of the link by which they set name and password; `None` for who has a password already and just comes in.
    pub link: Option<String>,
}

pub(crate) async fn invite(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    authority: &Authority,
    email: &Email,
    grant: Grant,
) -> Result<Invited, StoreError> {
    if !authority.may(grant) {
        return Err(invalid("only an owner of the server may invite so"));
    }
    let mut transaction = pool.begin().await?;
    let known = find(&mut transaction, email).await?;
    let is_pending = known.as_ref().is_none_or(|user| !user.is_active);
    let user = match known {
        None => add(&mut transaction, clock, actor, email).await?,
        Some(user) if !user.is_active && !authority.covers(&user) => {
            return Err(invalid(
                "this person was invited by somebody else and has not come in yet: ask them to, or ask an owner of the server",
            ));
        }
        Some(user) => user,
    };
    give(&mut transaction, clock, actor, &user, grant).await?;
    let link = if is_pending {
        Some(new_link(&mut transaction, clock, user.id).await?)
    } else {
        None
    };
    let user = get(&mut transaction, user.id).await?;
    transaction.commit().await?;
    Ok(Invited { user, link })
}

async fn add(
    transaction: &mut Transaction,
    clock: &Clock,
    actor: &Actor,
    email: &Email,
) -> Result<User, StoreError> {
    let count = include_str!("../../sql/user.count.sql");
    let users: i64 = within!(*transaction, db => sqlx::query_scalar(count).fetch_one(db).await?);
    if users >= USERS_MAX {
        return Err(StoreError::Invalid(format!(
            "there are {USERS_MAX} people already, and a server takes no more"
        )));
    }
    let insert = include_str!("../../sql/user.add.sql");
    let id: i64 = within!(*transaction, db => sqlx::query_scalar(insert)
        .bind(clock.now_ms())
        .bind(0_i64)
        .bind(email.as_str())
        .fetch_one(db)
        .await?);
    let user = get(transaction, id).await?;
    let label = user.label();
    let note = Note::of(AuditAction::UserInvite, &label);
    audit::note(transaction, clock, actor, &note).await?;
    Ok(user)
}

async fn give(
    transaction: &mut Transaction,
    clock: &Clock,
    actor: &Actor,
    user: &User,
    grant: Grant,
) -> Result<(), StoreError> {
    match grant {
        Grant::Server if user.is_owner => Ok(()),
        Grant::Server => super::change::make_owner(transaction, clock, actor, user, true).await,
        Grant::Site(site, role) => {
            site::exists(transaction, site).await?;
            super::change::give_role(transaction, clock, actor, user, site, Some(role)).await
        }
    }
}

/// A link that is the only one of its user.
async fn new_link(
    transaction: &mut Transaction,
    clock: &Clock,
    user: i64,
) -> Result<String, StoreError> {
    forget_links(transaction, user).await?;
    let link = secret::generate("")?;
    let insert = include_str!("../../sql/invitation.add.sql");
    within!(*transaction, db => sqlx::query(insert)
        .bind(secret::hash(&link))
        .bind(user)
        .bind(clock.now_ms() + INVITATION_MS)
        .execute(db)
        .await?
        .rows_affected());
    Ok(link)
}

pub(super) async fn forget_links(
    transaction: &mut Transaction,
    user: i64,
) -> Result<(), StoreError> {
    let delete = include_str!("../../sql/invitation.remove_all.sql");
    within!(*transaction, db => sqlx::query(delete).bind(user).execute(db).await?.rows_affected());
    Ok(())
}

/// A link by which a person who cannot log in sets a new password. The old one works until then.
pub(crate) async fn reset_link(
    pool: &Pool,
    clock: &Clock,
    actor: &Actor,
    user: i64,
) -> Result<String, StoreError> {
    let mut transaction = pool.begin().await?;
    let user = get(&mut transaction, user).await?;
    let link = new_link(&mut transaction, clock, user.id).await?;
    let label = user.label();
    let note = Note::of(AuditAction::UserResetLink, &label);
    audit::note(&mut transaction, clock, actor, &note).await?;
    transaction.commit().await?;
    Ok(link)
}

/// Whom a link invites, if it is good.
pub(crate) async fn invited(
    pool: &Pool,
    clock: &Clock,
    link: &str,
) -> Result<Option<User>, StoreError> {
    let select = include_str!("../../sql/invitation.get.sql");
    let user: Option<i64> = reading!(pool, db => sqlx::query_scalar(select)
        .bind(secret::hash(link))
        .bind(clock.now_ms())
        .fetch_optional(db)
        .await?);
    match user {
        Some(user) => super::by_id(pool, user).await,
        None => Ok(None),
    }
}

/// Uses a link up: sets name and password, ends every login of the person, and begins one, whose cookie it gives.
pub(crate) async fn accept(
    pool: &Pool,
    clock: &Clock,
    passwords: &Passwords,
    link: &str,
    name: &str,
    password: &str,
    agent: &str,
) -> Result<Option<String>, StoreError> {
    let name = site::name(name)?;
    // Hashing is dear: first see whether it is for anybody.
    let Some(user) = invited(pool, clock, link).await? else {
        return Ok(None);
    };
    let hash = passwords.hash(password, user.email.as_str()).await?;
    let mut transaction = pool.begin().await?;
    let take = include_str!("../../sql/invitation.take.sql");
    let taken: Option<i64> = within!(transaction, db => sqlx::query_scalar(take)
        .bind(secret::hash(link))
        .bind(clock.now_ms())
        .fetch_optional(db)
        .await?);
    if taken != Some(user.id) {
        return Ok(None);
    }
    forget_links(&mut transaction, user.id).await?;
    super::change::end_logins(&mut transaction, user.id).await?;
    let update = include_str!("../../sql/user.accept.sql");
    within!(transaction, db => sqlx::query(update)
        .bind(user.id)
        .bind(&name)
        .bind(&hash)
        .execute(db)
        .await?
        .rows_affected());
    let user = get(&mut transaction, user.id).await?;
    let label = user.label();
    let note = Note::of(AuditAction::UserAccept, &label);
    audit::note(&mut transaction, clock, &Actor::user(&user), &note).await?;
    let cookie = begin(transaction, clock, Opener::User(user.id, agent)).await?;
    Ok(Some(cookie))
}

fn invalid(problem: &str) -> StoreError {
    StoreError::Invalid(problem.to_owned())
}
