//! Counting the figures of days that are over.

use std::time::{Duration, Instant};

use hgpixel_store::{EventStore, Leadership, RollupDay, Site, StoreError};
use hgpixel_telemetry::Lifecycle;

use crate::metrics::Metrics;

/// How long a round may go on beginning days, so that the leader's other work, each minute, does not wait for years of them.
const ROUND_MAX: Duration = Duration::from_secs(40);

/// Counts days that wait, for as long as a round has and this process leads. A day that fails is tried again in the next round.
pub(crate) async fn roll_up(
    store: &EventStore,
    metrics: &Metrics,
    lifecycle: &Lifecycle,
    leadership: &mut Option<Leadership>,
) {
    let waiting = match waiting(store).await {
        Ok(waiting) => waiting,
        Err(error) => return metrics.did::<()>("roll_up", &Err(error)),
    };
    let began = Instant::now();
    let (mut counted, mut events) = (0, 0);
    for (site, day) in &waiting {
        let goes_on =
            began.elapsed() < ROUND_MAX && !lifecycle.is_stopping() && is_held(leadership).await;
        if !goes_on {
            break;
        }
        let rolled = store.roll_up(site, *day).await;
        metrics.did("roll_up", &rolled);
        if let Ok(of_day) = rolled {
            counted += 1;
            events += of_day;
        }
    }
    let left = waiting.len() - counted;
    metrics.waits(left);
    if counted > 0 {
        tracing::info!(
            days = counted,
            events,
            waiting = left,
            seconds = began.elapsed().as_secs_f32(),
            "counted the figures of days that are over"
        );
    }
}

async fn is_held(leadership: &mut Option<Leadership>) -> bool {
    match leadership {
        Some(leadership) => leadership.is_held().await,
        None => false,
    }
}

/// The days that wait, site by site.
async fn waiting(store: &EventStore) -> Result<Vec<(Site, RollupDay)>, StoreError> {
    let mut all = Vec::new();
    for site in store.sites().await? {
        let days = store.rollups_waiting(&site, false).await?;
        all.extend(days.into_iter().map(|day| (site.clone(), day)));
    }
    Ok(all)
}
