//! A collector on a queue and a store of its own, and what a sender and an operator do with it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hgpixel_config::{QueueUrl, Settings, StoreUrl};
use hgpixel_event::{Clock, Event, Line, SiteKey, decode};
use hgpixel_ingest::{Deps, start};
use hgpixel_queue::{Consumer, EventQueue};
use hgpixel_store::EventStore;
use hgpixel_telemetry::http::Peer;
use hgpixel_telemetry::{Health, Lifecycle};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use prometheus::Registry;
use tempfile::TempDir;
use tower::ServiceExt;

/// Longer than anything here takes, shorter than a person's patience.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const NOON_MS: i64 = 1_790_000_000_000;

pub(crate) struct Rig {
    pub(crate) router: Router,
    pub(crate) store: EventStore,
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) health: Health,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) queue: EventQueue,
    consumer: Consumer,
    _directory: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn detail(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts, and waits until everything is ready.
    pub(crate) async fn start_with(edit: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.store.url = StoreUrl::Sqlite(directory.path().join("hgpixel.db"));
        settings.queue.url = QueueUrl::Local(directory.path().join("queue.db"));
        settings.ingest.snapshot_refresh_ms = 50;
        edit(&mut settings);
        let clock = Clock::manual(NOON_MS);
        let registry = Registry::new();
        EventStore::migrate(&settings.store, &clock).await.unwrap();
        let store = EventStore::open(&settings.store, clock.clone(), &registry)
            .await
            .unwrap();
        let queue = EventQueue::open(&settings.queue, &registry).await.unwrap();
        let consumer = queue.consume().await.unwrap();
        let (health, lifecycle) = (Health::new(), Lifecycle::new());
        let router = start(Deps {
            settings: &settings,
            queue: queue.clone(),
            store: store.clone(),
            clock: clock.clone(),
            registry: &registry,
            health: &health,
            lifecycle: &lifecycle,
        })
        .await
        .unwrap();
        tokio::time::timeout(PATIENCE, health.ready())
            .await
            .unwrap();
        Self {
            router,
            store,
            clock,
            registry,
            health,
            lifecycle,
            queue,
            consumer,
            _directory: directory,
        }
    }

    pub(crate) async fn add_site(&self, key: &str) {
        let key: SiteKey = key.parse().unwrap();
        self.store.add_site(&key, key.as_str()).await.unwrap();
        self.until_known(&key).await;
    }

    /// A site that others added is known after the next reading: until then its key is refused.
    async fn until_known(&self, key: &SiteKey) {
        let probe = format!("{{\"clientID\":\"{key}\",\"url\":\"x\"}}");
        let known = async {
            while self.post(probe.clone()).await.status == StatusCode::UNAUTHORIZED {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, known).await.unwrap();
    }

    pub(crate) fn request(method: Method, uri: &str) -> http::request::Builder {
        Self::request_from(method, uri, "127.0.0.1:50000")
    }

    pub(crate) fn request_from(method: Method, uri: &str, peer: &str) -> http::request::Builder {
        let peer: SocketAddr = peer.parse().unwrap();
        Request::builder()
            .method(method)
            .uri(uri)
            .extension(Peer(peer))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answer {
        let request = Self::request(Method::POST, "/track")
            .header("content-type", "text/plain;charset=UTF-8");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn post_with(
        &self,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Self::request(Method::POST, "/track");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(Self::request(Method::GET, uri).body(Body::empty()).unwrap())
            .await
    }

    /// The next `count` events of the queue, which hold what was answered 204; fails when there are more in their last batch.
    pub(crate) async fn queued(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            let delivery = tokio::time::timeout(PATIENCE, self.consumer.next())
                .await
                .expect("more events were to be queued")
                .unwrap();
            for line in decode(&delivery.body).unwrap() {
                match line {
                    Line::Event(event) => events.push(*event),
                    Line::Unreadable { text, error } => panic!("{error}: {text}"),
                }
            }
            self.consumer.settle(&[delivery.tag]).await.unwrap();
        }
        assert_eq!(events.len(), count);
        events
    }

    /// Sends one event and gives it as it was queued.
    pub(crate) async fn track(&mut self, body: &serde_json::Value) -> Event {
        let answer = self.post(body.to_string()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{body}");
        self.queued(1).await.remove(0)
    }

    /// The value of a metric, with its labels as they are printed: `name{label="value"}`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("{name} is not exported"))
            .parse()
            .unwrap()
    }

    /// The sum of a metric over all its labels.
    pub(crate) fn metric_sum(&self, name: &str) -> u64 {
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        text.lines()
            .filter(|line| {
                line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} "))
            })
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// Every event that came in went out in one way.
    pub(crate) fn assert_the_books_balance(&self) {
        let received = self.metric_sum("hgpixel_events_received_total");
        let accounted: u64 = [
            "hgpixel_events_accepted_total",
            "hgpixel_events_rejected_total",
            "hgpixel_events_dropped_total",
            "hgpixel_events_uncertain_total",
        ]
        .iter()
        .map(|name| self.metric_sum(name))
        .sum();
        assert_eq!(received, accounted);
    }
}
