//! Visits as people make them: somebody arrives from somewhere, looks at a few pages, does a thing or two, and leaves.
//!
//! A visit is made whole and then split into the beacons that its browser would have sent, one a page. The same seed makes
//! the same traffic.

use serde_json::{Value, json};

use super::world::{ARRIVALS, BOTS, DEVICES, LANGUAGES, Page, SITES, Site};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// One request: what a browser posts, and the headers that the server reads.
pub(crate) struct Beacon {
    pub(crate) user_agent: &'static str,
    pub(crate) language: &'static str,
    /// The visitor's address, for servers that trust us to name it.
    pub(crate) address: String,
    pub(crate) events: u64,
    pub(crate) body: Value,
}

/// A source of visits.
pub(crate) struct Traffic {
    random: fastrand::Rng,
}

/// Who visits, and from where.
struct Visitor {
    user_agent: &'static str,
    screen: &'static str,
    language: &'static str,
    time_zone: &'static str,
    address: String,
    referrer: &'static str,
    query: &'static str,
    pages: u32,
}

impl Traffic {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// A moment of the last `span_ms` before `now_ms`, more often by day than by night.
    pub(crate) fn moment_ms(&mut self, now_ms: i64, span_ms: i64) -> i64 {
        loop {
            let time_ms = now_ms - self.random.i64(0..span_ms.max(1));
            if self.random.f64() < busyness(time_ms) {
                return time_ms;
            }
        }
    }

    /// The beacons of one visit that begins at `start_ms`; nothing in it is later than `now_ms`.
    pub(crate) fn visit(&mut self, start_ms: i64, now_ms: i64) -> Vec<Beacon> {
        let weights: Vec<u32> = SITES.iter().map(|site| site.weight).collect();
        let site = &SITES[self.weighted(&weights)];
        let visitor = self.visitor();
        let mut time_ms = start_ms;
        let mut referrer = visitor.referrer.to_owned();
        let mut query = visitor.query;
        let mut beacons = Vec::new();
        for _ in 0..visitor.pages {
            if time_ms > now_ms {
                break;
            }
            let page = self.page(site);
            let url = address(site, page, query);
            let events = self.page_events(site, time_ms, now_ms);
            beacons.push(beacon(site, &visitor, page, &url, &referrer, &events));
            referrer = url;
            query = "";
            time_ms += self.random.i64(4_000..4 * MINUTE_MS);
        }
        beacons
    }

    /// How long until the next visit.
    pub(crate) fn pause_ms(&mut self) -> u64 {
        self.random.u64(400..2_400)
    }

    fn visitor(&mut self) -> Visitor {
        let is_bot = self.random.u32(0..100) < 3;
        let (user_agent, screen) = if is_bot {
            (BOTS[self.random.usize(0..BOTS.len())], "800x600")
        } else {
            let device = &DEVICES[self.pick(DEVICES, |device| device.2)];
            (device.0, device.1)
        };
        let language = &LANGUAGES[self.pick(LANGUAGES, |language| language.2)];
        let arrival = &ARRIVALS[self.pick(ARRIVALS, |arrival| arrival.2)];
        Visitor {
            user_agent,
            screen,
            language: language.0,
            time_zone: language.1,
            // 198.18.0.0/15 is reserved for tests of network devices (RFC 2544): nobody's address.
            address: format!(
                "198.{}.{}.{}",
                self.random.u8(18..20),
                self.random.u8(..),
                self.random.u8(1..255)
            ),
            referrer: if is_bot { "" } else { arrival.0 },
            query: if is_bot { "" } else { arrival.1 },
            // Two of five leave after the first page; the others stay for a few.
            pages: if self.random.u32(0..5) < 2 {
                1
            } else {
                self.random.u32(2..7)
            },
        }
    }

