//! Coming in and going out.
//!
//! A one-time link opens a page with a button, and only the button uses the link up: previews and scanners that open links do not
//! press buttons. A token may be pasted too. Guesses are limited by address.

pub(crate) mod limiter;
mod metrics;
mod next;

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::StoreError;
use hgpixel_telemetry::Problem;
use hgpixel_telemetry::http::Peer;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use crate::access::{self, cleared_cookie, login_cookie, read_cookie};
use crate::answer::{Refusal, bad_request, store_failed, wants_page};
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

/// The form's fields: a link's token from its page, or whatever was pasted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoginForm {
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
    login_page(&app, StatusCode::OK, &query.link, &query.next, "")
}

pub(crate) async fn log_in(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(form) = form.map_err(|_| bad_request("a login is a form with `link` or `secret`"))?;
    let address = client_address(&app, peer, &headers);
    let Some(attempt) = app.logins.attempt(address) else {
        app.login_metrics.limited.inc();
        return Ok(too_many(&app, &headers, &form));
    };
    let Some(cookie) = redeem(&app, &form)
        .await
        .map_err(|error| store_failed(&error))?
    else {
        app.login_metrics.refused.inc();
        return Ok(refused(&app, &headers, &form));
    };
    app.logins.forgive(&attempt);
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
async fn redeem(app: &Parts, form: &LoginForm) -> Result<Option<HeaderValue>, StoreError> {
    let secret = pasted(form);
    let value = if secret.starts_with(TOKEN_PREFIX) {
        app.store.login_with_token(secret).await?
    } else if secret.is_empty() {
        None
    } else {
        // What is no token is taken for a link's.
        app.store.redeem_login_link(secret).await?
    };
    Ok(value.and_then(|value| login_cookie(&value, &app.public_url)))
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

fn client_address(app: &Parts, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> IpAddr {
    // Without a connection (a router called by a test) there is one client.
    let peer = peer.map_or(
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        |Extension(Peer(peer))| peer.ip(),
    );
    app.proxies.client(peer, headers).address
}

fn refused(app: &Parts, headers: &HeaderMap, form: &LoginForm) -> Response {
    let message = "That link or token is not valid: links work once and for a short time. `hgpixel login-link` makes a new one.";
    if wants_page(headers) {
        return login_page(app, StatusCode::UNAUTHORIZED, "", &form.next, message);
    }
    Problem::new(StatusCode::UNAUTHORIZED, message).into_response()
}

fn too_many(app: &Parts, headers: &HeaderMap, form: &LoginForm) -> Response {
    let message = "Too many attempts from this address. Please wait a minute.";
    let problem =
        Problem::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(limiter::PAUSE_S);
    let mut response = problem.into_response();
    if wants_page(headers) {
        let retry_after = response.headers_mut().remove(http::header::RETRY_AFTER);
        response = login_page(
            app,
            StatusCode::TOO_MANY_REQUESTS,
            &form.link,
            &form.next,
            message,
        );
        response
            .headers_mut()
            .extend(retry_after.map(|value| (http::header::RETRY_AFTER, value)));
    }
    response
}

fn login_page(app: &Parts, status: StatusCode, link: &str, next: &Next, message: &str) -> Response {
    let body = LoginPage {
        link,
        next: next.as_str(),
        message,
        needs_https: app.public_url.is_unusable_for_logins(),
    };
    no_store(page(status, &body))
}

fn no_store(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
