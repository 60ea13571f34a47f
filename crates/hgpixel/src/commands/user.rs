//! People: invite, list, and what they may do.

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_store::{Actor, Authority, Email, EventStore, Grant, Role, User};

use super::store::{find_site, open};
use crate::cli::{self, RoleOrNone, UserCommand};
use crate::{process, say};

pub(crate) async fn run(settings: &Settings, command: UserCommand) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let actor = Actor::command_line();
    match command {
        UserCommand::Add { email, site, role } => {
            let grant = match (site, role) {
                (Some(key), Some(role)) => {
                    Grant::Site(find_site(&store, &key).await?.id, Role::from(role))
                }
                _ => Grant::Server,
            };
            give(settings, &store, &email, grant).await?;
        }
        UserCommand::List => list(&store).await?,
        UserCommand::Role {
            email,
            site: None,
            role,
        } => {
            let user = find(&store, &email).await?;
            let is_owner = match role {
                RoleOrNone::Owner => true,
                RoleOrNone::None => false,
                RoleOrNone::Viewer | RoleOrNone::Editor => {
                    anyhow::bail!("on the whole server there are owner and none; name a --site")
                }
            };
            store.set_server_owner(&actor, user.id, is_owner).await?;
        }
        UserCommand::Role {
            email,
            site: Some(key),
            role,
        } => {
            let site = find_site(&store, &key).await?.id;
            match Option::<Role>::from(role) {
                Some(role) => {
                    find(&store, &email).await?;
                    give(settings, &store, &email, Grant::Site(site, role)).await?;
                }
                None => {
                    let user = find(&store, &email).await?;
                    store.set_role(&actor, user.id, site, None).await?;
                }
            }
        }
        UserCommand::Remove { email } => {
            let user = find(&store, &email).await?;
            store.remove_user(&actor, user.id).await?;
        }
        UserCommand::ResetLink { email } => {
            let user = find(&store, &email).await?;
            let link = store.reset_link(&actor, user.id).await?;
            say::line(process::invitation(settings, &link))?;
        }
    }
    store.close().await;
    Ok(())
}

/// Gives a role, and prints the link that a person without a password needs.
async fn give(
    settings: &Settings,
    store: &EventStore,
    email: &Email,
    grant: Grant,
) -> anyhow::Result<()> {
    let invited = store
        .invite(&Actor::command_line(), &Authority::Server, email, grant)
        .await?;
    match invited.link {
        Some(link) => say::line(process::invitation(settings, &link)),
        None => Ok(()),
    }
}

async fn find(store: &EventStore, email: &Email) -> anyhow::Result<User> {
    let user = store.user_by_email(email).await.context("look them up")?;
    user.with_context(|| format!("there is no {email}; `hgpixel user add` invites them"))
}

async fn list(store: &EventStore) -> anyhow::Result<()> {
    let sites = store.sites().await.context("list the sites")?;
    for user in store.users().await.context("list the people")? {
        let mut powers: Vec<String> = Vec::new();
        if user.is_owner {
            powers.push("server=owner".to_owned());
        }
        for (of, role) in &user.roles {
            if let Some(site) = sites.iter().find(|site| site.id == *of) {
                powers.push(format!("{}={role}", site.key));
            }
        }
        say::line(format!(
            "{}\t{}\t{}\t{}\t{}",
            user.id,
            user.email,
            user.name,
            if user.is_active { "active" } else { "invited" },
            powers.join(",")
        ))?;
    }
    Ok(())
}

impl From<cli::Role> for Role {
    fn from(role: cli::Role) -> Self {
        match role {
            cli::Role::Viewer => Self::Viewer,
            cli::Role::Editor => Self::Editor,
            cli::Role::Owner => Self::Owner,
        }
    }
}

impl From<RoleOrNone> for Option<Role> {
    fn from(role: RoleOrNone) -> Self {
        match role {
            RoleOrNone::None => None,
            RoleOrNone::Viewer => Some(Role::Viewer),
            RoleOrNone::Editor => Some(Role::Editor),
            RoleOrNone::Owner => Some(Role::Owner),
        }
    }
}
