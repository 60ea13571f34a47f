//! A random site: visitors who come again, bots, opted-out events, pages of one path, odd data; written through the writer in batches that
//! are late and out of order.

use std::collections::HashMap;
use std::ops::Range;

use fastrand::Rng;
use futures_util::TryStreamExt;
use hgpixel_event::{Place, assigned_id};
use hgpixel_store::{Campaign, EventStore, NewEvent, Site, ViewFilter, ViewOrder};
use uuid::Uuid;

use crate::support::{DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, hit, message};

/// When the first of its events may happen; they go on for [`SPAN_MS`].
pub(crate) const BEGIN_MS: i64 = NOW_MS - 3 * DAY_MS;
pub(crate) const SPAN_MS: i64 = 4 * DAY_MS;

/// What was sent, and in which session each event ended up.
pub(crate) struct World {
    pub(crate) site: Site,
    /// When journeys begin.
    pub(crate) span: Range<i64>,
    /// In the order in which they were stored.
    pub(crate) events: Vec<Sent>,
}

pub(crate) struct Sent {
    pub(crate) event: NewEvent,
    pub(crate) session: i64,
    /// In which transaction it was stored.
    pub(crate) batch: usize,
}

impl World {
    pub(crate) async fn write(store: &EventStore, rng: &mut Rng, events: usize) -> Self {
        Self::write_while(store, rng, events, async |_, _| {}).await
    }

    /// Does something on the site before each batch.
    pub(crate) async fn write_while(
        store: &EventStore,
        rng: &mut Rng,
        events: usize,
        before_batch: impl AsyncFnMut(&Site, &mut Rng),
    ) -> Self {
        let key = format!("site-{}", store.sites().await.unwrap().len());
        let site = store.add_site(&key.parse().unwrap(), "").await.unwrap();
        let mut world = Self {
            site,
            span: BEGIN_MS..BEGIN_MS + SPAN_MS,
            events: Vec::new(),
        };
        world.go_on_while(store, rng, events, before_batch).await;
        world
    }

    /// More of it.
    pub(crate) async fn go_on(&mut self, store: &EventStore, rng: &mut Rng, events: usize) {
        self.go_on_while(store, rng, events, async |_, _| {}).await;
    }

    async fn go_on_while(
        &mut self,
        store: &EventStore,
        rng: &mut Rng,
        events: usize,
        mut before_batch: impl AsyncFnMut(&Site, &mut Rng),
    ) {
        let site = self.site.clone();
        let other = store.add_site(&"other".parse().unwrap(), "").await.unwrap();
        let mut sent = journeys(&site, &self.span, rng, events);
        // The same visitors and pages at another site, which nobody asks about.
        sent.extend(journeys(&other, &self.span, rng, events / 8));
        // Stored a while after they happened, so that batches overlap in time; some long after.
        let mut late: Vec<(i64, NewEvent)> = sent
            .into_iter()
            .map(|event| {
                let delay = if rng.u8(..10) == 0 { DAY_MS } else { HOUR_MS };
                (event.event.time_ms + rng.i64(0..delay), event)
            })
            .collect();
        late.sort_by_key(|(stored_ms, event)| (*stored_ms, event.event.id));
        let mut batches = Vec::new();
        let mut rest = late.into_iter().map(|(_, event)| event).peekable();
        while rest.peek().is_some() {
            let batch: Vec<NewEvent> = rest.by_ref().take(rng.usize(1..60)).collect();
            batches.push(batch);
        }
        let mut writers = [
            store.writer("one").await.unwrap(),
            store.writer("two").await.unwrap(),
        ];
        for batch in &batches {
            before_batch(&site, rng).await;
            let writer = &mut writers[rng.usize(..2)];
            // Some come twice.
            for _ in 0..=usize::from(rng.u8(..8) == 0) {
                writer.append(&[message(batch.clone())]).await.unwrap();
            }
        }
        let sessions = sessions(store, &site).await;
        let before = self.events.last().map_or(0, |sent| sent.batch + 1);
        let events = batches
            .into_iter()
            .enumerate()
            .map(|(batch, events)| (before + batch, events))
            .flat_map(|(batch, events)| events.into_iter().map(move |event| (batch, event)))
            .filter(|(_, event)| event.event.site == site.id)
            .map(|(batch, event)| Sent {
                session: sessions[&event.event.id],
                event,
                batch,
            });
        self.events.extend(events);
    }
}

