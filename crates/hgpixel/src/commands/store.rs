//! Commands on the store: tables, sites, tokens and login links. Each may run beside a serving process.

use std::time::Duration;

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_event::Clock;
use hgpixel_store::{EventStore, Scope};
use prometheus::Registry;

use crate::cli::{self, SiteCommand, TokenCommand};
use crate::{process, say};

pub(crate) async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    process::prepare_data_dir(settings)?;
    EventStore::migrate(&settings.store, &Clock::system())
        .await
        .context("migrate the store")?;
    say::line("the store's tables are up to date")
}

pub(crate) async fn site(settings: &Settings, command: SiteCommand) -> anyhow::Result<()> {
    let store = open(settings).await?;
    match command {
        SiteCommand::Add { key, name } => {
            let name = name.unwrap_or_else(|| key.to_string());
            let site = store.add_site(&key, &name).await.context("add the site")?;
            say::line(format!("{}\t{}\t{}", site.id, site.key, site.name))?;
        }
        SiteCommand::List => {
            for site in store.sites().await.context("list the sites")? {
                say::line(format!("{}\t{}\t{}", site.id, site.key, site.name))?;
            }
        }
    }
    store.close().await;
    Ok(())
}

pub(crate) async fn token(settings: &Settings, command: TokenCommand) -> anyhow::Result<()> {
    let TokenCommand::Create { scope, site } = command;
    let store = open(settings).await?;
    let site = match site {
        None => None,
        Some(key) => {
            let sites = store.sites().await.context("look the site up")?;
            let found = sites.into_iter().find(|site| site.key == key);
            Some(
                found
                    .with_context(|| {
                        format!("there is no site {key}; `hgpixel site add {key}` adds it")
                    })?
                    .id,
            )
        }
    };
    let scope = match scope {
        cli::Scope::Read => Scope::Read,
        cli::Scope::Write => Scope::Write,
        cli::Scope::Admin => Scope::Admin,
    };
    let token = store
        .create_token(scope, site, None)
        .await
        .context("create the token")?;
    store.close().await;
    say::line(token)
}

pub(crate) async fn login_link(settings: &Settings) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let link = process::login_link(settings, &store).await?;
    store.close().await;
    say::line(link)
}

/// The store, its tables brought up to date where that needs no other process' consent: a newcomer's first command may be any.
async fn open(settings: &Settings) -> anyhow::Result<EventStore> {
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
