//! The limit by address, seen from outside: that it limits, and whom it does not.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::rig::{Answer, Rig};

const OUTSIDE: &str = "198.51.100.9:4711";

async fn send(rig: &Rig, peer: &str, forwarded: &str, events: usize) -> Answer {
    let body = json!({"site": "s", "events": vec![json!({}); events]});
    let request =
        Rig::request_from(Method::POST, "/track", peer).header("x-forwarded-for", forwarded);
    rig.send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn an_address_has_its_burst_in_events_and_then_is_told_to_wait() {
    let rig = Rig::start_with(|settings| settings.ingest.rate_events_per_s = 1).await;
    assert_eq!(send(&rig, OUTSIDE, "", 100).await.status, 204);
    assert_eq!(send(&rig, OUTSIDE, "", 50).await.status, 204);
    let refused = send(&rig, OUTSIDE, "", 100).await;
    assert_eq!(refused.status, 429);
    let wait_s: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((20..=50).contains(&wait_s), "{wait_s}");
    assert!(!refused.detail().is_empty());
    // What was refused has cost nothing.
    assert_eq!(send(&rig, OUTSIDE, "", 50).await.status, 204);
    assert_eq!(send(&rig, OUTSIDE, "", 100).await.status, 429);
    // Another address is not affected, whatever it claims, and neither does a claim help the first.
    assert_eq!(
        send(&rig, "198.51.100.10:4711", "198.51.100.9", 100)
            .await
            .status,
        204
    );
    assert_eq!(send(&rig, OUTSIDE, "127.0.0.1", 100).await.status, 429);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn bad_input_is_limited_too() {
    let rig = Rig::start_with(|settings| settings.ingest.rate_events_per_s = 1).await;
    let mut statuses = std::collections::BTreeMap::new();
    for _ in 0..300 {
        let request = Rig::request_from(Method::POST, "/track", OUTSIDE);
        let answer = rig.send(request.body(Body::from("{")).unwrap()).await;
        *statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
    }
    assert!(statuses[&400] >= 200 && statuses[&429] > 50, "{statuses:?}");
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn the_picture_is_limited_too() {
    let rig = Rig::start_with(|settings| {
        settings.ingest.rate_events_per_s = 1;
        settings.ingest.rate_burst = 1;
    })
    .await;
    let get = || Rig::request_from(Method::GET, "/pixel.gif?site=s", OUTSIDE);
    // However slow the machine, twenty requests do not take a second each.
    let mut refused = None;
    for _ in 0..20 {
        let answer = rig.send(get().body(Body::empty()).unwrap()).await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.header("content-type"), Some("image/gif"));
    assert!(refused.header("retry-after").is_some());
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn loopback_and_the_proxy_itself_are_never_limited() {
    let rig = Rig::start_with(|settings| {
        settings.ingest.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        settings.ingest.rate_events_per_s = 1;
    })
    .await;
    for _ in 0..10 {
        assert_eq!(
            send(&rig, "127.0.0.1:1", "203.0.113.7", 100).await.status,
            204
        );
        assert_eq!(send(&rig, "[::1]:1", "", 100).await.status, 204);
        assert_eq!(send(&rig, "10.0.0.1:1", "10.0.0.2", 100).await.status, 204);
    }
    // But a client behind the proxy is, by its own address.
    assert_eq!(
        send(&rig, "10.0.0.1:1", "203.0.113.7", 100).await.status,
        204
    );
    assert_eq!(
        send(&rig, "10.0.0.1:1", "203.0.113.7", 100).await.status,
        204
    );
    assert_eq!(
        send(&rig, "10.0.0.1:1", "203.0.113.7", 100).await.status,
        429
    );
    assert_eq!(
        send(&rig, "10.0.0.1:1", "203.0.113.8", 100).await.status,
        204
    );
}

#[tokio::test]
async fn a_site_that_is_flooded_from_everywhere_costs_the_others_nothing() {
    let rig = Rig::start_with(|settings| settings.ingest.site_rate_events_per_s = 100).await;
    let mut statuses = std::collections::BTreeMap::new();
    for address in 1..=20 {
        let answer = send(&rig, &format!("198.51.100.{address}:4711"), "", 100).await;
        *statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
    }
    // The burst, and what the twenty requests' own time gives.
    assert!(statuses[&204] >= 4 && statuses[&429] > 10, "{statuses:?}");
    let other = json!({"site": "other", "events": [{}]});
    let request = Rig::request_from(Method::POST, "/track", OUTSIDE);
    let answer = rig.send(request.body(Body::from(other.to_string())).unwrap());
    assert_eq!(answer.await.status, 204);
    // Loopback is not limited.
    assert_eq!(send(&rig, "127.0.0.1:1", "", 100).await.status, 204);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn zero_switches_the_limit_off() {
    let rig = Rig::start_with(|settings| settings.ingest.rate_events_per_s = 0).await;
    for _ in 0..10 {
        assert_eq!(send(&rig, OUTSIDE, "", 100).await.status, 204);
    }
}
