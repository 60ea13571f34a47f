//! Visits as people make them: somebody arrives from somewhere, looks at a few pages, does a thing or two, and leaves.
//!
//! A visit is made whole and then split into the beacons that its browser would have sent, one a page. The same seed makes
//! the same traffic.

use serde_json::{Value, json};

use super::places;
use super::world::{
    ARRIVALS, BOTS, COLOURS, CROWDS, Crowd, DEVICES, ERRORS, LANGUAGES, Page, SITES, Site,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// One request: what a browser posts, and the headers that the server reads.
pub(crate) struct Beacon {
    pub(crate) user_agent: &'static str,
    pub(crate) language: &'static str,
    /// The visitor's address, for servers that trust us to name it.
    pub(crate) address: String,
    pub(crate) events: u64,
    pub(crate) body: Value,
}

/// A type and its data as JSON.
type Action = (&'static str, &'static str);

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

    /// A moment from `from_ms` to before `until_ms`, more often by day than by night, on weekdays than at the weekend, and when there is a
    /// crowd.
    pub(crate) fn moment_ms(&mut self, from_ms: i64, until_ms: i64, now_ms: i64) -> i64 {
        loop {
            let time_ms = self.random.i64(from_ms..until_ms.max(from_ms + 1));
            let crowd = if crowd_at(time_ms, now_ms).is_some() {
                1.0
            } else {
                0.5
            };
            if self.random.f64() < crowd * busyness(time_ms) * growth(time_ms, now_ms) {
                return time_ms;
            }
        }
    }

    /// The beacons of one visit that begins at `start_ms`; nothing in it is later than `now_ms`.
    pub(crate) fn visit(&mut self, start_ms: i64, now_ms: i64) -> Vec<Beacon> {
        // More than half of whoever comes on the day of a crowd is of the crowd.
        let crowd = crowd_at(start_ms, now_ms).filter(|_| self.random.u32(0..10) < 6);
        let weights: Vec<u32> = SITES.iter().map(|site| site.weight).collect();
        let site = &SITES[crowd.map_or_else(|| self.weighted(&weights), |crowd| crowd.site)];
        let visitor = self.visitor(crowd);
        let route = self.route(site, &visitor);
        let last = route.len() - 1;
        let mut time_ms = start_ms;
        let mut referrer = visitor.referrer.to_owned();
        let mut query = visitor.query;
        let mut beacons = Vec::new();
        for (index, (page, action)) in route.into_iter().enumerate() {
            if time_ms > now_ms {
                break;
            }
            let stays_ms = self.random.i64(4_000..4 * MINUTE_MS);
            let url = address(site, page, query);
            let mut events = self.page_events(site, action, time_ms);
            events.push(self.engagement(time_ms + stays_ms - 1));
            if index == 0 {
                events.extend(self.of_the_load(time_ms));
            }
            if index == last {
                events.extend(self.colour(time_ms + 2_000));
            }
            events.retain(|event| event["time"].as_i64().is_some_and(|at_ms| at_ms <= now_ms));
            beacons.push(beacon(site, &visitor, page, &url, &referrer, &events));
            referrer = url;
            query = "";
            time_ms += stays_ms;
        }
        beacons
    }

    /// How long until the next visit.
    pub(crate) fn pause_ms(&mut self) -> u64 {
        self.random.u64(1_500..8_500)
    }

    fn visitor(&mut self, crowd: Option<&'static Crowd>) -> Visitor {
        let is_bot = self.random.u32(0..100) < 3;
        let (user_agent, screen) = if is_bot {
            (BOTS[self.random.usize(0..BOTS.len())], "800x600")
        } else {
            let device = &DEVICES[self.pick(DEVICES, |device| device.2)];
            (device.0, device.1)
        };
        let speaks = self.pick(LANGUAGES, |language| language.2);
        let language = &LANGUAGES[speaks];
        let arrival = &ARRIVALS[self.pick(ARRIVALS, |arrival| arrival.2)];
        let (referrer, query) = crowd.map_or((arrival.0, arrival.1), |crowd| {
            (crowd.referrer, crowd.query)
        });
        Visitor {
            user_agent,
            screen,
            language: language.0,
            time_zone: language.1,
            address: places::address(speaks, &mut self.random),
            referrer: if is_bot { "" } else { referrer },
            query: if is_bot { "" } else { query },
            // Two of five leave after the first page; the others stay for a few.
            pages: if self.random.u32(0..5) < 2 {
                1
            } else {
                self.random.u32(2..7)
            },
        }
    }

    /// The pages of a visit and what is done on each: some of the site's, and as much of its funnel as this visitor goes through.
    fn route(
        &mut self,
        site: &'static Site,
        visitor: &Visitor,
    ) -> Vec<(&'static Page, Option<Action>)> {
        let mut route: Vec<_> = (0..visitor.pages)
            .map(|_| {
                let page = self.pick(site.pages, |page| page.weight);
                (&site.pages[page], None)
            })
            .collect();
        for step in site.funnel {
            if self.random.u32(0..100) >= step.per_hundred {
                break;
            }
            route.push((&step.page, Some(step.action)));
        }
        route
    }

    /// A page view, and what the visitor did on the page.
    fn page_events(&mut self, site: &Site, action: Option<Action>, time_ms: i64) -> Vec<Value> {
        let mut events = vec![event("pageview", &json!({}), time_ms)];
        if let Some((kind, data)) = action {
            events.push(event(kind, &parsed(data), time_ms + 1_500));
        }
        for (kind, data, per_thousand) in site.actions {
            let at_ms = time_ms + self.random.i64(300..3_900);
            if self.random.u32(0..1_000) < *per_thousand {
                events.push(event(kind, &parsed(data), at_ms));
            }
        }
        events
    }

    fn engagement(&mut self, at_ms: i64) -> Value {
        let data = json!({ "engaged": self.random.i64(1_500..60_000), "scroll": self.random.i64(12..=100) });
        event("engagement", &data, at_ms)
    }

    /// How the first page loaded, on every third visit, and what went wrong on it, on every fiftieth.
    fn of_the_load(&mut self, time_ms: i64) -> Vec<Value> {
        let mut events = Vec::new();
        if self.random.u32(0..3) == 0 {
            // Most loads are quick, a few are not: the cube of an even chance.
            let slow = self.random.f64().powi(3);
            let ms = |least: f64, more: f64| (least + slow * more).round();
            let data = json!({
                "ttfb": ms(60.0, 1_900.0), "fcp": ms(420.0, 3_600.0), "lcp": ms(780.0, 5_200.0),
                "inp": ms(24.0, 620.0), "cls": (slow * 400.0).round() / 1_000.0,
                "domInteractive": ms(380.0, 2_900.0), "totalTime": ms(700.0, 5_000.0),
            });
            events.push(event("performance_metrics", &data, time_ms + 3_000));
        }
        if self.random.u32(0..50) == 0 {
            let (message, source, line) = ERRORS[self.random.usize(0..ERRORS.len())];
            let data =
                json!({ "message": message, "source": source, "line": line, "kind": "error" });
            events.push(event("error", &data, time_ms + 900));
        }
        events
    }

    fn colour(&mut self, at_ms: i64) -> Option<Value> {
        let chosen = self.random.u32(0..5) == 0;
        chosen.then(|| {
            let colour = COLOURS[self.pick(COLOURS, |colour| colour.1)].0;
            event(
                "favourite_colour",
                &json!({ "colour": colour, "source": "chosen" }),
                at_ms,
            )
        })
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

/// How well known the sites are by now, 0 to 1: two thirds of it two months ago.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of two months are far below 2^52"
)]
fn growth(time_ms: i64, now_ms: i64) -> f64 {
    1.0 - ((now_ms - time_ms) as f64 / (180 * DAY_MS) as f64).clamp(0.0, 0.5)
}

