//! What people keep on a site's dashboard: annotations of days, goals, funnels. `GET` and `POST /sites/{key}/kept`,
//! `DELETE /sites/{key}/kept/{id}`.
//!
//! Whoever sees the site reads them, whoever may edit changes them. They hold no figures: those are asked of `/api/v2/query`.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use hgpixel_store::{KEPT_MAX, Kept};
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::{SiteAccess, Viewer};
use crate::answer::{Refusal, bad_request, store_failed};
use crate::state::App;

/// Characters of a name.
const NAME_MAX: usize = 200;
/// Bytes of a page's path or an event's name.
const VALUE_BYTES_MAX: usize = 500;
/// Steps of a funnel, at least and at most: each is a question of its own.
const STEPS: std::ops::RangeInclusive<usize> = 2..=8;

/// As it is sent.
#[derive(Debug, Deserialize)]
pub(crate) struct New {
    name: String,
    #[serde(flatten)]
    thing: Thing,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
enum Thing {
    /// Something that happened on a day.
    Annotation { day: Date },
    /// Something that visitors shall do.
    Goal(Step),
    /// Some things that they shall do during a visit.
    Funnel { steps: Vec<Step> },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    test: Test,
    value: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Test {
    /// The path of a page.
    Page,
    /// The name of an event.
    Event,
}

pub(crate) async fn list(
    State(app): State<App>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
) -> Result<Json<Value>, Refusal> {
    let kept = app.store.kept(site.id).await;
    let kept = kept.map_err(|error| store_failed(&error))?;
    Ok(Json(kept.iter().filter_map(told).collect()))
}

/// What a later version kept and this one cannot read is left out.
fn told(kept: &Kept) -> Option<Value> {
    let body: Value = serde_json::from_str(&kept.body).ok()?;
    Some(json!({ "id": kept.id, "kind": kept.kind, "name": kept.name, "body": body }))
}

pub(crate) async fn keep(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
    body: String,
) -> Result<Response, Refusal> {
    let new: New = serde_json::from_str(&body).map_err(|error| bad_request(error.to_string()))?;
    let name = new.name.trim();
    new.thing.check()?;
    if name.is_empty() || name.chars().count() > NAME_MAX {
        let detail = format!("name: 1 to {NAME_MAX} characters");
        return Err(bad_request(detail));
    }
    let (kind, body) = new.thing.stored();
    let actor = viewer.actor();
    let id = app.store.keep(&actor, site.id, kind, name, &body).await;
    let id = id.map_err(|error| store_failed(&error))?;
    let id = id.ok_or_else(|| {
        let detail = format!("a dashboard keeps {KEPT_MAX} things at most: remove one first");
        Refusal::new(StatusCode::CONFLICT, detail)
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

pub(crate) async fn forget(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
    Path((_key, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "there is no such thing");
    let id = id
        .parse()
        .map_err(|_| bad_request("the number at the end of the path is none"))?;
    let forgotten = app.store.forget_kept(&viewer.actor(), site.id, id).await;
    let was_there = forgotten.map_err(|error| store_failed(&error))?;
    was_there.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}

impl Thing {
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Annotation { .. } => Ok(()),
            Self::Goal(step) => step.check(),
            Self::Funnel { steps } if !STEPS.contains(&steps.len()) => {
                let (least, most) = (STEPS.start(), STEPS.end());
                let detail = format!("body.steps: {least} to {most} of them");
                Err(bad_request(detail))
            }
            Self::Funnel { steps } => steps.iter().try_for_each(Step::check),
        }
    }

    /// The kind, and the body as JSON.
    fn stored(&self) -> (&'static str, String) {
        match self {
            Self::Annotation { day } => ("annotation", json!({ "day": day }).to_string()),
            Self::Goal(step) => ("goal", json!(step).to_string()),
            Self::Funnel { steps } => ("funnel", json!({ "steps": steps }).to_string()),
        }
    }
}

impl Step {
    fn check(&self) -> Result<(), Refusal> {
        if self.value.is_empty() || self.value.len() > VALUE_BYTES_MAX {
            let detail =
                format!("value: 1 to {VALUE_BYTES_MAX} bytes of a page's path or an event's name");
            return Err(bad_request(detail));
        }
        Ok(())
    }
}
