//! Reads today's events when the process starts, so that nobody's first question has to.
//!
//! The store remembers the events of days that are not counted yet, and reads what is new before each question. What a new process has not
//! read takes some microseconds an event, at once: half a second for a hundred thousand. Here it is read by a question of our own, while
//! nobody waits. Requests are answered meanwhile, and a site that cannot be read is read by its first question, as before.
//!
//! Limits: [`SITES_MAX`] sites, one after the other; what the store remembers of them has its own bound.

use std::time::Duration;

use hgpixel_store::{Metric, StatsQuery};

use crate::Deps;

const SITES_MAX: usize = 100;
/// Today and what may not be counted yet of the days before. A day is counted soon after its end.
const BACK_MS: i64 = 2 * 86_400_000;
/// Between tries, where the store does not answer yet.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads every site once, in the background.
pub(crate) fn read(deps: &Deps) {
    let deps = deps.clone();
    let lifecycle = deps.lifecycle.clone();
    let reading = async move {
        tokio::select! {
            () = deps.lifecycle.stopping() => {}
            () = every_site(&deps) => {}
        }
    };
    lifecycle.spawn_minor("query-today", reading);
}

async fn every_site(deps: &Deps) {
    let sites = loop {
        match deps.store.sites().await {
            Ok(sites) => break sites,
            Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    };
    let now_ms = deps.clock.now_ms();
    for site in sites.iter().take(SITES_MAX) {
        let question = StatsQuery {
            site: site.id,
            from_ms: now_ms - BACK_MS,
            until_ms: now_ms + 1,
            metrics: vec![Metric::Visitors],
            dimensions: Vec::new(),
            edges_ms: Vec::new(),
            filters: Vec::new(),
            order: Vec::new(),
            limit: 1,
            offset: 0,
            only: None,
        };
        if let Err(error) = deps.store.stats(&question).await {
            tracing::debug!(site = %site.key, %error, "today is read by the first question instead");
        }
    }
}
