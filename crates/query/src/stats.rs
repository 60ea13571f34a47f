//! `POST /api/v2/query`: figures of a site, in the language of the Plausible Stats API v2, so that its clients work here.
//!
//! A question is parsed once into values that cannot be wrong (`question`), its dates become instants in its time zone (`range`, `buckets`),
//! the store counts, and `answer` says it in JSON. What a metric means stands in `docs/metrics.md`.
//!
//! What makes no sense is refused with 400, and the refusal names the key and what is allowed there. A site that the viewer may not see is
//! like one that does not exist.

mod answer;
mod buckets;
mod comparison;
mod filters;
mod names;
mod question;
mod range;
mod wrong;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use hgpixel_event::SiteKey;
use hgpixel_store::{Site, StatsQuery, StoreError};
use http::StatusCode;
use jiff::tz::TimeZone;

use crate::access::{Viewer, VisibleSites};
use crate::answer::store_failed;
use crate::state::{App, Parts};
use answer::{Compared, Told};
use question::Question;
use range::{Range, Today};
use wrong::{Wrong, refused};

/// The largest question: 200 values of a few hundred bytes, or some thousand short ones.
pub(crate) const QUESTION_BYTES_MAX: usize = 256 * 1024;

pub(crate) async fn ask(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Response {
    match answered(&app, viewer, &body).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(response) => response,
    }
}

async fn answered(app: &Parts, viewer: Viewer, body: &[u8]) -> Result<serde_json::Value, Response> {
    let wrong = |wrong: Wrong| wrong.into_response();
    let failed = |error: StoreError| match error {
        StoreError::Invalid(detail) => Wrong::new(detail).into_response(),
        _ => store_failed(&error).into_response(),
    };
    let question = Question::parse(body).map_err(wrong)?;
    let site = site_of(app, viewer.sites, &question.site).await;
    let site = site
        .map_err(failed)?
        .ok_or_else(|| no_site(&question.site))?;
    let zone = question.zone.clone().map_or_else(|| Ok(site.zone()), Ok);
    let today = Today::new(app.clock.now_ms(), zone.map_err(wrong)?).map_err(wrong)?;
    let first_ms = if question.needs_first() {
        let span = app.store.stats_span(site.id).await.map_err(failed)?;
        span.map(|(first_ms, _)| first_ms)
    } else {
        None
    };
    let asked = Asked::of(&question, &site, &today, first_ms).map_err(wrong)?;
    let counted = app.store.stats(&asked.query).await.map_err(failed)?;
    let compared = match &asked.compared {
        None => None,
        Some((range, labels, query)) => {
            let only = counted.rows.iter().map(|row| row.dimensions.clone());
            let query = StatsQuery {
                // Without dimensions there is one row, and it needs no choosing.
                only: (!question.dimensions.is_empty()).then(|| only.collect()),
                ..query.clone()
            };
            let counted = app.store.stats(&query).await.map_err(failed)?;
            Some(Compared {
                range,
                labels,
                counted,
            })
        }
    };
    let told = Told {
        question: &question,
        range: &asked.range,
        zone: &today.zone,
        labels: &asked.labels,
        counted,
        compared,
    };
    Ok(told.to_json())
}

/// A question about instants.
struct Asked {
    range: Range,
    labels: Vec<String>,
    query: StatsQuery,
    compared: Option<(Range, Vec<String>, StatsQuery)>,
}

impl Asked {
    fn of(
        question: &Question,
        site: &Site,
        today: &Today,
        first_ms: Option<i64>,
    ) -> Result<Self, Wrong> {
        let range = range::of(&question.dates, today, first_ms)?;
        let (labels, query) = typed(question, site, &range, &today.zone)?;
        let compared = match &question.include.comparison {
            None => None,
            Some(comparison) => {
                let other = comparison::of(comparison, &range, today)?;
                let (labels, query) = typed(question, site, &other, &today.zone)?;
                let query = StatsQuery { offset: 0, ..query };
                Some((other, labels, query))
            }
        };
        Ok(Self {
            range,
            labels,
            query,
            compared,
        })
    }
}

/// The question as the store takes it, and the labels of its buckets of time.
fn typed(
    question: &Question,
    site: &Site,
    range: &Range,
    zone: &TimeZone,
) -> Result<(Vec<String>, StatsQuery), Wrong> {
    let (edges_ms, labels) = match question.time_unit(range) {
        Some(unit) => buckets::of(unit, range, zone)?,
        None => (Vec::new(), Vec::new()),
    };
    let query = StatsQuery {
        site: site.id,
        from_ms: range.from_ms,
        until_ms: range.until_ms,
        metrics: question.metrics.clone(),
        dimensions: question.store_dimensions(),
        edges_ms,
        filters: question.filters.clone(),
        order: question.order.clone(),
        limit: question.limit,
        offset: question.offset,
        only: None,
    };
    Ok((labels, query))
}

async fn site_of(
    app: &Parts,
    visible: VisibleSites,
    key: &SiteKey,
) -> Result<Option<Site>, StoreError> {
    let sites = app.store.sites().await?;
    Ok(sites
        .into_iter()
        .find(|site| site.key == *key && visible.includes(site.id)))
}

fn no_site(key: &SiteKey) -> Response {
    refused(
        StatusCode::NOT_FOUND,
        &format!("site_id: there is no site `{key}` that you may see"),
    )
}
