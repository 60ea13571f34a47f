//! The newest visits of a site, and the timeline of one: `/sites/{key}/visits`, `/sites/{key}/visits/{session}`.
//!
//! Whoever opted out has no visit here, and bots have none. Times are the site's.

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use hgpixel_store::{Site, Visit, VisitEvent};
use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::access::SiteAccess;
use crate::answer::{Refusal, bad_request, store_failed};
use crate::html::{VisitPage, VisitsPage, page};
use crate::state::App;
use crate::time;

/// Visits of the list.
const VISITS: u32 = 50;

/// A visit as the pages show it.
pub(crate) struct VisitLine {
    pub(crate) url: String,
    pub(crate) when: String,
    pub(crate) when_iso: String,
    pub(crate) duration: String,
    pub(crate) from: String,
    pub(crate) place: String,
    pub(crate) device: String,
    pub(crate) visit: Visit,
}

/// An event as the timeline shows it.
pub(crate) struct EventLine {
    /// The time of day.
    pub(crate) when: String,
    pub(crate) when_iso: String,
    pub(crate) kind: String,
    /// Where the page changed with it.
    pub(crate) page: Option<String>,
    pub(crate) title: String,
    pub(crate) data: Vec<(String, String)>,
}

pub(crate) async fn list(
    State(app): State<App>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
) -> Result<Response, Refusal> {
    let visits = app.store.visits(site.id, VISITS).await;
    let visits = visits.map_err(|error| store_failed(&error))?;
    let zone = site.zone();
    let lines: Vec<_> = visits
        .into_iter()
        .map(|visit| line(&site, visit, &zone))
        .collect();
    Ok(page(
        StatusCode::OK,
        &VisitsPage {
            key: site.key.as_str(),
            name: &site.name,
            visits: &lines,
        },
    ))
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
    Path((_key, session)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "there is no such visit");
    let session = session
        .parse()
        .map_err(|_| bad_request("the number at the end of the path is none"))?;
    let found = app.store.timeline(site.id, session).await;
    let found = found.map_err(|error| store_failed(&error))?;
    let (visit, events) = found.ok_or_else(none)?;
    let zone = site.zone();
    Ok(page(
        StatusCode::OK,
        &VisitPage {
            key: site.key.as_str(),
            name: &site.name,
            events: &timeline(&events, &zone),
            line: &line(&site, visit, &zone),
        },
    ))
}

fn line(site: &Site, visit: Visit, zone: &TimeZone) -> VisitLine {
    let joined = |parts: [&str; 2]| {
        let said: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        said.join(", ")
    };
    let from = if visit.source.is_empty() {
        &visit.channel
    } else {
        &visit.source
    };
    VisitLine {
        url: format!("/sites/{}/visits/{}", site.key, visit.session),
        when: written(visit.started_ms, zone, "%-d %b %Y, %H:%M"),
        when_iso: time::iso(visit.started_ms),
        duration: duration(visit.duration_ms),
        from: from.clone(),
        place: joined([&visit.city, &visit.country]),
        device: joined([&visit.browser, &visit.os]),
        visit,
    }
}

fn timeline(events: &[VisitEvent], zone: &TimeZone) -> Vec<EventLine> {
    let mut page = None;
    let line = |event: &VisitEvent| {
        let is_new = page.as_ref() != Some(&event.page);
        page = Some(event.page.clone());
        EventLine {
            when: written(event.time_ms, zone, "%H:%M:%S"),
            when_iso: time::iso(event.time_ms),
            kind: event.kind.clone(),
            page: is_new.then(|| event.page.clone()),
            title: event.title.clone(),
            data: pairs(&event.data),
        }
    };
    events.iter().map(line).collect()
}

fn pairs(data: &str) -> Vec<(String, String)> {
    let object: Map<String, Value> = serde_json::from_str(data).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    object
        .into_iter()
        .map(|(key, value)| (key, text(value)))
        .collect()
}

/// Empty for an instant that no calendar has.
fn written(time_ms: i64, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_millisecond(time_ms)
        .map(|time| time.to_zoned(zone.clone()).strftime(format).to_string())
        .unwrap_or_default()
}

/// `58s`, `4m 07s`, `1h 02m`.
fn duration(ms: i64) -> String {
    let seconds = ms / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_name_two_units_at_most() {
        let texts = [0, 58_999, 247_000, 3_720_000].map(duration);
        assert_eq!(texts, ["0s", "58s", "4m 07s", "1h 02m"]);
    }

    #[test]
    fn data_is_read_as_pairs() {
        let found = pairs(r#"{"plan":"pro","seats":3}"#);
        assert_eq!(
            found,
            [("plan".into(), "pro".into()), ("seats".into(), "3".into())]
        );
        assert!(pairs("").is_empty());
    }
}