    fn page(&mut self, site: &'static Site) -> &'static Page {
        &site.pages[self.pick(site.pages, |page| page.weight)]
    }

    /// A page view, and what the visitor did on the page.
    fn page_events(&mut self, site: &Site, time_ms: i64, now_ms: i64) -> Vec<Value> {
        let mut events = vec![event("pageview", &json!({}), time_ms)];
        for (kind, data, per_thousand) in site.actions {
            let at_ms = time_ms + self.random.i64(300..40_000);
            if self.random.u32(0..1_000) < *per_thousand && at_ms <= now_ms {
                let data = serde_json::from_str(data).unwrap_or_else(|_| json!({}));
                events.push(event(kind, &data, at_ms));
            }
        }
        events
    }

    fn pick<T>(&mut self, items: &[T], weight: impl Fn(&T) -> u32) -> usize {
        let weights: Vec<u32> = items.iter().map(weight).collect();
        self.weighted(&weights)
    }

    fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.random.u32(0..weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

/// How busy an hour of the day is, 0 to 1: quiet at 4 o'clock UTC, busiest at 16 o'clock.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a day are far below 2^52"
)]
fn busyness(time_ms: i64) -> f64 {
    let hour = time_ms.rem_euclid(24 * HOUR_MS) as f64 / HOUR_MS as f64;
    0.55 - 0.45 * ((hour - 4.0) / 24.0 * std::f64::consts::TAU).cos()
}

fn address(site: &Site, page: &Page, query: &str) -> String {
    let separator = match (query.is_empty(), page.path.contains('?')) {
        (true, _) => "",
        (false, false) => "?",
        (false, true) => "&",
    };
    format!("https://{}{}{separator}{query}", site.key, page.path)
}

fn event(kind: &str, data: &Value, time_ms: i64) -> Value {
    json!({ "id": hgpixel_event::assigned_id(time_ms), "type": kind, "data": data, "time": time_ms })
}

fn beacon(
    site: &Site,
    visitor: &Visitor,
    page: &Page,
    url: &str,
    referrer: &str,
    events: &[Value],
) -> Beacon {
    Beacon {
        user_agent: visitor.user_agent,
        language: visitor.language,
        address: visitor.address.clone(),
        events: events.len() as u64,
        body: json!({
            "v": 1,
            "site": site.key,
            "url": url,
            "title": page.title,
            "referrer": referrer,
            "language": visitor.language,
            "device": { "screen": visitor.screen, "timeZone": visitor.time_zone },
            "events": events,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;

    #[test]
    fn a_visit_lies_between_its_start_and_now() {
        let mut traffic = Traffic::new(7);
        for _ in 0..500 {
            let start_ms = traffic.moment_ms(NOW_MS, 6 * 24 * HOUR_MS);
            let beacons = traffic.visit(start_ms, NOW_MS);
            assert!(!beacons.is_empty());
            for beacon in &beacons {
                let events = beacon.body["events"].as_array().expect("a batch");
                assert_eq!(events.len() as u64, beacon.events);
                for event in events {
                    let time_ms = event["time"].as_i64().expect("a time");
                    assert!((start_ms..=NOW_MS).contains(&time_ms), "{time_ms}");
                }
            }
        }
    }

    #[test]
    fn traffic_is_varied() {
        let mut traffic = Traffic::new(7);
        let beacons: Vec<Beacon> = (0..2_000)
            .flat_map(|_| traffic.visit(NOW_MS - HOUR_MS, NOW_MS))
            .collect();
        let distinct = |of: fn(&Beacon) -> String| {
            beacons
                .iter()
                .map(of)
                .collect::<std::collections::HashSet<_>>()
                .len()
        };
        assert_eq!(
            distinct(|beacon| beacon.body["site"].to_string()),
            SITES.len()
        );
        assert_eq!(
            distinct(|beacon| beacon.language.to_owned()),
            LANGUAGES.len()
        );
        assert_eq!(
            distinct(|beacon| beacon.user_agent.to_owned()),
            DEVICES.len() + BOTS.len()
        );
        assert!(distinct(|beacon| beacon.address.clone()) > 1_500);
    }
}
