//! Figures of days that are over: count them anew, or check them. Either may run beside serving processes.

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_event::SiteKey;
use hgpixel_store::{EventStore, RollupDay, Site};

use super::store::{find_site, open};
use crate::cli::RollupCommand;
use crate::say;

pub(crate) async fn run(settings: &Settings, command: RollupCommand) -> anyhow::Result<()> {
    match command {
        RollupCommand::Verify { site } => verify(settings, site).await,
        RollupCommand::Rebuild { site } => rebuild(settings, site).await,
    }
}

/// Counts every day once more and compares. Each day that differs is a line.
///
/// # Errors
/// When a day differs.
async fn verify(settings: &Settings, site: Option<SiteKey>) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let days = days(&store, site).await?;
    let bar = say::progress("counting", days.len() as u64, "days");
    let (mut same, mut differ, mut waiting) = (0, 0, 0);
    for (site, day) in &days {
        let checked = store.check_rollup(site, *day).await;
        match checked.with_context(|| format!("count {day} of {}", site.key))? {
            Some(true) => same += 1,
            None => waiting += 1,
            Some(false) => {
                differ += 1;
                bar.suspend(|| say::line(format!("{}: {day} differs from its events", site.key)))?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    store.close().await;
    say::line(format!(
        "{same} days are as their events say, {waiting} are waiting to be counted"
    ))?;
    anyhow::ensure!(
        differ == 0,
        "{differ} days differ; `hgpixel rollup rebuild` counts them anew"
    );
    Ok(())
}

/// Counts every day anew.
async fn rebuild(settings: &Settings, site: Option<SiteKey>) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let days = days(&store, site).await?;
    let bar = say::progress("counting", days.len() as u64, "days");
    let mut events = 0;
    for (site, day) in &days {
        let counted = store.roll_up(site, *day).await;
        events += counted.with_context(|| format!("count {day} of {}", site.key))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    store.close().await;
    say::line(format!("counted {} days with {events} events", days.len()))
}

/// Every day that is over, of one site or of all.
async fn days(store: &EventStore, site: Option<SiteKey>) -> anyhow::Result<Vec<(Site, RollupDay)>> {
    let sites = match site {
        Some(key) => vec![find_site(store, &key).await?],
        None => store.sites().await.context("look up the sites")?,
    };
    let mut all = Vec::new();
    for site in sites {
        let days = store.rollups_waiting(&site, true).await;
        let days = days.with_context(|| format!("look up the days of {}", site.key))?;
        all.extend(days.into_iter().map(|day| (site.clone(), day)));
    }
    Ok(all)
}
