//! Tokens: create, list, revoke.

use std::time::Duration;

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_store::{Actor, EventStore, NewToken, Scope};

use super::store::{find_site, open};
use crate::cli::{self, TokenCommand};
use crate::say;

pub(crate) async fn run(settings: &Settings, command: TokenCommand) -> anyhow::Result<()> {
    let store = open(settings).await?;
    match command {
        TokenCommand::Create {
            scope,
            site,
            name,
            days,
        } => {
            let site = match site {
                None => None,
                Some(key) => Some(find_site(&store, &key).await?.id),
            };
            let new = NewToken {
                name,
                scope: Scope::from(scope),
                site,
                expires_in: days.map(|days| Duration::from_hours(24 * u64::from(days))),
            };
            let token = store.create_token(&Actor::command_line(), &new).await?;
            say::line(token)?;
        }
        TokenCommand::List => list(&store).await?,
        TokenCommand::Revoke { id } => {
            let revoked = store.revoke_token(&Actor::command_line(), id).await;
            anyhow::ensure!(
                revoked.context("revoke the token")?,
                "there is no token {id}; `hgpixel token list` shows them"
            );
        }
    }
    store.close().await;
    Ok(())
}

async fn list(store: &EventStore) -> anyhow::Result<()> {
    let sites = store.sites().await.context("list the sites")?;
    for token in store.tokens().await.context("list the tokens")? {
        let site = sites.iter().find(|site| Some(site.id) == token.site);
        let at = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
        say::line(format!(
            "{}\t{}\t{}\tcreated_ms={}\tused_ms={}\texpires_ms={}\t{}",
            token.id,
            token.scope,
            site.map_or("-", |site| site.key.as_str()),
            token.created_ms,
            at(token.last_used_ms),
            at(token.expires_ms),
            token.name
        ))?;
    }
    Ok(())
}

impl From<cli::Scope> for Scope {
    fn from(scope: cli::Scope) -> Self {
        match scope {
            cli::Scope::Read => Self::Read,
            cli::Scope::Write => Self::Write,
            cli::Scope::Admin => Self::Admin,
        }
    }
}
