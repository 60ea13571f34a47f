//! The overview of sites: which sent events lately, and what to paste where when one has not.

use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::Response;
use bytes::Bytes;
use hgpixel_store::{Site, SiteCounts, StoreError};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::access::{Viewer, VisibleSites};
use crate::answer::{Refusal, bad_request, store_failed};
use crate::html::{SitesPage, page};
use crate::state::{App, Parts};
use crate::{pixel, time};

/// Counting a day of events is the one dear thing here; a newcomer who waits for the first event must still see it at once.
const COUNTS_TTL: Duration = Duration::from_secs(1);

/// What a page of a newcomer carries, until a site has a better name.
const EXAMPLE_SITE: &str = "my-site";

/// A site as the page shows it.
pub(crate) struct SiteLine {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) events_day: String,
    /// "2 minutes ago"; empty when nothing has come yet.
    pub(crate) last_event: String,
    /// The same as an instant.
    pub(crate) last_event_iso: String,
    pub(crate) url: String,
}

/// The cached form: names and counts, nothing of a visitor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// The store's number.
    pub(crate) id: i64,
    pub(crate) key: String,
    pub(crate) name: String,
    /// By its IANA name.
    pub(crate) time_zone: String,
    events_day: u64,
    pub(crate) last_event_ms: Option<i64>,
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let counts = counts(&app, &viewer.sites).await;
    let counts = counts.map_err(|error| store_failed(&error))?;
    Ok(overview(&app, &counts, &headers))
}

/// The page of all sites, or of what to do where none has any events.
pub(crate) fn overview(app: &Parts, counts: &[Counts], headers: &HeaderMap) -> Response {
    if counts.iter().all(|site| site.last_event_ms.is_none()) {
        let key = counts.first().map_or(EXAMPLE_SITE, |site| &site.key);
        return waiting(app, key, headers);
    }
    let now_ms = app.clock.now_ms();
    let sites: Vec<_> = counts.iter().map(|site| line(site, now_ms)).collect();
    let key = counts.first().map_or(EXAMPLE_SITE, |site| &site.key);
    shown(app, &sites, key, headers)
}

/// What to paste, for a site that has no events yet.
pub(crate) fn waiting(app: &Parts, key: &str, headers: &HeaderMap) -> Response {
    shown(app, &[], key, headers)
}

fn shown(app: &Parts, sites: &[SiteLine], key: &str, headers: &HeaderMap) -> Response {
    let base = app.public_url.as_seen_by(headers);
    let (pinned_path, integrity) = pixel::pin();
    page(
        StatusCode::OK,
        &SitesPage {
            sites,
            snippet: &format!(
                "<script async src=\"{base}/static/all.js\" data-site=\"{key}\"></script>"
            ),
            pinned_snippet: &format!(
                "<script async src=\"{base}{pinned_path}\" integrity=\"{integrity}\" crossorigin=\"anonymous\" data-site=\"{key}\"></script>"
            ),
        },
    )
}

pub(crate) fn which_site() -> Refusal {
    bad_request("say which site: ?site=KEY")
}

/// Also where there is one that the viewer may not see.
pub(crate) fn no_such_site() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "there is no such site")
}

/// The site with this key; one that the viewer may not see is like one that does not exist.
pub(crate) async fn find(app: &Parts, visible: &VisibleSites, key: &str) -> Result<Site, Refusal> {
    let sites = app.store.sites().await;
    let sites = sites.map_err(|error| store_failed(&error))?;
    let found = sites
        .into_iter()
        .find(|site| site.key.as_str() == key && visible.includes(site.id));
    found.ok_or_else(no_such_site)
}

/// The visible sites, the busiest first.
pub(crate) async fn counts(app: &Parts, visible: &VisibleSites) -> Result<Vec<Counts>, StoreError> {
    let key = format!("sites:{}", visible.cache_key());
    if let Some(cached) = app.cache.get(&key).await
        && let Ok(counts) = serde_json::from_slice(&cached)
    {
        return Ok(counts);
    }
    let sites = visible.as_filter();
    let found = app.store.site_counts(sites.as_deref()).await?;
    let mut counts: Vec<_> = found.into_iter().map(Counts::from).collect();
    counts.sort_by(|a, b| {
        let by_events = b.events_day.cmp(&a.events_day);
        by_events.then_with(|| a.key.cmp(&b.key))
    });
    if let Ok(bytes) = serde_json::to_vec(&counts) {
        app.cache.put(&key, Bytes::from(bytes), COUNTS_TTL).await;
    }
    Ok(counts)
}

impl From<SiteCounts> for Counts {
    fn from(counts: SiteCounts) -> Self {
        Self {
            id: counts.site.id,
            key: counts.site.key.to_string(),
            name: counts.site.name,
            time_zone: counts.site.time_zone,
            events_day: counts.events_day,
            last_event_ms: counts.last_event_ms,
        }
    }
}

fn line(site: &Counts, now_ms: i64) -> SiteLine {
    let key: String = url::form_urlencoded::byte_serialize(site.key.as_bytes()).collect();
    SiteLine {
        url: format!("/?site={key}"),
        key: site.key.clone(),
        name: site.name.clone(),
        events_day: grouped(site.events_day),
        last_event: site
            .last_event_ms
            .map(|ms| time::ago(ms, now_ms))
            .unwrap_or_default(),
        last_event_iso: site.last_event_ms.map(time::iso).unwrap_or_default(),
    }
}

/// 1234567 → "1,234,567".
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        let check = |count, text: &str| assert_eq!(grouped(count), text);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(12_345_678, "12,345,678");
    }
}
