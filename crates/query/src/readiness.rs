//! The condition `store` of readiness: the database answers.

use std::time::Duration;

use crate::Deps;

const INTERVAL: Duration = Duration::from_secs(1);

/// Asks the store every second until the process stops. The cache never counts: without it answers are only slower.
pub(crate) fn watch_store(deps: &Deps) {
    let condition = deps.health.condition("store");
    let store = deps.store.clone();
    let lifecycle = deps.lifecycle.clone();
    let watch = async move {
        loop {
            match store.ping().await {
                Ok(()) => condition.set_ready(),
                Err(error) => condition.set_unready(error.to_string()),
            }
            tokio::select! {
                () = lifecycle.stopping() => return Ok(()),
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    };
    deps.lifecycle.spawn("query-readiness", watch);
}
