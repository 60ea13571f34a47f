//! Somebody deletes bindings, queues and exchanges, or limits them; and the broker gives batches up.

use std::collections::BTreeSet;
use std::time::Duration;

use hgpixel_queue::{DeadLetter, DeadLetters, Delivery, PublishError, Reason};
use serde_json::json;

use crate::bench::{
    Bench, batch, expect_nothing, kinds, large_batch, publish, publish_in_the_end, receive,
    receive_kinds, settle, soon,
};

async fn delete(bench: &Bench, what: &str) {
    let vhost = bench.vhost();
    let path = what.replacen("VHOST", vhost.name(), 1);
    vhost.manage("DELETE", &path, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_missing_binding_diverts_reaches_the_worker_all_the_same() {
    let bench = Bench::amqp().await;
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    delete(
        &bench,
        "/api/bindings/VHOST/e/hg.events/q/hg.events.v1/events",
    )
    .await;
    publish(&queue, "a").await;
    let delivery = receive(&mut consumer).await;
    assert_eq!(kinds(&delivery), ["a"]);
    settle(&mut consumer, &[delivery]).await;
    expect_nothing(&mut consumer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_queue_would_take_is_never_accepted() {
    let bench = Bench::amqp().await;
    let queue = bench.open().await;
    let (mut accepted, mut attempts) = (BTreeSet::new(), 0);
    // What is deleted here is made again after two seconds at most, or even in the midst of it, so this may need more than one
    // attempt.
    loop {
        attempts += 1;
        let kind = format!("attempt {attempts}");
        for what in [
            "/api/exchanges/VHOST/hg.unrouted",
            "/api/bindings/VHOST/e/hg.events/q/hg.events.v1/events",
        ] {
            let path = what.replacen("VHOST", bench.vhost().name(), 1);
            bench.vhost().manage("DELETE", &path, None).await.ok();
        }
        match soon(queue.publish(batch(&kind))).await {
            Ok(()) => drop(accepted.insert(kind)),
            Err(PublishError::Refused {
                reason: Reason::Returned,
            }) => break,
            Err(PublishError::Refused { .. }) => crate::bench::wait_until_up(&queue).await,
            Err(error) => panic!("{error}"),
        }
        assert!(attempts < 50, "nothing is ever returned");
    }
    let mut consumer = queue.consume().await.unwrap();
    publish_in_the_end(&queue, "the last").await;
    accepted.insert("the last".to_owned());
    let received = receive_kinds(&mut consumer, accepted.len()).await;
    assert_eq!(received.into_iter().collect::<BTreeSet<_>>(), accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_made_again() {
    let bench = Bench::amqp().await;
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    publish(&queue, "a").await;
    receive(&mut consumer).await;
    delete(&bench, "/api/queues/VHOST/hg.events.v1").await;
    publish_in_the_end(&queue, "b").await;
    let delivery = receive(&mut consumer).await;
    assert_eq!(kinds(&delivery), ["b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_exchange_is_made_again() {
    let bench = Bench::amqp().await;
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    delete(&bench, "/api/exchanges/VHOST/hg.events").await;
    let errors = publish_in_the_end(&queue, "a").await;
    let certain = |error: &PublishError| matches!(error, PublishError::Refused { .. });
    assert!(errors.iter().all(certain), "{errors:?}");
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_and_takes_batches_again_when_it_is_emptied() {
    let bench = Bench::amqp().await;
    let queue = bench.open().await;
    let vhost = bench.vhost();
    let limit = json!({
        "pattern": "^hg\\.events\\.v1$",
        "definition": {"max-length-bytes": 100_000},
        "apply-to": "queues"
    });
    let path = format!("/api/policies/{}/tiny", vhost.name());
    vhost.manage("PUT", &path, Some(&limit)).await.unwrap();

    let mut accepted = 0;
    let refused = soon(async {
        loop {
            match queue.publish(large_batch(20_000)).await {
                Ok(()) => accepted += 1,
                Err(error) => break error,
            }
        }
    })
    .await;
    let reason = Reason::Nack;
    assert_eq!(refused, PublishError::Refused { reason });
    let mut consumer = queue.consume().await.unwrap();
    for _ in 0..accepted {
        let delivery = receive(&mut consumer).await;
        settle(&mut consumer, &[delivery]).await;
    }
    soon(async {
        while queue.publish(batch("again")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_the_broker_gives_up_comes_once_more_and_says_so() {
    let bench = Bench::amqp().await;
    let queue = bench.open().await;
    let sent = batch("deadly");
    soon(queue.publish(sent.clone())).await.unwrap();
    let mut dead = soon(DeadLetters::open(&bench.settings)).await.unwrap();

    // Workers that die of it, one after the other; and some more, which must not make the broker drop it.
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    let mut given_up = 0;
    let last = soon(async {
        loop {
            consumer.pause().await;
            consumer.resume().await.unwrap();
            let delivery = consumer.next().await.unwrap();
            given_up += u32::from(delivery.given_up.is_some());
            if given_up == 25 {
                break delivery;
            }
        }
    })
    .await;
    assert_eq!(last.given_up.as_deref(), Some("delivery_limit"));
    assert_eq!((last.id, &last.body), (first.id, &sent.bytes));
    assert_eq!((last.events, last.redelivered), (1, true));
    assert!(dead.list(10).await.unwrap().is_empty(), "nobody moved it");

    soon(queue.dead_letter(&letter_of(&last))).await.unwrap();
    settle(&mut consumer, &[last]).await;
    assert_eq!(soon(dead.replay(10)).await.unwrap(), 1);
    let again = receive(&mut consumer).await;
    assert_eq!((&again.body, again.given_up), (&sent.bytes, None));
    assert_ne!(again.id, first.id, "the store knows the old id");
    assert!(again.replayed, "it was booked as dead-lettered");
}

/// As a worker sets it aside.
fn letter_of(delivery: &Delivery) -> DeadLetter {
    DeadLetter {
        id: delivery.id,
        reason: "delivery_limit".to_owned(),
        detail: String::new(),
        at_ms: 1_790_000_000_000,
        line: String::from_utf8(delivery.body.clone()).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_prefetch_bounds_what_is_handed_out() {
    let mut bench = Bench::amqp().await;
    bench.settings.prefetch_batches = 2;
    let queue = bench.open().await;
    for kind in ["a", "b", "c"] {
        publish(&queue, kind).await;
    }
    let mut consumer = queue.consume().await.unwrap();
    assert!(!consumer.is_exhausted());
    let first = receive(&mut consumer).await;
    receive(&mut consumer).await;
    assert!(consumer.is_exhausted());
    expect_nothing(&mut consumer).await;
    settle(&mut consumer, &[first]).await;
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["c"]);
}
