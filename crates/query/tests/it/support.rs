//! A router over a SQLite store of its own, and requests to it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use hgpixel_cache::Cache;
use hgpixel_config::{Settings, StoreUrl};
use hgpixel_event::{Clock, Event, assigned_id};
use hgpixel_query::{Deps, start};
use hgpixel_store::{
    Actor, Authority, Enriched, EventStore, Grant, Message, NewEvent, NewToken, Role, Scope, Site,
};
use hgpixel_telemetry::http::Peer;
use hgpixel_telemetry::{Health, Lifecycle};
use prometheus::Registry;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const NOW_MS: i64 = 1_790_000_000_000;

/// The pages of a server with a store, at a time that stands still.
pub(crate) struct Pages {
    router: Router,
    pub(crate) store: EventStore,
    pub(crate) clock: Clock,
    pub(crate) lifecycle: Lifecycle,
    registry: Registry,
    settings: Settings,
    directory: Arc<TempDir>,
}

impl Pages {
    pub(crate) async fn start() -> Self {
        Self::start_at("").await
    }

    /// With this `public_url`.
    pub(crate) async fn start_at(public_url: &str) -> Self {
        Self::start_with(|settings| public_url.clone_into(&mut settings.public_url)).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings(directory.path());
        change(&mut settings);
        let clock = Clock::manual(NOW_MS);
        let registry = Registry::new();
        EventStore::migrate(&settings.store, &clock).await.unwrap();
        let store = EventStore::open(&settings.store, clock.clone(), &registry)
            .await
            .unwrap();
        Self::over(settings, store, clock, registry, Arc::new(directory))
    }

    /// Another process over the same store, with a memory of its own.
    pub(crate) fn another(&self) -> Self {
        Self::over(
            self.settings.clone(),
            self.store.clone(),
            self.clock.clone(),
            Registry::new(),
            Arc::clone(&self.directory),
        )
    }

    fn over(
        settings: Settings,
        store: EventStore,
        clock: Clock,
        registry: Registry,
        directory: Arc<TempDir>,
    ) -> Self {
        let deps = Deps {
            cache: Cache::open(&settings.cache, &registry).unwrap(),
            settings: settings.clone(),
            store: store.clone(),
            clock: clock.clone(),
            registry: registry.clone(),
            health: Health::new(),
            lifecycle: Lifecycle::new(),
        };
        Self {
            router: start(&deps).unwrap(),
            store,
            clock,
            lifecycle: deps.lifecycle,
            registry,
            settings,
            directory,
        }
    }

    /// A process that has just started, over the same database.
    pub(crate) async fn restarted(&self) -> Self {
        let registry = Registry::new();
        let store = EventStore::open(&self.settings.store, self.clock.clone(), &registry);
        Self::over(
            self.settings.clone(),
            store.await.unwrap(),
            self.clock.clone(),
            registry,
            Arc::clone(&self.directory),
        )
    }

    /// The value of `hgpixel_stats_answers_total{result}`.
    pub(crate) fn answers(&self, result: &str) -> u64 {
        self.metric(&format!(
            "hgpixel_stats_answers_total{{result=\"{result}\"}}"
        ))
    }

    pub(crate) fn metric(&self, series: &str) -> u64 {
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        let value = |line: &str| line.strip_prefix(series)?.trim().parse().ok();
        text.lines().find_map(value).unwrap()
    }

    pub(crate) async fn add_site(&self, key: &str) -> Site {
        self.store
            .add_site(&key.parse().unwrap(), key)
            .await
            .unwrap()
    }

    pub(crate) async fn store_events(&self, events: Vec<Event>) {
        let rows = events.into_iter().map(|event| NewEvent {
            event,
            enriched: Enriched::default(),
        });
        let message = Message {
            id: Uuid::new_v4(),
            rows: rows.collect(),
            dead_lettered: Vec::new(),
            replayed: false,
        };
        let mut writer = self.store.writer("test").await.unwrap();
        writer.append(&[message]).await.unwrap();
    }

    pub(crate) async fn token(&self, scope: Scope, site: Option<i64>) -> String {
        let new = NewToken::new(scope, site);
        self.store
            .create_token(&Actor::command_line(), &new)
            .await
            .unwrap()
    }

