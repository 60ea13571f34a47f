//! Who may do what on the site.

use axum::extract::{Extension, State};
use axum::response::Response;
use hgpixel_store::{Email, Grant, Role};
use http::HeaderMap;
use serde::Deserialize;

use super::answer::{Shown, answer};
use super::to_settings;
use crate::access::{SiteAccess, Viewer};
use crate::answer::{Refusal, store_failed};
use crate::forms::{Field, Posted, wrong};
use crate::state::{App, Parts};

/// A person with a role on the site.
pub(super) struct PersonLine {
    pub(super) id: i64,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) is_active: bool,
    /// Whoever takes the own role away cannot give it back.
    pub(super) is_self: bool,
}

pub(super) async fn list(
    app: &Parts,
    viewer: &Viewer,
    site: i64,
) -> Result<Vec<PersonLine>, Refusal> {
    let users = app.store.users().await;
    let users = users.map_err(|error| store_failed(&error))?;
    let own = viewer.user().map(|user| user.id);
    let mut lines = Vec::new();
    for user in users {
        let Some((_, role)) = user.roles.iter().find(|(of, _)| *of == site) else {
            continue;
        };
        lines.push(PersonLine {
            id: user.id,
            email: user.email.to_string(),
            name: user.name.clone(),
            role: role.as_str(),
            is_active: user.is_active,
            is_self: own == Some(user.id),
        });
    }
    Ok(lines)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteForm {
    email: String,
    role: String,
}

pub(crate) async fn invite(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    headers: HeaderMap,
    Posted(form): Posted<InviteForm>,
) -> Result<Response, Refusal> {
    let asked = form
        .email
        .parse::<Email>()
        .and_then(|email| Ok((email, form.role.parse::<Role>()?)));
    let invited = match asked {
        Ok((email, role)) => {
            let grant = Grant::Site(access.site.id, role);
            app.store
                .invite(&viewer.actor(), &viewer.authority(), &email, grant)
                .await
        }
        Err(error) => Err(error),
    };
    let shown = match invited {
        Ok(invited) => Shown {
            done: match invited.link {
                Some(_) => "",
                None => "They have an account already, and may come in now.",
            },
            invitation: invited.link.unwrap_or_default(),
            ..Shown::default()
        },
        Err(error) => Shown {
            email: Field::wrong(form.email, wrong(error)?),
            ..Shown::default()
        },
    };
    answer(&app, &viewer, &access, &headers, shown).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleForm {
    user: i64,
    /// Empty to take it away.
    role: String,
}

pub(crate) async fn set_role(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    headers: HeaderMap,
    Posted(form): Posted<RoleForm>,
) -> Result<Response, Refusal> {
    let is_self = viewer.user().is_some_and(|user| user.id == form.user);
    let role = match form.role.as_str() {
        "" => Ok(None),
        text => text.parse::<Role>().map(Some),
    };
    let set = match role {
        _ if is_self => {
            let shown = Shown {
                people_problem: "Nobody changes their own role: ask another owner.".to_owned(),
                ..Shown::default()
            };
            return answer(&app, &viewer, &access, &headers, shown).await;
        }
        Ok(role) => {
            app.store
                .set_role(&viewer.actor(), form.user, access.site.id, role)
                .await
        }
        Err(error) => Err(error),
    };
    match set {
        Ok(()) => Ok(to_settings(&access.site, "role")),
        Err(error) => {
            let shown = Shown {
                people_problem: wrong(error)?,
                ..Shown::default()
            };
            answer(&app, &viewer, &access, &headers, shown).await
        }
    }
}
