//! Micro-batching: concurrent requests share batches, and are answered when theirs is durable.

use std::time::Duration;

use serde_json::json;

use crate::rig::{PATIENCE, Rig};

#[tokio::test]
async fn concurrent_requests_share_batches() {
    let mut rig = Rig::start().await;
    assert_eq!(rig.post(r#"{"clientID":"s"}"#).await.status, 204);
    let requests = (0..200).map(|_| rig.post(r#"{"clientID":"s"}"#));
    for answer in futures_util::future::join_all(requests).await {
        assert_eq!(answer.status, 204);
    }
    rig.queued(201).await;
    let batches = rig.metric("hgpixel_queue_batch_events_count");
    assert!(batches <= 20, "{batches} batches for 201 requests");
    assert_eq!(rig.metric("hgpixel_queue_batch_events_sum"), 201);
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 201);
}

#[tokio::test]
async fn a_request_larger_than_a_batch_is_queued_whole() {
    let mut rig = Rig::start().await;
    let url = format!("https://example.com/{}", "a".repeat(1_900));
    let body = json!({"site": "s", "url": url, "referrer": url, "events": vec![json!({}); 100]});
    assert_eq!(rig.post(body.to_string()).await.status, 204);
    assert_eq!(rig.queued(100).await.len(), 100);
    assert!(rig.metric("hgpixel_queue_batch_events_count") >= 2);
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 100);
}

#[tokio::test]
async fn a_client_that_goes_away_changes_nothing() {
    let mut rig = Rig::start().await;
    assert_eq!(rig.post(r#"{"clientID":"s"}"#).await.status, 204);
    {
        let mut gone = std::pin::pin!(rig.post(r#"{"clientID":"s","eventType":"gone"}"#));
        // Polled once, it has handed its event over and waits; then its client hangs up.
        let polled = futures_util::poll!(&mut gone);
        assert!(polled.is_pending());
    }
    assert_eq!(
        rig.post(r#"{"clientID":"s","eventType":"stays"}"#)
            .await
            .status,
        204
    );
    let kinds: Vec<String> = rig
        .queued(3)
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert!(kinds.contains(&"gone".to_owned()) && kinds.contains(&"stays".to_owned()));
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn the_end_waits_for_what_was_handed_over() {
    let mut rig = Rig::start().await;
    assert_eq!(rig.post(r#"{"clientID":"s"}"#).await.status, 204);
    {
        let mut waiting = std::pin::pin!(rig.post(r#"{"clientID":"s"}"#));
        assert!(futures_util::poll!(&mut waiting).is_pending());
    }
    rig.router = axum::Router::new();
    rig.lifecycle.shutdown(Duration::ZERO);
    assert!(rig.lifecycle.finished(PATIENCE).await);
    assert!(!rig.lifecycle.has_failed());
    assert_eq!(rig.metric("hgpixel_events_accepted_total"), 2);
    rig.queued(2).await;
}
