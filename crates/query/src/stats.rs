//! `POST /api/v2/query`: figures of a site, in the language of the Plausible Stats API v2, so that its clients work here.
//!
//! A question is parsed once into values that cannot be wrong (`question`), its dates become instants in its time zone (`range`, `buckets`),
//! the store counts, and `answer` says it in JSON; `answers` remembers it for a while. What a metric means stands in `docs/metrics.md`.
//!
//! Our own pages ask in the same language ([`figures`]), and get what anybody would.
//!
//! What makes no sense is refused with 400, and the refusal names the key and what is allowed there. A site that the viewer may not see is
//! like one that does not exist.

mod answer;
mod answers;
mod asked;
mod buckets;
mod comparison;
mod filters;
mod metrics;
pub(crate) mod names;
mod question;
mod range;
mod wrong;

use std::future::Future;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hgpixel_event::SiteKey;
use hgpixel_store::{Site, StoreError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::access::{Viewer, VisibleSites};
use crate::answer::{Refusal, bad_request, store_failed};
use crate::state::{App, Parts};
use answers::{Found, Wish};
use asked::Asked;
use question::Question;
use range::Today;
use wrong::{Wrong, refused};

pub(crate) use answers::Answers;
pub(crate) use metrics::StatsMetrics;

pub(crate) async fn ask(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (site, asked) = match understood(&app, viewer, &body).await {
        Ok(understood) => understood,
        Err(refusal) => return refusal,
    };
    let fresh = asked.fresh(&app);
    let store = app.store.clone();
    let key = asked.key(&site);
    let compute = || async move { asked.answer(&store).await };
    let (answer, found) = app.answers.get(&key, fresh, wish(&headers), compute).await;
    match answer {
        Ok(body) => told(body, found),
        Err(error) => failed(&error),
    }
}

/// An answer, as one of our own pages reads it.
pub(crate) struct Figures {
    pub(crate) rows: Vec<FiguresRow>,
    /// The instants of the question.
    pub(crate) range_ms: (i64, i64),
}

/// Events with the same values, and the metrics of them; null is 0.
#[derive(Debug, Deserialize)]
pub(crate) struct FiguresRow {
    pub(crate) dimensions: Vec<String>,
    metrics: Vec<Option<f64>>,
}

impl FiguresRow {
    /// A metric that is a whole number, by its place in the question.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole, and far below 2^53"
    )]
    pub(crate) fn count(&self, metric: usize) -> u64 {
        self.metrics.get(metric).copied().flatten().unwrap_or(0.0) as u64
    }
}

/// The answer to a question of one of our own pages about a site that its reader may see.
pub(crate) async fn figures(
    app: &Parts,
    site: &Site,
    question: &Value,
) -> Result<Figures, Refusal> {
    #[derive(Deserialize)]
    struct Told {
        results: Vec<FiguresRow>,
    }
    let question = Question::parse(question.to_string().as_bytes());
    let asked = question.and_then(|question| {
        let today = Today::new(app.clock.now_ms(), site.zone())?;
        Asked::of(question, site, &today, None)
    });
    let asked = asked.map_err(|wrong| bad_request(wrong.detail()))?;
    let (key, fresh, range_ms) = (asked.key(site), asked.fresh(app), asked.range_ms());
    let store = app.store.clone();
    let body = remembered(
        app,
        &key,
        fresh,
        || async move { asked.answer(&store).await },
    )
    .await?;
    let told: Told = serde_json::from_slice(&body).map_err(|error| {
        tracing::error!(%error, "an answer of our own could not be read");
        Refusal::unavailable("the figures could not be read; try again in a moment")
    })?;
    Ok(Figures {
        rows: told.results,
        range_ms,
    })
}

/// What else a page computes from the store, remembered like figures.
pub(crate) async fn remembered<F>(
    app: &Parts,
    key: &str,
    fresh: Duration,
    compute: impl FnOnce() -> F,
) -> Result<Bytes, Refusal>
where
    F: Future<Output = Result<Bytes, StoreError>> + Send + 'static,
{
    let (answer, _) = app.answers.get(key, fresh, Wish::Any, compute).await;
    answer.map_err(|error| store_failed(&error))
}

/// The site and the question, or the refusal.
async fn understood(app: &Parts, viewer: Viewer, body: &[u8]) -> Result<(Site, Asked), Response> {
    let wrong = |wrong: Wrong| wrong.into_response();
    let failed = |error: StoreError| failed(&error);
    let question = Question::parse(body).map_err(wrong)?;
    let site = site_of(app, &viewer.sites, &question.site).await;
    let site = site
        .map_err(failed)?
        .ok_or_else(|| no_site(&question.site))?;
    let zone = question.zone.clone().unwrap_or_else(|| site.zone());
    let today = Today::new(app.clock.now_ms(), zone).map_err(wrong)?;
    let first_ms = if question.needs_first() {
        let span = app.store.stats_span(site.id).await.map_err(failed)?;
        span.map(|(first_ms, _)| first_ms)
    } else {
        None
    };
    let asked = Asked::of(question, &site, &today, first_ms).map_err(wrong)?;
    Ok((site, asked))
}

async fn site_of(
    app: &Parts,
    visible: &VisibleSites,
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

/// `Cache-Control: no-cache` asks for what is true now.
fn wish(headers: &HeaderMap) -> Wish {
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let mut computed = directives.filter(|directive| {
        let directive = directive.trim();
        directive.eq_ignore_ascii_case("no-cache") || directive.eq_ignore_ascii_case("no-store")
    });
    match computed.next() {
        Some(_) => Wish::Computed,
        None => Wish::Any,
    }
}

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

fn told(body: Bytes, found: Found) -> Response {
    let digest = Sha256::digest(&body);
    let tag = URL_SAFE_NO_PAD.encode(&digest[..12]);
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(CONTENT_TYPE, json);
    // One viewer's, and never used without asking again.
    let private = HeaderValue::from_static("private, no-cache");
    headers.insert(CACHE_CONTROL, private);
    headers.insert(X_CACHE, HeaderValue::from_static(found.as_str()));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        headers.insert(ETAG, tag);
    }
    response
}

fn failed(error: &StoreError) -> Response {
    match error {
        StoreError::Invalid(detail) => Wrong::new(detail.clone()).into_response(),
        _ => store_failed(error).into_response(),
    }
}
