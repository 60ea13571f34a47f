//! The handle.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::Stream;
use hgpixel_config::Store as Settings;
use hgpixel_event::{Clock, SiteKey};
use prometheus::Registry;
use tokio::sync::Semaphore;

use crate::access::{self, AccessToken, LoginSession, NewToken, Passwords, SharedLink, UserLogin};
use crate::audit::{self, Actor, AuditEntry};
use crate::erase::{self, Erased, Whom};
use crate::error::StoreError;
use crate::kept::{self, Kept};
use crate::leader::Leadership;
use crate::metrics::Metrics;
use crate::pool::{Pool, reading};
use crate::site::{self, Site, SiteCounts};
use crate::snapshot::{self, DAY_MS, Snapshot};
use crate::stats::{self, OpenDays, RollupDay, StatsAnswer, StatsQuery};
use crate::user::{self, Authority, Email, Grant, Invited, Role, User};
use crate::verdict::{self, Applied, BotSeen, Suspect, TaughtVerdict, Verdict};
use crate::view::{
    self, ViewFilter, ViewGroupQuery, ViewGroups, ViewOrder, ViewPage, ViewQuery, ViewRow,
};
use crate::visit::{self, Visit, VisitEvent};
use crate::writer::Writer;
use crate::{migration, partition, prune, retention};

/// The store. Cheap to clone; clones share connections.
///
/// Every call ends within the acquire timeout, the statement timeout and a second, whatever the database does; only
/// [`EventStore::migrate`] waits for as long as it takes.
#[derive(Clone, Debug)]
pub struct EventStore {
    pool: Pool,
    clock: Clock,
    metrics: Arc<Metrics>,
    partition_weeks_ahead: u32,
    /// Never changes once it is made.
    secret: Arc<OnceLock<[u8; 32]>>,
    passwords: Passwords,
    /// Questions of figures that are counted at the same time.
    counting: Arc<Semaphore>,
    /// What is remembered of days that are not counted yet.
    open_days: OpenDays,
}

impl EventStore {
    /// Creates the tables, or brings them to this program's version. Several processes may do so at once: one does it, the others wait.
    pub async fn migrate(settings: &Settings, clock: &Clock) -> Result<(), StoreError> {
        let pool = Pool::connect(settings).await?;
        let migrated = migrate(&pool, settings, clock).await;
        pool.close().await;
        migrated
    }

    /// Connects to a store whose tables are of this program's version ([`EventStore::migrate`] sees to that).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached now, [`StoreError::Schema`] when it must be migrated first.
    pub async fn open(
        settings: &Settings,
        clock: Clock,
        registry: &Registry,
    ) -> Result<Self, StoreError> {
        let pool = Pool::connect(settings).await?;
        pool.bounded(migration::ensure_current(&pool)).await?;
        let metrics = Metrics::register(registry)?;
        metrics.up.set(1);
        Ok(Self {
            pool,
            clock,
            metrics: Arc::new(metrics),
            partition_weeks_ahead: settings.partition_weeks_ahead,
            secret: Arc::default(),
            passwords: Passwords::new(),
            counting: Arc::new(Semaphore::new(counting_max(settings))),
            open_days: OpenDays::default(),
        })
    }

