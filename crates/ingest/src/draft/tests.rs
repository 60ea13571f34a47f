use std::collections::HashMap;
use std::net::IpAddr;

use hgpixel_event::id_time_ms;
use hgpixel_event::limits::{CLIENT_TIME_FUTURE_MS, CLIENT_TIME_PAST_MS};
use hgpixel_store::DailySalt;
use hgpixel_telemetry::http::Client;
use http::{HeaderMap, HeaderName, HeaderValue};
use prometheus::Registry;
use serde_json::json;

use super::*;
use crate::source::Source;
use crate::wire;

const NOW_MS: i64 = 1_790_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// A request, with its defaults.
struct Request {
    headers: HeaderMap,
    address: IpAddr,
    received_ms: i64,
    anonymous: bool,
    salts: Vec<DailySalt>,
    metrics: Metrics,
    twins: Twins,
}

impl Request {
    fn new() -> Self {
        let user_agent = (
            HeaderName::from_static("user-agent"),
            HeaderValue::from_static("Header/1"),
        );
        Self {
            headers: HeaderMap::from_iter([user_agent]),
            address: "203.0.113.7".parse().unwrap(),
            received_ms: NOW_MS,
            anonymous: false,
            salts: vec![DailySalt {
                day: NOW_MS / DAY_MS,
                bytes: [1; 32],
            }],
            metrics: Metrics::register(&Registry::new(), 0).unwrap(),
            twins: Twins::new(),
        }
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        let value = HeaderValue::from_static(value);
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    fn draft(&self, body: &serde_json::Value) -> Vec<Result<Event, Invalid>> {
        let snapshot = Snapshot {
            sites: HashMap::new(),
            salts: self.salts.clone(),
            secret: [9; 32],
            senders: Vec::new(),
        };
        let client = Client {
            address: self.address,
            unlimited: false,
        };
        let body = body.to_string();
        let guarded = wire::json::guard(body.as_bytes()).unwrap();
        let beacon = wire::beacon(&guarded.text, Source::Browser).unwrap();
        let drafting = Drafting {
            hit: Hit::new(client, Source::Browser, self.received_ms, &self.headers),
            snapshot: &snapshot,
            site: 5,
            rules: None,
            geo: None,
            anonymous: self.anonymous,
            sender: beacon.sender,
            automated: beacon.automated,
            sent_at_ms: beacon.sent_at_ms,
            repaired: guarded.repaired,
            metrics: &self.metrics,
            twins: &self.twins,
        };
        let url = PageUrl::parse(&beacon.shared.url);
        drafting.draft(beacon.shared, url, beacon.events)
    }

    fn event(&self, body: &serde_json::Value) -> Event {
        self.draft(body).pop().unwrap().unwrap()
    }
}

fn event(body: &serde_json::Value) -> Event {
    Request::new().event(body)
}

#[test]
fn an_empty_object_is_a_page_view_of_now() {
    let event = event(&json!({}));
    assert_eq!((event.site, event.kind.as_str()), (5, "pageview"));
    assert_eq!((event.time_ms, event.received_ms), (NOW_MS, NOW_MS));
    assert_eq!(id_time_ms(event.id), NOW_MS);
    assert!(event.marks.contains(Marks::TIME_REPLACED));
    assert!(event.marks.contains(Marks::ID_ASSIGNED));
    assert_eq!((event.url.as_str(), event.data.as_str()), ("", ""));
    assert_eq!(event.user_agent, "Header/1");
    assert!(event.visitor.is_some());
}

#[test]
fn the_agent_of_the_body_is_kept_and_the_headers_one_makes_the_visitor() {
    let request = Request::new();
    let plain = request.event(&json!({}));
    let told = request.event(&json!({"userAgent": "Body/1"}));
    assert_eq!(told.user_agent, "Body/1");
    assert_eq!(told.visitor, plain.visitor);
    let other = Request::new()
        .header("user-agent", "Other/1")
        .event(&json!({}));
    assert_ne!(other.visitor, plain.visitor);
}

#[test]
fn a_user_id_replaces_address_and_agent() {
    let body = json!({"userId": "u1"});
    let here = Request::new().event(&body);
    let mut elsewhere = Request::new().header("user-agent", "Other/1");
    elsewhere.address = "198.51.100.1".parse().unwrap();
    // It is also the same tomorrow, with other salts.
    elsewhere.salts.clear();
    assert_eq!(elsewhere.event(&body).visitor, here.visitor);
    assert_eq!(here.user_id, "u1");
    assert_ne!(event(&json!({"userId": "u2"})).visitor, here.visitor);
}

#[test]
fn without_todays_salt_nobody_is_recognised() {
    let mut request = Request::new();
    request.salts[0].day -= 1;
    assert_eq!(request.event(&json!({})).visitor, None);
}

#[test]
fn whoever_opted_out_leaves_no_trace_of_who_it_was() {
    let mut request = Request::new();
    request.anonymous = true;
    let event =
        request.event(&json!({"userId": "u", "sessionId": "s", "url": "https://example.com/"}));
    assert_eq!(event.visitor, None);
    assert_eq!(
        (event.user_id.as_str(), event.session_id.as_str()),
        ("", "")
    );
    assert_eq!(event.url, "https://example.com/");
    assert!(event.marks.contains(Marks::OPTED_OUT));
}

#[test]
fn the_clients_time_is_kept_within_its_window() {
    let time = |time_ms: i64| {
        let event = event(&json!({"timestamp": time_ms}));
        (event.time_ms, event.marks.contains(Marks::TIME_REPLACED))
    };
    for plausible_ms in [
        NOW_MS,
        NOW_MS - CLIENT_TIME_PAST_MS,
        NOW_MS + CLIENT_TIME_FUTURE_MS,
    ] {
        assert_eq!(time(plausible_ms), (plausible_ms, false));
    }
    for implausible_ms in [
        NOW_MS - CLIENT_TIME_PAST_MS - 1,
        NOW_MS + CLIENT_TIME_FUTURE_MS + 1,
        0,
        i64::MIN,
        i64::MAX,
    ] {
        assert_eq!(time(implausible_ms), (NOW_MS, true));
    }
}

#[test]
fn an_age_needs_no_clock_and_a_wrong_clock_is_corrected() {
    let time = |shared: serde_json::Value, event: serde_json::Value| {
        let mut body = shared;
        body["events"] = json!([event]);
        let event = Request::new().event(&body);
        (
            event.time_ms - NOW_MS,
            event.marks.contains(Marks::TIME_REPLACED),
        )
    };
    assert_eq!(time(json!({}), json!({"age": 5_000})), (-5_000, false));
    assert_eq!(
        time(json!({}), json!({"age": 5_000, "time": 1})),
        (-5_000, false)
    );
    assert_eq!(
        time(json!({}), json!({"age": CLIENT_TIME_PAST_MS + 1})),
        (0, true)
    );
    let hour = 3_600_000;
    let fast = json!({"sentAt": NOW_MS + hour});
    assert_eq!(
        time(fast, json!({"time": NOW_MS + hour - 2_000})),
        (-2_000, false)
    );
    let slow = json!({"sentAt": NOW_MS - 2 * hour});
    assert_eq!(
        time(slow, json!({"time": NOW_MS - 2 * hour - 2_000})),
        (-2_000, false)
    );
    // A second or so is the network, and the client's time stays as it is.
    let right = json!({"sentAt": NOW_MS - 900});
    assert_eq!(
        time(right, json!({"time": NOW_MS - 1_000})),
        (-1_000, false)
    );
    let extreme = json!({"sentAt": i64::MIN});
    assert_eq!(time(extreme, json!({"time": i64::MAX})), (0, true));
}

#[test]
fn an_id_of_a_wrong_clock_is_the_same_at_each_try() {
    for off_ms in [3_600_000, -30 * 24 * 3_600_000, 11 * 60_000] {
        let id = assigned_id(NOW_MS + off_ms);
        // The second try comes two minutes later, and the network takes its time.
        let ids = [(0, 40), (120_000, 1_900)].map(|(after_ms, network_ms)| {
            let mut request = Request::new();
            request.received_ms = NOW_MS + after_ms + network_ms;
            let body = json!({
                "sentAt": NOW_MS + off_ms + after_ms,
                "events": [{"id": id.to_string(), "time": NOW_MS + off_ms}],
            });
            request.event(&body)
        });
        assert_eq!(ids[0].id, ids[1].id, "{off_ms}");
        assert!(ids[0].marks.contains(Marks::ID_ASSIGNED));
        assert!(
            (id_time_ms(ids[0].id) - NOW_MS).abs() <= 300_000,
            "{off_ms}"
        );
        let other = assigned_id(NOW_MS + off_ms);
        assert_ne!(moved_id(other, 0), ids[0].id);
    }
}

#[test]
fn a_usable_id_is_kept_and_another_replaced() {
    let id = assigned_id(NOW_MS - 1_000);
    let kept = event(&json!({"id": id.to_string()}));
    assert_eq!(kept.id, id);
    assert!(!kept.marks.contains(Marks::ID_ASSIGNED));
    let old = assigned_id(NOW_MS - CLIENT_TIME_PAST_MS - 1).to_string();
    for unusable in [
        old.as_str(),
        "",
        "x",
        "9b2d1e0f-4a3b-4c2d-8e1f-0a9b8c7d6e5f",
        "42",
    ] {
        let event = event(&json!({"id": unusable, "timestamp": NOW_MS - 3_000}));
        assert_eq!(id_time_ms(event.id), NOW_MS - 3_000, "{unusable}");
        assert!(event.marks.contains(Marks::ID_ASSIGNED));
    }
}

#[test]
fn events_of_a_batch_share_and_override() {
    let body = json!({"url": "https://example.com/a#top", "title": "A", "referrer": "https://r.example/",
        "events": [{"type": "x", "data": {"n": 1}}, {"url": "https://example.com/b", "title": "", "referrer": ""}]});
    let events = Request::new().draft(&body);
    let [Ok(first), Ok(second)] = &events[..] else {
        panic!("two good events");
    };
    assert_eq!(
        (first.url.as_str(), first.title.as_str()),
        ("https://example.com/a", "A")
    );
    assert_eq!(
        (first.kind.as_str(), first.data.as_str()),
        ("x", r#"{"n":1}"#)
    );
    assert_eq!(
        (
            second.url.as_str(),
            second.title.as_str(),
            second.referrer.as_str()
        ),
        ("https://example.com/b", "", "")
    );
}

#[test]
fn a_bad_shared_address_costs_only_the_events_without_their_own() {
    let body =
        json!({"url": "/relative", "events": [{}, {"url": "https://example.com/"}, {"url": "x"}]});
    let events = Request::new().draft(&body);
    let problems: Vec<Option<String>> = events
        .iter()
        .map(|event| event.as_ref().err().map(ToString::to_string))
        .collect();
    assert!(
        problems[0]
            .as_ref()
            .unwrap()
            .starts_with("`events[0]`: `url`")
    );
    assert_eq!(problems[1], None);
    assert!(
        problems[2]
            .as_ref()
            .unwrap()
            .starts_with("`events[2]`: `url`")
    );
}

#[test]
fn texts_are_cut_and_cleaned_and_marked() {
    let long = |len: usize| "t".repeat(len);
    let cut = event(
        &json!({"title": long(501), "eventType": long(121), "referrer": long(2_001),
        "userAgent": long(513), "userId": long(129), "sessionId": long(129)}),
    );
    assert_eq!(
        [
            cut.title.len(),
            cut.kind.len(),
            cut.referrer.len(),
            cut.user_agent.len(),
            cut.user_id.len(),
            cut.session_id.len()
        ],
        [500, 120, 2_000, 512, 128, 128]
    );
    assert!(cut.marks.contains(Marks::TEXT_CUT));
    let whole = event(&json!({"title": long(500)}));
    assert!(!whole.marks.contains(Marks::TEXT_CUT));
    let cleaned = event(&json!({"title": "a\u{0}b\u{1b}[31m\nc\td"}));
    assert_eq!(cleaned.title, "a\u{FFFD}b[31mc d");
    assert!(cleaned.marks.contains(Marks::TEXT_CLEANED));
}

#[test]
fn the_language_is_the_devices_or_the_headers() {
    let language = |body: serde_json::Value| {
        let request = Request::new().header("accept-language", "fr,en;q=0.5");
        request.event(&body).language
    };
    assert_eq!(language(json!({})), "fr,en;q=0.5");
    assert_eq!(
        language(json!({"deviceInfo": {"browserLanguage": "de-AT"}})),
        "de-AT"
    );
    assert_eq!(language(json!({"language": "it", "events": [{}]})), "it");
}

#[test]
fn client_hints_are_kept() {
    let request = Request::new()
        .header("sec-ch-ua", "\"Chromium\";v=\"156\"")
        .header("sec-ch-ua-platform", "\"Android\"")
        .header("sec-ch-ua-mobile", "?1");
    let hints = request.event(&json!({})).hints;
    assert_eq!(hints.brands, "\"Chromium\";v=\"156\"");
    assert_eq!(
        (hints.platform.as_str(), hints.mobile),
        ("\"Android\"", true)
    );
}

fn click(changes: &serde_json::Value) -> serde_json::Value {
    let mut body = json!({"clientID": "x", "eventType": "click", "eventData": {"element": "A"}, "sessionId": "s",
        "userId": "u", "timestamp": NOW_MS - 50, "url": "https://example.com/", "userAgent": "Body/1", "deviceInfo": {}});
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[test]
fn a_click_of_the_old_script_and_its_twin_are_one_event() {
    let request = Request::new();
    let first = request.event(&click(&json!({})));
    let twin = request.event(&click(&json!({"timestamp": NOW_MS - 48})));
    assert_eq!(twin.id, first.id);
    assert_eq!(request.metrics.twins.get(), 1);
    let again = request.event(&click(&json!({"timestamp": NOW_MS + 100})));
    assert_ne!(again.id, first.id);
}

#[test]
fn only_the_old_scripts_listeners_have_twins() {
    let differ = |changes: serde_json::Value| {
        let request = Request::new();
        let body = click(&changes);
        assert_ne!(
            request.event(&body).id,
            request.event(&body).id,
            "{changes}"
        );
    };
    differ(json!({"eventType": "pageview"}));
    differ(json!({"eventType": "customEvent"}));
    differ(json!({"timestamp": null}));
    differ(json!({"timestamp": 5}));
    differ(json!({"userAgent": null}));
    differ(json!({"sessionId": "", "userId": ""}));
}

/// Bytes of every text of an event, with its limit.
fn assert_within_limits(event: &Event) {
    use hgpixel_event::limits as max;
    let Event {
        url,
        title,
        referrer,
        user_agent,
        kind,
        user_id,
        session_id,
        language,
        device,
        data,
        ..
    } = event;
    for (text, bytes_max) in [
        (url, max::URL_BYTES_MAX),
        (title, max::TITLE_BYTES_MAX),
        (referrer, max::REFERRER_BYTES_MAX),
        (user_agent, USER_AGENT_BYTES_MAX),
        (kind, max::KIND_BYTES_MAX),
        (user_id, max::CLIENT_ID_BYTES_MAX),
        (session_id, max::CLIENT_ID_BYTES_MAX),
        (language, max::LANGUAGE_BYTES_MAX),
        (device, max::DEVICE_BYTES_MAX),
    ] {
        assert!(text.len() <= bytes_max, "{} bytes: {text}", text.len());
        assert!(!text.contains(char::is_control));
    }
    if !data.is_empty() {
        let entries: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(data).unwrap();
        assert!(entries.len() <= max::DATA_ENTRIES_MAX);
        for (key, value) in &entries {
            assert!(key.len() <= max::DATA_KEY_BYTES_MAX);
            assert!(!value.is_object() && !value.is_array() && !value.is_null());
            assert!(
                value
                    .as_str()
                    .is_none_or(|text| text.len() <= max::DATA_VALUE_BYTES_MAX)
            );
        }
    }
    assert_eq!(usable_id(event.id, NOW_MS), Some(event.id));
    assert!(is_plausible_time(event.time_ms, NOW_MS));
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|value| json!(value)),
            any::<i64>().prop_map(|value| json!(value)),
            any::<f64>().prop_map(|value| json!(value)),
            any::<String>().prop_map(|value| json!(value)),
            ("\\PC{1,3}", 0..3_000_usize).prop_map(|(text, times)| json!(text.repeat(times))),
            "https?://[a-z.]{1,9}(/\\PC{0,40})?".prop_map(|value| json!(value)),
        ];
        leaf.prop_recursive(3, 40, 35, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..35).prop_map(|value| json!(value)),
                proptest::collection::vec((any::<String>(), inner), 0..35)
                    .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn any_key() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "eventType",
            "eventData",
            "sessionId",
            "userId",
            "timestamp",
            "url",
            "referrer",
            "userAgent",
            "deviceInfo",
            "id",
            "title",
            "language",
            "device",
            "sentAt",
            "type",
            "data",
            "time",
            "age",
        ])
    }

    fn any_event() -> impl Strategy<Value = serde_json::Value> {
        proptest::collection::vec((any_key(), any_value()), 0..6).prop_map(|entries| {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value));
            serde_json::Value::Object(entries.collect())
        })
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_within_its_limits(
            mut body in any_event(),
            events in proptest::option::of(proptest::collection::vec(any_event(), 1..4)),
        ) {
            if let Some(events) = events {
                body["events"] = json!(events);
            }
            let body = body.to_string();
            let Ok(guarded) = wire::json::guard(body.as_bytes()) else {
                return Ok(());
            };
            if wire::beacon(&guarded.text, Source::Browser).is_ok() {
                let sent = serde_json::from_str(&body).unwrap();
                for event in Request::new().draft(&sent).into_iter().flatten() {
                    assert_within_limits(&event);
                }
            }
        }

        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), query in any::<String>()) {
            drop(wire::beacon(&text, Source::Browser));
            drop(wire::query::beacon(&query));
        }
    }
}
