//! Bots: who was taken for one, and what people say against it.

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_event::{Clock, SiteKey};
use hgpixel_store::{
    Actor, Applied, Dimension, Direction, EventStore, Filter, Matching, Metric, OrderBy, Site,
    StatsQuery, StatsValue, Suspect, Test, Verdict,
};

use super::store::{find_site, open};
use crate::cli::{BotsCommand, SuspectArgs};
use crate::say;

/// Lines of the list, at most.
const LINES_MAX: u32 = 1_000;
const DAY_MS: i64 = 24 * 3_600_000;

pub(crate) async fn run(settings: &Settings, command: BotsCommand) -> anyhow::Result<()> {
    let store = open(settings).await?;
    match command {
        BotsCommand::List { site, days } => {
            let site = find_site(&store, &site).await?;
            seen(&store, &site, i64::from(days)).await?;
            said(&store, &site).await?;
        }
        BotsCommand::Restore { site, suspect } => {
            teach(&store, &site, &suspect.read()?, Verdict::People).await?;
        }
        BotsCommand::Teach { site, user_agent } => {
            let suspect = Suspect::parse("user_agent", &user_agent)?;
            teach(&store, &site, &suspect, Verdict::Bot).await?;
        }
        BotsCommand::Forget { site, suspect } => {
            let (site, suspect) = (find_site(&store, &site).await?, suspect.read()?);
            let me = Actor::command_line();
            let forgotten = store.forget_verdict(&me, site.id, &suspect).await?;
            let applied = forgotten.with_context(|| {
                format!(
                    "nothing was said about that; `hgpixel bots list --site {}` shows what was",
                    site.key
                )
            })?;
            finish(&store, applied).await?;
        }
    }
    store.close().await;
    Ok(())
}

impl SuspectArgs {
    fn read(self) -> anyhow::Result<Suspect> {
        Ok(match (self.name, self.user_agent) {
            (Some(name), _) => Suspect::parse("name", &name)?,
            (None, Some(agent)) => Suspect::parse("user_agent", &agent)?,
            (None, None) => anyhow::bail!("give a --name or a --user-agent"),
        })
    }
}

async fn teach(
    store: &EventStore,
    site: &SiteKey,
    suspect: &Suspect,
    verdict: Verdict,
) -> anyhow::Result<()> {
    let site = find_site(store, site).await?;
    let me = Actor::command_line();
    let applied = store.teach(&me, site.id, suspect, verdict).await?;
    finish(store, applied).await
}

/// Nobody waits for a page here: all of the past follows now.
async fn finish(store: &EventStore, applied: Applied) -> anyhow::Result<()> {
    if applied == Applied::Partly {
        let swept = store.apply_verdicts().await;
        swept.context("apply it to what is stored")?;
    }
    Ok(())
}

async fn seen(store: &EventStore, site: &Site, days: i64) -> anyhow::Result<()> {
    let until_ms = Clock::system().now_ms();
    let range_ms = (until_ms - days * DAY_MS, until_ms);
    let nothing = Filter::Test(Test {
        dimension: Dimension::BotReason,
        matching: Matching::Is(vec![Dimension::BotReason.nothing().to_owned()]),
    });
    // Named in a filter, so that those without a name are there too.
    let any_name = Filter::Test(Test {
        dimension: Dimension::BotName,
        matching: Matching::Contains(vec![String::new()]),
    });
    let query = StatsQuery {
        site: site.id,
        from_ms: range_ms.0,
        until_ms: range_ms.1,
        metrics: vec![Metric::Visits, Metric::Events],
        dimensions: vec![Dimension::BotReason, Dimension::BotName],
        edges_ms: Vec::new(),
        filters: vec![Filter::Not(Box::new(nothing)), any_name],
        order: vec![(OrderBy::Metric(Metric::Visits), Direction::Descending)],
        limit: LINES_MAX,
        offset: 0,
        only: None,
    };
    let counted = store.stats(&query).await.context("count the bots")?;
    let last = store.bots_last_seen(site.id, range_ms, &[]).await;
    let last = last.context("look when they came")?;
    for row in counted.rows {
        let [StatsValue::Text(reason), StatsValue::Text(name)] = row.dimensions.as_slice() else {
            continue;
        };
        let name = Some(name.as_str()).filter(|name| *name != Dimension::BotName.nothing());
        let name = name.unwrap_or_default();
        let last = last
            .iter()
            .find(|seen| seen.reason == *reason && seen.name == name);
        say::line(format!(
            "seen\t{reason}\t{name}\tvisits={}\tevents={}\tlast_ms={}",
            row.counts.visits,
            row.counts.events,
            last.map_or_else(|| "-".to_owned(), |seen| seen.last_ms.to_string()),
        ))?;
    }
    Ok(())
}

async fn said(store: &EventStore, site: &Site) -> anyhow::Result<()> {
    let verdicts = store.verdicts(site.id).await;
    for said in verdicts.context("list the verdicts")? {
        say::line(format!(
            "said\t{}\t{}\t{}\tat_ms={}\t{}",
            said.verdict.as_str(),
            said.suspect.kind(),
            said.suspect.text(),
            said.at_ms,
            said.actor
        ))?;
    }
    Ok(())
}
