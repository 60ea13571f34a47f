//! The old script's form: one object, one event. Every key may be missing.
//!
//! Third parties send it too, so it also takes `id`, `title`, `language` and `gpc`, which the old script never had.

use super::object::{Object, address, from_server, is_set, site_key};
use super::properties::Properties;
use super::time::ClientTime;
use crate::beacon::{Beacon, BeaconEvent, Invalid, Sender, Shared};
use crate::source::Source;

pub(crate) fn beacon(object: Object<'_>, source: Source) -> Result<Beacon<'_>, Invalid> {
    let sender = sender(&object, source);
    let event = BeaconEvent {
        id: object.id.into_text("id")?,
        kind: object.event_type.into_text("eventType")?,
        data: object.event_data.into_entries("eventData")?,
        time: ClientTime::at(&object.timestamp),
        ..BeaconEvent::default()
    };
    Ok(Beacon {
        site: site_key(object.client_id, "clientID")?,
        sender,
        opted_out: is_set(&object.gpc),
        automated: false,
        sent_at_ms: None,
        lost: Vec::new(),
        shared: Shared {
            url: object.url.into_text("url")?,
            title: object.title.into_text("title")?,
            referrer: object.referrer.into_text("referrer")?,
            language: object.language.into_text("language")?,
            user_agent: object.user_agent.into_text("userAgent")?,
            ip: from_server(object.ip, source, address)?,
            user_id: object.user_id.into_text("userId")?,
            session_id: object.session_id.into_text("sessionId")?,
            device: object.device_info.into_entries("deviceInfo")?,
        },
        events: vec![Ok(event)],
    })
}

/// The script has defects that a server has not.
fn sender(object: &Object<'_>, source: Source) -> Sender {
    if source.is_server() {
        return Sender::Other;
    }
    let has_device = object.device_info != Properties::Absent;
    if has_device && !object.user_agent.is_absent() && !object.session_id.is_absent() {
        Sender::OldScript
    } else {
        Sender::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    fn read(text: &str) -> Result<Beacon<'_>, Invalid> {
        wire::beacon(text, Source::Browser)
    }

    const PAGEVIEW: &str = r#"{"clientID":"UNIQUE_CLIENT_ID","eventType":"pageview","eventData":{},
        "sessionId":"6f1c2d3e-4b5a-4978-8a6b-5c4d3e2f1a0b","userId":"0b9a8c7d-6e5f-4a3b-9c2d-1e0f9a8b7c6d",
        "timestamp":"2026-09-21T14:13:20.123Z","url":"https://example.com/pricing","referrer":"https://search.example/",
        "userAgent":"Mozilla/5.0","deviceInfo":{"screenResolution":"1920x1080","operatingSystem":"Linux x86_64",
        "deviceType":"Desktop","browserLanguage":"de-AT"}}"#;

    #[test]
    fn an_event_of_the_old_script_is_read_whole() {
        let beacon = read(PAGEVIEW).unwrap();
        assert_eq!(beacon.site.unwrap().as_str(), "UNIQUE_CLIENT_ID");
        assert_eq!(beacon.sender, Sender::OldScript);
        assert!(!beacon.opted_out);
        assert_eq!(beacon.shared.url, "https://example.com/pricing");
        assert_eq!(beacon.shared.device.len(), 4);
        let [Ok(event)] = &beacon.events[..] else {
            panic!("one good event");
        };
        assert_eq!(event.kind, "pageview");
        assert_eq!(event.time, ClientTime::At(1_790_000_000_123));
    }

    #[test]
    fn every_key_may_be_missing() {
        let whole: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(PAGEVIEW).unwrap();
        for key in whole.keys() {
            let mut rest = whole.clone();
            rest.remove(key);
            let text = serde_json::Value::Object(rest).to_string();
            assert!(read(&text).is_ok(), "without {key}");
        }
        let bare = read("{}").unwrap();
        assert_eq!((bare.site, bare.sender), (None, Sender::Other));
        assert_eq!(bare.events.len(), 1);
    }

    #[test]
    fn every_key_may_be_null_and_a_wrong_type_is_named() {
        let whole: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(PAGEVIEW).unwrap();
        for key in whole.keys() {
            let with = |value: serde_json::Value| {
                let mut changed = whole.clone();
                changed.insert(key.clone(), value);
                let text = serde_json::Value::Object(changed).to_string();
                read(&text).map(|_| ())
            };
            assert!(with(serde_json::Value::Null).is_ok(), "{key}");
            let wrong = with(serde_json::json!([1]));
            if key == "timestamp" {
                assert!(wrong.is_ok(), "a time is a hint");
            } else {
                assert!(wrong.unwrap_err().to_string().contains(&format!("`{key}`")));
            }
        }
    }

    #[test]
    fn of_a_repeated_key_the_last_one_counts() {
        let beacon = read(r#"{"url":"https://a.example/","url":"https://b.example/"}"#).unwrap();
        assert_eq!(beacon.shared.url, "https://b.example/");
    }

    #[test]
    fn a_site_key_has_plain_characters() {
        let check = |key: &str, valid: bool| {
            let text = serde_json::json!({ "clientID": key }).to_string();
            assert_eq!(read(&text).is_ok(), valid, "{key}");
        };
        check("example.com", true);
        check(&"k".repeat(64), true);
        check(&"k".repeat(65), false);
        check("", false);
        check("a b", false);
        check("../etc", false);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in [
            "", "[]", "[{}]", "\"text\"", "5", "null", "{", "{\"a\":}", "{} {}", "NaN",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_body_can_say_that_the_visitor_opted_out() {
        let opted_out = |text: &str| read(text).unwrap().opted_out;
        assert!(opted_out(r#"{"gpc":true}"#));
        assert!(opted_out(r#"{"gpc":1}"#));
        assert!(!opted_out(r#"{"gpc":false}"#));
        assert!(!opted_out(r#"{"gpc":[1]}"#));
    }
}
