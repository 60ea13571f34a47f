//! Erase what is stored of a person.

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_store::{Actor, Whom};

use super::store::{find_site, open};
use crate::cli::EraseArgs;
use crate::say;

pub(crate) async fn run(settings: &Settings, args: EraseArgs) -> anyhow::Result<()> {
    let whom = match (args.user_id, args.visitor) {
        (Some(user_id), _) => Whom::User(user_id),
        (None, Some(hex)) => Whom::Visitor(visitor(&hex)?),
        (None, None) => anyhow::bail!("name a --user-id or a --visitor"),
    };
    let store = open(settings).await?;
    let site = find_site(&store, &args.site).await?;
    let erased = store.erase(&Actor::command_line(), site.id, &whom).await;
    let erased = erased.context("erase")?;
    store.close().await;
    say::line(format!(
        "erased {} events in {} sessions",
        erased.events, erased.sessions
    ))
}

fn visitor(hex: &str) -> anyhow::Result<i64> {
    let bits = u64::from_str_radix(hex, 16)
        .ok()
        .filter(|_| hex.len() == 16);
    let bits = bits.context("a visitor is 16 hexadecimal digits")?;
    Ok(bits.cast_signed())
}