    /// Closes all connections after their current statements.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether the database answers; sets `hgpixel_store_up`. For readiness, called every second or so.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = include_str!("../sql/ping.sql");
        let answer = self
            .pool
            .bounded(async {
                let _version: i64 =
                    reading!(self.pool, db => sqlx::query_scalar(ping).fetch_one(db).await?);
                Ok(())
            })
            .await;
        self.metrics.up.set(i64::from(answer.is_ok()));
        answer
    }

    /// Sites, secrets and who may send for a server, for ingest. Makes today's salt if no leader did.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.pool
            .bounded(async {
                let sites = site::all(&self.pool).await?;
                let secret = match self.secret.get() {
                    Some(secret) => *secret,
                    None => *self.secret.get_or_init({
                        let secret = snapshot::installation_secret(&self.pool).await?;
                        move || secret
                    }),
                };
                Ok(Snapshot {
                    sites: sites
                        .into_iter()
                        .map(|site| (site.key.clone(), site))
                        .collect(),
                    salts: snapshot::salts(&self.pool, &self.clock).await?,
                    secret,
                    senders: snapshot::senders(&self.pool, &self.clock).await?,
                })
            })
            .await
    }

    /// Every site, by key.
    pub async fn sites(&self) -> Result<Vec<Site>, StoreError> {
        self.pool.bounded(site::all(&self.pool)).await
    }

    /// Adds a site in the name of the command line; see [`EventStore::add_site_as`].
    pub async fn add_site(&self, key: &SiteKey, name: &str) -> Result<Site, StoreError> {
        self.add_site_as(&Actor::command_line(), key, name).await
    }

    /// Adds a site; one with that key already stays as it is and is returned. An empty name is the key.
    pub async fn add_site_as(
        &self,
        actor: &Actor,
        key: &SiteKey,
        name: &str,
    ) -> Result<Site, StoreError> {
        self.pool
            .bounded(site::add(&self.pool, &self.clock, actor, key, name))
            .await
    }

    /// Keeps the settings of `site`, which [`SiteSetting::set`](crate::SiteSetting::set) has changed, and gives it with its new
    /// generation.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else changed the site after it was read.
    pub async fn change_site(&self, actor: &Actor, site: &Site) -> Result<Site, StoreError> {
        self.pool
            .bounded(site::change(&self.pool, &self.clock, actor, site))
            .await
    }

    /// Adds a site because a hit named it, while there are fewer than `sites_max`. One with that key already is returned.
    ///
    /// # Errors
    /// [`StoreError::SitesLimit`] beyond that.
    pub async fn create_site_from_hit(
        &self,
        key: &SiteKey,
        sites_max: u32,
    ) -> Result<Site, StoreError> {
        self.pool
            .bounded(site::create_from_hit(
                &self.pool,
                &self.clock,
                key,
                sites_max,
            ))
            .await
    }

    /// What each of these sites (all, if `None`) has received lately, by key; for the home page.
    pub async fn site_counts(&self, sites: Option<&[i64]>) -> Result<Vec<SiteCounts>, StoreError> {
        self.pool
            .bounded(site::counts(&self.pool, &self.clock, sites))
            .await
    }

    /// A writer whose events are counted in the books of `instance`. Two writers of one instance at the same time are safe, but wait for
    /// each other.
    pub async fn writer(&self, instance: &str) -> Result<Writer, StoreError> {
        Writer::open(
            self.pool.clone(),
            self.clock.clone(),
            Arc::clone(&self.metrics),
            instance,
        )
        .await
    }

    /// The books of `instance`: events by account (`stored`, `duplicate`, `redelivered`, `dead_lettered.<reason>`), since ever. An
    /// account of nothing is absent.
    pub async fn books(&self, instance: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let select = include_str!("../sql/books.of_instance.sql");
        let books = async {
            let rows: Vec<(String, i64)> = reading!(self.pool, db => sqlx::query_as(select).bind(instance).fetch_all(db).await?);
            Ok(rows)
        };
        let rows = self.pool.bounded(books).await?;
        Ok(rows
            .into_iter()
            .map(|(account, events)| (account, u64::try_from(events).unwrap_or(0)))
            .collect())
    }

    /// A page of events.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a length, a search text or conditions beyond their limits.
    pub async fn view(&self, query: &ViewQuery) -> Result<ViewPage, StoreError> {
        self.pool.bounded(view::page(&self.pool, query)).await
    }

    /// A page of groups of events.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for columns that cannot be grouped by, and as [`EventStore::view`].
    pub async fn view_groups(&self, query: &ViewGroupQuery) -> Result<ViewGroups, StoreError> {
        self.pool.bounded(view::groups(&self.pool, query)).await
    }

    /// Every matching event, each once, in order; with bounded memory, however many. Holds no connection between its reads.
    pub fn view_stream(
        &self,
        filter: ViewFilter,
        order: ViewOrder,
    ) -> impl Stream<Item = Result<ViewRow, StoreError>> + Send + 'static {
        view::stream(self.pool.clone(), filter, order)
    }

    /// Figures of a site. A few questions are counted at a time, so that they leave connections for all else; others wait for their turn.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a question beyond its limits, or about a property with too many values.
    pub async fn stats(&self, query: &StatsQuery) -> Result<StatsAnswer, StoreError> {
        // Boxed, because it is large and lives inside its callers' futures.
        let counted = Box::pin(async {
            let _turn = self.counting.acquire().await;
            stats::stats(&self.pool, &self.open_days, query).await
        });
        let (answer, source) = self.pool.bounded(counted).await?;
        self.metrics.answered(source);
        Ok(answer)
    }

    /// Reads the events of a site whose days are not over and counts them in memory, so that no question has to. Questions are answered
    /// meanwhile. Ends at once where there are too many events to be remembered.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn settle_today(&self, site: i64) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        // Of days that are over, some may not be counted yet.
        let question = StatsQuery::visitors(site, now_ms - 2 * DAY_MS, now_ms + 1);
        self.stats(&question).await?;
        self.open_days.settle(&self.pool, site).await;
        Ok(())
    }

    /// The days of a site whose figures are to be counted, now that they are over: the newest first. With `all`, those whose figures are
    /// counted and as they should be are among them.
    pub async fn rollups_waiting(
        &self,
        site: &Site,
        all: bool,
    ) -> Result<Vec<RollupDay>, StoreError> {
        stats::waiting(&self.pool, &self.clock, site, all).await
    }

    /// Counts the figures of a day and keeps them, in many bounded statements. Returns how many events the day has.
    pub async fn roll_up(&self, site: &Site, day: RollupDay) -> Result<u64, StoreError> {
        stats::roll_up(&self.pool, site, day).await
    }

    /// Counts the figures of a day once more, and tells whether those that are kept are the same; `None` if none are kept, or the day is
    /// waiting to be counted anew.
    pub async fn check_rollup(
        &self,
        site: &Site,
        day: RollupDay,
    ) -> Result<Option<bool>, StoreError> {
        stats::check(&self.pool, site, day).await
    }

    /// When the site's first and last event happened, in milliseconds since 1970 UTC, to the hour; `None` before there is any.
    pub async fn stats_span(&self, site: i64) -> Result<Option<(i64, i64)>, StoreError> {
        self.pool.bounded(stats::span(&self.pool, site)).await
    }

    /// A new one-time login link's token, valid for `ttl`.
    pub async fn create_login_link(&self, ttl: Duration) -> Result<String, StoreError> {
        self.pool
            .bounded(access::create_link(&self.pool, &self.clock, ttl))
            .await
    }

    /// Trades a link's token for the value of a session's cookie, once; `None` when it is unknown, used or too old.
    pub async fn redeem_login_link(&self, token: &str) -> Result<Option<String>, StoreError> {
        self.pool
            .bounded(access::redeem_link(&self.pool, &self.clock, token))
            .await
    }

    /// The value of a new session's cookie for whoever shows a token; `None` when it is unknown or expired, or may only write. The session
    /// has the token's limits and ends with it.
    pub async fn login_with_token(&self, secret: &str) -> Result<Option<String>, StoreError> {
        self.pool
            .bounded(access::with_token(&self.pool, &self.clock, secret))
            .await
    }

    /// Whether anybody is logged in, or was within the last days.
    pub async fn has_logins(&self) -> Result<bool, StoreError> {
        self.pool.bounded(access::any(&self.pool)).await
    }

    /// The session of a cookie, if it lives: at most 12 h idle (this call keeps it awake), at most 7 d old.
    pub async fn login_session(&self, cookie: &str) -> Result<Option<LoginSession>, StoreError> {
        self.pool
            .bounded(access::session(&self.pool, &self.clock, cookie))
            .await
    }

    /// Ends a session.
    pub async fn logout(&self, cookie: &str) -> Result<(), StoreError> {
        self.pool.bounded(access::end(&self.pool, cookie)).await
    }

    /// The value of a new session's cookie for whoever knows a user's password; `None` when the password is wrong or there is no such
    /// user, which takes equally long. `agent` is what the browser says it is.
    pub async fn login_with_password(
        &self,
        email: &Email,
        password: &str,
        agent: &str,
    ) -> Result<Option<String>, StoreError> {
        self.pool
            .bounded(access::with_password(
                &self.pool,
                &self.clock,
                &self.passwords,
                email,
                password,
                agent,
            ))
            .await
    }

    /// The living sessions of a user, the last used first; that of `cookie` is marked.
    pub async fn user_logins(&self, user: i64, cookie: &str) -> Result<Vec<UserLogin>, StoreError> {
        self.pool
            .bounded(access::of_user(&self.pool, &self.clock, user, cookie))
            .await
    }

    /// Ends one of a user's sessions by its id; without an id, all but that of `cookie`.
    pub async fn end_user_logins(
        &self,
        user: &User,
        cookie: &str,
        only: Option<&str>,
    ) -> Result<(), StoreError> {
        let end = access::end_of_user(&self.pool, &self.clock, user, cookie, only);
        self.pool.bounded(end).await
    }

    /// Everybody who may log in or was invited to, by address; a thousand at most.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.pool.bounded(user::all(&self.pool)).await
    }

    /// A user by number.
    pub async fn user(&self, id: i64) -> Result<Option<User>, StoreError> {
        self.pool.bounded(user::by_id(&self.pool, id)).await
    }

    /// A user by address.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        self.pool.bounded(user::by_email(&self.pool, email)).await
    }

    /// Gives a person a role, and, unless they have a password already, a link by which they set one within 72 hours.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when `authority` does not cover it; or when the person has not come in yet and was promised more than it
    /// covers.
    pub async fn invite(
        &self,
        actor: &Actor,
        authority: &Authority,
        email: &Email,
        grant: Grant,
    ) -> Result<Invited, StoreError> {
        let invite = user::invite(&self.pool, &self.clock, actor, authority, email, grant);
        self.pool.bounded(invite).await
    }

    /// Whom an invitation's token invites; `None` when it is unknown, used or too old.
    pub async fn invited(&self, link: &str) -> Result<Option<User>, StoreError> {
        self.pool
            .bounded(user::invited(&self.pool, &self.clock, link))
            .await
    }

    /// Uses an invitation up: sets name and password, and gives the value of a new session's cookie; the person's other sessions end.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a name or a password that will not do; the invitation stays.
    pub async fn accept_invitation(
        &self,
        link: &str,
        name: &str,
        password: &str,
        agent: &str,
    ) -> Result<Option<String>, StoreError> {
        self.pool
            .bounded(user::accept(
                &self.pool,
                &self.clock,
                &self.passwords,
                link,
                name,
                password,
                agent,
            ))
            .await
    }

    /// The token of a new link by which a user sets another password. Whoever holds it may become the user.
    pub async fn reset_link(&self, actor: &Actor, user: i64) -> Result<String, StoreError> {
        self.pool
            .bounded(user::reset_link(&self.pool, &self.clock, actor, user))
            .await
    }

    /// Changes the role of somebody on a site where they have one; `None` ends it.
    pub async fn set_role(
        &self,
        actor: &Actor,
        user: i64,
        site: i64,
        role: Option<Role>,
    ) -> Result<(), StoreError> {
        let set = user::set_role(&self.pool, &self.clock, actor, user, site, role);
        self.pool.bounded(set).await
    }

    /// Makes somebody an owner of the server, or no longer one.
    pub async fn set_server_owner(
        &self,
        actor: &Actor,
        user: i64,
        is_owner: bool,
    ) -> Result<(), StoreError> {
        let set = user::set_owner(&self.pool, &self.clock, actor, user, is_owner);
        self.pool.bounded(set).await
    }

    /// Removes a person with roles, links and sessions.
    pub async fn remove_user(&self, actor: &Actor, user: i64) -> Result<(), StoreError> {
        self.pool
            .bounded(user::remove(&self.pool, &self.clock, actor, user))
            .await
    }

    /// Changes the name of a user, in their own name.
    pub async fn rename_user(&self, user: &User, name: &str) -> Result<(), StoreError> {
        self.pool
            .bounded(user::rename(&self.pool, &self.clock, user, name))
            .await
    }

    /// Sets a new password, ends every session of the user, and gives the value of a new session's cookie; `None` when `current` is
    /// wrong.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a password that will not do.
    pub async fn change_password(
        &self,
        user: &User,
        current: &str,
        new: &str,
        agent: &str,
    ) -> Result<Option<String>, StoreError> {
        self.pool
            .bounded(user::change_password(
                &self.pool,
                &self.clock,
                &self.passwords,
                user,
                current,
                new,
                agent,
            ))
            .await
    }

    /// A hundred entries of the audit log before `before_id` (the newest, if `None`), newest first; only those of a site where one is
    /// named.
    pub async fn audit(
        &self,
        site: Option<i64>,
        before_id: Option<i64>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.pool
            .bounded(audit::page(&self.pool, site, before_id))
            .await
    }

    /// A new token, `hgp_` and 256 bits: shown to its holder now and never again.
    pub async fn create_token(&self, actor: &Actor, new: &NewToken) -> Result<String, StoreError> {
        self.pool
            .bounded(access::create(&self.pool, &self.clock, actor, new))
            .await
    }

    /// The newest thousand tokens, also those that have expired.
    pub async fn tokens(&self) -> Result<Vec<AccessToken>, StoreError> {
        self.pool.bounded(access::all(&self.pool)).await
    }

    /// What a token allows; `None` when it is unknown, revoked or expired. Notes its use, to the minute.
    pub async fn token(&self, secret: &str) -> Result<Option<AccessToken>, StoreError> {
        self.pool
            .bounded(access::get(&self.pool, &self.clock, secret))
            .await
    }

    /// Ends a token. Whether there was one.
    pub async fn revoke_token(&self, actor: &Actor, id: i64) -> Result<bool, StoreError> {
        self.pool
            .bounded(access::revoke(&self.pool, &self.clock, actor, id))
            .await
    }

    /// What people keep on the site's dashboard, in the order in which it was made.
    pub async fn kept(&self, site: i64) -> Result<Vec<Kept>, StoreError> {
        self.pool.bounded(kept::list(&self.pool, site)).await
    }

    /// Keeps something more, and gives its number; `None` where the site keeps [`crate::KEPT_MAX`] things already.
    pub async fn keep(
        &self,
        actor: &Actor,
        site: i64,
        kind: &str,
        name: &str,
        body: &str,
    ) -> Result<Option<i64>, StoreError> {
        self.pool
            .bounded(kept::add(
                &self.pool,
                &self.clock,
                actor,
                site,
                kind,
                name,
                body,
            ))
            .await
    }

    /// Keeps it no longer. Whether it was there.
    pub async fn forget_kept(&self, actor: &Actor, site: i64, id: i64) -> Result<bool, StoreError> {
        self.pool
            .bounded(kept::remove(&self.pool, &self.clock, actor, site, id))
            .await
    }

    /// The secret of a new link to the site's dashboard, shown now and never again; `None` where it has [`crate::SHARED_LINKS_MAX`] already.
    pub async fn share(
        &self,
        actor: &Actor,
        site: i64,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        self.pool
            .bounded(access::share(&self.pool, &self.clock, actor, site, name))
            .await
    }

    /// The links to the site's dashboard.
    pub async fn shared_links(&self, site: i64) -> Result<Vec<SharedLink>, StoreError> {
        self.pool.bounded(access::shared(&self.pool, site)).await
    }

    /// The site that a link's secret shows; `None` when it is unknown or revoked.
    pub async fn shared_site(&self, token: &str) -> Result<Option<i64>, StoreError> {
        self.pool
            .bounded(access::shared_site(&self.pool, token))
            .await
    }

    /// Revokes a link. Whether there was one.
    pub async fn unshare(&self, actor: &Actor, site: i64, id: i64) -> Result<bool, StoreError> {
        self.pool
            .bounded(access::unshare(&self.pool, &self.clock, actor, site, id))
            .await
    }

    /// The newest visits of people, at most [`crate::VISITS_MAX`].
    pub async fn visits(&self, site: i64, limit: u32) -> Result<Vec<Visit>, StoreError> {
        self.pool
            .bounded(visit::newest(&self.pool, site, limit))
            .await
    }

    /// A visit and its first [`crate::TIMELINE_MAX`] events.
    pub async fn timeline(
        &self,
        site: i64,
        session: i64,
    ) -> Result<Option<(Visit, Vec<VisitEvent>)>, StoreError> {
        self.pool
            .bounded(visit::timeline(&self.pool, site, session))
            .await
    }

    /// The data (texts of JSON objects) of the newest events of a range that have any, a thousand at most: of the type
    /// `kind`, or of all but those that the pixel sends on its own.
    pub async fn newest_data(
        &self,
        site: i64,
        range_ms: (i64, i64),
        kind: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        self.pool
            .bounded(visit::data(&self.pool, site, range_ms, kind))
            .await
    }

    /// What people say about who is a bot on the site, the newest first.
    pub async fn verdicts(&self, site: i64) -> Result<Vec<TaughtVerdict>, StoreError> {
        self.pool.bounded(verdict::list(&self.pool, site)).await
    }

    /// Says who is a bot on the site, or is none, against what was seen: of what comes from now on, and of what is stored. Of that half a
    /// million visits follow at once, the rest by [`EventStore::apply_verdicts`]. Then the figures are as if it had always been said.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for what makes no sense, and beyond [`crate::VERDICTS_MAX`].
    pub async fn teach(
        &self,
        actor: &Actor,
        site: i64,
        suspect: &Suspect,
        verdict: Verdict,
    ) -> Result<Applied, StoreError> {
        let teach = verdict::teach(&self.pool, &self.clock, actor, site, suspect, verdict);
        self.pool.bounded(teach).await?;
        Ok(self.sweep_soon(site).await)
    }

    /// Takes a verdict back, as [`EventStore::teach`] sets it: what was seen holds again. `None` where there was none.
    pub async fn forget_verdict(
        &self,
        actor: &Actor,
        site: i64,
        suspect: &Suspect,
    ) -> Result<Option<Applied>, StoreError> {
        let forget = verdict::forget(&self.pool, &self.clock, actor, site, suspect);
        if !self.pool.bounded(forget).await? {
            return Ok(None);
        }
        Ok(Some(self.sweep_soon(site).await))
    }

    /// What is said holds already for what comes, so a failure here only means that the rest is done later.
    async fn sweep_soon(&self, site: i64) -> Applied {
        const PIECES: usize = 100;
        match verdict::sweep(&self.pool, site, PIECES).await {
            Ok(applied) => applied,
            Err(error) => {
                tracing::warn!(%error, "could not apply a verdict to all that is stored; the leader will");
                Applied::Partly
            }
        }
    }

    /// Applies verdicts to what is stored, where that is not done yet. Returns on how many sites. May take long, in transactions that are
    /// each bounded; one that is cut short goes on where it was.
    pub async fn apply_verdicts(&self) -> Result<u64, StoreError> {
        verdict::sweep_all(&self.pool).await
    }

    /// When visits that are taken for bots', or were before a verdict, were last seen in a range of time: by reason and name, the latest
    /// 2,000. Visits of any kind by user agent too, for those that are named; a hundred or so.
    pub async fn bots_last_seen(
        &self,
        site: i64,
        range_ms: (i64, i64),
        agents: &[String],
    ) -> Result<Vec<BotSeen>, StoreError> {
        self.pool
            .bounded(verdict::last_seen(&self.pool, site, range_ms, agents))
            .await
    }

    /// Makes the salts of today and tomorrow, and destroys those of days that ended 24 h ago or more.
    pub async fn rotate_salts(&self) -> Result<(), StoreError> {
        self.pool
            .bounded(snapshot::rotate_salts(&self.pool, &self.clock))
            .await
    }

    /// Makes the partitions of the coming weeks. Nothing to do on SQLite.
    pub async fn prepare_partitions(&self) -> Result<(), StoreError> {
        let prepare = partition::prepare(&self.pool, &self.clock, self.partition_weeks_ahead);
        self.pool.bounded(prepare).await
    }

    /// Forgets what each site's retention says. Returns how many events and sessions went one by one. May take long, in statements that
    /// are each bounded.
    pub async fn apply_retention(&self) -> Result<u64, StoreError> {
        retention::apply(&self.pool, &self.clock).await
    }

    /// Erases everything that is stored of a user id or a visitor on a site. May take long, in transactions that are each bounded; one
    /// that is cut short is completed by another call.
    pub async fn erase(&self, actor: &Actor, site: i64, whom: &Whom) -> Result<Erased, StoreError> {
        erase::erase(&self.pool, &self.clock, actor, site, whom).await
    }

    /// Forgets what is needed for 48 hours only: message ids, visitors' current sessions, dead logins. Returns how many rows. May take
    /// long after a long pause, in statements that are each bounded.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        prune::prune(&self.pool, &self.clock).await
    }

    /// Leadership, unless another process has it. SQLite serves one process: it always leads.
    pub async fn try_lead(&self) -> Result<Option<Leadership>, StoreError> {
        self.pool.bounded(Leadership::try_take(&self.pool)).await
    }
}

/// Enough for the processors that one has; and of SQLite's four readers, one is left for all that must not wait.
fn counting_max(settings: &Settings) -> usize {
    const COUNTING_MAX: u32 = 3;
    (settings.connections_max / 2).clamp(1, COUNTING_MAX) as usize
}

async fn migrate(pool: &Pool, settings: &Settings, clock: &Clock) -> Result<(), StoreError> {
    migration::migrate(pool, clock).await?;
    partition::prepare(pool, clock, settings.partition_weeks_ahead).await
}
