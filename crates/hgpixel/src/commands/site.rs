//! Sites: add, list, and what is set of them.

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_store::{Actor, EventStore, Site, SiteSetting, StoreError};

use super::store::{find_site, open};
use crate::cli::{SiteCommand, SiteSetArgs};
use crate::say;

pub(crate) async fn run(settings: &Settings, command: SiteCommand) -> anyhow::Result<()> {
    let store = open(settings).await?;
    match command {
        SiteCommand::Add { key, name } => {
            let name = name.unwrap_or_else(|| key.to_string());
            let site = store.add_site(&key, &name).await.context("add the site")?;
            list(&site)?;
        }
        SiteCommand::List => {
            for site in store.sites().await.context("list the sites")? {
                list(&site)?;
            }
        }
        SiteCommand::Show { key } => show(&find_site(&store, &key).await?)?,
        SiteCommand::Set(args) => show(&set(&store, args).await?)?,
    }
    store.close().await;
    Ok(())
}

fn list(site: &Site) -> anyhow::Result<()> {
    say::line(format!("{}\t{}\t{}", site.id, site.key, site.name))
}

/// Lists in one line, with commas between.
fn show(site: &Site) -> anyhow::Result<()> {
    for setting in SiteSetting::ALL {
        let text = setting.text(site).replace('\n', ", ");
        say::line(format!("{}\t{text}", setting.as_str()))?;
    }
    Ok(())
}

async fn set(store: &EventStore, args: SiteSetArgs) -> anyhow::Result<Site> {
    let mut site = find_site(store, &args.key).await?;
    let drop_rules = args.drop_rules.map(|rules| rules.join("\n"));
    for (setting, text) in [
        (SiteSetting::Name, args.name),
        (SiteSetting::Domain, args.domain),
        (SiteSetting::TimeZone, args.time_zone),
        (SiteSetting::AllowedOrigins, args.allowed_origins),
        (SiteSetting::RetentionDays, args.retention_days),
        (SiteSetting::OptOut, args.opt_out),
        (SiteSetting::DropRules, drop_rules),
    ] {
        if let Some(text) = text {
            setting.set(&mut site, &text)?;
        }
    }
    let changed = store.change_site(&Actor::command_line(), &site).await;
    match changed {
        Err(error @ StoreError::Conflict) => Err(error).context("try again"),
        changed => changed.context("change the site"),
    }
}
