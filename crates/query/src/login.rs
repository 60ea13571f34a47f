//! Coming in and going out.
//!
//! People log in with their email address and password. A one-time link opens a page with a button, and only the button uses the link
//! up: previews and scanners that open links do not press buttons. A token may be pasted too. Guesses are limited by address, and wrong
//! passwords also by account.

pub(crate) mod accounts;
mod generations;
pub(crate) mod limiter;
mod metrics;
mod next;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{Email, StoreError};
use hgpixel_telemetry::Problem;
use hgpixel_telemetry::http::Peer;
use http::header::{CACHE_CONTROL, RETRY_AFTER, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use crate::access::{self, cleared_cookie, login_cookie, read_cookie};
use crate::answer::{Refusal, store_failed, wants_page};
use crate::forms::Posted;
use crate::html::{LoginPage, page};
use crate::state::{App, Parts};
use next::Next;

pub(crate) use metrics::LoginMetrics;

/// What tokens begin with, and links do not.
const TOKEN_PREFIX: &str = "hgp_";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoginQuery {
    link: String,
    next: Next,
}

/// The form's fields: address and password, a link's token from its page, or whatever was pasted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoginForm {
    email: String,
    password: String,
    link: String,
    secret: String,
    next: Next,
}

pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<LoginQuery>,
) -> Response {
    if query.link.is_empty() && access::is_viewer(&app, &headers).await {
        return Redirect::to(query.next.as_str()).into_response();
    }
    let form = LoginForm {
        link: query.link,
        next: query.next,
        ..LoginForm::default()
    };
    login_page(&app, StatusCode::OK, &form, "")
}

pub(crate) async fn log_in(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Posted(form): Posted<LoginForm>,
) -> Result<Response, Refusal> {
    let address = client_address(&app, peer, &headers);
    let Some(attempt) = app.logins.attempt(address) else {
        app.login_metrics.limited.inc();
        return Ok(too_many(&app, &headers, &form, limiter::PAUSE));
    };
    if let Some(email) = account(&form)
        && let Err(wait) = app.accounts.attempt(email.as_str())
    {
        app.login_metrics.limited.inc();
        return Ok(too_many(&app, &headers, &form, wait));
    }
    let Some(cookie) = redeem(&app, &headers, &form)
        .await
        .map_err(|error| store_failed(&error))?
    else {
        app.login_metrics.refused.inc();
        return Ok(refused(&app, &headers, &form));
    };
    app.logins.forgive(&attempt);
    if let Some(email) = account(&form) {
        app.accounts.forgive(email.as_str());
    }
    app.login_metrics.ok.inc();
    let mut response = Redirect::to(form.next.as_str()).into_response();
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(no_store(response))
}

/// Ends the session at the store too, so that a copied cookie is worth nothing afterwards.
pub(crate) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(session) = read_cookie(&headers, &app.public_url) {
        let ended = app.store.logout(session).await;
        ended.map_err(|error| store_failed(&error))?;
    }
    let mut response = Redirect::to("/login").into_response();
    let cookie = cleared_cookie(&app.public_url);
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(no_store(response))
}

/// The cookie for what the form holds, if that is good.
async fn redeem(
    app: &Parts,
    headers: &HeaderMap,
    form: &LoginForm,
) -> Result<Option<HeaderValue>, StoreError> {
    let secret = pasted(form);
    let value = if !form.email.is_empty() {
        match account(form) {
            Some(email) => {
                app.store
                    .login_with_password(&email, &form.password, agent(headers))
                    .await?
            }
            None => None,
        }
    } else if secret.starts_with(TOKEN_PREFIX) {
        app.store.login_with_token(secret).await?
    } else if secret.is_empty() {
        None
    } else {
        // What is no token is taken for a link's.
        app.store.redeem_login_link(secret).await?
    };
    Ok(value.and_then(|value| login_cookie(&value, &app.public_url)))
}

/// Whose password the form holds.
fn account(form: &LoginForm) -> Option<Email> {
    form.email.parse().ok()
}

/// What the browser says it is.
pub(crate) fn agent(headers: &HeaderMap) -> &str {
    let agent = headers.get(USER_AGENT);
    agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default()
}

/// The secret itself, also when the whole link was pasted.
fn pasted(form: &LoginForm) -> &str {
    let text = if form.link.is_empty() {
        &form.secret
    } else {
        &form.link
    };
    let text = text.trim();
    match text.split_once("link=") {
        Some((_, link)) => link.split(['&', '#']).next().unwrap_or(link),
        None => text,
    }
}

pub(crate) fn client_address(
    app: &Parts,
    peer: Option<Extension<Peer>>,
    headers: &HeaderMap,
) -> IpAddr {
    // Without a connection (a router called by a test) there is one client.
    let peer = peer.map_or(
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        |Extension(Peer(peer))| peer.ip(),
    );
    app.proxies.client(peer, headers).address
}

fn refused(app: &Parts, headers: &HeaderMap, form: &LoginForm) -> Response {
    let message = if form.email.is_empty() {
        "That link or token is not valid: links work once and for a short time. `hgpixel login-link` makes a new one."
    } else {
        "Email address and password do not fit together."
    };
    if wants_page(headers) {
        let form = LoginForm {
            email: form.email.clone(),
            next: form.next.clone(),
            ..LoginForm::default()
        };
        return login_page(app, StatusCode::UNAUTHORIZED, &form, message);
    }
    Problem::new(StatusCode::UNAUTHORIZED, message).into_response()
}

fn too_many(app: &Parts, headers: &HeaderMap, form: &LoginForm, wait: Duration) -> Response {
    let wait_s = u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX);
    let message = format!("Too many attempts. Please wait {}.", spoken(wait_s));
    if !wants_page(headers) {
        return Problem::new(StatusCode::TOO_MANY_REQUESTS, message)
            .retry_after(wait_s)
            .into_response();
    }
    let mut response = login_page(app, StatusCode::TOO_MANY_REQUESTS, form, &message);
    response.headers_mut().insert(RETRY_AFTER, wait_s.into());
    response
}

fn spoken(seconds: u32) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn login_page(app: &Parts, status: StatusCode, form: &LoginForm, message: &str) -> Response {
    let body = LoginPage {
        email: &form.email,
        link: &form.link,
        next: form.next.as_str(),
        message,
        needs_https: app.public_url.is_unusable_for_logins(),
    };
    no_store(page(status, &body))
}

pub(crate) fn no_store(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
