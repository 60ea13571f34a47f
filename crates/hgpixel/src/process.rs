//! A serving process: its roles composed over one set of capabilities, from start to stop.
//!
//! A role is a library that knows nothing of the others. Which of them share a process, and over which backends, is decided here
//! and nowhere else.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use hgpixel_cache::Cache;
use hgpixel_config::{QueueUrl, Settings, StoreUrl};
use hgpixel_event::Clock;
use hgpixel_queue::EventQueue;
use hgpixel_store::{EventStore, StoreError};
use hgpixel_telemetry::http::{self, HttpMetrics};
use hgpixel_telemetry::{
    Condition, Ending, Health, Lifecycle, ServiceManager, Signals, admin_router, init_logs,
    registry,
};
use prometheus::Registry;
use tokio::net::TcpListener;

use crate::commands::store::LOGIN_LINK_TTL;
use crate::say;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Ingest,
    Worker,
    Query,
}

impl Role {
    pub(crate) const ALL: &'static [Self] = &[Self::Ingest, Self::Worker, Self::Query];
}

/// What tasks get to end after the last connection was cut.
const LAST_MOMENT: Duration = Duration::from_millis(500);
/// How long a store that is away at the start is asked again after.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Serves `roles` until the process is told to stop.
pub(crate) async fn run(settings: Settings, roles: &[Role]) -> anyhow::Result<ExitCode> {
    run_with(settings, roles, |_| Ok(())).await
}

/// Serves `roles`; `extra` is started with them, once the process serves.
pub(crate) async fn run_with(
    settings: Settings,
    roles: &[Role],
    extra: impl FnOnce(&Process) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    init_logs(&settings.log)?;
    let mut signals = Signals::install().context("listen for signals")?;
    let drain = Duration::from_millis(settings.http.drain_delay_ms);
    // The servers cut what is left at the timeout itself; a moment more lets their tasks end in order.
    let deadline = Duration::from_millis(settings.http.shutdown_timeout_ms) + LAST_MOMENT;
    let mut process = Process::new(settings)?;
    ServiceManager::named_by(std::env::vars()).watch(&process.health, &process.lifecycle);
    tokio::select! {
        _ = signals.next() => return Ok(ExitCode::SUCCESS),
        started = process.start(roles) => started?,
    }
    extra(&process)?;
    let ending = process
        .lifecycle
        .supervise(&mut signals, drain, deadline)
        .await;
    Ok(process.end(ending, deadline).await)
}

/// What the roles of a process share.
pub(crate) struct Process {
    settings: Settings,
    clock: Clock,
    registry: Registry,
    health: Health,
    /// Unready until every role has added its own conditions: before that, none would be all.
    started: Condition,
    lifecycle: Lifecycle,
    http_metrics: HttpMetrics,
    listener: Option<TcpListener>,
    /// Where the public listener really is: with port 0 in the settings, the port that was free.
    address: std::net::SocketAddr,
    admin_address: std::net::SocketAddr,
    store: Option<EventStore>,
    queue: Option<EventQueue>,
}

impl Process {
    /// Takes the addresses, and serves the private one: a process that is still starting can be asked how it is.
    fn new(settings: Settings) -> anyhow::Result<Self> {
        let registry = registry();
        let health = Health::new();
        let started = health.condition("start");
        let lifecycle = Lifecycle::new();
        let http_metrics = HttpMetrics::new(&registry).context("register the metrics of HTTP")?;
        let listener = bind("listen", settings.listen)?;
        let admin = bind("admin_listen", settings.admin_listen)?;
        let (address, admin_address) = (listener.local_addr()?, admin.local_addr()?);
        let app = admin_router(&registry, &health, &lifecycle);
        serve(
            &lifecycle,
            "admin-http",
            admin,
            app,
            &settings,
            &http_metrics,
        );
        let process = Self {
            settings,
            clock: Clock::system(),
            registry,
            health,
            started,
            lifecycle,
            http_metrics,
            listener: Some(listener),
            address,
            admin_address,
            store: None,
            queue: None,
        };
        Ok(process)
    }

