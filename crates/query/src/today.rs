//! Reads today's events when the process starts, so that nobody's first question has to.
//!
//! The store remembers the events of days that are not counted yet, and reads what is new before each question. What a new process has not
//! read takes some microseconds an event, at once: half a second for a hundred thousand, and once more as long until its figures are counted.
//! Here that is done while nobody waits. Requests are answered meanwhile, and a site that cannot be read is read by its first question.
//!
//! Limits: [`SITES_MAX`] sites, one after the other; what the store remembers of them has its own bound.

use std::time::Duration;

use crate::Deps;

const SITES_MAX: usize = 100;
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
    for site in sites.iter().take(SITES_MAX) {
        if let Err(error) = deps.store.settle_today(site.id).await {
            tracing::debug!(site = %site.key, %error, "today is read by the first question instead");
        }
    }
}
