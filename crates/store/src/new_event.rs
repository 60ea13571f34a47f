//! What a worker hands in: events, and in plain words what their user agents, referrers and addresses mean.

use hgpixel_event::Event;
use uuid::Uuid;

/// One message of the queue, to be stored wholly or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The queue's id of it, the same each time that it is delivered.
    pub id: Uuid,
    /// Its events.
    pub rows: Vec<NewEvent>,
    /// Its events that went to the dead-letter queue instead: how many for which reason. Reasons are a bounded set.
    pub dead_lettered: Vec<(String, u64)>,
    /// Whether its events come back from the dead letters, where they were booked before.
    pub replayed: bool,
}

impl Message {
    /// How many events it brought, those among the dead letters included.
    pub fn events(&self) -> u64 {
        let dead: u64 = self.dead_lettered.iter().map(|(_, count)| count).sum();
        self.rows.len() as u64 + dead
    }
}

/// An event and what was found out about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEvent {
    /// The event as queued.
    pub event: Event,
    /// What was found out.
    pub enriched: Enriched,
}

/// What was found out about an event. Unknown texts are empty. None may be longer than the longest text of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enriched {
    /// The host of the page's address.
    pub host: String,
    /// The path of the page's address.
    pub path: String,
    /// The browser's name.
    pub browser: String,
    /// The browser's version.
    pub browser_version: String,
    /// The operating system's name.
    pub os: String,
    /// The operating system's version.
    pub os_version: String,
    /// The kind of device.
    pub device: String,
    /// Why it is taken for a bot; empty for a person.
    pub bot_reason: String,
    /// The bot's name.
    pub bot_name: String,
    /// The language, in one normal form.
    pub language: String,
    /// The screen's size as `WxH`.
    pub screen: String,
    /// The host of the referrer.
    pub referrer_host: String,
    /// The name of the place that the referrer is.
    pub source: String,
    /// The kind of that place.
    pub medium: String,
    /// The campaign that the page's address names.
    pub campaign: Option<Campaign>,
    /// The marketing channel.
    pub channel: String,
}

/// A campaign as a link names it; absent parts are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// `utm_source` or its like.
    pub source: String,
    /// `utm_medium`.
    pub medium: String,
    /// `utm_campaign`.
    pub name: String,
    /// `utm_term`.
    pub term: String,
    /// `utm_content`.
    pub content: String,
    /// The kind of click id, never its value.
    pub click_id: String,
}
