//! Which site an event belongs to.
//!
//! A beacon names it by its key. One without a key belongs to the site that is named after the page's host; else to the only site
//! there is; else, where unknown sites are created, to a new one named after the host, or `default` without a host.

use std::time::Duration;

use hgpixel_config::UnknownSite;
use hgpixel_event::SiteKey;
use hgpixel_store::{EventStore, Site, Snapshot, StoreError};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::answer::Refusal;
use crate::metrics::Metrics;
use crate::snapshot::Current;

/// The key of the site of events that name neither a site nor a page.
const DEFAULT_KEY: &str = "default";

/// Creating a site takes one short transaction; a store that takes longer is in trouble, and so would be whoever waits for it.
const CREATION_MAX: Duration = Duration::from_secs(2);

pub(crate) struct Sites {
    current: Current,
    store: EventStore,
    unknown: UnknownSite,
    /// As many sites as there may be before beacons create no more.
    created_max: u32,
    /// One creation at a time: of a hundred first hits of a new site one asks the store.
    creating: Mutex<()>,
}

impl Sites {
    pub(crate) fn new(
        current: Current,
        store: EventStore,
        unknown: UnknownSite,
        created_max: u32,
    ) -> Self {
        Self {
            current,
            store,
            unknown,
            created_max,
            creating: Mutex::new(()),
        }
    }

    /// The site that is meant, as far as that is known without asking the store.
    pub(crate) fn lookup<'s>(
        &self,
        snapshot: &'s Snapshot,
        key: Option<&SiteKey>,
        host: Option<&str>,
    ) -> Lookup<'s> {
        lookup(snapshot, key, host, self.unknown)
    }

    /// Creates a site, or finds the one that was created in the meantime; gives the store's number.
    pub(crate) async fn create(&self, key: &SiteKey, metrics: &Metrics) -> Result<i64, Refusal> {
        let creation = timeout(CREATION_MAX, self.create_alone(key, metrics)).await;
        creation.unwrap_or_else(|_| {
            tracing::warn!("a new site could not be created in time");
            Err(Refusal::Unavailable)
        })
    }

    async fn create_alone(&self, key: &SiteKey, metrics: &Metrics) -> Result<i64, Refusal> {
        let _alone = self.creating.lock().await;
        let snapshot = self.current.get().ok_or(Refusal::Unavailable)?;
        if let Some(site) = snapshot.sites.get(key) {
            return Ok(site.id);
        }
        // Once there are enough, made-up keys must not reach the store.
        if snapshot.sites.len() >= self.created_max as usize {
            return Err(Refusal::UnknownSite);
        }
        match self.store.create_site_from_hit(key, self.created_max).await {
            Ok(site) => {
                tracing::info!(site = %site.key, "a site was created because a beacon named it");
                metrics.sites_created.inc();
                let id = site.id;
                self.current.add(site);
                Ok(id)
            }
            Err(StoreError::SitesLimit(_)) => Err(Refusal::UnknownSite),
            Err(error) => {
                tracing::warn!(%error, "a new site could not be created");
                Err(Refusal::Unavailable)
            }
        }
    }
}

/// Which site is meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup<'s> {
    Found(&'s Site),
    /// One that is to be created.
    Create(SiteKey),
    Unknown,
}

fn lookup<'s>(
    snapshot: &'s Snapshot,
    key: Option<&SiteKey>,
    host: Option<&str>,
    unknown: UnknownSite,
) -> Lookup<'s> {
    let known = match key {
        Some(key) => snapshot.sites.get(key),
        None => host_site(snapshot, host).or_else(|| only_site(snapshot, host, unknown)),
    };
    if let Some(site) = known {
        return Lookup::Found(site);
    }
    let named = key.cloned().or_else(|| host.and_then(host_key));
    match (unknown, named) {
        (UnknownSite::Reject, Some(_)) => Lookup::Unknown,
        (UnknownSite::Create, Some(key)) => Lookup::Create(key),
        (_, None) => default_site(snapshot, unknown),
    }
}

/// The site that is named after the host, with or without `www.`.
fn host_site<'s>(snapshot: &'s Snapshot, host: Option<&str>) -> Option<&'s Site> {
    let host = host?;
    let bare = host.strip_prefix("www.").unwrap_or(host);
    snapshot
        .sites
        .get(host)
        .or_else(|| snapshot.sites.get(bare))
}