/// The crowd of the day on which `time_ms` lies, if there is one: from the morning to the evening.
fn crowd_at(time_ms: i64, now_ms: i64) -> Option<&'static Crowd> {
    let days = now_ms.div_euclid(DAY_MS) - time_ms.div_euclid(DAY_MS);
    let is_day = (8 * HOUR_MS..22 * HOUR_MS).contains(&time_ms.rem_euclid(DAY_MS));
    CROWDS.iter().find(|crowd| is_day && crowd.days == days)
}

/// How busy an hour is, 0 to 1: quiet at 4 o'clock UTC, busiest at 16 o'clock, and less so on Saturdays and Sundays.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a day are far below 2^52"
)]
fn busyness(time_ms: i64) -> f64 {
    let hour = time_ms.rem_euclid(DAY_MS) as f64 / HOUR_MS as f64;
    // 1 January 1970 was a Thursday.
    let is_weekend = matches!(time_ms.div_euclid(DAY_MS).rem_euclid(7), 2 | 3);
    let of_the_day = 0.55 - 0.45 * ((hour - 4.0) / 24.0 * std::f64::consts::TAU).cos();
    of_the_day * if is_weekend { 0.6 } else { 1.0 }
}

fn parsed(data: &str) -> Value {
    serde_json::from_str(data).unwrap_or_else(|_| json!({}))
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
            let start_ms = traffic.moment_ms(NOW_MS - 6 * DAY_MS, NOW_MS, NOW_MS);
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
