//! What every handler may use.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hgpixel_cache::Cache;
use hgpixel_config::OptOut;
use hgpixel_event::Clock;
use hgpixel_store::EventStore;
use hgpixel_telemetry::http::TrustedProxies;

use crate::Deps;
use crate::live::Streams;
use crate::login::LoginMetrics;
use crate::login::accounts::AccountLimiter;
use crate::login::limiter::LoginLimiter;
use crate::public_url::PublicUrl;
use crate::stats::{Answers, StatsMetrics};

/// Cheap to clone; clones share everything.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) store: EventStore,
    pub(crate) cache: Cache,
    pub(crate) clock: Clock,
    pub(crate) public_url: PublicUrl,
    pub(crate) proxies: TrustedProxies,
    /// What sites do that have no opt-out rule of their own.
    pub(crate) opt_out: &'static str,
    pub(crate) logins: LoginLimiter,
    pub(crate) accounts: AccountLimiter,
    pub(crate) login_metrics: LoginMetrics,
    pub(crate) streams: Streams,
    pub(crate) answers: Answers,
    /// How long an answer about today is fresh.
    pub(crate) fresh_open: Duration,
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
            opt_out: match deps.settings.privacy.opt_out {
                OptOut::Anonymous => "anonymous",
                OptOut::Drop => "drop",
                OptOut::Ignore => "ignore",
            },
            proxies: TrustedProxies::of(&deps.settings.ingest)
                .context("ingest.forwarded_header")?,
            logins: LoginLimiter::new(deps.clock.clone()),
            accounts: AccountLimiter::new(deps.clock.clone()),
            login_metrics: LoginMetrics::register(&deps.registry)?,
            streams: Streams::new(deps.lifecycle.clone()),
            answers: Answers::new(
                deps.cache.clone(),
                deps.clock.clone(),
                deps.lifecycle.clone(),
                StatsMetrics::register(&deps.registry)?,
            ),
            fresh_open: Duration::from_millis(deps.settings.cache.ttl_ms),
        })))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
