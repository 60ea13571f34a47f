//! `/people`: everybody who may log in, tokens for the whole server, and adding sites; for owners of the server.

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_event::SiteKey;
use hgpixel_store::{Email, Grant, Role, Site, StoreError, User};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::access::Viewer;
use crate::answer::{Refusal, store_failed};
use crate::forms::{Done, Field, Posted, wrong};
use crate::html::page;
use crate::settings::{self, Problems};
use crate::site_settings::{invitation_url, to_settings};
use crate::state::{App, Parts};
use crate::tokens::{self, Made, RevokeForm, TokenForm, TokenLine};

/// What its forms lead back with.
const DONE: [(&str, &str); 3] = [
    ("owner", "The role was changed."),
    (
        "removed",
        "The person was removed, and logged out everywhere.",
    ),
    ("token", "The token was ended."),
];

/// How the last form went.
#[derive(Default)]
struct Shown {
    done: &'static str,
    problem: String,
    email: Field,
    /// The address of an invitation or of a new password, shown this once.
    link: String,
    made: Made,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    is_server_owner: bool,
    people: Vec<PersonLine>,
    sites: Vec<(String, String)>,
    tokens: Vec<TokenLine>,
    tokens_path: &'static str,
    shown: Shown,
}

struct PersonLine {
    id: i64,
    email: String,
    name: String,
    is_owner: bool,
    is_active: bool,
    is_self: bool,
    /// "editor of The shop", one each.
    roles: Vec<(String, String)>,
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    let shown = Shown {
        done: done.text(&DONE),
        ..Shown::default()
    };
    answer(&app, &viewer, &headers, shown).await
}

