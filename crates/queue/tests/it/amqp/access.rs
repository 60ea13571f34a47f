//! The broker refuses, or something of other people's is in the way.

use std::time::{Duration, Instant};

use hgpixel_config::{QueueUrl, SecretUrl};
use hgpixel_queue::{EventQueue, PublishError, QueueError, Reason};
use hgpixel_testkit::free_port;
use prometheus::Registry;
use serde_json::json;

use crate::bench::{Bench, batch, publish, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_arguments_is_named_in_one_line() {
    let bench = Bench::amqp().await;
    let vhost = bench.vhost();
    let classic = json!({"durable": true, "arguments": {"x-queue-type": "classic"}});
    let path = format!("/api/queues/{}/hg.events.v1", vhost.name());
    vhost.manage("PUT", &path, Some(&classic)).await.unwrap();

    let begin = Instant::now();
    let queue = EventQueue::open(&bench.settings, &Registry::new())
        .await
        .unwrap();
    let error = queue.check().await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(matches!(error, QueueError::Mismatch { .. }), "{error:?}");
    let line = error.to_string();
    assert!(line.contains("queue hg.events.v1"), "{line}");
    assert!(!line.contains('\n'), "{line}");

    // Another prefix is another queue.
    let mut other = bench.settings.clone();
    other.name_prefix = "other".into();
    let queue = EventQueue::open(&other, &Registry::new()).await.unwrap();
    queue.check().await.unwrap();
    publish(&queue, "a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_are_told_without_the_password() {
    let mut bench = Bench::amqp().await;
    let url = bench.vhost().url();
    let wrong = url.replace("guest:guest@", "guest:s3cret@");
    bench.settings.url = QueueUrl::Amqp(SecretUrl::new(wrong));
    let queue = EventQueue::open(&bench.settings, &Registry::new())
        .await
        .unwrap();
    let error = queue.check().await.unwrap_err();
    assert!(matches!(error, QueueError::Access { .. }), "{error:?}");
    let state = queue.state().borrow().clone();
    let told = format!("{error} {error:?} {state:?} {queue:?}");
    assert!(!told.contains("s3cret"), "{told}");
    assert_eq!(
        soon(queue.publish(batch("a"))).await,
        Err(PublishError::Refused {
            reason: Reason::Down
        })
    );
    soon(queue.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_vhost_is_refused_access() {
    let mut bench = Bench::amqp().await;
    let wrong = bench.vhost().url() + "-that-is-not-there";
    bench.settings.url = QueueUrl::Amqp(SecretUrl::new(wrong));
    let queue = EventQueue::open(&bench.settings, &Registry::new())
        .await
        .unwrap();
    let error = queue.check().await.unwrap_err();
    assert!(matches!(error, QueueError::Access { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_not_there_yet_is_no_error() {
    let mut bench = Bench::local();
    let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", free_port());
    bench.settings.url = QueueUrl::Amqp(SecretUrl::new(url));
    let begin = Instant::now();
    let queue = EventQueue::open(&bench.settings, &Registry::new())
        .await
        .unwrap();
    assert!(begin.elapsed() < Duration::from_millis(500));
    let reason = Reason::Down;
    assert_eq!(
        queue.publish(batch("a")).await,
        Err(PublishError::Refused { reason })
    );
    queue.check().await.unwrap();
    soon(queue.close()).await;
}
