//! What the page asks: figures in the language of the query API, when each was last seen, and the verdicts in force.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hgpixel_store::{BotSeen, Site, TaughtVerdict};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Agents, View};
use crate::answer::{Refusal, store_failed};
use crate::state::Parts;
use crate::stats::{self, FiguresRow};

/// User agents of the page.
pub(super) const AGENTS_MAX: usize = 100;
/// Names of bots of the page.
const NAMES_MAX: usize = 300;
/// What the query API says of what is not known.
const NOTHING: &str = "(none)";

/// How much there was of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visits: u64,
    pub(super) events: u64,
}

/// Visits of one kind.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// Empty where they are people's.
    pub(super) reason: String,
    /// A bot's name or a user agent; empty where there is none.
    pub(super) text: String,
    pub(super) counts: Counts,
}

/// What was seen in the range, the most frequent first.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) people: Counts,
    pub(super) reasons: Vec<Kind>,
    /// By name.
    pub(super) bots: Vec<Kind>,
    /// People by the name that was restored.
    pub(super) restored: Vec<Kind>,
    /// By user agent, of those that the view is about.
    pub(super) agents: Vec<Kind>,
    pub(super) verdicts: Vec<TaughtVerdict>,
    last: Vec<Last>,
}

/// As it is remembered.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    reason: String,
    name: String,
    user_agent: Option<String>,
    at_ms: i64,
}

impl Seen {
    pub(super) async fn ask(app: &Parts, site: &Site, view: View) -> Result<Self, Refusal> {
        let ask = async |dimensions: &[&str], filters: Value, limit: usize| {
            let question = json!({
                "site_id": site.key.as_str(),
                "metrics": ["visits", "events"],
                "date_range": view.days.as_str(),
                "dimensions": dimensions,
                "filters": filters,
                "order_by": [["visits", "desc"], ["events", "desc"]],
                "pagination": {"limit": limit},
            });
            // Boxed, because five of them lie in one future.
            Box::pin(stats::figures(app, site, &question)).await
        };
        let is_bot = || json!([["is_not", "visit:bot", [NOTHING]]]);
        let is_none = || json!([["is", "visit:bot", [NOTHING]]]);
        let of_agents = async || match view.agents {
            Agents::Bots => ask(&["visit:bot", "visit:user_agent"], is_bot(), AGENTS_MAX).await,
            Agents::People => ask(&["visit:user_agent"], json!([]), AGENTS_MAX).await,
        };
        let (people, reasons, bots, restored, agents) = tokio::try_join!(
            ask(&[], json!([]), 1),
            ask(&["visit:bot"], json!([]), NAMES_MAX),
            ask(&["visit:bot", "visit:bot_name"], is_bot(), NAMES_MAX),
            ask(&["visit:bot_name"], is_none(), NAMES_MAX),
            of_agents(),
        )?;
        let agents_of = match view.agents {
            Agents::Bots => kinds(&agents.rows, Some(0), Some(1)),
            Agents::People => kinds(&agents.rows, None, Some(0)),
        };
        let verdicts = app.store.verdicts(site.id).await;
        Ok(Self {
            people: people.rows.first().map(counts).unwrap_or_default(),
            reasons: kinds(&reasons.rows, Some(0), None),
            bots: kinds(&bots.rows, Some(0), Some(1)),
            restored: kinds(&restored.rows, None, Some(0)),
            last: last(app, site, people.range_ms, &agents_of).await?,
            agents: agents_of,
            verdicts: verdicts.map_err(|error| store_failed(&error))?,
        })
    }

    /// Of all that was taken for bots'. A visit has one reason.
    pub(super) fn bots(&self) -> Counts {
        let sum = |of: fn(&Counts) -> u64| self.reasons.iter().map(|kind| of(&kind.counts)).sum();
        Counts {
            visits: sum(|counts| counts.visits),
            events: sum(|counts| counts.events),
        }
    }

    pub(super) fn last_of_reason(&self, reason: &str) -> Option<i64> {
        self.latest(|last| last.user_agent.is_none() && last.reason == reason)
    }

    pub(super) fn last_of_bot(&self, bot: &Kind) -> Option<i64> {
        self.latest(|last| {
            last.user_agent.is_none() && last.reason == bot.reason && last.name == bot.text
        })
    }

    pub(super) fn last_of_agent(&self, agent: &Kind) -> Option<i64> {
        self.latest(|last| last.is_of(agent))
    }

    /// The name that goes with a user agent.
    pub(super) fn name_of_agent(&self, agent: &Kind) -> &str {
        let last = self.last.iter().find(|last| last.is_of(agent));
        last.map_or("", |last| last.name.as_str())
    }

    fn latest(&self, is_it: impl Fn(&Last) -> bool) -> Option<i64> {
        let found = self.last.iter().filter(|last| is_it(last));
        found.map(|last| last.at_ms).max()
    }
}

impl Last {
    fn is_of(&self, agent: &Kind) -> bool {
        self.user_agent.as_ref() == Some(&agent.text) && self.reason == agent.reason
    }
}

fn counts(row: &FiguresRow) -> Counts {
    Counts {
        visits: row.count(0),
        events: row.count(1),
    }
}

/// The rows, whose dimensions are a reason and a text at these places.
fn kinds(rows: &[FiguresRow], reason: Option<usize>, text: Option<usize>) -> Vec<Kind> {
    let kind = |row: &FiguresRow| {
        let dimension = |place: Option<usize>| {
            let found = place.and_then(|place| row.dimensions.get(place));
            let found = found.filter(|found| *found != NOTHING);
            found.cloned().unwrap_or_default()
        };
        Kind {
            reason: dimension(reason),
            text: dimension(text),
            counts: counts(row),
        }
    };
    rows.iter().map(kind).collect()
}

/// When each was seen last, remembered as figures are.
async fn last(
    app: &Parts,
    site: &Site,
    range_ms: (i64, i64),
    agents: &[Kind],
) -> Result<Vec<Last>, Refusal> {
    let agents: Vec<String> = agents.iter().map(|agent| agent.text.clone()).collect();
    let digest = Sha256::digest(json!([range_ms, agents]).to_string());
    let digest = URL_SAFE_NO_PAD.encode(&digest[..16]);
    let key = format!("bots:{}:{}:{digest}", site.id, site.generation);
    let (store, id) = (app.store.clone(), site.id);
    let compute = || async move {
        let seen = store.bots_last_seen(id, range_ms, &agents).await?;
        let last: Vec<Last> = seen.into_iter().map(Last::from).collect();
        Ok(Bytes::from(json!(last).to_string()))
    };
    let body = stats::remembered(app, &key, app.fresh_open, compute).await?;
    serde_json::from_slice(&body).map_err(|error| {
        tracing::error!(%error, "an answer of our own could not be read");
        Refusal::unavailable("the figures could not be read; try again in a moment")
    })
}

impl From<BotSeen> for Last {
    fn from(seen: BotSeen) -> Self {
        Self {
            reason: seen.reason,
            name: seen.name,
            user_agent: seen.user_agent,
            at_ms: seen.last_ms,
        }
    }
}
