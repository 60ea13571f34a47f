//! What happens to a beacon: the rules in their order, the same for every endpoint.

use std::sync::Arc;
use std::time::Duration;

use hgpixel_config::OptOut;
use hgpixel_enrich::GeoDatabase;
use hgpixel_event::{EncodedEvent, Event, Place};
use hgpixel_store::{DropRules, Site};
use hgpixel_telemetry::http::{Client, TrustedProxies};

use crate::answer::{Answer, Refusal};
use crate::batcher::{Batcher, Outcome};
use crate::beacon::{Beacon, BeaconEvent, Invalid, Sender};
use crate::draft::Drafting;
use crate::hit::Hit;
use crate::limit::{Limiter, Network};
use crate::metrics::{DropReason, Metrics, RejectReason};
use crate::page_url::{self, PageUrl};
use crate::site::{Lookup, Sites};
use crate::snapshot::Current;
use crate::twins::Twins;

/// Everything that requests share.
pub(crate) struct Collector {
    pub(crate) proxies: TrustedProxies,
    pub(crate) of_address: Option<Limiter<Network>>,
    pub(crate) of_site: Option<Limiter<i64>>,
    pub(crate) opt_out: OptOut,
    pub(crate) current: Current,
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
        self.spend(hit.client, beacon.events.len())?;
        if is_unidentified(&beacon) {
            return Ok(Sorted::Drop(DropReason::Unidentified));
        }
        let snapshot = self.current.get().ok_or(Refusal::Unavailable)?;
        let url = PageUrl::parse(&beacon.shared.url);
        let host = host(&url, &beacon.events);
        let found = self
            .sites
            .lookup(&snapshot, beacon.site.as_ref(), host.as_deref());
        let known = match found {
            Lookup::Found(site) => Some(site),
            Lookup::Create(_) | Lookup::Unknown => None,
        };
        let opted_out = hit.opted_out() || beacon.opted_out;
        let opt_out = known.and_then(|site| site.opt_out).unwrap_or(self.opt_out);
        if let Some(reason) = self.rule(known, &hit, opted_out, opt_out)? {
            return Ok(Sorted::Drop(reason));
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
            place: self.place(&hit),
            anonymous: opted_out && opt_out == OptOut::Anonymous,
            sender: beacon.sender,
            automated: beacon.automated,
            sent_at_ms: beacon.sent_at_ms,
            repaired,
            metrics: &self.metrics,
            twins: &self.twins,
        };
        let mut events = drafting.draft(beacon.shared, url, beacon.events);
        let ruled_out = known.map_or(0, |site| leave_out(&site.drop_rules, &mut events));
        if events.is_empty() {
            return Ok(Sorted::Drop(DropReason::Rule));
        }
        separate(events, ruled_out).map_err(Refusal::Invalid)
    }

    /// What a site's rules say to whoever sends, whatever its events are: refused, left out, or neither.
    fn rule(
        &self,
        site: Option<&Site>,
        hit: &Hit<'_>,
        opted_out: bool,
        opt_out: OptOut,
    ) -> Result<Option<DropReason>, Refusal> {
        if let Some(site) = site {
            if !site.allowed_origins.is_any() && !site.allowed_origins.allows(&hit.origin()) {
                return Err(Refusal::Origin);
            }
            if !site.drop_rules.is_empty()
                && site
                    .drop_rules
                    .drop_client(hit.client.address, &hit.user_agent())
            {
                return Ok(Some(DropReason::Rule));
            }
        }
        let drops = opted_out && opt_out == OptOut::Drop;
        Ok(drops.then_some(DropReason::OptOut))
    }

    async fn keep(
        &self,
        good: Vec<EncodedEvent>,
        bad: usize,
        ruled_out: usize,
    ) -> Result<Answer, Refusal> {
        self.metrics.rejected.add(RejectReason::Invalid, bad);
        match self.batcher.publish(good).await {
            Outcome::Stored => Ok(Answer::Accepted {
                rejected: bad,
                dropped: (ruled_out > 0).then_some(DropReason::Rule),
            }),
            Outcome::NotStored => Err(Refusal::Unavailable),
        }
    }

    fn place(&self, hit: &Hit<'_>) -> Place {
        let Some(geo) = &self.geo else {
            return Place::default();
        };
        let place = geo.place(hit.client.address);
        Place {
            country: place
                .country
                .map(|country| country.as_str().to_owned())
                .unwrap_or_default(),
            region: place.region.unwrap_or_default(),
            city: place.city.unwrap_or_default(),
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

/// Leaves out the events of pages that the site does not count; how many.
fn leave_out(rules: &DropRules, events: &mut Vec<Result<Event, Invalid>>) -> usize {
    if rules.is_empty() {
        return 0;
    }
    let before = events.len();
    events
        .retain(|event| !matches!(event, Ok(event) if rules.drop_path(page_url::path(&event.url))));
    before - events.len()
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

/// The good events, encoded, and how many bad ones there were. Without a good one, the first error.
fn separate(events: Vec<Result<Event, Invalid>>, ruled_out: usize) -> Result<Sorted, Invalid> {
    let count = events.len();
    let mut good = Vec::with_capacity(count);
    let mut first_error = None;
    for event in events {
        match event {
            Ok(event) => good.push(EncodedEvent::new(&event)),
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
