//! Who is asking, and what they may see and do.
//!
//! A **viewer** is whoever came with a session's cookie or a token that may read. Which sites they see, and what they may do there,
//! follows from that alone, never from what they ask for. Each route says what it needs ([`Need`]), in the one table of routes, and
//! [`require`] sees to it before the handler runs: a handler cannot forget it.
//!
//! A site that somebody may not see is for them like one that does not exist.

mod cookie;
mod need;
mod viewer;

use std::borrow::Cow;

use axum::extract::{RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{AccessToken, Role, Scope, Site, StoreError};
use hgpixel_telemetry::Problem;
use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::answer::{Refusal, not_found, store_failed, wants_page};
use crate::state::{App, Parts};

pub(crate) use cookie::{cleared_cookie, login_cookie, read_cookie};
pub use need::Need;
pub(crate) use viewer::{SiteAccess, Viewer, VisibleSites, Who};

/// What came of looking at a request's credentials.
#[derive(Debug)]
enum Verdict {
    Viewer(Viewer),
    /// A good token that may not read.
    Forbidden,
    /// No credentials, or none that (still) count.
    Unknown,
}

/// Lets those through who may do what the route needs. Others are sent to the login when they are browsers after a page, and refused
/// otherwise.
pub(crate) async fn require(
    State((app, need)): State<(App, Need)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let (mut head, body) = request.into_parts();
    let judged = match need {
        Need::SharedLink => judge_link(&app, &params).await,
        _ => judge(&app, &head.headers).await,
    };
    match judged {
        Ok(Verdict::Viewer(viewer)) => {
            if let Err(refusal) = admit(&app, need, &viewer, &params, &mut head).await {
                return private(refusal);
            }
            head.extensions.insert(viewer);
            private(next.run(Request::from_parts(head, body)).await)
        }
        Ok(Verdict::Forbidden) => private(forbidden("this token may not read")),
        Ok(Verdict::Unknown) if need == Need::SharedLink => private(not_found().await),
        Ok(Verdict::Unknown) => ask_to_log_in(&head),
        Err(error) => store_failed(&error).into_response(),
    }
}

/// Whether the viewer may do what is needed; the site that the path names is put where handlers find it.
async fn admit(
    app: &Parts,
    need: Need,
    viewer: &Viewer,
    params: &RawPathParams,
    head: &mut Head,
) -> Result<(), Response> {
    match need {
        Need::Nothing | Need::Viewer => Ok(()),
        Need::User if viewer.user().is_some() => Ok(()),
        Need::User => Err(forbidden(
            "this is for people who logged in with their email address and password",
        )),
        Need::ServerOwner if viewer.is_server_owner() => Ok(()),
        Need::ServerOwner => Err(forbidden("this is for owners of the server")),
        Need::SharedLink => {
            let Some(access) = shared_site(app, viewer, params).await? else {
                return Err(not_found().await);
            };
            head.extensions.insert(access);
            Ok(())
        }
        Need::Site(role) => {
            let key = params.iter().find(|(name, _)| *name == "key");
            let key = key.map_or("", |(_, key)| key);
            let Some(access) = site_access(app, viewer, key).await? else {
                return Err(not_found().await);
            };
            if access.role < role {
                let detail = format!("this needs the role {role} on the site");
                return Err(forbidden(detail));
            }
            head.extensions.insert(access);
            Ok(())
        }
    }
}

async fn site_access(
    app: &Parts,
    viewer: &Viewer,
    key: &str,
) -> Result<Option<SiteAccess>, Response> {
    let sites = app.store.sites().await;
    let sites = sites.map_err(|error| store_failed(&error).into_response())?;
    let Some(site) = sites.into_iter().find(|site| site.key.as_str() == key) else {
        return Ok(None);
    };
    let role = viewer.role(site.id);
    Ok(role.map(|role| SiteAccess { site, role }))
}

/// The site that a link shows; another one in the path is not there.
async fn shared_site(
    app: &Parts,
    viewer: &Viewer,
    params: &RawPathParams,
) -> Result<Option<SiteAccess>, Response> {
    let sites = app.store.sites().await;
    let sites = sites.map_err(|error| store_failed(&error).into_response())?;
    let named = params.iter().find(|(name, _)| *name == "key");
    let is_named = |site: &Site| named.is_none_or(|(_, key)| site.key.as_str() == key);
    let shown = |site: &Site| viewer.sites.includes(site.id) && is_named(site);
    let site = sites.into_iter().find(shown);
    Ok(site.map(|site| SiteAccess {
        site,
        role: Role::Viewer,
    }))
}

/// Who has a link needs nothing else, and whatever else they bring gives no more.
async fn judge_link(app: &Parts, params: &RawPathParams) -> Result<Verdict, StoreError> {
    let token = params.iter().find(|(name, _)| *name == "token");
    let site = match token {
        Some((_, token)) => app.store.shared_site(token).await?,
        None => None,
    };
    Ok(site.map_or(Verdict::Unknown, |site| {
        Verdict::Viewer(Viewer::new(Who::SharedLink(site)))
    }))
}

/// Whether the request comes from someone who is logged in already.
pub(crate) async fn is_viewer(app: &Parts, headers: &HeaderMap) -> bool {
    matches!(judge(app, headers).await, Ok(Verdict::Viewer(_)))
}

/// A token in the header counts before the cookie: who sends one means it.
async fn judge(app: &Parts, headers: &HeaderMap) -> Result<Verdict, StoreError> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let Some(secret) = bearer(value) else {
            return Ok(Verdict::Unknown);
        };
        let token = app.store.token(secret).await?;
        return Ok(token.map_or(Verdict::Unknown, allowed_by));
    }
    let Some(cookie) = read_cookie(headers, &app.public_url) else {
        return Ok(Verdict::Unknown);
    };
    let Some(session) = app.store.login_session(cookie).await? else {
        return Ok(Verdict::Unknown);
    };
    Ok(match (session.token, session.user) {
        (Some(token), _) => allowed_by(token),
        (None, Some(user)) => Verdict::Viewer(Viewer::new(Who::User(user))),
        (None, None) => Verdict::Viewer(Viewer::new(Who::Link)),
    })
}

fn allowed_by(token: AccessToken) -> Verdict {
    match token.scope {
        Scope::Read | Scope::Admin => Verdict::Viewer(Viewer::new(Who::Token(token))),
        Scope::Write => Verdict::Forbidden,
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn forbidden(detail: impl Into<Cow<'static, str>>) -> Response {
    Refusal::new(StatusCode::FORBIDDEN, detail).into_response()
}

fn ask_to_log_in(request: &Head) -> Response {
    if request.method == Method::GET && wants_page(&request.headers) {
        let asked_for = request
            .uri
            .path_and_query()
            .map_or("/", |asked| asked.as_str());
        return private(Redirect::to(&login_path(asked_for)).into_response());
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "log in, or send a token that may read as `Authorization: Bearer hgp_…`",
    );
    let mut response = problem.into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"hgpixel\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// The login, from which the way leads back to `asked_for`.
fn login_path(asked_for: &str) -> String {
    if asked_for == "/" {
        return "/login".to_owned();
    }
    let next: String = url::form_urlencoded::byte_serialize(asked_for.as_bytes()).collect();
    format!("/login?next={next}")
}

/// What a viewer sees is kept by no cache: not by a proxy, and not by the browser after the logout. An answer may say otherwise for itself.
fn private(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .entry(CACHE_CONTROL)
        .or_insert(no_store);
    response
}
