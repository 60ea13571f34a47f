//! Our own form: what events share once, then 1 to 100 events, from a server 1 to 1,000.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::object::{Object, address, from_server, is_set, site_key};
use super::properties::Properties;
use super::scalar::Scalar;
use super::time::{ClientTime, milliseconds};
use crate::beacon::{Beacon, BeaconEvent, Invalid, Sender, Shared};
use crate::metrics::{Label, LossReason};
use crate::source::Source;

const VERSION: u64 = 1;

/// A pixel keeps 100 events, so it cannot lose many at a time; whoever tells more must not spoil the sum.
const LOST_MAX: u64 = 1_000;

/// An error in what the events share costs them all; one in an event costs that event.
pub(crate) fn beacon(object: Object<'_>, source: Source) -> Result<Beacon<'_>, Invalid> {
    check_version(&object.version)?;
    let events = object.events.into_list(source)?;
    Ok(Beacon {
        site: site_key(object.site, "site")?,
        sender: Sender::Other,
        opted_out: is_set(&object.gpc),
        automated: is_set(&object.webdriver),
        sent_at_ms: milliseconds(&object.sent_at),
        lost: lost(object.lost),
        shared: Shared {
            url: object.url.into_text("url")?,
            title: object.title.into_text("title")?,
            referrer: object.referrer.into_text("referrer")?,
            language: object.language.into_text("language")?,
            user_agent: from_server(object.user_agent, source, |agent| {
                agent.into_text("userAgent")
            })?,
            ip: from_server(object.ip, source, address)?,
            user_id: object.user_id.into_text("userId")?,
            session_id: object.session_id.into_text("sessionId")?,
            device: object.device.into_entries("device")?,
        },
        events: events
            .into_iter()
            .enumerate()
            .map(|(index, json)| event(json.get(), source).map_err(|error| error.in_event(index)))
            .collect(),
    })
}

/// What the sender gave up. A report of losses that makes no sense must not lose more: it counts nothing.
fn lost(told: Properties<'_>) -> Vec<(LossReason, u64)> {
    let told = told.into_entries("lost").unwrap_or_default();
    let count = |(key, value): (_, Scalar<'_>)| {
        let reason = LossReason::ALL
            .iter()
            .find(|reason| reason.label() == key)?;
        let Scalar::Number(number) = value else {
            return None;
        };
        Some((*reason, number.as_u64()?.min(LOST_MAX)))
    };
    told.into_iter().filter_map(count).collect()
}

fn check_version(version: &Scalar<'_>) -> Result<(), Invalid> {
    match version {
        Scalar::Absent => Ok(()),
        Scalar::Number(number) if number.as_u64() == Some(VERSION) => Ok(()),
        _ => Err(Invalid::new(format!(
            "`v` must be {VERSION}, the version of the batch form that this server reads"
        ))),
    }
}

fn event(json: &str, source: Source) -> Result<BeaconEvent<'_>, Invalid> {
    let object: EventObject<'_> =
        serde_json::from_str(json).map_err(|_| Invalid::new("an event must be a JSON object"))?;
    let time = match ClientTime::ago(&object.age) {
        ClientTime::Absent => ClientTime::at(&object.time),
        age => age,
    };
    Ok(BeaconEvent {
        id: object.id.into_text("id")?,
        kind: object.kind.into_text("type")?,
        data: object.data.into_entries("data")?,
        time,
        url: given(object.url, "url")?,
        title: given(object.title, "title")?,
        referrer: given(object.referrer, "referrer")?,
        user_agent: from_server(object.user_agent, source, |agent| given(agent, "userAgent"))?,
        ip: from_server(object.ip, source, address)?,
    })
}

fn given<'a>(
    value: Scalar<'a>,
    key: &'static str,
) -> Result<Option<std::borrow::Cow<'a, str>>, Invalid> {
    if value.is_absent() {
        return Ok(None);
    }
    value.into_text(key).map(Some)
}

#[derive(Debug, Default)]
struct EventObject<'a> {
    id: Scalar<'a>,
    kind: Scalar<'a>,
    data: Properties<'a>,
    time: Scalar<'a>,
    age: Scalar<'a>,
    url: Scalar<'a>,
    title: Scalar<'a>,
    referrer: Scalar<'a>,
    user_agent: Scalar<'a>,
    ip: Scalar<'a>,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Id,
    #[serde(rename = "type")]
    Kind,
    Data,
    Time,
    Age,
    Url,
    Title,
    Referrer,
    UserAgent,
    Ip,
    #[serde(other)]
    Unknown,
}

impl<'a> EventObject<'a> {
    fn read<A: MapAccess<'a>>(&mut self, key: &Key, map: &mut A) -> Result<(), A::Error> {
        match key {
            Key::Id => self.id = map.next_value()?,
            Key::Kind => self.kind = map.next_value()?,
            Key::Data => self.data = map.next_value()?,
            Key::Time => self.time = map.next_value()?,
            Key::Age => self.age = map.next_value()?,
            Key::Url => self.url = map.next_value()?,
            Key::Title => self.title = map.next_value()?,
            Key::Referrer => self.referrer = map.next_value()?,
            Key::UserAgent => self.user_agent = map.next_value()?,
            Key::Ip => self.ip = map.next_value()?,
            Key::Unknown => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for EventObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor(PhantomData))
    }
}

