//! What is sent in each form is what is queued.

use axum::body::Body;
use hgpixel_event::{Marks, assigned_id};
use http::Method;
use serde_json::json;

use crate::rig::{NOON_MS, Rig};

#[tokio::test]
async fn an_event_of_the_old_script_is_queued_as_it_was_sent() {
    let mut rig = Rig::start().await;
    let event = rig
        .track(&json!({
            "clientID": "UNIQUE_CLIENT_ID", "eventType": "outbound_link",
            "eventData": {"linkText": "Docs", "linkUrl": "https://docs.example/"},
            "sessionId": "6f1c2d3e-4b5a-4978-8a6b-5c4d3e2f1a0b", "userId": "0b9a8c7d-6e5f-4a3b-9c2d-1e0f9a8b7c6d",
            "timestamp": "2026-09-21T14:13:19.500Z", "url": "https://example.com/pricing?a=1#top",
            "referrer": "https://search.example/", "userAgent": "Mozilla/5.0 (old)",
            "deviceInfo": {"screenResolution": "1920x1080", "operatingSystem": "Linux", "deviceType": "Desktop", "browserLanguage": "de"},
        }))
        .await;
    assert_eq!(event.kind, "outbound_link");
    assert_eq!(
        event.data,
        r#"{"linkText":"Docs","linkUrl":"https://docs.example/"}"#
    );
    assert_eq!((event.time_ms, event.received_ms), (NOON_MS - 500, NOON_MS));
    assert_eq!(event.url, "https://example.com/pricing?a=1");
    assert_eq!(event.user_agent, "Mozilla/5.0 (old)");
    assert_eq!(event.session_id, "6f1c2d3e-4b5a-4978-8a6b-5c4d3e2f1a0b");
    assert_eq!(event.user_id, "0b9a8c7d-6e5f-4a3b-9c2d-1e0f9a8b7c6d");
    assert_eq!(event.language, "de");
    assert!(event.device.contains("\"screenResolution\":\"1920x1080\""));
    assert_eq!(event.marks, Marks::ID_ASSIGNED);
}

#[tokio::test]
async fn a_batch_is_queued_whole_and_its_bad_events_are_named() {
    let mut rig = Rig::start().await;
    let ids = [assigned_id(NOON_MS), assigned_id(NOON_MS)];
    let body = json!({
        "v": 1, "site": "example.com", "url": "https://example.com/", "title": "Home",
        "events": [
            {"id": ids[0].to_string(), "type": "pageview", "time": NOON_MS - 10},
            {"id": "bad", "type": "bad", "url": "relative"},
            {"id": ids[1].to_string(), "type": "signup", "data": {"plan": "pro"}, "age": 1_000},
        ],
    });
    let answer = rig.post(body.to_string()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-hgpixel-rejected")),
        (204, Some("1"))
    );
    let events = rig.queued(2).await;
    assert_eq!([events[0].id, events[1].id], ids);
    assert_eq!(
        [events[0].time_ms, events[1].time_ms],
        [NOON_MS - 10, NOON_MS - 1_000]
    );
    assert_eq!(events[1].data, r#"{"plan":"pro"}"#);
    assert!(
        events
            .iter()
            .all(|event| event.title == "Home" && event.marks.is_empty())
    );
    assert_eq!(
        rig.metric("hgpixel_events_rejected_total{reason=\"invalid\"}"),
        1
    );
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 2);
    rig.assert_the_books_balance();

    let all_bad = json!({"site": "example.com", "events": [{"url": "a"}, {"url": "b"}]});
    let answer = rig.post(all_bad.to_string()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.detail().starts_with("`events[0]`"));
}

#[tokio::test]
async fn what_a_pixel_gave_up_is_counted_once_its_batch_is_durable() {
    const LOST: &str = "hgpixel_pixel_events_lost_total{reason=\"overflow\"}";
    let mut rig = Rig::start().await;
    let body =
        json!({"site": "example.com", "lost": {"overflow": 7}, "webdriver": true, "events": [{}]});
    rig.post(body.to_string()).await;
    assert!(rig.queued(1).await[0].automated);
    assert_eq!(rig.metric(LOST), 7);

    let refused = json!({"site": "example.com", "lost": {"overflow": 7}, "events": [{"url": "a"}]});
    let answer = rig.post(refused.to_string()).await;
    assert_eq!((answer.status.as_u16(), rig.metric(LOST)), (400, 7));
}

