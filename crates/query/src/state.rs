//! What every handler may use.

use std::sync::Arc;

use anyhow::Context;
use hgpixel_cache::Cache;
use hgpixel_event::Clock;
use hgpixel_store::EventStore;
use hgpixel_telemetry::http::TrustedProxies;

use crate::Deps;
use crate::live::Streams;
use crate::login::LoginMetrics;
use crate::login::limiter::LoginLimiter;
use crate::public_url::PublicUrl;

/// Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) store: EventStore,
    pub(crate) cache: Cache,
    pub(crate) clock: Clock,
    pub(crate) public_url: PublicUrl,
    pub(crate) proxies: TrustedProxies,
    pub(crate) logins: LoginLimiter,
    pub(crate) login_metrics: LoginMetrics,
    pub(crate) streams: Streams,
}

impl App {
    pub(crate) fn new(deps: &Deps) -> anyhow::Result<Self> {
        let public_url = PublicUrl::of(&deps.settings)?;
        if public_url.is_unusable_for_logins() {
            tracing::warn!(
                public_url = public_url.as_str(),
                "browsers keep the login cookie of a plain http address on loopback only: serve hgpixel through a TLS proxy and set public_url to its https address"
            );
        }
        Ok(Self(Arc::new(Parts {
            store: deps.store.clone(),
            cache: deps.cache.clone(),
            clock: deps.clock.clone(),
            public_url,
            proxies: TrustedProxies::of(&deps.settings.ingest)
                .context("ingest.forwarded_header")?,
            logins: LoginLimiter::new(deps.clock.clone()),
            login_metrics: LoginMetrics::register(&deps.registry)?,
            streams: Streams::new(deps.lifecycle.clone()),
        })))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
