//! Whoever got in.

use hgpixel_store::{AccessToken, Actor, Authority, Role, Scope, Site, User};

/// Who may see what; an extension of every request that gets past [`require`](super::require).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) sites: VisibleSites,
    pub(crate) who: Who,
}

/// As whom one came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    User(User),
    /// By a link that the command line of the server printed: whoever has that may do everything.
    Link,
    Token(AccessToken),
    /// By a shared link to the dashboard of this site.
    SharedLink(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VisibleSites {
    All,
    /// Those that a token or a user's roles name, in ascending order; maybe none.
    Only(Vec<i64>),
}

/// The site that the path names and what the viewer is there; an extension of requests whose route needs a role.
#[derive(Clone, Debug)]
pub(crate) struct SiteAccess {
    pub(crate) site: Site,
    pub(crate) role: Role,
}

impl Viewer {
    pub(super) fn new(who: Who) -> Self {
        let sites = match &who {
            Who::Link => VisibleSites::All,
            Who::User(user) if user.is_owner => VisibleSites::All,
            Who::User(user) => {
                VisibleSites::Only(user.roles.iter().map(|(site, _)| *site).collect())
            }
            Who::Token(token) => match token.site {
                None => VisibleSites::All,
                Some(site) => VisibleSites::Only(vec![site]),
            },
            Who::SharedLink(site) => VisibleSites::Only(vec![*site]),
        };
        Self { sites, who }
    }

    pub(crate) fn user(&self) -> Option<&User> {
        match &self.who {
            Who::User(user) => Some(user),
            Who::Link | Who::Token(_) | Who::SharedLink(_) => None,
        }
    }

    /// What the viewer is on a site; `None` where they may not see it.
    pub(crate) fn role(&self, site: i64) -> Option<Role> {
        if !self.sites.includes(site) {
            return None;
        }
        match &self.who {
            Who::Link => Some(Role::Owner),
            Who::User(user) => user.role(site),
            Who::Token(token) => Some(match token.scope {
                Scope::Admin => Role::Owner,
                Scope::Read | Scope::Write => Role::Viewer,
            }),
            Who::SharedLink(_) => Some(Role::Viewer),
        }
    }

    pub(crate) fn is_server_owner(&self) -> bool {
        match &self.who {
            Who::Link => true,
            Who::User(user) => user.is_owner,
            Who::Token(token) => token.scope == Scope::Admin && token.site.is_none(),
            Who::SharedLink(_) => false,
        }
    }

    /// The name under which the audit log keeps what they do.
    pub(crate) fn actor(&self) -> Actor {
        match &self.who {
            Who::Link => Actor::login_link(),
            Who::User(user) => Actor::user(user),
            Who::Token(token) => Actor::token(token),
            Who::SharedLink(_) => Actor::shared_link(),
        }
    }

    /// About whose powers they may decide.
    pub(crate) fn authority(&self) -> Authority {
        if self.is_server_owner() {
            return Authority::Server;
        }
        let owns = |site: &i64| self.role(*site) == Some(Role::Owner);
        match &self.sites {
            // A token that reads everything owns nothing.
            VisibleSites::All => Authority::Sites(Vec::new()),
            VisibleSites::Only(sites) => {
                Authority::Sites(sites.iter().copied().filter(owns).collect())
            }
        }
    }
}

impl VisibleSites {
    /// As the store's filters take it.
    pub(crate) fn as_filter(&self) -> Option<Vec<i64>> {
        match self {
            Self::All => None,
            Self::Only(sites) => Some(sites.clone()),
        }
    }

    pub(crate) fn includes(&self, site: i64) -> bool {
        match self {
            Self::All => true,
            Self::Only(sites) => sites.contains(&site),
        }
    }

    /// For the keys of cached answers: the same for those who see the same, and for nobody else.
    pub(crate) fn cache_key(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Only(sites) => {
                let numbers: Vec<String> = sites.iter().map(i64::to_string).collect();
                numbers.join(",")
            }
        }
    }
}
