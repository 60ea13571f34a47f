//! `/sites/{key}/settings`: what may be set of a site, who may do what there, and its tokens.
//!
//! Editors change the settings; people and tokens are the owners' matter, and shown to nobody else. The form carries the generation that
//! it was made from, so two who change a site at once do not overwrite each other unseen.

mod answer;
mod people;

use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{Site, SiteSetting, StoreError};
use http::HeaderMap;
use serde::Deserialize;

use crate::access::{SiteAccess, Viewer};
use crate::answer::Refusal;
use crate::forms::{Done, Field, Posted, wrong};
use crate::state::App;
use crate::tokens::{self, RevokeForm, TokenForm};
use answer::{Shown, answer};

pub(crate) use answer::invitation_url;
pub(crate) use people::{invite, set_role};

/// What its forms lead back with.
const DONE: [(&str, &str); 4] = [
    ("saved", "Saved. Collectors follow within a second or two."),
    ("role", "The role was changed."),
    ("token", "The token was ended."),
    ("added", "The site was added. Its events may come."),
];

pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    headers: HeaderMap,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    let shown = Shown {
        done: done.text(&DONE),
        ..Shown::default()
    };
    answer(&app, &viewer, &access, &headers, shown).await
}

/// Every setting as a text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsForm {
    generation: i64,
    name: String,
    domain: String,
    time_zone: String,
    allowed_origins: String,
    retention_days: String,
    opt_out: String,
    drop_rules: String,
}

impl SettingsForm {
    fn text(&self, setting: SiteSetting) -> &str {
        match setting {
            SiteSetting::Name => &self.name,
            SiteSetting::Domain => &self.domain,
            SiteSetting::TimeZone => &self.time_zone,
            SiteSetting::AllowedOrigins => &self.allowed_origins,
            SiteSetting::RetentionDays => &self.retention_days,
            SiteSetting::OptOut => &self.opt_out,
            SiteSetting::DropRules => &self.drop_rules,
        }
    }

    /// The site as it was seen, with what the form says; and the fields, those that will not do with what would.
    fn read(&self, seen: &Site) -> Result<(Site, Vec<(SiteSetting, Field)>), Refusal> {
        let mut site = seen.clone();
        site.generation = self.generation;
        let mut fields = Vec::new();
        for setting in SiteSetting::ALL {
            let text = self.text(setting);
            fields.push((
                setting,
                match setting.set(&mut site, text) {
                    Ok(()) => Field::of(text),
                    Err(error) => Field::wrong(text, wrong(error)?),
                },
            ));
        }
        Ok((site, fields))
    }
}

pub(crate) async fn change(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    headers: HeaderMap,
    Posted(form): Posted<SettingsForm>,
) -> Result<Response, Refusal> {
    let (site, fields) = form.read(&access.site)?;
    let mut problem = String::new();
    if fields.iter().all(|(_, field)| !field.is_wrong()) {
        match app.store.change_site(&viewer.actor(), &site).await {
            Ok(site) => return Ok(to_settings(&site, "saved")),
            Err(StoreError::Conflict) => {
                "Somebody else has changed this site meanwhile. Below is what you wrote; compare it with what is set now, and save again."
                    .clone_into(&mut problem);
            }
            Err(error) => problem = wrong(error)?,
        }
    }
    let shown = Shown {
        problem,
        fields: Some(fields),
        ..Shown::default()
    };
    answer(&app, &viewer, &access, &headers, shown).await
}

pub(crate) fn to_settings(site: &Site, done: &str) -> Response {
    Redirect::to(&format!("/sites/{}/settings?done={done}", site.key)).into_response()
}

pub(crate) async fn create_token(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    headers: HeaderMap,
    Posted(form): Posted<TokenForm>,
) -> Result<Response, Refusal> {
    let made = tokens::create(&app, &viewer, Some(access.site.id), form).await?;
    let shown = Shown {
        made,
        ..Shown::default()
    };
    answer(&app, &viewer, &access, &headers, shown).await
}

pub(crate) async fn revoke_token(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    Posted(form): Posted<RevokeForm>,
) -> Result<Response, Refusal> {
    tokens::revoke(&app, &viewer, Some(access.site.id), form.id).await?;
    Ok(to_settings(&access.site, "token"))
}