async fn sessions(store: &EventStore, site: &Site) -> HashMap<Uuid, i64> {
    let filter = ViewFilter {
        sites: Some(vec![site.id]),
        ..ViewFilter::default()
    };
    let rows = store.view_stream(filter, ViewOrder::OldestFirst);
    rows.map_ok(|row| (row.event_id, row.session))
        .try_collect()
        .await
        .unwrap()
}

fn pick<'t>(rng: &mut Rng, texts: &[&'t str]) -> &'t str {
    texts[rng.usize(..texts.len())]
}

fn journeys(site: &Site, span: &Range<i64>, rng: &mut Rng, events: usize) -> Vec<NewEvent> {
    let mut sent = Vec::with_capacity(events);
    while sent.len() < events {
        let visitor = (rng.u8(..8) > 0).then(|| rng.i64(1..=25));
        let mut time_ms = rng.i64(span.clone());
        let visit = visit(rng);
        for _ in 0..rng.usize(1..9) {
            sent.push(event(site, rng, visitor, time_ms, &visit));
            // Gaps on both sides of half an hour.
            time_ms += match rng.u8(..10) {
                0 => rng.i64(29 * MINUTE_MS..31 * MINUTE_MS),
                1 => 2 * HOUR_MS,
                _ => rng.i64(1_000..10 * MINUTE_MS),
            };
        }
    }
    // No two at the same moment: of two such, the one that is stored last would be the exit.
    for (index, event) in sent.iter_mut().enumerate() {
        let time_ms = event.event.time_ms / 1_000 * 1_000 + i64::try_from(index % 1_000).unwrap();
        let age_ms = match rng.u8(..20) {
            0 => rng.i64(0..7 * DAY_MS),
            1 => -rng.i64(0..10 * MINUTE_MS),
            _ => rng.i64(0..10 * MINUTE_MS),
        };
        event.event.time_ms = time_ms;
        event.event.received_ms = time_ms + age_ms;
        event.event.id = assigned_id(time_ms);
        // Salts see to it that a visitor belongs to one day of receipt.
        let day = event.event.received_ms.div_euclid(DAY_MS);
        event.event.visitor = event.event.visitor.map(|visitor| visitor << 20 | day);
    }
    sent
}

/// User agents; any may be a bot's.
pub(crate) const AGENTS: [&str; 3] = ["Mozilla/5.0", "Mozilla/5.0 (compatible; Odd/1)", ""];

/// What the events of a journey say of where it came from and with what.
fn visit(rng: &mut Rng) -> NewEvent {
    let mut visit = NewEvent::default();
    visit.event.user_agent = pick(rng, &AGENTS).into();
    let enriched = &mut visit.enriched;
    enriched.browser = pick(rng, &["Firefox", "Chrome", ""]).into();
    enriched.browser_version = pick(rng, &["143", "9", ""]).into();
    enriched.os = pick(rng, &["Linux", "iOS", ""]).into();
    enriched.os_version = pick(rng, &["", "17"]).into();
    enriched.device = pick(rng, &["desktop", "mobile"]).into();
    enriched.language = pick(rng, &["de-AT", "fr", ""]).into();
    enriched.screen = pick(rng, &["390x844", "1920x1080", ""]).into();
    enriched.channel = pick(rng, &["Direct", "Email", "Organic Search", ""]).into();
    if rng.u8(..6) == 0 {
        enriched.bot_reason = pick(rng, &["crawler", "webdriver"]).into();
        enriched.bot_name = pick(rng, &["GPTBot", ""]).into();
    }
    match rng.u8(..4) {
        0 => {
            visit.event.referrer = pick(rng, &["https://a.example/", "https://b.example/x"]).into();
            enriched.source = pick(rng, &["A", "É", ""]).into();
        }
        1 => enriched.source = "newsletter".into(),
        _ => {}
    }
    if rng.bool() {
        enriched.campaign = Some(Campaign {
            source: pick(rng, &["newsletter", "Newsletter", ""]).into(),
            medium: pick(rng, &["email", ""]).into(),
            name: pick(rng, &["autumn", "AUTUMN", ""]).into(),
            term: pick(rng, &["boots", ""]).into(),
            content: pick(rng, &["top", ""]).into(),
            click_id: pick(rng, &["gclid", ""]).into(),
        });
    }
    visit.event.place = Place {
        country: pick(rng, &["AT", "DE", ""]).into(),
        region: pick(rng, &["9", ""]).into(),
        city: pick(rng, &["Wien", "Zürich", ""]).into(),
    };
    visit.event.device = pick(
        rng,
        &[
            "",
            r#"{"colorScheme":"dark"}"#,
            r#"{"colorScheme":"light","screen":"1x1"}"#,
            r#"{"colorScheme":""}"#,
        ],
    )
    .into();
    visit
}

