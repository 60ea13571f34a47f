//! Taking up an invitation: its link opens a form for name and password, once.

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{StoreError, User};
use hgpixel_telemetry::http::Peer;
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::access::login_cookie;
use crate::answer::{Refusal, store_failed};
use crate::forms::{Field, Posted};
use crate::html::page;
use crate::login::{agent, client_address, no_store};
use crate::state::{App, Parts};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InvitationQuery {
    link: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationForm {
    link: String,
    /// The address, for programs that keep passwords: nothing is read from it.
    #[serde(default, rename = "email")]
    _email: String,
    name: String,
    password: String,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    /// Empty for a link that is not good (any more).
    link: &'a str,
    email: &'a str,
    name: Field,
    /// Never with its value.
    password: Field,
    /// Whether the person has a password already and sets another.
    is_reset: bool,
    needs_https: bool,
}

pub(crate) async fn show(
    State(app): State<App>,
    Query(query): Query<InvitationQuery>,
) -> Result<Response, Refusal> {
    let user = app.store.invited(&query.link).await;
    let user = user.map_err(|error| store_failed(&error))?;
    Ok(match user {
        Some(user) => {
            let name = Field::of(user.name.clone());
            form(
                &app,
                StatusCode::OK,
                &query.link,
                &user,
                name,
                Field::default(),
            )
        }
        None => gone(&app),
    })
}

pub(crate) async fn accept(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Posted(posted): Posted<InvitationForm>,
) -> Result<Response, Refusal> {
    let address = client_address(&app, peer, &headers);
    let Some(attempt) = app.logins.attempt(address) else {
        app.login_metrics.limited.inc();
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many attempts: wait a minute, go back, and send the form again",
        )
        .retry_after(12));
    };
    let user = app.store.invited(&posted.link).await;
    let Some(user) = user.map_err(|error| store_failed(&error))? else {
        app.login_metrics.refused.inc();
        return Ok(gone(&app));
    };
    // The link is good; what is wrong with the form is no guess.
    app.logins.forgive(&attempt);
    let accepted = app
        .store
        .accept_invitation(
            &posted.link,
            &posted.name,
            &posted.password,
            agent(&headers),
        )
        .await;
    match accepted {
        Ok(Some(cookie)) => {
            app.login_metrics.ok.inc();
            let mut response = Redirect::to("/").into_response();
            let cookie = login_cookie(&cookie, &app.public_url);
            response
                .headers_mut()
                .extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            Ok(no_store(response))
        }
        Ok(None) => Ok(gone(&app)),
        Err(StoreError::Invalid(problem)) => {
            let (mut name, mut password) = (Field::of(posted.name), Field::default());
            let field = if problem.starts_with("a name") {
                &mut name
            } else {
                &mut password
            };
            field.error = crate::forms::wrong(StoreError::Invalid(problem))?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(form(&app, status, &posted.link, &user, name, password))
        }
        Err(error) => Err(store_failed(&error)),
    }
}

fn form(
    app: &Parts,
    status: StatusCode,
    link: &str,
    user: &User,
    name: Field,
    password: Field,
) -> Response {
    let body = InvitationPage {
        link,
        email: user.email.as_str(),
        name,
        password,
        is_reset: user.is_active,
        needs_https: app.public_url.is_unusable_for_logins(),
    };
    no_store(page(status, &body))
}

fn gone(app: &Parts) -> Response {
    let body = InvitationPage {
        link: "",
        email: "",
        name: Field::default(),
        password: Field::default(),
        is_reset: false,
        needs_https: app.public_url.is_unusable_for_logins(),
    };
    no_store(page(StatusCode::NOT_FOUND, &body))
}