/// The only site there is. Where sites are created, one that is named after another host does not take this host's events.
fn only_site<'s>(
    snapshot: &'s Snapshot,
    host: Option<&str>,
    unknown: UnknownSite,
) -> Option<&'s Site> {
    let mut sites = snapshot.sites.values();
    let (Some(only), None) = (sites.next(), sites.next()) else {
        return None;
    };
    let is_another_host = only.key.as_str().contains('.') && host.and_then(host_key).is_some();
    let may_take = unknown == UnknownSite::Reject || !is_another_host;
    may_take.then_some(only)
}

/// A host as a key: without `www.`. Addresses of IPv6 and hosts of more than 64 bytes have none.
fn host_key(host: &str) -> Option<SiteKey> {
    host.strip_prefix("www.").unwrap_or(host).parse().ok()
}

fn default_site(snapshot: &Snapshot, unknown: UnknownSite) -> Lookup<'_> {
    if let Some(site) = snapshot.sites.get(DEFAULT_KEY) {
        return Lookup::Found(site);
    }
    match unknown {
        UnknownSite::Reject => Lookup::Unknown,
        UnknownSite::Create => {
            Lookup::Create(DEFAULT_KEY.parse().expect("seven letters are a site key"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(keys: &[&str]) -> Snapshot {
        let sites = keys.iter().zip(1..).map(|(key, id)| {
            let key: SiteKey = key.parse().unwrap();
            (key.clone(), Site::new(id, key))
        });
        Snapshot {
            sites: sites.collect(),
            salts: Vec::new(),
            secret: [0; 32],
        }
    }

    #[derive(Debug, PartialEq)]
    enum Which {
        Found(i64),
        Create(String),
        Unknown,
    }

    fn find(sites: &[&str], key: Option<&str>, host: Option<&str>, unknown: UnknownSite) -> Which {
        let key = key.map(|key| key.parse().unwrap());
        match lookup(&snapshot(sites), key.as_ref(), host, unknown) {
            Lookup::Found(site) => Found(site.id),
            Lookup::Create(key) => Which::Create(key.to_string()),
            Lookup::Unknown => Unknown,
        }
    }

    fn creates(key: &str) -> Which {
        Which::Create(key.to_owned())
    }

    use UnknownSite::{Create, Reject};
    use Which::{Found, Unknown};

    #[test]
    fn a_key_names_its_site_whatever_the_page() {
        let sites = ["a.example", "shop"];
        assert_eq!(
            find(&sites, Some("shop"), Some("a.example"), Reject),
            Found(2)
        );
        assert_eq!(find(&sites, Some("shop"), None, Create), Found(2));
    }

    #[test]
    fn an_unknown_key_creates_its_site_or_is_rejected() {
        assert_eq!(
            find(&["shop"], Some("new"), Some("a.example"), Create),
            creates("new")
        );
        assert_eq!(
            find(&["shop"], Some("new"), Some("a.example"), Reject),
            Unknown
        );
        assert_eq!(find(&["shop"], Some("SHOP"), None, Reject), Unknown);
    }

    #[test]
    fn without_a_key_the_host_names_the_site() {
        let sites = ["a.example", "b.example"];
        assert_eq!(find(&sites, None, Some("b.example"), Reject), Found(2));
        assert_eq!(find(&sites, None, Some("www.b.example"), Reject), Found(2));
        assert_eq!(
            find(&["x", "www.b.example"], None, Some("www.b.example"), Reject),
            Found(2)
        );
        assert_eq!(find(&sites, None, Some("c.example"), Reject), Unknown);
        assert_eq!(
            find(&sites, None, Some("www.c.example"), Create),
            creates("c.example")
        );
    }

    #[test]
    fn without_a_key_the_only_site_is_meant() {
        assert_eq!(find(&["shop"], None, Some("a.example"), Reject), Found(1));
        assert_eq!(find(&["shop"], None, Some("a.example"), Create), Found(1));
        assert_eq!(find(&["a.example"], None, None, Create), Found(1));
        assert_eq!(
            find(&["a.example"], None, Some("b.example"), Reject),
            Found(1)
        );
        // Otherwise whichever site sends first would collect every other one's events.
        assert_eq!(
            find(&["a.example"], None, Some("b.example"), Create),
            creates("b.example")
        );
    }

    #[test]
    fn without_a_key_and_a_host_there_is_the_default() {
        assert_eq!(find(&[], None, None, Create), creates("default"));
        assert_eq!(find(&[], None, Some("[::1]"), Create), creates("default"));
        let long = format!("{}.example", "a".repeat(60));
        assert_eq!(find(&[], None, Some(&long), Create), creates("default"));
        assert_eq!(find(&["a", "default"], None, None, Reject), Found(2));
        assert_eq!(find(&["a", "b"], None, None, Reject), Unknown);
        assert_eq!(find(&[], None, None, Reject), Unknown);
    }
}
