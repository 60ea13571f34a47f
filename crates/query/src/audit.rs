//! `/audit` and `/sites/{key}/audit`: who changed what.

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::Response;
use hgpixel_store::{AuditAction, AuditEntry, Site};
use http::StatusCode;
use serde::Deserialize;

use crate::access::{SiteAccess, Viewer};
use crate::answer::{Refusal, store_failed};
use crate::html::page;
use crate::state::{App, Parts};
use crate::time;

#[derive(Debug, Deserialize)]
pub(crate) struct AuditQuery {
    /// Entries before this one.
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    is_server_owner: bool,
    /// Key and name, for the log of one site.
    site: Option<(&'a str, &'a str)>,
    entries: Vec<Line>,
    /// Where the page before this one in time begins; 0 where there is none.
    before: i64,
}

struct Line {
    at: String,
    at_iso: String,
    actor: String,
    what: &'static str,
    subject: String,
    site: String,
    old: String,
    new: String,
}

pub(crate) async fn of_server(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Refusal> {
    answer(&app, &viewer, None, query.before).await
}

pub(crate) async fn of_site(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Refusal> {
    answer(&app, &viewer, Some(&access.site), query.before).await
}

async fn answer(
    app: &Parts,
    viewer: &Viewer,
    site: Option<&Site>,
    before: Option<i64>,
) -> Result<Response, Refusal> {
    let entries = app.store.audit(site.map(|site| site.id), before).await;
    let entries = entries.map_err(|error| store_failed(&error))?;
    let sites = app.store.sites().await;
    let sites = sites.map_err(|error| store_failed(&error))?;
    let body = AuditPage {
        is_server_owner: viewer.is_server_owner(),
        site: site.map(|site| (site.key.as_str(), site.name.as_str())),
        // A page that is not full is the last one.
        before: entries.get(99).map_or(0, |entry| entry.id),
        entries: entries
            .into_iter()
            .map(|entry| line(entry, &sites))
            .collect(),
    };
    Ok(page(StatusCode::OK, &body))
}

fn line(entry: AuditEntry, sites: &[Site]) -> Line {
    let site = sites.iter().find(|site| Some(site.id) == entry.site);
    // What somebody does to themselves needs no second name.
    let subject = if entry.subject == entry.actor {
        String::new()
    } else if entry.action == AuditAction::SiteSet {
        entry.subject.replace('_', " ")
    } else {
        entry.subject
    };
    Line {
        at: time::minute(entry.at_ms),
        at_iso: time::iso(entry.at_ms),
        actor: entry.actor,
        what: words(entry.action),
        subject,
        site: site.map(|site| site.name.clone()).unwrap_or_default(),
        old: entry.old,
        new: entry.new,
    }
}

fn words(action: AuditAction) -> &'static str {
    match action {
        AuditAction::SiteAdd => "added the site",
        AuditAction::SiteSet => "changed the setting",
        AuditAction::UserInvite => "invited",
        AuditAction::UserAccept => "set name and password by a link",
        AuditAction::UserResetLink => "made a link for",
        AuditAction::UserOwner => "changed the role on the server of",
        AuditAction::UserName => "changed the own name",
        AuditAction::UserPassword => "changed the own password",
        AuditAction::UserRemove | AuditAction::KeptRemove => "removed",
        AuditAction::RoleSet => "changed the role of",
        AuditAction::TokenCreate | AuditAction::KeptAdd | AuditAction::LinkShare => "made",
        AuditAction::TokenRevoke => "ended",
        AuditAction::LinkRevoke => "revoked",
        AuditAction::Login => "logged in",
        AuditAction::LoginEnd => "ended own sessions",
        AuditAction::Retention => "forgot old events",
        AuditAction::Erase => "erased",
        AuditAction::BotsTeach => "judged",
        AuditAction::BotsForget => "no longer judges",
    }
}