    async fn start(&mut self, roles: &[Role]) -> anyhow::Result<()> {
        prepare_data_dir(&self.settings)?;
        let store = self.open_store(roles).await?;
        self.store = Some(store.clone());
        let app = self.start_roles(roles, &store).await?;
        if let Some(listener) = self.listener.take().filter(|_| roles != [Role::Worker]) {
            serve(
                &self.lifecycle,
                "http",
                listener,
                app,
                &self.settings,
                &self.http_metrics,
            );
        }
        self.started.set_ready();
        tracing::info!(?roles, address = %self.address, admin = %self.admin_address, "serves");
        if roles == Role::ALL {
            self.greet(&store).await?;
        }
        Ok(())
    }

    /// The store, as soon as it answers. A process that has all roles owns its tables and brings them up to date itself.
    async fn open_store(&self, roles: &[Role]) -> anyhow::Result<EventStore> {
        loop {
            match self.try_open_store(roles).await {
                Ok(store) => return Ok(store),
                Err(error) if error.is_retryable() => {
                    self.started.set_unready("waits for the store");
                    tracing::warn!(%error, "the store cannot be opened yet");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
                Err(error) => return Err(error).context("open the store"),
            }
        }
    }

    async fn try_open_store(&self, roles: &[Role]) -> Result<EventStore, StoreError> {
        if roles == Role::ALL {
            EventStore::migrate(&self.settings.store, &self.clock).await?;
        }
        EventStore::open(&self.settings.store, self.clock.clone(), &self.registry).await
    }

    /// Starts the roles, and joins what they serve.
    async fn start_roles(&mut self, roles: &[Role], store: &EventStore) -> anyhow::Result<Router> {
        let mut app = Router::new();
        if roles.contains(&Role::Ingest) || roles.contains(&Role::Worker) {
            let queue = EventQueue::open(&self.settings.queue, &self.registry)
                .await
                .context("open the queue")?;
            self.queue = Some(queue.clone());
            queue.check().await.context("check the queue")?;
            if roles.contains(&Role::Ingest) {
                app = app.merge(self.start_ingest(&queue, store).await?);
            }
            if roles.contains(&Role::Worker) {
                self.start_worker(&queue, store)?;
            }
        }
        if roles.contains(&Role::Query) {
            app = app.merge(self.start_query(store)?);
        } else if roles.contains(&Role::Ingest) {
            // Pages load the script from where they send to.
            app = app.merge(hgpixel_query::pixel_router());
        }
        Ok(app)
    }

    async fn start_ingest(&self, queue: &EventQueue, store: &EventStore) -> anyhow::Result<Router> {
        let deps = hgpixel_ingest::Deps {
            settings: &self.settings,
            queue: queue.clone(),
            store: store.clone(),
            clock: self.clock.clone(),
            registry: &self.registry,
            health: &self.health,
            lifecycle: &self.lifecycle,
        };
        hgpixel_ingest::start(deps).await.context("start ingest")
    }

    /// A worker, and with it a candidate for the leader's work.
    fn start_worker(&self, queue: &EventQueue, store: &EventStore) -> anyhow::Result<()> {
        hgpixel_worker::start(hgpixel_worker::Deps {
            settings: self.settings.worker.clone(),
            instance: self.instance(),
            queue: queue.clone(),
            store: store.clone(),
            clock: self.clock.clone(),
            registry: self.registry.clone(),
            health: self.health.clone(),
            lifecycle: self.lifecycle.clone(),
        })
        .context("start the worker")?;
        hgpixel_rollup::start(hgpixel_rollup::Deps {
            store: store.clone(),
            registry: self.registry.clone(),
            lifecycle: self.lifecycle.clone(),
        })
        .context("start the leader's work")
    }

    fn start_query(&self, store: &EventStore) -> anyhow::Result<Router> {
        let deps = hgpixel_query::Deps {
            settings: self.settings.clone(),
            store: store.clone(),
            cache: Cache::open(&self.settings.cache, &self.registry).context("open the cache")?,
            clock: self.clock.clone(),
            registry: self.registry.clone(),
            health: self.health.clone(),
            lifecycle: self.lifecycle.clone(),
        };
        hgpixel_query::start(&deps).context("start query")
    }

    /// The name of this worker's books: the settings', else what no two workers of a host share and a restart does not change.
    fn instance(&self) -> String {
        if !self.settings.worker.instance.is_empty() {
            return self.settings.worker.instance.clone();
        }
        // Linux and nothing else has it there; elsewhere the port alone has to do, as long as hosts do not share a database.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}:{}", host.trim(), self.admin_address.port())
    }

    /// Tells a person where everything is.
    async fn greet(&self, store: &EventStore) -> anyhow::Result<()> {
        let base = self.base();
        say::line(format!(
            "\nhgpixel {} is running.\n",
            env!("CARGO_PKG_VERSION")
        ))?;
        say::line(format!("  dashboard   {base}/"))?;
        // A link lets its reader in, and this text may end in a log: it is printed only to whoever cannot have another way in.
        if store.has_logins().await.context("look for logins")? {
            say::line("  log in      `hgpixel login-link` makes a link\n")?;
        } else {
            say::line(format!(
                "  log in      {}",
                login_link_at(&base, store).await?
            ))?;
            say::line(
                "              (works once, for an hour; `hgpixel login-link` makes another)\n",
            )?;
        }
        say::line("  Paste this into the <head> of your pages:\n")?;
        say::line(format!(
            "  <script async src=\"{base}/static/all.js\" data-site=\"YOUR-SITE\"></script>\n"
        ))
    }

    /// The store, once the process has started.
    pub(crate) fn store(&self) -> Option<EventStore> {
        self.store.clone()
    }

    /// The public listener as this machine reaches it.
    pub(crate) fn loopback(&self) -> String {
        let port = self.address.port();
        let is_v6 = self.address.is_ipv6();
        match (self.address.ip().is_unspecified(), is_v6) {
            (true, false) => format!("http://127.0.0.1:{port}"),
            (true, true) => format!("http://[::1]:{port}"),
            (false, _) => format!("http://{}", self.address),
        }
    }

    /// Runs `task` for as long as the process serves.
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let stopping = self.lifecycle.stopping();
        self.lifecycle.spawn(name, async move {
            tokio::select! {
                () = stopping => Ok(()),
                result = task => result,
            }
        });
    }