const KINDS: [&str; 10] = [
    "pageview",
    "pageview",
    "pageview",
    "pageview",
    "engagement",
    "engagement",
    "signup",
    "error",
    "favourite_colour",
    "performance_metrics",
];

fn event(
    site: &Site,
    rng: &mut Rng,
    visitor: Option<i64>,
    time_ms: i64,
    visit: &NewEvent,
) -> NewEvent {
    let mut event = hit(site, 0, time_ms - NOW_MS);
    event.event.visitor = visitor;
    event.event.kind = pick(rng, &KINDS).into();
    event.event.referrer.clone_from(&visit.event.referrer);
    event.event.place = visit.event.place.clone();
    event.event.device.clone_from(&visit.event.device);
    event.event.user_agent.clone_from(&visit.event.user_agent);
    event.enriched = visit.enriched.clone();
    if rng.u8(..12) == 0 {
        // A window that changed on the way: the visit stays what its first event said.
        event.enriched.screen = "800x600".into();
    }
    event.enriched.host = pick(rng, &["example.com", "shop.example.com", ""]).into();
    event.enriched.path = pick(rng, &["/", "/blog", "/Blog", "/blog/1", "/ÉTÉ", ""]).into();
    let (host, path) = (&event.enriched.host, &event.enriched.path);
    let query = pick(rng, &["", "?a=1", "?a=2"]);
    event.event.url = format!("https://{host}{path}{query}");
    event.event.title = pick(rng, &["Home", "Blog", ""]).into();
    event.event.data = data(rng, &event.event.kind);
    event
}

fn data(rng: &mut Rng, kind: &str) -> String {
    let texts: &[&str] = match kind {
        "engagement" => &[
            "",
            r#"{"engaged":1500,"scroll":20}"#,
            r#"{"engaged":61499,"scroll":100}"#,
            r#"{"engaged":0,"scroll":0}"#,
            r#"{"engaged":86400001,"scroll":101}"#,
            r#"{"engaged":-5,"scroll":12.5}"#,
            r#"{"engaged":"900","scroll":true}"#,
            r#"{"engaged":123456789012345678901234567890,"scroll":1e30}"#,
            r#"{"engaged":1e400}"#,
            r#"{"scroll":55}"#,
        ],
        "favourite_colour" => &[
            r##"{"colour":"#ff0000","source":"chosen"}"##,
            r##"{"colour":"#00FF00"}"##,
            r#"{"colour":""}"#,
            "",
        ],
        _ => &[
            "",
            r#"{"plan":"pro","colour":"blue"}"#,
            r#"{"plan":"Pro"}"#,
            r#"{"plan":"free","a.b c":"x"}"#,
            r#"{"plan":1.50}"#,
            r#"{"plan":12345678901234567890}"#,
            r#"{"plan":true,"a.b c":false}"#,
            r#"{"plan":""}"#,
            r#"{"plan":null}"#,
            r#"{"plan":"été \"x\" ☃","'":"q"}"#,
            r#"{"plan":"\u00e9t\u00e9"}"#,
            r#"{"plan":"(none)"}"#,
        ],
    };
    pick(rng, texts).to_owned()
}
