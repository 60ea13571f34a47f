//! `/settings`: the own account, its open logins, and the sites that one may see.

mod browser;

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{User, UserLogin};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::access::{Viewer, Who, login_cookie, read_cookie};
use crate::answer::{Refusal, store_failed};
use crate::forms::{Done, Field, Posted, wrong};
use crate::html::page;
use crate::login::agent;
use crate::state::{App, Parts};
use crate::time;

/// What its forms lead back with.
const DONE: [(&str, &str); 4] = [
    ("name", "Your name was changed."),
    (
        "password",
        "Your password was changed. Your other sessions were ended.",
    ),
    ("session", "The session was ended."),
    ("sessions", "Your other sessions were ended."),
];

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    is_server_owner: bool,
    done: &'static str,
    /// As what one is here, if not as a user.
    instead: String,
    account: Option<Account>,
    sites: Vec<SiteLine>,
    site_key: Field,
    site_name: Field,
}

struct Account {
    email: String,
    name: Field,
    current: Field,
    password: Field,
    logins: Vec<LoginLine>,
}

struct LoginLine {
    id: String,
    browser: String,
    used: String,
    begun: String,
    is_this: bool,
}

struct SiteLine {
    key: String,
    name: String,
    role: &'static str,
    may_edit: bool,
}

/// What is wrong with the form that was just sent.
#[derive(Default)]
pub(crate) struct Problems {
    pub(crate) name: Option<Field>,
    pub(crate) current: Field,
    pub(crate) password: Field,
    pub(crate) site_key: Field,
    pub(crate) site_name: Field,
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    answer(&app, &viewer, &headers, done.text(&DONE), None).await
}

/// The page; with problems, as the answer to a form that could not be taken.
pub(crate) async fn answer(
    app: &Parts,
    viewer: &Viewer,
    headers: &HeaderMap,
    done: &'static str,
    problems: Option<Problems>,
) -> Result<Response, Refusal> {
    let status = match problems {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let problems = problems.unwrap_or_default();
    let account = match viewer.user() {
        None => None,
        Some(user) => Some(Account {
            email: user.email.to_string(),
            name: problems
                .name
                .unwrap_or_else(|| Field::of(user.name.clone())),
            current: problems.current,
            password: problems.password,
            logins: logins(app, user, headers).await?,
        }),
    };
    let body = SettingsPage {
        is_server_owner: viewer.is_server_owner(),
        done,
        instead: instead(viewer),
        account,
        sites: sites(app, viewer).await?,
        site_key: problems.site_key,
        site_name: problems.site_name,
    };
    Ok(page(status, &body))
}

fn instead(viewer: &Viewer) -> String {
    match &viewer.who {
        Who::User(_) => String::new(),
        Who::Link => "a login link of the server".to_owned(),
        Who::Token(token) => token.label(),
        Who::SharedLink(_) => "a shared link".to_owned(),
    }
}

async fn logins(app: &Parts, user: &User, headers: &HeaderMap) -> Result<Vec<LoginLine>, Refusal> {
    let cookie = read_cookie(headers, &app.public_url).unwrap_or_default();
    let logins = app.store.user_logins(user.id, cookie).await;
    let logins = logins.map_err(|error| store_failed(&error))?;
    let now_ms = app.clock.now_ms();
    let line = |login: UserLogin| LoginLine {
        id: login.id,
        browser: browser::name(&login.agent),
        used: time::ago(login.used_ms, now_ms),
        begun: time::minute(login.created_ms),
        is_this: login.is_this,
    };
    Ok(logins.into_iter().map(line).collect())
}

async fn sites(app: &Parts, viewer: &Viewer) -> Result<Vec<SiteLine>, Refusal> {
    let sites = app.store.sites().await;
    let sites = sites.map_err(|error| store_failed(&error))?;
    let line = |site: hgpixel_store::Site| {
        let role = viewer.role(site.id)?;
        Some(SiteLine {
            key: site.key.to_string(),
            name: site.name,
            role: role.as_str(),
            may_edit: role >= hgpixel_store::Role::Editor,
        })
    };
    Ok(sites.into_iter().filter_map(line).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameForm {
    name: String,
}

pub(crate) async fn rename(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<NameForm>,
) -> Result<Response, Refusal> {
    let user = own(&viewer)?;
    match app.store.rename_user(user, form.name.trim()).await {
        Ok(()) => Ok(Redirect::to("/settings?done=name").into_response()),
        Err(error) => {
            let problems = Problems {
                name: Some(Field::wrong(form.name, wrong(error)?)),
                ..Problems::default()
            };
            answer(&app, &viewer, &headers, "", Some(problems)).await
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordForm {
    /// The address, for programs that keep passwords: nothing is read from it.
    #[serde(default, rename = "email")]
    _email: String,
    current: String,
    password: String,
}

pub(crate) async fn change_password(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<PasswordForm>,
) -> Result<Response, Refusal> {
    let user = own(&viewer)?;
    // Whoever sits at a forgotten browser must not guess the password here without end.
    if let Err(wait) = app.accounts.attempt(user.email.as_str()) {
        let problem = format!(
            "Too many attempts. Please wait {} s.",
            wait.as_secs().max(1)
        );
        return wrong_password(&app, &viewer, &headers, Field::wrong("", problem)).await;
    }
    let changed = app
        .store
        .change_password(user, &form.current, &form.password, agent(&headers))
        .await;
    match changed {
        Ok(Some(cookie)) => {
            app.accounts.forgive(user.email.as_str());
            let mut response = Redirect::to("/settings?done=password").into_response();
            let cookie = login_cookie(&cookie, &app.public_url);
            response
                .headers_mut()
                .extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            Ok(response)
        }
        Ok(None) => {
            let current = Field::wrong("", "This is not your password.");
            wrong_password(&app, &viewer, &headers, current).await
        }
        Err(error) => {
            app.accounts.forgive(user.email.as_str());
            let problems = Problems {
                password: Field::wrong("", wrong(error)?),
                ..Problems::default()
            };
            answer(&app, &viewer, &headers, "", Some(problems)).await
        }
    }
}

async fn wrong_password(
    app: &Parts,
    viewer: &Viewer,
    headers: &HeaderMap,
    current: Field,
) -> Result<Response, Refusal> {
    let problems = Problems {
        current,
        ..Problems::default()
    };
    answer(app, viewer, headers, "", Some(problems)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionsForm {
    /// Absent for all but this one.
    id: Option<String>,
}

pub(crate) async fn end_sessions(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Posted(form): Posted<SessionsForm>,
) -> Result<Response, Refusal> {
    let user = own(&viewer)?;
    let cookie = read_cookie(&headers, &app.public_url).unwrap_or_default();
    let id = form.id.as_deref();
    let ended = app.store.end_user_logins(user, cookie, id).await;
    ended.map_err(|error| store_failed(&error))?;
    let done = if id.is_some() { "session" } else { "sessions" };
    Ok(Redirect::to(&format!("/settings?done={done}")).into_response())
}

fn own(viewer: &Viewer) -> Result<&User, Refusal> {
    viewer
        .user()
        .ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, "this is for users"))
}
