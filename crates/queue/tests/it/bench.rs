//! A queue of the test's own, on either backend.

use std::time::Duration;

use hgpixel_config::{Queue as Config, QueueUrl, SecretUrl, Settings};
use hgpixel_event::{EncodedBatch, Event};
use hgpixel_queue::{Consumer, Delivery, EventQueue, PublishError};
use hgpixel_testkit::RabbitVhost;
use prometheus::Registry;
use tempfile::TempDir;
use tokio::time::timeout;

/// Far longer than anything here takes, so that a hang becomes a failure.
const SOON: Duration = Duration::from_secs(20);

/// Settings, and what has to live as long as they are used.
pub(crate) struct Bench {
    pub(crate) settings: Config,
    pub(crate) keep: Keep,
}

pub(crate) enum Keep {
    Folder(TempDir),
    Vhost(RabbitVhost),
}

impl Bench {
    pub(crate) fn local() -> Self {
        let folder = TempDir::new().unwrap();
        let settings = Config {
            url: QueueUrl::Local(folder.path().join("queue.db")),
            ..Settings::default().queue
        };
        Self {
            settings,
            keep: Keep::Folder(folder),
        }
    }

    pub(crate) async fn amqp() -> Self {
        Self::in_vhost(RabbitVhost::create().await.unwrap())
    }

    pub(crate) fn in_vhost(vhost: RabbitVhost) -> Self {
        let settings = Config {
            url: QueueUrl::Amqp(SecretUrl::new(vhost.url())),
            ..Settings::default().queue
        };
        Self {
            settings,
            keep: Keep::Vhost(vhost),
        }
    }

    pub(crate) async fn open(&self) -> EventQueue {
        // What the queue says of its troubles is shown with a test that fails.
        let log = tracing_subscriber::fmt()
            .with_test_writer()
            .with_max_level(tracing::Level::INFO);
        log.try_init().ok();
        let queue = EventQueue::open(&self.settings, &Registry::new())
            .await
            .unwrap();
        wait_until_up(&queue).await;
        queue
    }

    pub(crate) fn vhost(&self) -> &RabbitVhost {
        match &self.keep {
            Keep::Vhost(vhost) => vhost,
            Keep::Folder(_) => panic!("a local queue has no vhost"),
        }
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        match &self.keep {
            Keep::Folder(folder) => folder.path(),
            Keep::Vhost(_) => panic!("a broker's queue has no folder"),
        }
    }
}

pub(crate) async fn wait_until_up(queue: &EventQueue) {
    soon(queue.state().wait_for(|state| state.up))
        .await
        .unwrap();
}

/// Fails the test when `future` does not end soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future)
        .await
        .expect("it should not take so long")
}

/// A batch of one event, by whose type it is recognised.
pub(crate) fn batch(kind: impl std::fmt::Display) -> EncodedBatch {
    EncodedBatch::encode(&[Event {
        kind: kind.to_string(),
        ..Event::default()
    }])
}

/// A batch of one event with so much text.
pub(crate) fn large_batch(bytes: usize) -> EncodedBatch {
    EncodedBatch::encode(&[Event {
        title: "x".repeat(bytes),
        ..Event::default()
    }])
}

/// The types of a delivery's events.
pub(crate) fn kinds(delivery: &Delivery) -> Vec<String> {
    hgpixel_event::decode(&delivery.body)
        .unwrap()
        .into_iter()
        .map(|line| match line {
            hgpixel_event::Line::Event(event) => event.kind.clone(),
            hgpixel_event::Line::Unreadable { text, .. } => text,
        })
        .collect()
}

pub(crate) async fn publish(queue: &EventQueue, kind: impl std::fmt::Display) {
    if let Err(error) = soon(queue.publish(batch(kind))).await {
        panic!("{error}: {:?}", queue.state().borrow());
    }
}

/// Publishes until the queue takes it: for tests that break it meanwhile. Returns how often it did not.
pub(crate) async fn publish_in_the_end(queue: &EventQueue, kind: &str) -> Vec<PublishError> {
    let mut errors = Vec::new();
    soon(async {
        while let Err(error) = queue.publish(batch(kind)).await {
            errors.push(error);
            queue.state().wait_for(|state| state.up).await.unwrap();
            // It may be up, and what is missing not yet made again.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    errors
}

pub(crate) async fn receive(consumer: &mut Consumer) -> Delivery {
    soon(consumer.next()).await.unwrap()
}

pub(crate) async fn receive_kinds(consumer: &mut Consumer, count: usize) -> Vec<String> {
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(kinds(&receive(consumer).await));
    }
    received
}

pub(crate) async fn settle(consumer: &mut Consumer, deliveries: &[Delivery]) {
    let tags: Vec<_> = deliveries.iter().map(Into::into).collect();
    soon(consumer.settle(&tags)).await.unwrap();
}

/// That nothing is delivered any more. There is no event to wait for, so this waits for time: long enough for a batch that
/// lies there to arrive, which takes milliseconds.
pub(crate) async fn expect_nothing(consumer: &mut Consumer) {
    if let Ok(delivery) = timeout(Duration::from_millis(400), consumer.next()).await {
        panic!("nothing was to come, but {delivery:?} did");
    }
}