    /// The cookie of a user who has taken up an invitation, with [`PASSWORD`].
    pub(crate) async fn user(&self, email: &str, grant: Grant) -> String {
        let email = email.parse().unwrap();
        let invited = self
            .store
            .invite(&Actor::command_line(), &Authority::Server, &email, grant)
            .await
            .unwrap();
        let link = invited.link.unwrap();
        let accepted = self
            .store
            .accept_invitation(
                &link,
                "Anna",
                PASSWORD,
                "Mozilla/5.0 (X11; Linux) Firefox/150.0",
            )
            .await;
        format!("hgpixel={}", accepted.unwrap().unwrap())
    }

    pub(crate) async fn user_of(&self, email: &str, site: &Site, role: Role) -> String {
        self.user(email, Grant::Site(site.id, role)).await
    }

    pub(crate) async fn link(&self) -> String {
        let ttl = std::time::Duration::from_mins(10);
        self.store.create_login_link(ttl).await.unwrap()
    }

    /// The cookie, `name=value`, of a login by link.
    pub(crate) async fn logged_in(&self) -> String {
        let link = self.link().await;
        let answer = post("/login")
            .form(&format!("link={link}"))
            .send(self)
            .await;
        answer.cookie().to_owned()
    }
}

fn settings(directory: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.store.url = StoreUrl::Sqlite(directory.join("store.db"));
    settings
}

/// An event of the site, `index` seconds after the others began.
pub(crate) fn event(site: &Site, index: i64) -> Event {
    let time_ms = NOW_MS - 3_600_000 + index * 1_000;
    Event {
        id: assigned_id(time_ms),
        site: site.id,
        kind: "pageview".into(),
        time_ms,
        received_ms: time_ms + 5,
        visitor: Some(index),
        url: format!("https://example.com/{index}"),
        ..Event::default()
    }
}

pub(crate) struct Ask {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
}

pub(crate) fn get(path: &str) -> Ask {
    ask(Method::GET, path)
}

pub(crate) fn post(path: &str) -> Ask {
    ask(Method::POST, path)
}

pub(crate) fn ask(method: Method, path: &str) -> Ask {
    Ask {
        method,
        path: path.to_owned(),
        headers: HeaderMap::new(),
        body: String::new(),
    }
}

impl Ask {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    /// As a browser that opens a page.
    pub(crate) fn page(self) -> Self {
        self.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    /// As a form of our own pages.
    pub(crate) fn own(self) -> Self {
        self.header("sec-fetch-site", "same-origin")
    }

    pub(crate) fn form(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.header("content-type", "application/json")
    }

    pub(crate) async fn send(self, pages: &Pages) -> Answer {
        let (parts, body) = self.asked(pages).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            // A compressed file is no text.
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// For an answer that goes on.
    pub(crate) async fn open(self, pages: &Pages) -> Stream {
        let (parts, body) = self.asked(pages).await.into_parts();
        Stream {
            headers: parts.headers,
            body: body.into_data_stream(),
        }
    }

    async fn asked(self, pages: &Pages) -> Response {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        request.headers_mut().unwrap().extend(self.headers);
        let mut request = request.body(Body::from(self.body)).unwrap();
        let peer: SocketAddr = "203.0.113.9:4711".parse().unwrap();
        request.extensions_mut().insert(Peer(peer));
        pages.router.clone().oneshot(request).await.unwrap()
    }
}

/// An answer that goes on.
pub(crate) struct Stream {
    headers: HeaderMap,
    body: BodyDataStream,
}

impl Stream {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// What is said next.
    pub(crate) async fn next(&mut self) -> String {
        let bytes = self.body.next().await.unwrap().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// Waits until nothing more is said.
    pub(crate) async fn ended(&mut self) {
        while self.body.next().await.is_some() {}
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.body);
        parsed.unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The detail of a refusal.
    pub(crate) fn detail(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        self.json()["detail"].as_str().unwrap().to_owned()
    }

    /// `name=value` of the cookie that was set.
    pub(crate) fn cookie(&self) -> &str {
        let set = self.headers.get(header::SET_COOKIE);
        let set = set
            .unwrap_or_else(|| panic!("no cookie: {self:?}"))
            .to_str()
            .unwrap();
        set.split(';').next().unwrap()
    }

    /// The given field of each event.
    pub(crate) fn events(&self, field: &str) -> Vec<String> {
        let rows = self.json()["data"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row[field].as_str().unwrap().to_owned())
            .collect()
    }
}
