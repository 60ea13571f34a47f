//! Beacons through the balancer, as pixels send them: ids made before the first try, and the same beacon again until it is accepted.
//!
//! It notes what each client saw. A 503 with a later 2xx is how a fleet asks for patience; a connection that breaks or is refused is
//! tried again too, but counted as an error, for the balancer is never touched. Everything is bounded: senders, the size of a beacon,
//! its tries in time, and how many errors are kept as text.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result};
use hgpixel_testkit::{Request, send};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};
use uuid::Uuid;

/// Beacons under way at once.
const SENDERS: usize = 8;
/// Events in one beacon.
const BEACON_EVENTS: usize = 10;
/// Between two beacons of one sender while something is done to the fleet: about 130 events a second, so that the load outlasts it.
const PACE: Duration = Duration::from_millis(600);
/// A beacon that is not accepted by then has found a fault.
const PATIENCE: Duration = Duration::from_mins(2);
/// The longest wait before the next try; the first is a tenth of a second, and each is twice the one before.
const PAUSE_MAX: Duration = Duration::from_secs(2);
const ERRORS_SHOWN: usize = 10;

/// All that was sent through one balancer.
#[derive(Debug)]
pub(super) struct Load {
    url: String,
    seen: Mutex<Seen>,
}

/// What the clients saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Events that were sent, each counted once.
    pub(super) sent: usize,
    /// The ids that were answered 2xx.
    pub(super) accepted: BTreeSet<Uuid>,
    /// Answers of 503.
    pub(super) unavailable: usize,
    /// Anything else that was not 2xx.
    pub(super) errors: usize,
    /// The first of those.
    pub(super) examples: Vec<String>,
}

/// How much is still to be sent, and how fast.
#[derive(Debug)]
struct Order {
    beacons_left: AtomicUsize,
    is_paced: AtomicBool,
}

impl Load {
    pub(super) fn new(balancer: &str) -> Arc<Self> {
        Arc::new(Self {
            url: format!("{balancer}/track"),
            seen: Mutex::default(),
        })
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Sends at least `events` events, and more if `work` takes longer: evenly while it does, and the rest at once when it is done.
    pub(super) async fn during(
        self: &Arc<Self>,
        events: usize,
        work: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let order = Arc::new(Order {
            beacons_left: AtomicUsize::new(events.div_ceil(BEACON_EVENTS)),
            is_paced: AtomicBool::new(true),
        });
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let (load, order) = (Arc::clone(self), Arc::clone(&order));
            senders.spawn(async move { load.send_by(&order).await });
        }
        work.await?;
        order.is_paced.store(false, Ordering::Relaxed);
        while let Some(ended) = senders.join_next().await {
            ended.context("a sender")?;
        }
        Ok(())
    }

    async fn send_by(&self, order: &Order) {
        let mut pace = interval(PACE);
        loop {
            let is_paced = order.is_paced.load(Ordering::Relaxed);
            let left =
                order
                    .beacons_left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    });
            if left.is_err() && !is_paced {
                return;
            }
            if is_paced {
                pace.tick().await;
            }
            self.deliver().await;
        }
    }

    async fn deliver(&self) {
        let ids: Vec<Uuid> = (0..BEACON_EVENTS).map(|_| Uuid::now_v7()).collect();
        self.lock().sent += ids.len();
        let request = Request::new("POST", &self.url)
            .header(
                "User-Agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            )
            .json(&beacon(&ids));
        let until = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(100);
        while Instant::now() < until {
            match send(request.clone()).await {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    self.lock().accepted.extend(ids);
                    return;
                }
                Ok(answer) if answer.status == 503 => self.lock().unavailable += 1,
                Ok(answer) => {
                    self.lock()
                        .error(format!("{}: {}", answer.status, answer.body));
                    return;
                }
                Err(error) => self.lock().error(format!("{error:#}")),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        self.lock()
            .error(format!("a beacon was not accepted within {PATIENCE:?}"));
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nobody panics while it holds this")
    }
}

impl Seen {
    fn error(&mut self, what: String) {
        self.errors += 1;
        if self.examples.len() < ERRORS_SHOWN {
            self.examples.push(what);
        }
    }
}

/// A beacon in the batch form, of one of 500 visitors.
fn beacon(ids: &[Uuid]) -> Value {
    let random = ids.first().map_or(0, |id| id.as_u128() % 500);
    let event = |id: &Uuid| json!({"id": id.to_string(), "type": "pageview", "data": {}});
    json!({
        "v": 1,
        "site": "rehearsal.example",
        "url": format!("https://rehearsal.example/page/{}", random % 50),
        "title": "Rehearsal",
        "userId": format!("user-{random}"),
        "events": ids.iter().map(event).collect::<Vec<_>>(),
    })
}
