//! `GET /view-data`: the raw events, as a page, as JSON in DataTables' protocol, or streamed whole as CSV or NDJSON.

mod columns;
mod csv;
mod export;
mod format;
mod json;
mod ndjson;
mod params;

use axum::extract::{Extension, RawQuery, State};
use axum::response::{IntoResponse, Response};
use hgpixel_event::SiteKey;
use hgpixel_store::{StoreError, ViewFilter, ViewQuery};
use http::header::VARY;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::access::{Viewer, VisibleSites};
use crate::answer::{Refusal, bad_request, store_failed};
use crate::html::{ViewDataPage, page};
use crate::state::{App, Parts};
use format::Format;
use params::Params;

pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let params = Params::parse(query.as_deref().unwrap_or(""))
        .map_err(|wrong| bad_request(wrong.to_string()))?;
    let format = params.format.unwrap_or_else(|| Format::wanted_by(&headers));
    let mut response = answer(&app, &viewer, params, format).await?;
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

async fn answer(
    app: &App,
    viewer: &Viewer,
    params: Params,
    format: Format,
) -> Result<Response, Refusal> {
    if format == Format::Page {
        return Ok(page(StatusCode::OK, &ViewDataPage));
    }
    let filter = filter(app, &viewer.sites, &params).await;
    let filter = filter.map_err(|error| store_failed(&error))?;
    match format {
        Format::Csv => export::stream(app, filter, params.order, &export::CSV).await,
        Format::NdJson => export::stream(app, filter, params.order, &export::NDJSON).await,
        Format::Page | Format::Json => one_page(app, filter, &params).await,
    }
}

async fn one_page(app: &Parts, filter: ViewFilter, params: &Params) -> Result<Response, Refusal> {
    let query = ViewQuery {
        filter,
        start: params.start,
        length: params.length,
        order: params.order,
    };
    let found = app.store.view(&query).await;
    let found = found.map_err(|error| store_failed(&error))?;
    Ok(axum::Json(json::Answer::new(&found, params)).into_response())
}

/// What the viewer may see and asked for. A site that is not theirs is like one that does not exist: nothing matches.
async fn filter(
    app: &Parts,
    visible: &VisibleSites,
    params: &Params,
) -> Result<ViewFilter, StoreError> {
    let sites = match &params.client_id {
        None => visible.as_filter(),
        Some(key) => Some(site_of(app, visible, key).await?.into_iter().collect()),
    };
    Ok(ViewFilter {
        sites,
        url: params.url.clone(),
        user_id: params.user_id.clone(),
        search: params.search.clone(),
        ..ViewFilter::default()
    })
}

async fn site_of(
    app: &Parts,
    visible: &VisibleSites,
    key: &SiteKey,
) -> Result<Option<i64>, StoreError> {
    let sites = app.store.sites().await?;
    let found = sites.iter().find(|site| site.key == *key);
    Ok(found.map(|site| site.id).filter(|id| visible.includes(*id)))
}
