//! The dashboard: figures of one site, drawn by a script from the query API.
//!
//! The page is a shell of fixed heights. What it shows stands in its address, which the script reads; here only the site is chosen:
//! the one that was asked for, or the busiest. A newcomer, whose sites have no events, gets what to paste instead (`sites`).

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use hgpixel_store::Role;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::access::Viewer;
use crate::answer::{Refusal, store_failed};
use crate::html::{DashboardPage, page};
use crate::sites::{self, Counts};
use crate::state::App;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    site: Option<String>,
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let counts = sites::counts(&app, &viewer.sites).await;
    let counts = counts.map_err(|error| store_failed(&error))?;
    let Some(site) = choose(&counts, asked.site.as_deref())? else {
        return Ok(sites::overview(&app, &counts, &headers));
    };
    if site.last_event_ms.is_none() {
        return Ok(sites::waiting(&app, &site.key, &headers));
    }
    Ok(page(
        StatusCode::OK,
        &DashboardPage {
            sites: &counts,
            key: &site.key,
            name: &site.name,
            zone: &site.time_zone,
            base: "",
            may_edit: viewer.role(site.id) >= Some(Role::Editor),
        },
    ))
}

/// The site that was asked for, or the busiest; none where no site has any events.
fn choose<'a>(counts: &'a [Counts], asked: Option<&str>) -> Result<Option<&'a Counts>, Refusal> {
    let Some(key) = asked.filter(|key| !key.is_empty()) else {
        return Ok(counts.iter().find(|site| site.last_event_ms.is_some()));
    };
    let found = counts.iter().find(|site| site.key == key);
    found.map(Some).ok_or_else(sites::no_such_site)
}
