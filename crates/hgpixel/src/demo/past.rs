//! The weeks before the last one: older than any browser may tell of (`/track` takes seven days), so they are written by the store's
//! writer, enriched as a worker would. Their books are kept under a name of their own, beside those of what was received.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use anyhow::Context;
use hgpixel_enrich::GeoDatabase;
use hgpixel_event::{Event, Place};
use hgpixel_store::{EventStore, Message, NewEvent, Writer};
use hgpixel_worker::Enrichment;
use serde_json::Value;
use uuid::Uuid;

use super::traffic::Beacon;

const INSTANCE: &str = "demo-past";
/// Events of one transaction.
const BATCH: usize = 2_000;

/// Writes beacons into the store as if they had been received when they happened.
pub(super) struct Past {
    store: EventStore,
    writer: Writer,
    places: GeoDatabase,
    enrichment: Enrichment,
    batch: Vec<NewEvent>,
    /// The numbers of the demo's few sites.
    sites: HashMap<String, i64>,
}

impl Past {
    pub(super) async fn open(store: EventStore, places: GeoDatabase) -> anyhow::Result<Self> {
        let writer = store.writer(INSTANCE).await.context("open a writer")?;
        Ok(Self {
            store,
            writer,
            places,
            enrichment: Enrichment::new(1_000),
            batch: Vec::new(),
            sites: HashMap::new(),
        })
    }

    pub(super) async fn add(&mut self, beacon: &Beacon) -> anyhow::Result<()> {
        let site = self.site(text(&beacon.body, "site")).await?;
        let place = self.place(&beacon.address)?;
        for sent in beacon.body["events"].as_array().into_iter().flatten() {
            let event = event(beacon, sent, site, &place);
            self.batch.push(self.enrichment.enrich(event));
        }
        if self.batch.len() >= BATCH {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        let message = Message {
            id: Uuid::now_v7(),
            rows: std::mem::take(&mut self.batch),
            ..Message::default()
        };
        self.writer
            .append(&[message])
            .await
            .context("write the past")?;
        Ok(())
    }

    async fn site(&mut self, key: &str) -> anyhow::Result<i64> {
        if let Some(site) = self.sites.get(key) {
            return Ok(*site);
        }
        let parsed = key.parse().context("a site of the demo")?;
        let site = self
            .store
            .add_site(&parsed, "")
            .await
            .context("add a site")?;
        self.sites.insert(key.to_owned(), site.id);
        Ok(site.id)
    }

    fn place(&self, address: &str) -> anyhow::Result<Place> {
        let address: IpAddr = address.parse().context("an address of the demo")?;
        let found = self.places.place(address);
        Ok(Place {
            country: found
                .country
                .map(|country| country.as_str().to_owned())
                .unwrap_or_default(),
            region: found.region.unwrap_or_default(),
            city: found.city.unwrap_or_default(),
        })
    }
}

fn event(beacon: &Beacon, sent: &Value, site: i64, place: &Place) -> Event {
    let time_ms = sent["time"].as_i64().unwrap_or_default();
    let received_ms = time_ms + 40;
    Event {
        id: text(sent, "id").parse().unwrap_or_default(),
        site,
        kind: text(sent, "type").to_owned(),
        time_ms,
        received_ms,
        visitor: Some(visitor(beacon, received_ms)),
        url: text(&beacon.body, "url").to_owned(),
        title: text(&beacon.body, "title").to_owned(),
        referrer: text(&beacon.body, "referrer").to_owned(),
        user_agent: beacon.user_agent.to_owned(),
        language: text(&beacon.body, "language").to_owned(),
        data: sent["data"].to_string(),
        device: beacon.body["device"].to_string(),
        place: place.clone(),
        ..Event::default()
    }
}

/// The same address and agent on the same day are the same visitor, as with a real salt of the day.
fn visitor(beacon: &Beacon, received_ms: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    let day = received_ms.div_euclid(86_400_000);
    (
        day,
        text(&beacon.body, "site"),
        &beacon.address,
        beacon.user_agent,
    )
        .hash(&mut hasher);
    hasher.finish().cast_signed()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