async fn answer(
    app: &Parts,
    viewer: &Viewer,
    headers: &HeaderMap,
    mut shown: Shown,
) -> Result<Response, Refusal> {
    let refused = shown.email.is_wrong() || shown.made.name.is_wrong() || !shown.problem.is_empty();
    let status = if refused {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let users = app.store.users().await;
    let users = users.map_err(|error| store_failed(&error))?;
    let sites = app.store.sites().await;
    let sites = sites.map_err(|error| store_failed(&error))?;
    let own = viewer.user().map(|user| user.id);
    if !shown.link.is_empty() {
        shown.link = invitation_url(app, headers, &shown.link);
    }
    let body = PeoplePage {
        is_server_owner: viewer.is_server_owner(),
        people: users
            .into_iter()
            .map(|user| line(user, &sites, own))
            .collect(),
        sites: sites
            .iter()
            .map(|site| (site.key.to_string(), site.name.clone()))
            .collect(),
        tokens: tokens::list(app, None).await?,
        tokens_path: "/tokens",
        shown,
    };
    Ok(page(status, &body))
}

fn line(user: User, sites: &[Site], own: Option<i64>) -> PersonLine {
    let role = |(of, role): &(i64, Role)| {
        let site = sites.iter().find(|site| site.id == *of)?;
        Some((format!("{role} of {}", site.name), site.key.to_string()))
    };
    PersonLine {
        id: user.id,
        email: user.email.to_string(),
        is_owner: user.is_owner,
        is_active: user.is_active,
        is_self: own == Some(user.id),
        roles: user.roles.iter().filter_map(role).collect(),
        name: user.name,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteForm {
    email: String,
    /// A site's key; empty for the whole server.
    site: String,
    role: String,
}

pub(crate) async fn invite(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<InviteForm>,
) -> Result<Response, Refusal> {
    let invited = match asked(&app, &form).await {
        Ok((email, grant)) => {
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
            link: invited.link.unwrap_or_default(),
            ..Shown::default()
        },
        Err(error) => Shown {
            email: Field::wrong(form.email, wrong(error)?),
            ..Shown::default()
        },
    };
    answer(&app, &viewer, &headers, shown).await
}

async fn asked(app: &Parts, form: &InviteForm) -> Result<(Email, Grant), StoreError> {
    let email = form.email.parse()?;
    if form.site.is_empty() {
        return Ok((email, Grant::Server));
    }
    let sites = app.store.sites().await?;
    let site = sites.iter().find(|site| site.key.as_str() == form.site);
    let site = site.ok_or_else(|| StoreError::Invalid("there is no such site".to_owned()))?;
    Ok((email, Grant::Site(site.id, form.role.parse()?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerForm {
    user: i64,
    owner: bool,
}

pub(crate) async fn set_owner(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<OwnerForm>,
) -> Result<Response, Refusal> {
    if let Some(refused) = not_oneself(&app, &viewer, &headers, form.user).await {
        return refused;
    }
    let actor = viewer.actor();
    let set = app
        .store
        .set_server_owner(&actor, form.user, form.owner)
        .await;
    settled(&app, &viewer, &headers, set, "owner").await
}

pub(crate) async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<PersonForm>,
) -> Result<Response, Refusal> {
    if let Some(refused) = not_oneself(&app, &viewer, &headers, form.user).await {
        return refused;
    }
    let removed = app.store.remove_user(&viewer.actor(), form.user).await;
    settled(&app, &viewer, &headers, removed, "removed").await
}

/// Nobody locks themselves out by a slip.
async fn not_oneself(
    app: &Parts,
    viewer: &Viewer,
    headers: &HeaderMap,
    user: i64,
) -> Option<Result<Response, Refusal>> {
    viewer.user().filter(|own| own.id == user)?;
    let shown = Shown {
        problem: "Nobody does this to themselves: ask another owner.".to_owned(),
        ..Shown::default()
    };
    Some(answer(app, viewer, headers, shown).await)
}

async fn settled(
    app: &Parts,
    viewer: &Viewer,
    headers: &HeaderMap,
    result: Result<(), StoreError>,
    done: &str,
) -> Result<Response, Refusal> {
    match result {
        Ok(()) => Ok(Redirect::to(&format!("/people?done={done}")).into_response()),
        Err(error) => {
            let shown = Shown {
                problem: wrong(error)?,
                ..Shown::default()
            };
            answer(app, viewer, headers, shown).await
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonForm {
    user: i64,
}

/// A link by which a person comes in, or sets another password.
pub(crate) async fn make_link(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<PersonForm>,
) -> Result<Response, Refusal> {
    let shown = match app.store.reset_link(&viewer.actor(), form.user).await {
        Ok(link) => Shown {
            link,
            ..Shown::default()
        },
        Err(error) => Shown {
            problem: wrong(error)?,
            ..Shown::default()
        },
    };
    answer(&app, &viewer, &headers, shown).await
}

pub(crate) async fn create_token(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<TokenForm>,
) -> Result<Response, Refusal> {
    let made = tokens::create(&app, &viewer, None, form).await?;
    let shown = Shown {
        made,
        ..Shown::default()
    };
    answer(&app, &viewer, &headers, shown).await
}

pub(crate) async fn revoke_token(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Posted(form): Posted<RevokeForm>,
) -> Result<Response, Refusal> {
    tokens::revoke(&app, &viewer, None, form.id).await?;
    Ok(Redirect::to("/people?done=token").into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteForm {
    key: String,
    name: String,
}

pub(crate) async fn add_site(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<SiteForm>,
) -> Result<Response, Refusal> {
    let key: SiteKey = match form.key.trim().parse() {
        Ok(key) => key,
        Err(error) => {
            let problems = Problems {
                site_key: Field::wrong(form.key, format!("This key will not do: {error}.")),
                site_name: Field::of(form.name),
                ..Problems::default()
            };
            return settings::answer(&app, &viewer, &headers, "", Some(problems)).await;
        }
    };
    match app
        .store
        .add_site_as(&viewer.actor(), &key, &form.name)
        .await
    {
        Ok(site) => Ok(to_settings(&site, "added")),
        Err(error) => {
            let problems = Problems {
                site_key: Field::of(form.key),
                site_name: Field::wrong(form.name, wrong(error)?),
                ..Problems::default()
            };
            settings::answer(&app, &viewer, &headers, "", Some(problems)).await
        }
    }
}
