//! Putting the collector together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use hgpixel_config::Settings;
use hgpixel_enrich::GeoDatabase;
use hgpixel_event::Clock;
use hgpixel_queue::EventQueue;
use hgpixel_store::EventStore;
use hgpixel_telemetry::http::TrustedProxies;
use hgpixel_telemetry::{Condition, Health, Lifecycle};
use prometheus::Registry;

use crate::batcher::batcher;
use crate::collector::Collector;
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::routes::router;
use crate::site::Sites;
use crate::snapshot::{Current, Refresher};
use crate::source::Room;
use crate::twins::Twins;

/// A site may get what it is allowed in so many seconds at once.
const SITE_BURST_S: u32 = 4;

/// What the collector is made of.
pub struct Deps<'a> {
    /// `ingest`, `privacy` and `geo` are read.
    pub settings: &'a Settings,
    /// Where events go.
    pub queue: EventQueue,
    /// Where sites, salts and tokens come from, and new sites go.
    pub store: EventStore,
    /// Whose time events are received at.
    pub clock: Clock,
    /// Where the metrics are registered, once.
    pub registry: &'a Registry,
    /// Gets the conditions `sites` and `queue`.
    pub health: &'a Health,
    /// Runs the tasks.
    pub lifecycle: &'a Lifecycle,
}

/// Starts the collector's tasks and gives its routes: `POST /track`, `GET /pixel.gif`, and `OPTIONS` of both.
///
/// Whoever serves the router must add [`Peer`](hgpixel_telemetry::http::Peer) to every request. When the router and all its clones
/// are dropped, what waits is published and the tasks end; so the router has to be dropped before the end of the tasks is
/// awaited, which serving it does. Neither the store nor the queue has to be there at the start: until then the conditions are
/// unready and beacons are answered 503.
///
/// # Errors
/// When the geo database cannot be read, the header's name is none, or the registry has these metrics already.
pub async fn start(deps: Deps<'_>) -> anyhow::Result<Router> {
    let ingest = &deps.settings.ingest;
    let metrics = Metrics::register(deps.registry, deps.queue.accepted_before());
    let metrics = Arc::new(metrics.context("register the metrics of ingest")?);
    let geo = open_geo(deps.settings).await?;

    let current = Current::default();
    let refresher = Refresher {
        current: current.clone(),
        store: deps.store.clone(),
        every: Duration::from_millis(ingest.snapshot_refresh_ms.max(1)),
        condition: deps.health.condition("sites"),
        metrics: Arc::clone(&metrics),
    };
    let wait = Duration::from_millis(ingest.batch_wait_ms);
    let (batcher, publishing) = batcher(deps.queue.clone(), wait, Arc::clone(&metrics));
    let watch = watch_queue(
        deps.queue,
        deps.health.condition("queue"),
        deps.lifecycle.clone(),
    );
    deps.lifecycle
        .spawn("ingest snapshot", refresher.run(deps.lifecycle.clone()));
    deps.lifecycle.spawn("ingest publisher", publishing.run());
    deps.lifecycle.spawn("ingest queue watch", watch);

    Ok(router(Collector {
        proxies: TrustedProxies::of(ingest).context("ingest.forwarded_header")?,
        of_address: Limiter::new(ingest.rate_events_per_s, ingest.rate_burst),
        of_site: Limiter::new(
            ingest.site_rate_events_per_s,
            ingest.site_rate_events_per_s.saturating_mul(SITE_BURST_S),
        ),
        opt_out: deps.settings.privacy.opt_out,
        sites: Sites::new(
            current.clone(),
            deps.store,
            ingest.unknown_site,
            ingest.sites_max,
        ),
        current,
        servers: Room::new(),
        geo,
        twins: Twins::new(),
        batcher,
        clock: deps.clock,
        metrics,
    }))
}

/// A file of up to 60 MB is read off the runtime's own threads.
async fn open_geo(settings: &Settings) -> anyhow::Result<Option<GeoDatabase>> {
    let Some(path) = settings.geo.database.clone() else {
        return Ok(None);
    };
    let opened = tokio::task::spawn_blocking(move || GeoDatabase::open(&path)).await;
    Ok(Some(opened.context("open the geo database")??))
}

/// Readiness follows the queue.
async fn watch_queue(
    queue: EventQueue,
    condition: Condition,
    lifecycle: Lifecycle,
) -> anyhow::Result<()> {
    let mut state = queue.state();
    loop {
        {
            let state = state.borrow_and_update();
            match &state.problem {
                _ if state.up => condition.set_ready(),
                Some(problem) => condition.set_unready(problem.clone()),
                None => condition.set_unready("not up yet"),
            }
        }
        tokio::select! {
            () = lifecycle.stopping() => return Ok(()),
            changed = state.changed() => if changed.is_err() {
                return Ok(());
            },
        }
    }
}
