//! People who log in by name: users, and their roles on sites.
//!
//! There is none until one is invited, and nobody knows a password but its owner: an invitation is a link that works once, within 72
//! hours, and lets the invited set name and password. Whoever may do everything is an *owner of the server*; anybody else has a
//! [`Role`] on each site that they may see, and no power elsewhere.
//!
//! Absent: mail (links are handed over by whoever invites) and groups.

mod change;
mod email;
mod invitation;
mod role;

use std::collections::HashMap;

use sqlx::FromRow;

use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};

pub use email::Email;
pub use invitation::{Authority, Grant, Invited};
pub use role::Role;

pub(crate) use change::{change_password, remove, rename, set_owner, set_role};
pub(crate) use invitation::{accept, invite, invited, reset_link};

/// Who may log in at one server: a page shows all of them.
pub(crate) const USERS_MAX: i64 = 1_000;

/// A person who may log in, or was invited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The store's number, which is never given again.
    pub id: i64,
    /// By which they log in.
    pub email: Email,
    /// The name that they gave; empty until they have taken up the invitation.
    pub name: String,
    /// Whether they may do everything on this server.
    pub is_owner: bool,
    /// Whether they have a password, and so have taken up the invitation.
    pub is_active: bool,
    /// When they were invited, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// Their sites, by number.
    pub roles: Vec<(i64, Role)>,
}

impl User {
    /// The role on a site; an owner of the server owns every site.
    pub fn role(&self, site: i64) -> Option<Role> {
        if self.is_owner {
            return Some(Role::Owner);
        }
        let own = self.roles.iter().find(|(own, _)| *own == site);
        own.map(|(_, role)| *role)
    }

    /// The name and number, as the audit log keeps them.
    pub fn label(&self) -> String {
        if self.name.is_empty() {
            format!("user {}", self.id)
        } else {
            format!("{} (user {})", self.name, self.id)
        }
    }
}

#[derive(FromRow)]
struct UserRow {
    id: i64,
    created_ms: i64,
    owner: i64,
    email: String,
    name: String,
    active: i64,
}

impl UserRow {
    fn with_roles(self, roles: Vec<(i64, Role)>) -> User {
        User {
            id: self.id,
            email: Email::stored(self.email),
            name: self.name,
            is_owner: self.owner != 0,
            is_active: self.active != 0,
            created_ms: self.created_ms,
            roles,
        }
    }
}

const BY_ID: &str = include_str!("../sql/user.by_id.sql");
const BY_EMAIL: &str = include_str!("../sql/user.by_email.sql");
const ROLES: &str = include_str!("../sql/role.of_user.sql");

/// Everybody, by address.
pub(crate) async fn all(pool: &Pool) -> Result<Vec<User>, StoreError> {
    let (users, roles) = (
        include_str!("../sql/user.all.sql"),
        include_str!("../sql/role.all.sql"),
    );
    let users: Vec<UserRow> = reading!(pool, db => sqlx::query_as(users).fetch_all(db).await?);
    let rows: Vec<(i64, i64, String)> =
        reading!(pool, db => sqlx::query_as(roles).fetch_all(db).await?);
    let mut roles: HashMap<i64, Vec<(i64, Role)>> = HashMap::new();
    for (user, site, role) in rows {
        roles.entry(user).or_default().push((site, role.parse()?));
    }
    let users = users.into_iter().map(|row| {
        let own = roles.remove(&row.id).unwrap_or_default();
        row.with_roles(own)
    });
    Ok(users.collect())
}

pub(crate) async fn by_id(pool: &Pool, id: i64) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> =
        reading!(pool, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await?);
    with_own_roles(pool, row).await
}

pub(crate) async fn by_email(pool: &Pool, email: &Email) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = reading!(pool, db => sqlx::query_as(BY_EMAIL)
        .bind(email.as_str())
        .fetch_optional(db)
        .await?);
    with_own_roles(pool, row).await
}

async fn with_own_roles(pool: &Pool, row: Option<UserRow>) -> Result<Option<User>, StoreError> {
    let Some(row) = row else {
        return Ok(None);
    };
    let roles: Vec<(i64, String)> =
        reading!(pool, db => sqlx::query_as(ROLES).bind(row.id).fetch_all(db).await?);
    Ok(Some(row.with_roles(parsed(roles)?)))
}

/// The user as a transaction sees them.
async fn get(transaction: &mut Transaction, id: i64) -> Result<User, StoreError> {
    let row: Option<UserRow> =
        within!(*transaction, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await?);
    let row = row.ok_or_else(|| StoreError::Invalid("there is no such person".to_owned()))?;
    fill(transaction, row).await
}

async fn find(transaction: &mut Transaction, email: &Email) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = within!(*transaction, db => sqlx::query_as(BY_EMAIL)
        .bind(email.as_str())
        .fetch_optional(db)
        .await?);
    match row {
        Some(row) => fill(transaction, row).await.map(Some),
        None => Ok(None),
    }
}

async fn fill(transaction: &mut Transaction, row: UserRow) -> Result<User, StoreError> {
    let roles: Vec<(i64, String)> =
        within!(*transaction, db => sqlx::query_as(ROLES).bind(row.id).fetch_all(db).await?);
    Ok(row.with_roles(parsed(roles)?))
}

fn parsed(roles: Vec<(i64, String)>) -> Result<Vec<(i64, Role)>, StoreError> {
    let parse = |(site, role): (i64, String)| Ok((site, role.parse()?));
    roles.into_iter().map(parse).collect()
}
