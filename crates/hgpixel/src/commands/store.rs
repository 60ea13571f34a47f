//! Commands on the store: tables, login links and the audit log. Each may run beside a serving process.

use std::time::Duration;

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_event::{Clock, SiteKey};
use hgpixel_store::{EventStore, Site};
use prometheus::Registry;

use crate::{process, say};

pub(crate) async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    process::prepare_data_dir(settings)?;
    EventStore::migrate(&settings.store, &Clock::system())
        .await
        .context("migrate the store")?;
    say::line("the store's tables are up to date")
}

/// The log, newest first.
pub(crate) async fn audit(
    settings: &Settings,
    site: Option<SiteKey>,
    limit: usize,
) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let site = match site {
        None => None,
        Some(key) => Some(find_site(&store, &key).await?.id),
    };
    let (mut left, mut before) = (limit, None);
    while left > 0 {
        let page = store.audit(site, before).await.context("read the log")?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for entry in page.iter().take(left) {
            say::line(serde_json::json!({
                "id": entry.id,
                "at_ms": entry.at_ms,
                "site": entry.site,
                "user": entry.user,
                "actor": entry.actor,
                "action": entry.action.as_str(),
                "subject": entry.subject,
                "old": entry.old,
                "new": entry.new,
            }))?;
        }
        left = left.saturating_sub(page.len());
    }
    store.close().await;
    Ok(())
}

/// The site with this key.
pub(crate) async fn find_site(store: &EventStore, key: &SiteKey) -> anyhow::Result<Site> {
    let sites = store.sites().await.context("look the site up")?;
    let found = sites.into_iter().find(|site| site.key == *key);
    found.with_context(|| format!("there is no site {key}; `hgpixel site add {key}` adds it"))
}

pub(crate) async fn login_link(settings: &Settings) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let link = process::login_link(settings, &store).await?;
    store.close().await;
    say::line(link)
}

/// The store, its tables brought up to date where that needs no other process' consent: a newcomer's first command may be any.
pub(crate) async fn open(settings: &Settings) -> anyhow::Result<EventStore> {
    process::prepare_data_dir(settings)?;
    let clock = Clock::system();
    EventStore::migrate(&settings.store, &clock)
        .await
        .context("prepare the store")?;
    EventStore::open(&settings.store, clock, &Registry::new())
        .await
        .context("open the store")
}

/// How long a login link may be used.
pub(crate) const LOGIN_LINK_TTL: Duration = Duration::from_hours(1);
