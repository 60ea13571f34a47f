//! The page itself.

use std::sync::LazyLock;

use askama::Template;
use axum::response::Response;
use hgpixel_store::{Role, SiteSetting};
use http::{HeaderMap, StatusCode};

use super::people::{self, PersonLine};
use crate::access::{SiteAccess, Viewer};
use crate::answer::Refusal;
use crate::forms::Field;
use crate::html::page;
use crate::state::Parts;
use crate::tokens::{self, Made, TokenLine};

/// What the page shows beside what is stored: how the last form went.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) done: &'static str,
    pub(super) problem: String,
    /// The settings as they were typed; as they are stored, if `None`.
    pub(super) fields: Option<Vec<(SiteSetting, Field)>>,
    pub(super) email: Field,
    pub(super) people_problem: String,
    /// The address of an invitation, shown this once.
    pub(super) invitation: String,
    pub(super) made: Made,
}

impl Shown {
    fn status(&self) -> StatusCode {
        let is_wrong = |fields: &Vec<(SiteSetting, Field)>| {
            !self.problem.is_empty() || fields.iter().any(|(_, field)| field.is_wrong())
        };
        let refused = self.fields.as_ref().is_some_and(is_wrong)
            || self.email.is_wrong()
            || self.made.name.is_wrong()
            || !self.people_problem.is_empty();
        if refused {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    }
}

#[derive(Template)]
#[template(path = "site_settings.html")]
struct SiteSettingsPage<'a> {
    is_server_owner: bool,
    is_site_owner: bool,
    key: &'a str,
    title: &'a str,
    generation: i64,
    zones: &'a [String],
    server_opt_out: &'static str,
    name: Field,
    domain: Field,
    time_zone: Field,
    allowed_origins: Field,
    retention_days: Field,
    opt_out: Field,
    drop_rules: Field,
    people: Vec<PersonLine>,
    tokens: Vec<TokenLine>,
    tokens_path: String,
    shown: Shown,
}

/// The IANA's names that this program knows, for the field's suggestions.
static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = jiff::tz::db().available();
    let mut names: Vec<String> = names
        .map(|name| name.as_str().to_owned())
        .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
        .collect();
    names.insert(0, "UTC".to_owned());
    names
});

pub(super) async fn answer(
    app: &Parts,
    viewer: &Viewer,
    access: &SiteAccess,
    headers: &HeaderMap,
    mut shown: Shown,
) -> Result<Response, Refusal> {
    let SiteAccess { site, role } = access;
    let status = shown.status();
    let typed = shown.fields.take();
    let field = |setting: SiteSetting| {
        let typed = typed
            .as_ref()
            .and_then(|fields| fields.iter().find(|(of, _)| *of == setting));
        typed.map_or_else(|| Field::of(setting.text(site)), |(_, field)| field.clone())
    };
    let is_site_owner = *role == Role::Owner;
    let (people, tokens) = if is_site_owner {
        (
            people::list(app, viewer, site.id).await?,
            tokens::list(app, Some(site.id)).await?,
        )
    } else {
        (Vec::new(), Vec::new())
    };
    if !shown.invitation.is_empty() {
        shown.invitation = invitation_url(app, headers, &shown.invitation);
    }
    let body = SiteSettingsPage {
        is_server_owner: viewer.is_server_owner(),
        is_site_owner,
        key: site.key.as_str(),
        title: &site.name,
        generation: site.generation,
        zones: &ZONES,
        server_opt_out: app.opt_out,
        name: field(SiteSetting::Name),
        domain: field(SiteSetting::Domain),
        time_zone: field(SiteSetting::TimeZone),
        allowed_origins: field(SiteSetting::AllowedOrigins),
        retention_days: field(SiteSetting::RetentionDays),
        opt_out: field(SiteSetting::OptOut),
        drop_rules: field(SiteSetting::DropRules),
        people,
        tokens,
        tokens_path: format!("/sites/{}/tokens", site.key),
        shown,
    };
    Ok(page(status, &body))
}

/// What to hand to whoever is invited.
pub(crate) fn invitation_url(app: &Parts, headers: &HeaderMap, link: &str) -> String {
    let base = app.public_url.as_seen_by(headers);
    format!("{base}/invitation?link={link}")
}
