//! The audit log: who changed what, when, from which value to which.
//!
//! An entry is written in the transaction of the change itself, so neither is there without the other. It names people by the name that
//! they gave and their number, never by an address of mail or network, and holds no secret: of a password it says that it was set, of
//! a token its number and name. Entries are kept for 400 days.

use std::fmt;

use hgpixel_event::Clock;
use sqlx::FromRow;

use crate::access::AccessToken;
use crate::error::StoreError;
use crate::pool::{Pool, Transaction, reading, within};
use crate::snapshot::DAY_MS;
use crate::user::User;

/// A year, and some to look back on it.
pub(crate) const KEPT_MS: i64 = 400 * DAY_MS;
/// A page of the log.
const PAGE: i64 = 100;
/// The longest value that is kept, in bytes: all of a site's rules or origins, mostly.
const VALUE_BYTES_MAX: usize = 2_000;

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The number of the user; 0 for whoever is none.
    id: i64,
    name: String,
}

impl Actor {
    /// A user.
    pub fn user(user: &User) -> Self {
        Self {
            id: user.id,
            name: user.label(),
        }
    }

    /// A program, or a person who logged in with a token.
    pub fn token(token: &AccessToken) -> Self {
        Self::named(&token.label())
    }

    /// Whoever logged in by a link that the server's command line printed.
    pub fn login_link() -> Self {
        Self::named("login link")
    }

    /// Whoever has a shared link.
    pub fn shared_link() -> Self {
        Self::named("shared link")
    }

    /// Whoever may run commands on the server.
    pub fn command_line() -> Self {
        Self::named("command line")
    }

    /// The server itself.
    pub fn server() -> Self {
        Self::named("server")
    }

    /// As the log names them.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn named(name: &str) -> Self {
        Self {
            id: 0,
            name: name.to_owned(),
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAction {
    /// A site was added.
    SiteAdd,
    /// A site's setting was changed; the subject names it.
    SiteSet,
    /// A person was invited.
    UserInvite,
    /// A person took up an invitation, or set a new password by a link.
    UserAccept,
    /// A link was made by which a person sets a new password.
    UserResetLink,
    /// A person was made an owner of the server, or no longer is one.
    UserOwner,
    /// A person changed the own name.
    UserName,
    /// A person changed the own password.
    UserPassword,
    /// A person was removed.
    UserRemove,
    /// A person's role on a site was changed.
    RoleSet,
    /// A token was made.
    TokenCreate,
    /// A token was ended.
    TokenRevoke,
    /// Somebody logged in.
    Login,
    /// A person ended one of the own logins, or all others.
    LoginEnd,
    /// Events were forgotten because they were older than the site keeps them.
    Retention,
    /// A person's or visitor's events were erased.
    Erase,
    /// Somebody said who is a bot on a site, or is none.
    BotsTeach,
    /// That was taken back.
    BotsForget,
    /// An annotation, a goal or a funnel was made.
    KeptAdd,
    /// It was removed.
    KeptRemove,
    /// A link to a site's dashboard was made.
    LinkShare,
    /// It was revoked.
    LinkRevoke,
}

impl AuditAction {
    const ALL: [Self; 22] = [
        Self::SiteAdd,
        Self::SiteSet,
        Self::UserInvite,
        Self::UserAccept,
        Self::UserResetLink,
        Self::UserOwner,
        Self::UserName,
        Self::UserPassword,
        Self::UserRemove,
        Self::RoleSet,
        Self::TokenCreate,
        Self::TokenRevoke,
        Self::Login,
        Self::LoginEnd,
        Self::Retention,
        Self::Erase,
        Self::BotsTeach,
        Self::BotsForget,
        Self::KeptAdd,
        Self::KeptRemove,
        Self::LinkShare,
        Self::LinkRevoke,
    ];

    /// The name, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SiteAdd => "site.add",
            Self::SiteSet => "site.set",
            Self::UserInvite => "user.invite",
            Self::UserAccept => "user.accept",
            Self::UserResetLink => "user.reset_link",
            Self::UserOwner => "user.owner",
            Self::UserName => "user.name",
            Self::UserPassword => "user.password",
            Self::UserRemove => "user.remove",
            Self::RoleSet => "role.set",
            Self::TokenCreate => "token.create",
            Self::TokenRevoke => "token.revoke",
            Self::Login => "login",
            Self::LoginEnd => "login.end",
            Self::Retention => "retention",
            Self::Erase => "erase",
            Self::BotsTeach => "bots.teach",
            Self::BotsForget => "bots.forget",
            Self::KeptAdd => "kept.add",
            Self::KeptRemove => "kept.remove",
            Self::LinkShare => "link.share",
            Self::LinkRevoke => "link.revoke",
        }
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Greater than that of every earlier entry.
    pub id: i64,
    /// When it was done, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Of which site; `None` is of the whole server.
    pub site: Option<i64>,
    /// By which user, if it was one; its number is never given again.
    pub user: Option<i64>,
    /// By whom, in words.
    pub actor: String,
    /// What.
    pub action: AuditAction,
    /// To whom or what: a setting's name, a person, a token.
    pub subject: String,
    /// The value before; empty where there is none.
    pub old: String,
    /// The value after; empty where there is none.
    pub new: String,
}

/// What to write down.
pub(crate) struct Note<'a> {
    pub(crate) site: Option<i64>,
    pub(crate) action: AuditAction,
    pub(crate) subject: &'a str,
    pub(crate) old: &'a str,
    pub(crate) new: &'a str,
}

