//! The handle.

use std::time::Duration;

use futures_util::Stream;
use hgpixel_event::{Clock, SiteKey};
use prometheus::Registry;

use crate::access::{AccessToken, LoginSession, Scope};
use crate::error::StoreError;
use crate::leader::Leadership;
use crate::site::Site;
use crate::snapshot::Snapshot;
use crate::view::{ViewFilter, ViewOrder, ViewPage, ViewQuery, ViewRow};
use crate::writer::Writer;

/// The store. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct EventStore {}

/// How much a site has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteCounts {
    /// The site.
    pub site: Site,
    /// Its events of the last 24 hours.
    pub events_day: u64,
    /// When its latest event happened, in milliseconds since 1970 UTC.
    pub last_event_ms: Option<i64>,
}

impl EventStore {
    /// Creates the tables, or brings them to this program's version. Several processes may do so at once: one does it, the others wait.
    pub async fn migrate(
        settings: &hgpixel_config::Store,
        clock: &Clock,
    ) -> Result<(), StoreError> {
        let _ = (settings, clock);
        todo!()
    }

    /// Connects to a store whose tables are of this program's version ([`EventStore::migrate`] sees to that), within the acquire timeout.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached now, [`StoreError::Schema`] when it must be migrated first.
    pub async fn open(
        settings: &hgpixel_config::Store,
        clock: Clock,
        registry: &Registry,
    ) -> Result<Self, StoreError> {
        let _ = (settings, clock, registry);
        todo!()
    }

    /// Closes all connections after their current statements.
    pub async fn close(&self) {
        todo!()
    }

    /// Whether the database answers, within the acquire timeout; sets `hgpixel_store_up`. For readiness, called every second or so.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Sites and secrets, for ingest. Makes today's salt if no leader did.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        todo!()
    }

    /// Every site, by key.
    pub async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        todo!()
    }

    /// Adds a site; one with that key already stays as it is and is returned.
    pub async fn add_site(&self, key: &SiteKey, name: &str) -> Result<Site, StoreError> {
        let _ = (key, name);
        todo!()
    }

    /// Adds a site because a hit named it, while there are fewer than `sites_max`.
    ///
    /// # Errors
    /// [`StoreError::SitesLimit`] beyond that.
    pub async fn create_site_from_hit(
        &self,
        key: &SiteKey,
        sites_max: u32,
    ) -> Result<Site, StoreError> {
        let _ = (key, sites_max);
        todo!()
    }

    /// A writer whose events are counted in the books of `instance`.
    pub async fn writer(&self, instance: &str) -> Result<Writer, StoreError> {
        let _ = instance;
        todo!()
    }

    /// The books of `instance`: events by account (`stored`, `duplicate`, `redelivered`, `dead_lettered.<reason>`), since ever.
    pub async fn books(&self, instance: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let _ = instance;
        todo!()
    }

    /// A page of events.
    pub async fn view(&self, query: &ViewQuery) -> Result<ViewPage, StoreError> {
        let _ = query;
        todo!()
    }

    /// Every matching event, each once, in order; with bounded memory, however many. Holds no connection between its reads.
    pub fn view_stream(
        &self,
        filter: ViewFilter,
        order: ViewOrder,
    ) -> impl Stream<Item = Result<ViewRow, StoreError>> + Send + 'static {
        let _ = (filter, order);
        futures_util::stream::empty()
    }

    /// What each of these sites (all, if `None`) has received lately; for the home page.
    pub async fn site_counts(&self, sites: Option<&[i64]>) -> Result<Vec<SiteCounts>, StoreError> {
        let _ = sites;
        todo!()
    }

    /// A new one-time login link's token, valid for `ttl`.
    pub async fn create_login_link(&self, ttl: Duration) -> Result<String, StoreError> {
        let _ = ttl;
        todo!()
    }

    /// Trades a link's token for the value of a session's cookie, once; `None` when it is unknown, used or too old.
    pub async fn redeem_login_link(&self, token: &str) -> Result<Option<String>, StoreError> {
        let _ = token;
        todo!()
    }

    /// The session of a cookie, if it lives: at most 12 h idle (this call keeps it awake), at most 7 d old.
    pub async fn login_session(&self, cookie: &str) -> Result<Option<LoginSession>, StoreError> {
        let _ = cookie;
        todo!()
    }

    /// Ends a session.
    pub async fn logout(&self, cookie: &str) -> Result<(), StoreError> {
        let _ = cookie;
        todo!()
    }

    /// A new token, `hgp_` and 256 bits: shown to its holder now and never again. `expires_in` of `None` lasts until it is revoked.
    pub async fn create_token(
        &self,
        scope: Scope,
        site: Option<i64>,
        expires_in: Option<Duration>,
    ) -> Result<String, StoreError> {
        let _ = (scope, site, expires_in);
        todo!()
    }

    /// What a token allows; `None` when it is unknown, revoked or expired. Notes its use, to the minute.
    pub async fn token(&self, secret: &str) -> Result<Option<AccessToken>, StoreError> {
        let _ = secret;
        todo!()
    }

    /// Ends a token. Whether there was one.
    pub async fn revoke_token(&self, id: i64) -> Result<bool, StoreError> {
        let _ = id;
        todo!()
    }

    /// Makes the salts of today and tomorrow, and destroys those of days that ended 24 h ago or more.
    pub async fn rotate_salts(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Makes the partitions of the coming weeks. Nothing to do on SQLite.
    pub async fn prepare_partitions(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Forgets what is needed for 48 hours only: message ids, visitors' current sessions, dead logins. Returns how many rows.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        todo!()
    }

    /// Leadership, unless another process has it. SQLite serves one process: it always leads.
    pub async fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        todo!()
    }
}
