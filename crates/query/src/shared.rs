//! Shared links: `/share/{token}` shows the dashboard of one site, read-only, to whoever has the link, until it is revoked. Below that path
//! lie the few endpoints that the dashboard asks; everything else stays closed, events and visits among it.
//!
//! `GET` and `POST /sites/{key}/links`, `DELETE /sites/{key}/links/{id}` are for those who may edit the site.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use hgpixel_store::{SHARED_LINKS_MAX, Site};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::{SiteAccess, Viewer};
use crate::answer::{Refusal, bad_request, store_failed};
use crate::html::{SharedPage, page};
use crate::state::App;

/// Characters of a name.
const NAME_MAX: usize = 200;

/// A link that somebody posts somewhere is not to be found by searching.
const UNLISTED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-robots-tag"),
    HeaderValue::from_static("noindex, nofollow"),
);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct New {
    name: String,
}

pub(crate) async fn show(
    Path(token): Path<String>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
) -> Response {
    let page = page(
        StatusCode::OK,
        &SharedPage {
            sites: &[],
            key: site.key.as_str(),
            name: &site.name,
            zone: &site.time_zone,
            base: &format!("/share/{token}"),
            may_edit: false,
        },
    );
    ([UNLISTED], page).into_response()
}

pub(crate) async fn list(
    State(app): State<App>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
) -> Result<Json<Value>, Refusal> {
    let links = app.store.shared_links(site.id).await;
    let links = links.map_err(|error| store_failed(&error))?;
    let told = |link: &hgpixel_store::SharedLink| json!({ "id": link.id, "name": link.name, "created_ms": link.created_ms });
    Ok(Json(links.iter().map(told).collect()))
}

pub(crate) async fn share(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    let new: New = serde_json::from_str(&body).map_err(|error| bad_request(error.to_string()))?;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(bad_request(format!("name: 1 to {NAME_MAX} characters")));
    }
    let token = made(&app, &viewer, &site, name).await?;
    let url = format!("{}/share/{token}", app.public_url.as_seen_by(&headers));
    Ok((StatusCode::CREATED, Json(json!({ "url": url }))).into_response())
}

async fn made(app: &App, viewer: &Viewer, site: &Site, name: &str) -> Result<String, Refusal> {
    let token = app.store.share(&viewer.actor(), site.id, name).await;
    let token = token.map_err(|error| store_failed(&error))?;
    token.ok_or_else(|| {
        let detail = format!("a site has {SHARED_LINKS_MAX} links at most: revoke one first");
        Refusal::new(StatusCode::CONFLICT, detail)
    })
}

pub(crate) async fn revoke(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
    Path((_key, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "there is no such link");
    let id = id
        .parse()
        .map_err(|_| bad_request("the number at the end of the path is none"))?;
    let revoked = app.store.unshare(&viewer.actor(), site.id, id).await;
    let was_there = revoked.map_err(|error| store_failed(&error))?;
    was_there.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}
