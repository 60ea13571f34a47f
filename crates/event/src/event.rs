//! What is queued, stored and counted.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One thing that happened on a page, ready to be queued.
///
/// Every text is already cleaned and within [`crate::limits`]; an absent one is empty. The short names are the queue's
/// encoding: a field that is added later has a default, so that a worker one version apart reads what it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// UUIDv7, made in the browser or assigned at ingest; with the site it is the event's identity, fixed before the queue.
    #[serde(rename = "i")]
    pub id: Uuid,
    /// The store's number of the site.
    #[serde(rename = "s")]
    pub site: i64,
    /// The event's type as sent: `pageview`, `click`, or a name of the site's own.
    #[serde(rename = "k")]
    pub kind: String,
    /// When it happened, in milliseconds since 1970 UTC: the client's time where plausible, else the time of receipt.
    #[serde(rename = "t")]
    pub time_ms: i64,
    /// When the server received it, in milliseconds since 1970 UTC.
    #[serde(rename = "r")]
    pub received_ms: i64,
    /// The visitor's 64 bits; absent when the visitor opted out of being recognised. They are made with the salt of the day (UTC) of
    /// receipt, so a visitor belongs to one such day: what is counted of two days may be added.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<i64>,
    /// The client's own user id as sent; empty when absent or opted out.
    #[serde(rename = "u", default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// The client's own session id as sent (the old script's cookie); empty when absent or opted out.
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// The page's address, without user info and fragment.
    #[serde(rename = "p", default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The page's title.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where the visitor came from, as the browser told it.
    #[serde(rename = "f", default, skip_serializing_if = "String::is_empty")]
    pub referrer: String,
    /// The user agent, from the body where given, else from the request's header.
    #[serde(rename = "a", default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
    /// The user agent client hints of the request.
    #[serde(rename = "h", default, skip_serializing_if = "Hints::is_empty")]
    pub hints: Hints,
    /// The page's script saw that a program runs the browser (`navigator.webdriver`).
    #[serde(rename = "w", default, skip_serializing_if = "std::ops::Not::not")]
    pub automated: bool,
    /// The browser's language tag, or the request's `Accept-Language`.
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// The event's own data: the text of a JSON object; empty for `{}`.
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// What the client told about its device: the text of a JSON object; empty for `{}`.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// Where the address is, as far as a geo database told it.
    #[serde(rename = "g", default, skip_serializing_if = "Place::is_empty")]
    pub place: Place,
    /// What the server had to change.
    #[serde(rename = "m", default, skip_serializing_if = "Marks::is_empty")]
    pub marks: Marks,
}

/// User agent client hints (`Sec-CH-UA…`), as sent; empty where absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// `Sec-CH-UA`: the brands and their versions.
    #[serde(rename = "b", default, skip_serializing_if = "String::is_empty")]
    pub brands: String,
    /// `Sec-CH-UA-Platform`.
    #[serde(rename = "p", default, skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// `Sec-CH-UA-Mobile` is `?1`.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub mobile: bool,
}

impl Hints {
    /// Whether the request carried none.
    pub fn is_empty(&self) -> bool {
        self.brands.is_empty() && self.platform.is_empty() && !self.mobile
    }
}

/// A place as coarse as the geo database tells it. Never a coordinate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// ISO 3166-1 alpha-2, upper case; empty when unknown.
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// ISO 3166-2 subdivision without the country, or its name; empty when unknown.
    #[serde(rename = "r", default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// The city's name in English; empty when unknown.
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    pub city: String,
}

impl Place {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.country.is_empty() && self.region.is_empty() && self.city.is_empty()
    }
}

/// What the server changed in a beacon that it accepted, and how it came, as bits, so that a reader can tell and a dashboard can count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks(u8);

impl Marks {
    /// The client's time was missing or implausible: [`Event::time_ms`] is the time of receipt.
    pub const TIME_REPLACED: Self = Self(1);
    /// The client sent no usable event id: the server assigned one, so that a re-send counts again.
    pub const ID_ASSIGNED: Self = Self(2);
    /// A text was longer than its limit and was cut.
    pub const TEXT_CUT: Self = Self(4);
    /// Characters that no store keeps (NUL, lone surrogates, controls) were replaced or removed.
    pub const TEXT_CLEANED: Self = Self(8);
    /// The visitor opted out (GPC or DNT): counted, but not recognised.
    pub const OPTED_OUT: Self = Self(16);
    /// A server sent it, with a token: the request's own headers and address say nothing about the visitor.
    pub const FROM_SERVER: Self = Self(32);

    /// The bits, as stored.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The marks of stored bits.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets `other`.
    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
