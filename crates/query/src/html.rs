//! The pages, by askama: every value is escaped where it is printed.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use hgpixel_telemetry::Problem;
use http::StatusCode;

use crate::sites::{Counts, SiteLine};
use crate::visits::{EventLine, VisitLine};

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
#[template(path = "dashboard.html")]
pub(crate) struct DashboardPage<'a> {
    /// What the picker offers.
    pub(crate) sites: &'a [Counts],
    pub(crate) key: &'a str,
    pub(crate) name: &'a str,
    /// The site's time zone, by its IANA name.
    pub(crate) zone: &'a str,
    /// What stands before the paths of the API: nothing, or a shared link's.
    pub(crate) base: &'a str,
    /// Whether the reader may change what the dashboard keeps.
    pub(crate) may_edit: bool,
}

/// [`DashboardPage`] for whoever has a link to it.
#[derive(Template)]
#[template(path = "shared.html")]
pub(crate) struct SharedPage<'a> {
    pub(crate) sites: &'a [Counts],
    pub(crate) key: &'a str,
    pub(crate) name: &'a str,
    pub(crate) zone: &'a str,
    pub(crate) base: &'a str,
    pub(crate) may_edit: bool,
}

#[derive(Template)]
#[template(path = "visits.html")]
pub(crate) struct VisitsPage<'a> {
    pub(crate) key: &'a str,
    pub(crate) name: &'a str,
    pub(crate) visits: &'a [VisitLine],
}

#[derive(Template)]
#[template(path = "visit.html")]
pub(crate) struct VisitPage<'a> {
    pub(crate) key: &'a str,
    pub(crate) name: &'a str,
    pub(crate) line: &'a VisitLine,
    pub(crate) events: &'a [EventLine],
}

#[derive(Template)]
#[template(path = "sites.html")]
pub(crate) struct SitesPage<'a> {
    /// None: nothing has arrived yet.
    pub(crate) sites: &'a [SiteLine],
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