impl<'a> Note<'a> {
    pub(crate) fn of(action: AuditAction, subject: &'a str) -> Self {
        Self {
            site: None,
            action,
            subject,
            old: "",
            new: "",
        }
    }
}

/// Writes an entry as part of the change.
pub(crate) async fn note(
    transaction: &mut Transaction,
    clock: &Clock,
    actor: &Actor,
    note: &Note<'_>,
) -> Result<(), StoreError> {
    let add = include_str!("../sql/audit.add.sql");
    within!(*transaction, db => sqlx::query(add)
        .bind(clock.now_ms())
        .bind(note.site.unwrap_or(0))
        .bind(actor.id)
        .bind(&actor.name)
        .bind(note.action.as_str())
        .bind(cut(note.subject))
        .bind(cut(note.old))
        .bind(cut(note.new))
        .execute(db)
        .await?
        .rows_affected());
    Ok(())
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(VALUE_BYTES_MAX)]
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at_ms: i64,
    site: i64,
    actor_id: i64,
    actor: String,
    action: String,
    subject: String,
    old: String,
    new: String,
}

impl Row {
    /// `None` for an action that a later version wrote.
    fn entry(self) -> Option<AuditEntry> {
        let action = AuditAction::ALL
            .into_iter()
            .find(|action| action.as_str() == self.action)?;
        Some(AuditEntry {
            id: self.id,
            at_ms: self.at_ms,
            site: (self.site != 0).then_some(self.site),
            user: (self.actor_id != 0).then_some(self.actor_id),
            actor: self.actor,
            action,
            subject: self.subject,
            old: self.old,
            new: self.new,
        })
    }
}

/// A hundred entries before `before_id` (the newest, if `None`), newest first: of everything, or of one site.
pub(crate) async fn page(
    pool: &Pool,
    site: Option<i64>,
    before_id: Option<i64>,
) -> Result<Vec<AuditEntry>, StoreError> {
    let before_id = before_id.unwrap_or(i64::MAX);
    let rows: Vec<Row> = match site {
        None => {
            let select = include_str!("../sql/audit.page.sql");
            reading!(pool, db => sqlx::query_as(select).bind(before_id).bind(PAGE).fetch_all(db).await?)
        }
        Some(site) => {
            let select = include_str!("../sql/audit.page_of_site.sql");
            reading!(pool, db => sqlx::query_as(select)
                .bind(before_id)
                .bind(PAGE)
                .bind(site)
                .fetch_all(db)
                .await?)
        }
    };
    Ok(rows.into_iter().filter_map(Row::entry).collect())
}
