//! The pages, by askama: every value is escaped where it is printed.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use hgpixel_telemetry::Problem;
use http::StatusCode;

use crate::home::SiteLine;

#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    /// What was typed at the last attempt.
    pub(crate) email: &'a str,
    /// A one-time link's token, to be used up by the button; empty for the form.
    pub(crate) link: &'a str,
    pub(crate) next: &'a str,
    /// Why the last attempt failed; empty before the first.
    pub(crate) message: &'a str,
    /// The address is plain http over a network, where browsers keep no login.
    pub(crate) needs_https: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct HomePage<'a> {
    pub(crate) sites: &'a [SiteLine],
    pub(crate) has_events: bool,
    /// What to paste into a page.
    pub(crate) snippet: &'a str,
    /// The same with an address and a digest that never change.
    pub(crate) pinned_snippet: &'a str,
}

#[derive(Template)]
#[template(path = "view_data.html")]
pub(crate) struct ViewDataPage;

#[derive(Template)]
#[template(path = "demo.html")]
pub(crate) struct DemoPage;

pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a page could not be rendered");
            Problem::unavailable("this page could not be made").into_response()
        }
    }
}