#[tokio::test]
async fn the_examples_of_the_description_are_accepted_as_they_stand() {
    let text = include_str!("../../../../docs/wire.md");
    let examples: Vec<&str> = text
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let [batch, pixels, one] = examples[..] else {
        panic!("three examples");
    };
    let mut rig = Rig::start().await;
    assert_eq!(rig.post(batch).await.status, 204);
    let events = rig.queued(2).await;
    assert_eq!(
        [events[0].kind.as_str(), events[1].kind.as_str()],
        ["pageview", "signup"]
    );
    assert!(events[0].marks.is_empty(), "id and time are good ones");
    assert_eq!(events[1].data, r#"{"plan":"pro","seats":3,"trial":true}"#);
    assert_eq!(rig.post(pixels).await.status, 204);
    assert_eq!(rig.queued(1).await[0].kind, "pageview");
    assert_eq!(rig.post(one).await.status, 204);
    assert_eq!(rig.queued(1).await[0].kind, "button_click");
}

#[tokio::test]
async fn a_picture_is_an_event_and_always_a_picture() {
    let mut rig = Rig::start().await;
    let is_picture = |answer: &crate::rig::Answer| {
        answer.header("content-type") == Some("image/gif")
            && answer.header("cache-control") == Some("no-store")
            && answer.header("cross-origin-resource-policy") == Some("cross-origin")
            && answer.body.len() == 43
            && answer.body.starts_with(b"GIF89a")
    };
    let good = rig
        .get("/pixel.gif?site=example.com&url=https%3A%2F%2Fexample.com%2Fa&type=open&data.mail=7")
        .await;
    assert_eq!(good.status, 200);
    assert!(is_picture(&good));
    let event = rig.queued(1).await.remove(0);
    assert_eq!(
        (event.kind.as_str(), event.url.as_str()),
        ("open", "https://example.com/a")
    );
    assert_eq!(event.data, r#"{"mail":"7"}"#);

    let query = |bytes: usize| {
        format!(
            "/pixel.gif?site=example.com&title={}",
            "t".repeat(bytes - "site=example.com&title=".len())
        )
    };
    for (uri, status) in [
        (query(2_048), 200),
        (query(2_049), 414),
        ("/pixel.gif?site=a%20b".to_owned(), 400),
        (
            "/pixel.gif?site=example.com&url=ftp%3A%2F%2Fx".to_owned(),
            400,
        ),
        ("/pixel.gif".to_owned(), 200),
    ] {
        let answer = rig.get(&uri).await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(is_picture(&answer), "{status}");
    }
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_picture_takes_the_page_from_the_referer() {
    let mut rig = Rig::start().await;
    let request = Rig::request(Method::GET, "/pixel.gif?site=example.com")
        .header("referer", "https://example.com/article");
    let answer = rig.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(rig.queued(1).await[0].url, "https://example.com/article");
}

#[tokio::test]
async fn what_nobody_sees_is_not_counted() {
    let rig = Rig::start().await;
    let head = Rig::request(Method::HEAD, "/pixel.gif?site=example.com");
    let answer = rig.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, Some("image/gif"))
    );
    assert_eq!(
        rig.metric("hgpixel_events_received_total{endpoint=\"pixel\"}"),
        0
    );

    let prefetch =
        Rig::request(Method::GET, "/pixel.gif?site=example.com").header("sec-purpose", "prefetch");
    let answer = rig.send(prefetch.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-hgpixel-dropped")),
        (200, Some("prefetch"))
    );
    assert_eq!(
        rig.metric("hgpixel_events_dropped_total{reason=\"prefetch\"}"),
        1
    );
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 0);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn nul_and_surrogates_never_reach_the_queue() {
    let mut rig = Rig::start().await;
    let body = r#"{"clientID":"s","eventType":"a\u0000b","title":"\ud83d\ude00 \ud83d","eventData":{"k\u0000":"\udc00"},
        "deviceInfo":{"x":"\u0000"},"sessionId":"\u0000","userAgent":"\u0000"}"#;
    assert_eq!(rig.post(body).await.status, 204);
    let event = rig.queued(1).await.remove(0);
    assert_eq!(event.kind, "a\u{FFFD}b");
    assert_eq!(event.title, "😀 \u{FFFD}");
    assert_eq!(event.data, "{\"k\u{FFFD}\":\"\u{FFFD}\"}");
    assert!(event.marks.contains(Marks::TEXT_CLEANED));
    assert!(!format!("{event:?}").contains('\0'));
}

/// What the page of the old script really sends: a page view before it knows its key, the same with it, and every listener twice.
#[tokio::test]
async fn a_load_of_the_old_script_counts_once() {
    let mut rig = Rig::start().await;
    let send = |key: Option<&str>, kind: &str, data: serde_json::Value, at_ms: i64| {
        let mut event = json!({
            "eventType": kind, "eventData": data, "sessionId": "s", "userId": "u", "timestamp": NOON_MS + at_ms,
            "url": "https://example.com/", "referrer": "", "userAgent": "Mozilla/5.0", "deviceInfo": {"deviceType": "Desktop"},
        });
        if let Some(key) = key {
            event["clientID"] = key.into();
        }
        event.to_string()
    };
    let first = rig.post(send(None, "pageview", json!({}), 0)).await;
    assert_eq!(
        (first.status.as_u16(), first.header("x-hgpixel-dropped")),
        (204, Some("unidentified"))
    );
    let key = Some("UNIQUE_CLIENT_ID");
    let button = || json!({"buttonText": "Buy", "buttonId": "buy"});
    for body in [
        send(key, "pageview", json!({}), 3),
        send(key, "performance_metrics", json!({"totalTime": 812}), 40),
        send(key, "performance_metrics", json!({"totalTime": 813}), 41),
        send(key, "click", json!({"element": "BUTTON"}), 5_000),
        send(key, "button_click", button(), 5_000),
        send(key, "click", json!({"element": "BUTTON"}), 5_001),
        send(key, "button_click", button(), 5_001),
        // A second click, a tenth of a second later, with its twins.
        send(key, "button_click", button(), 5_100),
        send(key, "button_click", button(), 5_100),
        send(key, "customEvent", json!({"a": 1}), 6_000),
    ] {
        assert_eq!(rig.post(body).await.status, 204);
    }
    let events = rig.queued(10).await;
    let ids: std::collections::HashSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(
        ids.len(),
        6,
        "page view, performance, click, two button clicks, custom event"
    );
    assert_eq!(rig.metric("hgpixel_ingest_twins_total"), 4);
    rig.assert_the_books_balance();
}
