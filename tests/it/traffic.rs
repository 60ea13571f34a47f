//! A client that behaves as the pixel does: ids made before the first try, and the same beacon again until it is accepted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use hgpixel_event::{Clock, assigned_id};
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::stack::Stack;

/// Events in one beacon of the load.
const BEACON_EVENTS: usize = 20;
/// Beacons under way at once.
const SENDERS: usize = 8;
/// A beacon that is not accepted by then has found a fault.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a load has sent.
pub(crate) struct Sent {
    /// The load waits while it has this many events accepted: a test that kills in between must not be outrun.
    pub(crate) limit: watch::Sender<u64>,
    /// Events of beacons that were accepted, those that were sent again included.
    pub(crate) accepted: AtomicU64,
    /// The ids, each once.
    pub(crate) ids: Mutex<BTreeSet<Uuid>>,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            limit: watch::Sender::new(u64::MAX),
            accepted: AtomicU64::new(0),
            ids: Mutex::default(),
        }
    }
}

/// A load of `events` events of which every twentieth is sent once more, in another beacon, under the same id.
pub(crate) async fn send_with_repeats(
    stack: Arc<Stack>,
    events: usize,
    sent: Arc<Sent>,
) -> Result<()> {
    let ids: Vec<Uuid> = (0..events)
        .map(|_| assigned_id(Clock::system().now_ms()))
        .collect();
    sent.ids.lock().await.extend(&ids);
    let repeats: Vec<Uuid> = ids.iter().step_by(20).copied().collect();
    let beacons: Vec<Vec<Uuid>> = ids
        .chunks(BEACON_EVENTS)
        .chain(repeats.chunks(BEACON_EVENTS))
        .map(<[Uuid]>::to_vec)
        .collect();
    let mut senders = JoinSet::new();
    for share in 0..SENDERS {
        let beacons: Vec<Vec<Uuid>> = beacons
            .iter()
            .skip(share)
            .step_by(SENDERS)
            .cloned()
            .collect();
        let (stack, sent) = (Arc::clone(&stack), Arc::clone(&sent));
        senders.spawn(async move {
            for (number, ids) in beacons.into_iter().enumerate() {
                let mut limit = sent.limit.subscribe();
                limit
                    .wait_for(|limit| sent.accepted.load(Ordering::Relaxed) < *limit)
                    .await?;
                send_until_accepted(&stack, &beacon(share * 100_000 + number, &ids)).await?;
                sent.accepted.fetch_add(ids.len() as u64, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(())
}

async fn send_until_accepted(stack: &Stack, body: &str) -> Result<()> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut last = String::new();
    while tokio::time::Instant::now() < until {
        match stack.post(body.to_owned()).await {
            Ok(answer) if answer.status() == 204 => return Ok(()),
            Ok(answer) if answer.status() == 503 => last = answer.text().await.unwrap_or_default(),
            Ok(answer) => bail!("answered {}: {}", answer.status(), answer.text().await?),
            // The process is being killed or is not up again yet.
            Err(error) => last = format!("{:#}", anyhow::Error::from(error)),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("a beacon was not accepted in {PATIENCE:?}: {last}")
}

/// A beacon in our batch form, of one of 500 visitors.
fn beacon(number: usize, ids: &[Uuid]) -> String {
    let page = number % 50;
    let events: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "type": "pageview", "data": {"n": number}}))
        .collect();
    json!({
        "v": 1,
        "site": "load.example",
        "url": format!("https://load.example/page/{page}?utm_source=load"),
        "title": format!("Page {page}"),
        "referrer": "https://www.google.com/",
        "userId": format!("user-{}", number % 500),
        "events": events,
    })
    .to_string()
}
