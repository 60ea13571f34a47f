//! What happens to a beacon: the rules in their order, the same for every endpoint.

use std::sync::Arc;
use std::time::Duration;

use hgpixel_config::OptOut;
use hgpixel_enrich::GeoDatabase;
use hgpixel_event::{EncodedEvent, Event};
use hgpixel_store::Site;
use hgpixel_telemetry::http::{Client, TrustedProxies};

use crate::answer::{Answer, Refusal};
use crate::batcher::{Batcher, EVENT_BYTES_MAX, Outcome, WAITING_BYTES_MAX};
use crate::beacon::{Beacon, BeaconEvent, Invalid, Sender};
use crate::draft::Drafting;
use crate::hit::Hit;
use crate::limit::{Limiter, Network};
use crate::metrics::{DropReason, Metrics, RejectReason};
use crate::page_url::PageUrl;
use crate::site::{self, Lookup, Sites};
use crate::snapshot::Current;
use crate::source::{Room, Source, of_token};
use crate::twins::Twins;

/// Everything that requests share.
pub(crate) struct Collector {
    pub(crate) proxies: TrustedProxies,
    pub(crate) of_address: Option<Limiter<Network>>,
    pub(crate) of_site: Option<Limiter<i64>>,
    pub(crate) opt_out: OptOut,
    pub(crate) current: Current,
    pub(crate) servers: Room,
    pub(crate) sites: Sites,
    pub(crate) geo: Option<GeoDatabase>,
    pub(crate) twins: Twins,
    pub(crate) batcher: Batcher,
    pub(crate) clock: hgpixel_event::Clock,
    pub(crate) metrics: Arc<Metrics>,
}

impl Collector {
    /// Takes the events of a beacon, or says why not. Counts whatever becomes of them.
    pub(crate) async fn collect(
        &self,
        hit: Hit<'_>,
        beacon: Beacon<'_>,
        repaired: bool,
    ) -> Result<Answer, Refusal> {
        let events = beacon.events.len();
        let lost = beacon.lost.clone();
        match self.sort(hit, beacon, repaired).await {
            Ok(Sorted::Drop(reason)) => {
                self.metrics.dropped.add(reason, events);
                Ok(Answer::Dropped(reason))
            }
            Ok(Sorted::Keep {
                good,
                bad,
                ruled_out,
            }) => {
                self.metrics.dropped.add(DropReason::Rule, ruled_out);
                let answer = self.keep(good, bad, ruled_out).await?;
                // A sender that is refused tells it again.
                for (reason, events) in lost {
                    self.metrics.lost.of(reason).inc_by(events);
                }
                Ok(answer)
            }
            Err(refusal) => {
                self.metrics.rejected.add(refusal.reason(), events);
                Err(refusal)
            }
        }
    }

    /// Who sends, by the token of the request, if it shows one. No call to the store: the snapshot knows the tokens.
    pub(crate) fn source(&self, token: Option<&str>) -> Result<Source, Refusal> {
        token.map_or(Ok(Source::Browser), |token| {
            of_token(self.current.get().as_ref(), token, self.clock.now_ms())
        })
    }

    /// Refuses an address that has sent too much already, before anything of its request is read.
    pub(crate) fn admit(&self, client: Client) -> Result<(), Refusal> {
        let address = Network::of(client.address);
        limit(self.of_address.as_ref(), client, |limiter| {
            limiter.check(&address)
        })
    }

    /// Lets an address pay for events, all or none.
    pub(crate) fn spend(&self, client: Client, events: usize) -> Result<(), Refusal> {
        let address = Network::of(client.address);
        limit(self.of_address.as_ref(), client, |limiter| {
            limiter.spend(address, events)
        })
    }

    /// Everything up to the queue.
    async fn sort(
        &self,
        hit: Hit<'_>,
        beacon: Beacon<'_>,
        repaired: bool,
    ) -> Result<Sorted, Refusal> {
        if hit.source == Source::Browser {
            self.spend(hit.client, beacon.events.len())?;
        }
        if is_unidentified(&beacon) {
            return Ok(Sorted::Drop(DropReason::Unidentified));
        }
        let snapshot = self.current.get().ok_or(Refusal::Unavailable)?;
        let url = PageUrl::parse(&beacon.shared.url);
        let host = host(&url, &beacon.events);
        let key = beacon.site.as_ref();
        let found = match hit.source {
            Source::Server { site: Some(bound) } => {
                Lookup::Found(site::bound(&snapshot, bound, key)?)
            }
            Source::Server { site: None } | Source::Browser => {
                self.sites.lookup(&snapshot, key, host.as_deref())
            }
        };
        let known = match found {
            Lookup::Found(site) => Some(site),
            Lookup::Create(_) | Lookup::Unknown => None,
        };
        let opted_out = hit.opted_out() || beacon.opted_out;
        let opt_out = known.and_then(|site| site.opt_out).unwrap_or(self.opt_out);
        // A server is no page, and has no origin.
        if hit.source == Source::Browser && known.is_some_and(|site| !takes(site, &hit)) {
            return Err(Refusal::Origin);
        }
        if opted_out && opt_out == OptOut::Drop {
            return Ok(Sorted::Drop(DropReason::OptOut));
        }
        let site = match found {
            Lookup::Found(site) => site.id,
            Lookup::Create(key) => self.sites.create(&key, &self.metrics).await?,
            Lookup::Unknown => return Err(Refusal::UnknownSite),
        };
        limit(self.of_site.as_ref(), hit.client, |limiter| {
            limiter.spend(site, beacon.events.len())
        })?;
        // A site that was created just now is in a newer snapshot; secrets and salts are the same in both.
        let drafting = Drafting {
            hit,
            snapshot: &snapshot,
            site,
            rules: known.map(|site| &site.drop_rules),
            geo: self.geo.as_ref(),
            anonymous: opted_out && opt_out == OptOut::Anonymous,
            sender: beacon.sender,
            automated: beacon.automated,
            sent_at_ms: beacon.sent_at_ms,
            repaired,
            metrics: &self.metrics,
            twins: &self.twins,
        };
        let sent = beacon.events.len();
        let events = drafting.draft(beacon.shared, url, beacon.events);
        let ruled_out = sent - events.len();
        if events.is_empty() {
            return Ok(Sorted::Drop(DropReason::Rule));
        }
        separate(events, ruled_out).map_err(Refusal::Invalid)
    }

