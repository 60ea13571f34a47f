//! `/sites/{key}/bots`: what was taken for bots in the last days and why, and what people say against it.
//!
//! The page is a table of the figures that `visit:bot`, `visit:bot_name` and `visit:user_agent` have in the query API, with words about
//! each. Viewers look; editors say that a bot's name or a user agent is people (**restore**) or a bot (**teach**), and take that back. A
//! form comes back to the same view of the page, which then says how it went.

mod figures;
mod known;
mod lines;

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{Applied, Role, Suspect, Verdict};
use http::StatusCode;
use serde::Deserialize;

use crate::access::{SiteAccess, Viewer};
use crate::answer::Refusal;
use crate::forms::{Done, Posted, wrong};
use crate::html::page;
use crate::state::{App, Parts};
use figures::Seen;
use lines::{AgentLine, BotLine, ReasonLine, VerdictLine};

/// Which days, and whose user agents; what the address does not say, or says wrongly, is what most want to see.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct View {
    #[serde(deserialize_with = "days")]
    days: Days,
    #[serde(deserialize_with = "agents")]
    agents: Agents,
}

/// As the query API names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Days {
    Week,
    #[default]
    Month,
    Quarter,
    Year,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Agents {
    #[default]
    Bots,
    People,
}

impl Days {
    const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "91d",
            Self::Year => "12mo",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "91 days",
            Self::Year => "12 months",
        }
    }
}

impl Agents {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Bots => "bots",
            Self::People => "people",
        }
    }
}

fn days<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Days, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = Days::ALL.into_iter().find(|days| days.as_str() == text);
    Ok(found.unwrap_or_default())
}

fn agents<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Agents, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(if text == Agents::People.as_str() {
        Agents::People
    } else {
        Agents::Bots
    })
}

/// What its forms lead back with.
const DONE: [(&str, &str); 3] = [
    ("wholly", "Done. The figures follow, those of the past too."),
    (
        "partly",
        "Done. The figures follow, those of the past within a few minutes.",
    ),
    ("gone", "There was no such verdict any more."),
];

#[derive(Template)]
#[template(path = "bots.html")]
struct BotsPage<'a> {
    key: &'a str,
    name: &'a str,
    may_edit: bool,
    done: &'a str,
    problem: &'a str,
    view: View,
    all_days: [Days; 4],
    /// Visits and events.
    people: (String, String),
    bots: (String, String),
    reasons: Vec<ReasonLine>,
    /// By name: an id and a heading for each list.
    lists: [(&'static str, &'static str, Vec<BotLine>); 2],
    agents: Vec<AgentLine>,
    more_agents: bool,
    verdicts: Vec<VerdictLine>,
}

pub(crate) async fn show(
    State(app): State<App>,
    Extension(access): Extension<SiteAccess>,
    Query(view): Query<View>,
    Query(done): Query<Done>,
) -> Result<Response, Refusal> {
    answer(&app, &access, view, done.text(&DONE), "").await
}

/// A verdict, and the view to come back to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeachForm {
    about: String,
    subject: String,
    verdict: String,
    #[serde(default, deserialize_with = "days")]
    days: Days,
    #[serde(default, deserialize_with = "agents")]
    agents: Agents,
}

pub(crate) async fn teach(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    Posted(form): Posted<TeachForm>,
) -> Result<Response, Refusal> {
    let view = View {
        days: form.days,
        agents: form.agents,
    };
    let taught = async {
        let suspect = Suspect::parse(&form.about, &form.subject)?;
        let verdict = Verdict::parse(&form.verdict)?;
        let (actor, site) = (viewer.actor(), access.site.id);
        app.store.teach(&actor, site, &suspect, verdict).await
    };
    match taught.await {
        Ok(applied) => Ok(back(&access, view, word(applied))),
        Err(error) => answer(&app, &access, view, "", &wrong(error)?).await,
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgetForm {
    about: String,
    subject: String,
    #[serde(default, deserialize_with = "days")]
    days: Days,
    #[serde(default, deserialize_with = "agents")]
    agents: Agents,
}

pub(crate) async fn forget(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Extension(access): Extension<SiteAccess>,
    Posted(form): Posted<ForgetForm>,
) -> Result<Response, Refusal> {
    let view = View {
        days: form.days,
        agents: form.agents,
    };
    let forgotten = async {
        let suspect = Suspect::parse(&form.about, &form.subject)?;
        let (actor, site) = (viewer.actor(), access.site.id);
        app.store.forget_verdict(&actor, site, &suspect).await
    };
    match forgotten.await {
        Ok(applied) => Ok(back(&access, view, applied.map_or("gone", word))),
        Err(error) => answer(&app, &access, view, "", &wrong(error)?).await,
    }
}

const fn word(applied: Applied) -> &'static str {
    match applied {
        Applied::Wholly => "wholly",
        Applied::Partly => "partly",
    }
}

fn back(access: &SiteAccess, view: View, done: &str) -> Response {
    let (key, days, agents) = (&access.site.key, view.days.as_str(), view.agents.as_str());
    Redirect::to(&format!(
        "/sites/{key}/bots?days={days}&agents={agents}&done={done}"
    ))
    .into_response()
}

async fn answer(
    app: &Parts,
    access: &SiteAccess,
    view: View,
    done: &str,
    problem: &str,
) -> Result<Response, Refusal> {
    let seen = Seen::ask(app, &access.site, view).await?;
    let now_ms = app.clock.now_ms();
    let (ai, others) = lines::bots(&seen, now_ms);
    let body = BotsPage {
        key: access.site.key.as_str(),
        name: &access.site.name,
        may_edit: access.role >= Role::Editor,
        done,
        problem,
        view,
        all_days: Days::ALL,
        people: seen.people.in_words(),
        bots: seen.bots().in_words(),
        reasons: lines::reasons(&seen, now_ms),
        lists: [
            ("ai", "AI crawlers", ai),
            ("others", "Others by name", others),
        ],
        agents: lines::agents(&seen, now_ms),
        more_agents: seen.agents.len() >= figures::AGENTS_MAX,
        verdicts: lines::verdicts(&seen, now_ms),
    };
    let status = if problem.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(page(status, &body))
}