struct EventVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for EventVisitor<'a> {
    type Value = EventObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = EventObject::default();
        while let Some(key) = map.next_key::<Key>()? {
            object.read(&key, &mut map)?;
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use hgpixel_event::limits::BEACON_EVENTS_MAX;
    use serde_json::json;

    use super::*;
    use crate::wire;

    fn read(text: &str) -> Result<Beacon<'_>, Invalid> {
        wire::beacon(text, Source::Browser)
    }

    fn batch(value: &serde_json::Value) -> String {
        value.to_string()
    }

    #[test]
    fn events_share_what_stands_once() {
        let text = batch(&json!({
            "v": 1, "site": "example.com", "url": "https://example.com/", "title": "Home", "referrer": "",
            "language": "de", "userId": "u", "sessionId": "s", "device": {"screen": "390x844"}, "sentAt": 1_790_000_000_000_i64,
            "events": [
                {"id": "0190b5a4-7a54-7c3e-8d35-111111111111", "type": "pageview", "time": 1_790_000_000_000_i64},
                {"type": "click", "data": {"element": "A"}, "age": 1_500, "url": "https://example.com/next", "title": "Next"},
            ],
        }));
        let beacon = read(&text).unwrap();
        assert_eq!(beacon.site.unwrap().as_str(), "example.com");
        assert_eq!(beacon.sent_at_ms, Some(1_790_000_000_000));
        assert_eq!(beacon.shared.title, "Home");
        let [Ok(first), Ok(second)] = &beacon.events[..] else {
            panic!("two good events");
        };
        assert_eq!(first.id, "0190b5a4-7a54-7c3e-8d35-111111111111");
        assert_eq!(
            (first.url.as_deref(), first.time),
            (None, ClientTime::At(1_790_000_000_000))
        );
        assert_eq!(second.url.as_deref(), Some("https://example.com/next"));
        assert_eq!(
            (second.title.as_deref(), second.referrer.as_deref()),
            (Some("Next"), None)
        );
        assert_eq!(second.time, ClientTime::Ago(1_500));
    }

    #[test]
    fn what_a_sender_gave_up_is_read_and_nonsense_counts_nothing() {
        let lost = |lost: serde_json::Value| {
            let text = batch(&json!({"events": [{}], "lost": lost, "webdriver": true}));
            let beacon = read(&text).unwrap();
            assert!(beacon.automated);
            beacon.lost
        };
        assert_eq!(
            lost(json!({"refused": 2, "later": 1, "expired": 9_000_000})),
            [(LossReason::Expired, LOST_MAX), (LossReason::Refused, 2)]
        );
        for nonsense in [
            json!(null),
            json!(5),
            json!([1]),
            json!("x"),
            json!({"refused": -1, "overflow": 0.5, "expired": "7"}),
        ] {
            assert_eq!(lost(nonsense), []);
        }
    }

    #[test]
    fn a_bad_event_does_not_cost_the_good_ones_and_is_named() {
        let text = r#"{"events":[{"type":"a"},5,{"data":[]},{"type":{}},{"data":{"n":1e999}},{"type":"b"}]}"#;
        let beacon = read(text).unwrap();
        let errors: Vec<String> = beacon
            .events
            .iter()
            .filter_map(|event| event.as_ref().err().map(ToString::to_string))
            .collect();
        assert_eq!(beacon.events.len() - errors.len(), 2);
        assert_eq!(errors[0], "`events[1]`: an event must be a JSON object");
        assert_eq!(errors[1], "`events[2]`: `data` must be an object");
        assert_eq!(errors[2], "`events[3]`: `type` must be a text");
        assert!(errors[3].starts_with("`events[4]`"));
    }

    #[test]
    fn one_to_a_hundred_events_of_version_one() {
        let events = |count: usize| batch(&json!({"events": vec![json!({}); count]}));
        assert!(read(&events(0)).is_err());
        assert_eq!(read(&events(1)).unwrap().events.len(), 1);
        assert_eq!(
            read(&events(BEACON_EVENTS_MAX)).unwrap().events.len(),
            BEACON_EVENTS_MAX
        );
        assert!(read(&events(BEACON_EVENTS_MAX + 1)).is_err());
        for wrong in ["{}", "\"\"", "1", "-1", "0.1", "true"] {
            let text = format!("{{\"events\":{wrong}}}");
            assert!(read(&text).is_err(), "{wrong}");
        }
        assert!(read(r#"{"v":1,"events":[{}]}"#).is_ok());
        assert!(read(r#"{"v":2,"events":[{}]}"#).is_err());
        assert!(read(r#"{"v":"1","events":[{}]}"#).is_err());
    }

    #[test]
    fn of_a_repeated_key_the_last_one_counts() {
        let text = r#"{"events":[],"events":[{"type":"a","type":"b"}]}"#;
        let beacon = read(text).unwrap();
        let Ok(event) = &beacon.events[0] else {
            panic!("a good event");
        };
        assert_eq!(event.kind, "b");
    }

    #[test]
    fn an_error_in_what_is_shared_costs_the_batch() {
        assert!(read(r#"{"site":"a b","events":[{}]}"#).is_err());
        assert!(read(r#"{"url":[],"events":[{}]}"#).is_err());
        assert!(read(r#"{"device":[],"events":[{}]}"#).is_err());
    }
}
