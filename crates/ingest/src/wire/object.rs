//! The JSON object of a `POST /track`, with every key of both forms.
//!
//! Written by hand where serde's derive would refuse a repeated key: here the last one counts.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use hgpixel_event::limits::SERVER_EVENTS_MAX;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::properties::Properties;
use super::scalar::Scalar;
use crate::beacon::Invalid;
use crate::source::Source;

/// The keys of both forms; which of them mean something is for the form to say.
#[derive(Debug, Default)]
pub(crate) struct Object<'a> {
    pub(crate) id: Scalar<'a>,
    pub(crate) url: Scalar<'a>,
    pub(crate) title: Scalar<'a>,
    pub(crate) referrer: Scalar<'a>,
    pub(crate) language: Scalar<'a>,
    pub(crate) user_id: Scalar<'a>,
    pub(crate) session_id: Scalar<'a>,
    pub(crate) gpc: Scalar<'a>,
    pub(crate) ip: Scalar<'a>,
    // the old script's
    pub(crate) client_id: Scalar<'a>,
    pub(crate) event_type: Scalar<'a>,
    pub(crate) event_data: Properties<'a>,
    pub(crate) timestamp: Scalar<'a>,
    pub(crate) user_agent: Scalar<'a>,
    pub(crate) device_info: Properties<'a>,
    // the batch's
    pub(crate) version: Scalar<'a>,
    pub(crate) site: Scalar<'a>,
    pub(crate) device: Properties<'a>,
    pub(crate) sent_at: Scalar<'a>,
    pub(crate) webdriver: Scalar<'a>,
    pub(crate) lost: Properties<'a>,
    pub(crate) events: Events<'a>,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Id,
    Url,
    Title,
    Referrer,
    Language,
    UserId,
    SessionId,
    Gpc,
    Ip,
    #[serde(rename = "clientID")]
    ClientId,
    EventType,
    EventData,
    Timestamp,
    UserAgent,
    DeviceInfo,
    #[serde(rename = "v")]
    Version,
    Site,
    Device,
    SentAt,
    Webdriver,
    Lost,
    Events,
    #[serde(other)]
    Unknown,
}

impl<'a> Object<'a> {
    fn read<A: MapAccess<'a>>(&mut self, key: &Key, map: &mut A) -> Result<(), A::Error> {
        match key {
            Key::Id => self.id = map.next_value()?,
            Key::Url => self.url = map.next_value()?,
            Key::Title => self.title = map.next_value()?,
            Key::Referrer => self.referrer = map.next_value()?,
            Key::Language => self.language = map.next_value()?,
            Key::UserId => self.user_id = map.next_value()?,
            Key::SessionId => self.session_id = map.next_value()?,
            Key::Gpc => self.gpc = map.next_value()?,
            Key::Ip => self.ip = map.next_value()?,
            Key::ClientId => self.client_id = map.next_value()?,
            Key::EventType => self.event_type = map.next_value()?,
            Key::EventData => self.event_data = map.next_value()?,
            Key::Timestamp => self.timestamp = map.next_value()?,
            Key::UserAgent => self.user_agent = map.next_value()?,
            Key::DeviceInfo => self.device_info = map.next_value()?,
            Key::Version => self.version = map.next_value()?,
            Key::Site => self.site = map.next_value()?,
            Key::Device => self.device = map.next_value()?,
            Key::SentAt => self.sent_at = map.next_value()?,
            Key::Webdriver => self.webdriver = map.next_value()?,
            Key::Lost => self.lost = map.next_value()?,
            Key::Events => self.events = map.next_value()?,
            Key::Unknown => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for ObjectVisitor<'a> {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some(key) = map.next_key::<Key>()? {
            object.read(&key, &mut map)?;
        }
        Ok(object)
    }
}

/// The events of a batch, each still as text, so that each is parsed by itself. As many as anybody may send.
#[derive(Debug, Default)]
pub(crate) enum Events<'a> {
    #[default]
    Absent,
    List(Vec<&'a RawValue>),
    TooMany,
    NoList,
}

impl<'a> Events<'a> {
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(crate) fn into_list(self, source: Source) -> Result<Vec<&'a RawValue>, Invalid> {
        let most = source.events_max();
        match self {
            Self::List(events) if (1..=most).contains(&events.len()) => Ok(events),
            Self::List(events) if events.is_empty() => Err(no_list(most)),
            Self::List(_) | Self::TooMany => Err(Invalid::new(format!(
                "`events` has more than {most} entries; send them in several requests"
            ))),
            Self::Absent | Self::NoList => Err(no_list(most)),
        }
    }
}

fn no_list(most: usize) -> Invalid {
    Invalid::new(format!("`events` must be an array of 1 to {most} events"))
}

impl<'de: 'a, 'a> Deserialize<'de> for Events<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EventsVisitor)
    }
}

struct EventsVisitor;

impl<'de> Visitor<'de> for EventsVisitor {
    type Value = Events<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = seq.next_element::<&'de RawValue>()? {
            if events.len() == SERVER_EVENTS_MAX {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Events::TooMany);
            }
            events.push(event);
        }
        Ok(Events::List(events))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Events::NoList)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Events::Absent)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Events::NoList)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Events::NoList)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Events::NoList)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Events::NoList)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Events::NoList)
    }
}

/// What only a server may say. From a browser it is an unknown key, which is ignored whatever it holds.
pub(crate) fn from_server<'a, T: Default>(
    value: Scalar<'a>,
    source: Source,
    read: impl FnOnce(Scalar<'a>) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    if source.is_server() {
        read(value)
    } else {
        Ok(T::default())
    }
}

/// The visitor's address, or none.
pub(crate) fn address(value: Scalar<'_>) -> Result<Option<IpAddr>, Invalid> {
    if value.is_absent() {
        return Ok(None);
    }
    let address = value.into_text("ip")?.parse();
    address
        .map(Some)
        .map_err(|_| Invalid::new("`ip` must be an IPv4 or IPv6 address, without a port"))
}

/// A site key, or none.
pub(crate) fn site_key(
    value: Scalar<'_>,
    key: &'static str,
) -> Result<Option<hgpixel_event::SiteKey>, Invalid> {
    if value.is_absent() {
        return Ok(None);
    }
    let text = value.into_text(key)?;
    text.parse()
        .map(Some)
        .map_err(|error| Invalid::new(format!("`{key}`: {error}")))
}

/// `true`, or 1 as the header has it.
pub(crate) fn is_set(value: &Scalar<'_>) -> bool {
    match value {
        Scalar::Bool(set) => *set,
        Scalar::Number(number) => number.as_u64() == Some(1),
        Scalar::Text(text) => text == "1" || text == "true",
        Scalar::Absent | Scalar::Nested(_) => false,
    }
}