    async fn keep(
        &self,
        good: Vec<EncodedEvent>,
        bad: usize,
        ruled_out: usize,
    ) -> Result<Answer, Refusal> {
        let (bytes, bytes_max) = (
            good.iter().map(EncodedEvent::bytes_len).sum(),
            WAITING_BYTES_MAX / 2,
        );
        if bytes > bytes_max {
            let refusal = Refusal::EventsTooLarge { bytes, bytes_max };
            self.metrics
                .rejected
                .add(refusal.reason(), good.len() + bad);
            return Err(refusal);
        }
        self.metrics.rejected.add(RejectReason::Invalid, bad);
        match self.batcher.publish(good).await {
            Outcome::Stored => Ok(Answer::Accepted {
                rejected: bad,
                dropped: (ruled_out > 0).then_some(DropReason::Rule),
            }),
            Outcome::NotStored => Err(Refusal::Unavailable),
        }
    }
}

/// Limits whoever is not above limits, where there is one.
fn limit<Key>(
    limiter: Option<&Limiter<Key>>,
    client: Client,
    ask: impl FnOnce(&Limiter<Key>) -> Result<(), Duration>,
) -> Result<(), Refusal> {
    match limiter {
        Some(limiter) if !client.unlimited => ask(limiter).map_err(Refusal::RateLimited),
        _ => Ok(()),
    }
}

enum Sorted {
    Drop(DropReason),
    /// At least one good event.
    Keep {
        good: Vec<EncodedEvent>,
        bad: usize,
        /// Events that a rule of the site left out.
        ruled_out: usize,
    },
}

/// Whether the site takes events of this page.
fn takes(site: &Site, hit: &Hit<'_>) -> bool {
    site.allowed_origins.is_any() || site.allowed_origins.allows(&hit.origin())
}

/// The old script sends its first page view before it knows its site's key, and then again with it. Counting the first would
/// count every page view twice, possibly on another site.
fn is_unidentified(beacon: &Beacon<'_>) -> bool {
    let is_first = beacon.sender == Sender::OldScript && beacon.site.is_none();
    let is_pageview = |event: &Result<BeaconEvent<'_>, Invalid>| matches!(event, Ok(event) if event.kind == "pageview");
    is_first && beacon.events.iter().all(is_pageview)
}

/// The host of the page, by which a beacon without a key finds its site.
fn host(
    shared: &Result<Option<PageUrl>, Invalid>,
    events: &[Result<BeaconEvent<'_>, Invalid>],
) -> Option<String> {
    if let Ok(Some(url)) = shared {
        return Some(url.host.clone());
    }
    let own = events
        .iter()
        .flatten()
        .find_map(|event| event.url.as_deref())?;
    PageUrl::parse(own).ok().flatten().map(|url| url.host)
}

/// An event that has to be escaped twice over may outgrow what it came from, and a micro-batch.
fn encoded(event: &Event) -> Result<EncodedEvent, Invalid> {
    let event = EncodedEvent::new(event);
    if event.bytes_len() > EVENT_BYTES_MAX {
        return Err(Invalid::new(format!(
            "an event may have {EVENT_BYTES_MAX} bytes as it is kept; send less `data`"
        )));
    }
    Ok(event)
}

/// The good events, encoded, and how many bad ones there were. Without a good one, the first error.
fn separate(events: Vec<Result<Event, Invalid>>, ruled_out: usize) -> Result<Sorted, Invalid> {
    let count = events.len();
    let mut good = Vec::with_capacity(count);
    let mut first_error = None;
    for event in events {
        match event.and_then(|event| encoded(&event)) {
            Ok(event) => good.push(event),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let bad = count - good.len();
    match first_error {
        Some(error) if good.is_empty() => Err(error),
        _ => Ok(Sorted::Keep {
            good,
            bad,
            ruled_out,
        }),
    }
}