    fn base(&self) -> String {
        base(&self.settings, self.address)
    }

    /// After the tasks: lets go of queue and store, and says how it went.
    async fn end(self, ending: Ending, deadline: Duration) -> ExitCode {
        if ending != Ending::Impatient {
            let closing = async {
                if let Some(queue) = self.queue {
                    queue.close().await;
                }
                if let Some(store) = self.store {
                    store.close().await;
                }
            };
            if tokio::time::timeout(deadline, closing).await.is_err() {
                tracing::warn!("queue and store did not close in time");
            }
        }
        tracing::info!(?ending, "stopped");
        match ending {
            Ending::Clean => ExitCode::SUCCESS,
            Ending::Failed | Ending::Late | Ending::Impatient => ExitCode::FAILURE,
        }
    }
}

fn bind(setting: &str, address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    http::bind(address).with_context(|| format!("listen on {address} (setting {setting})"))
}

fn serve(
    lifecycle: &Lifecycle,
    name: &'static str,
    listener: TcpListener,
    app: Router,
    settings: &Settings,
    metrics: &HttpMetrics,
) {
    lifecycle.spawn(
        name,
        http::serve(listener, app, &settings.http, lifecycle, metrics),
    );
}

/// Makes the data folder, if anything is kept there.
pub(crate) fn prepare_data_dir(settings: &Settings) -> anyhow::Result<()> {
    let is_used = matches!(settings.store.url, StoreUrl::Sqlite(_))
        || matches!(settings.queue.url, QueueUrl::Local(_));
    if !is_used {
        return Ok(());
    }
    let folder = &settings.data_dir;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("make the data folder {}", folder.display()))
}

/// A new login link for people, by the settings' address.
pub(crate) async fn login_link(settings: &Settings, store: &EventStore) -> anyhow::Result<String> {
    login_link_at(&base(settings, settings.listen), store).await
}

/// The address of an invitation, by the settings' address.
pub(crate) fn invitation(settings: &Settings, link: &str) -> String {
    format!("{}/invitation?link={link}", base(settings, settings.listen))
}

async fn login_link_at(base: &str, store: &EventStore) -> anyhow::Result<String> {
    let token = store
        .create_login_link(LOGIN_LINK_TTL)
        .await
        .context("make a login link")?;
    Ok(format!("{base}/login?link={token}"))
}

/// Where people reach the process, without a slash at the end.
fn base(settings: &Settings, address: std::net::SocketAddr) -> String {
    if settings.public_url.is_empty() {
        return format!("http://{address}");
    }
    settings.public_url.trim_end_matches('/').to_owned()
}
