//! Who is recognised, and by what; and that the address goes no further.

use axum::body::Body;
use hgpixel_config::OptOut;
use hgpixel_event::{Event, Marks};
use http::Method;
use serde_json::json;

use crate::rig::{PATIENCE, Rig};

async fn visit(rig: &mut Rig, peer: &str, headers: &[(&str, &str)]) -> Event {
    let mut request = Rig::request_from(Method::POST, "/track", peer);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = json!({"clientID": "s", "url": "https://example.com/", "sessionId": "its-session"});
    let answer = rig
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await;
    assert_eq!(answer.status, 204);
    rig.queued(1).await.remove(0)
}

#[tokio::test]
async fn a_visitor_is_an_address_and_an_agent_for_a_day() {
    let mut rig = Rig::start().await;
    let firefox = [("user-agent", "Firefox/1")];
    let visitor = visit(&mut rig, "198.51.100.9:1", &firefox).await.visitor;
    assert!(visitor.is_some());
    assert_eq!(
        visit(&mut rig, "198.51.100.9:2", &firefox).await.visitor,
        visitor
    );
    assert_ne!(
        visit(&mut rig, "198.51.100.10:1", &firefox).await.visitor,
        visitor
    );
    assert_ne!(
        visit(&mut rig, "198.51.100.9:1", &[("user-agent", "Chrome/1")])
            .await
            .visitor,
        visitor
    );
}

#[tokio::test]
async fn tomorrow_nobody_is_recognised() {
    let mut rig = Rig::start().await;
    let today = visit(&mut rig, "198.51.100.9:1", &[]).await.visitor;
    rig.clock.advance_ms(86_400_000);
    // Until the new day's salt has been read, visitors are counted without being recognised.
    let salted = async {
        loop {
            if let Some(visitor) = visit(&mut rig, "198.51.100.9:1", &[]).await.visitor {
                return visitor;
            }
        }
    };
    let tomorrow = tokio::time::timeout(PATIENCE, salted).await.unwrap();
    assert_ne!(Some(tomorrow), today);
}

#[tokio::test]
async fn no_event_holds_an_address() {
    let mut rig = Rig::start_with(|settings| {
        settings.ingest.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let event = visit(
        &mut rig,
        "10.0.0.1:1",
        &[("x-forwarded-for", "203.0.113.77")],
    )
    .await;
    let text = format!("{event:?}");
    assert!(!text.contains("203.0.113.77") && !text.contains("10.0.0.1"));
}

#[tokio::test]
async fn whoever_opted_out_is_counted_but_not_recognised() {
    let mut rig = Rig::start().await;
    for signal in [("sec-gpc", "1"), ("dnt", "1")] {
        let event = visit(&mut rig, "198.51.100.9:1", &[signal]).await;
        assert_eq!((event.visitor, event.session_id.as_str()), (None, ""));
        assert!(event.marks.contains(Marks::OPTED_OUT));
    }
    let event = rig
        .track(&json!({"site": "s", "gpc": true, "userId": "u", "events": [{}]}))
        .await;
    assert_eq!((event.visitor, event.user_id.as_str()), (None, ""));
}

#[tokio::test]
async fn an_opt_out_can_drop_the_events() {
    let rig = Rig::start_with(|settings| settings.privacy.opt_out = OptOut::Drop).await;
    let answer = rig
        .post_with(&[("sec-gpc", "1")], r#"{"site":"s","events":[{},{}]}"#)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-hgpixel-dropped")),
        (204, Some("opt_out"))
    );
    assert_eq!(
        rig.metric("hgpixel_events_dropped_total{reason=\"opt_out\"}"),
        2
    );
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 0);
    assert!(
        rig.store.sites().await.unwrap().is_empty(),
        "not even a site is made"
    );
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn an_opt_out_can_be_ignored() {
    let mut rig = Rig::start_with(|settings| settings.privacy.opt_out = OptOut::Ignore).await;
    let event = visit(&mut rig, "198.51.100.9:1", &[("sec-gpc", "1")]).await;
    assert!(event.visitor.is_some() && !event.marks.contains(Marks::OPTED_OUT));
}
