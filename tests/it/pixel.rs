//! The pixel in a real browser, on pages of a site, against a running server: whatever happens to page, network and server, each
//! event is in the store exactly once, or it was dropped by rule and counted.

mod leaving;
mod modules;
mod outage;
mod people;
mod speed;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hgpixel_testkit::wait_until;
use reqwest::StatusCode;
use serde_json::Value;

use crate::stack::Stack;

const PAGE: &str = include_str!("../pages/shop.html");

/// Bytes; what the server itself takes is far less.
const BODY_MAX: usize = 1 << 20;

/// Between two looks at what is stored.
const LOOK: Duration = Duration::from_millis(200);

/// What most pages carry: everything, from one file.
const ALL: &str = r#"<script async src="__STATS__/static/all.js" data-site="shop"></script>"#;
/// The core, which loads the rest by and by.
const CORE: &str =
    r#"<script async src="__STATS__/static/app.js" data-site="shop" data-modules="all"></script>"#;

/// A site on a port of its own, and the server of its statistics on another, behind a front that fails on request.
struct Site {
    stack: Stack,
    port: u16,
    front: Front,
    made_ahead: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Pages {
    head: String,
    /// The value of `Content-Security-Policy`, if any.
    policy: String,
    port: u16,
    /// Pages that the browser asked for ahead of its user.
    made_ahead: Arc<Mutex<Vec<String>>>,
}

/// Passes requests on to the server, or answers them itself.
#[derive(Clone)]
struct Front {
    port: u16,
    server: String,
    client: reqwest::Client,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    /// What `/track` answers instead of the server, with how many seconds to wait.
    answer: Option<(StatusCode, u64)>,
    /// How many beacons came, whatever they were answered.
    beacons: u64,
}

impl Site {
    /// A site whose pages have `head` in their head, in which `__STATS__` is the address of the statistics.
    async fn open(head: &str) -> Result<Self> {
        Self::open_with_policy(head, "").await
    }

    async fn open_with_policy(head: &str, policy: &str) -> Result<Self> {
        let stack = Stack::embedded().await?;
        let front = Front::start(&stack).await?;
        let (listener, port) = listen().await?;
        let stats = front.url();
        let pages = Pages {
            head: head.replace("__STATS__", &stats),
            policy: policy.replace("__STATS__", &stats),
            port,
            made_ahead: Arc::default(),
        };
        let made_ahead = Arc::clone(&pages.made_ahead);
        serve(listener, Router::new().fallback(page).with_state(pages));
        Ok(Self {
            stack,
            port,
            front,
            made_ahead,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits until at least so many events of these types are stored, then until everything accepted is, and checks that
    /// there are exactly so many; answers all rows, oldest first.
    async fn has(&self, expected: &[(&str, usize)]) -> Result<Vec<Value>> {
        let has_all = async || {
            // A look at all rows costs more than the others at a counter.
            tokio::time::sleep(LOOK).await;
            let rows = self.stack.rows("").await.unwrap_or_default();
            let counts = by_type(&rows);
            let found = |kind: &str| counts.get(kind).copied().unwrap_or_default();
            expected.iter().all(|(kind, count)| found(kind) >= *count)
        };
        let waited = wait_until("the events", Duration::from_mins(1), has_all).await;
        self.stack.at_rest().await?;
        let mut rows = self.stack.rows("").await?;
        let counts = by_type(&rows);
        waited.with_context(|| format!("expected {expected:?}, found {counts:?}"))?;
        for (kind, count) in expected {
            let found = counts.get(*kind).copied().unwrap_or_default();
            ensure!(found == *count, "{count} {kind} expected: {counts:?}");
        }
        rows.reverse();
        Ok(rows)
    }

    /// Has the browser asked for this page ahead of its user?
    fn is_made_ahead(&self, path: &str) -> bool {
        let made = self
            .made_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        made.iter().any(|one| one == path)
    }

    /// How many events a pixel said it gave up for this reason.
    async fn lost(&self, reason: &str) -> Result<u64> {
        let name = format!("hgpixel_pixel_events_lost_total{{reason=\"{reason}\"}}");
        self.stack.ingest().counter(&name).await
    }
}

fn by_type(rows: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let kind = row["eventType"].as_str().unwrap_or_default();
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts
}

/// The rows of one type, in the order in which they happened.
fn of<'a>(rows: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let mut found: Vec<_> = rows.iter().filter(|row| row["eventType"] == kind).collect();
    found.sort_by_key(|row| row["timestamp"].to_string());
    found
}

/// Paths and queries of the page views.
fn viewed(rows: &[Value]) -> Vec<String> {
    let path = |row: &&Value| {
        let url = row["url"].as_str().unwrap_or_default();
        url.splitn(4, '/').nth(3).unwrap_or_default().to_owned()
    };
    of(rows, "pageview").iter().map(path).collect()
}

impl Front {
    async fn start(stack: &Stack) -> Result<Self> {
        let (listener, port) = listen().await?;
        let front = Self {
            port,
            server: stack.ingest().url(),
            client: stack.client.clone(),
            told: Arc::default(),
        };
        serve(
            listener,
            Router::new().fallback(pass).with_state(front.clone()),
        );
        Ok(front)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on beacons are answered so, and do not reach the server.
    fn answer(&self, status: StatusCode, retry_after_s: u64) {
        self.told().answer = Some((status, retry_after_s));
    }

    fn heal(&self) {
        self.told().answer = None;
    }

    fn beacons(&self) -> u64 {
        self.told().beacons
    }

    /// Waits until so many beacons have come.
    async fn has_beacons(&self, count: u64) -> Result<()> {
        let has = async || self.beacons() >= count;
        wait_until(&format!("{count} beacons"), Duration::from_secs(30), has)
            .await
            .with_context(|| format!("{} came", self.beacons()))
    }

    /// Notes a beacon; answers how it is to be answered, if not by the server.
    fn note(&self) -> Option<(StatusCode, u64)> {
        let mut told = self.told();
        told.beacons += 1;
        told.answer
    }
}

async fn pass(State(front): State<Front>, request: Request) -> Response {
    let is_beacon = request.method() == "POST";
    if let Some((status, retry_after_s)) = is_beacon.then(|| front.note()).flatten() {
        let headers = [
            ("access-control-allow-origin", "*".to_owned()),
            ("access-control-expose-headers", "Retry-After".to_owned()),
            ("retry-after", retry_after_s.to_string()),
        ];
        return (status, headers).into_response();
    }
    match forward(&front, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn forward(front: &Front, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await?;
    let answer = front
        .client
        .request(head.method, format!("{}{}", front.server, head.uri))
        .headers(head.headers)
        .body(body)
        .send()
        .await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok((status, headers, answer.bytes().await?).into_response())
}

/// Every page of the site is the same one, and there is a file and an empty script.
async fn page(State(pages): State<Pages>, request: Request) -> Response {
    let purpose = request.headers().get("sec-purpose");
    if purpose.is_some_and(|purpose| purpose.as_bytes().ends_with(b"prerender")) {
        let mut made = pages
            .made_ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        made.push(request.uri().path().to_owned());
    }
    if request.uri().path() == "/empty.js" {
        return ([("content-type", "text/javascript")], "").into_response();
    }
    if request.uri().path().starts_with("/files/") {
        return ([("content-type", "application/pdf")], "%PDF-1.4").into_response();
    }
    let page = PAGE
        .replace("__HEAD__", &pages.head)
        .replace("__PORT__", &pages.port.to_string());
    let mut response = axum::response::Html(page).into_response();
    if !pages.policy.is_empty() {
        let policy = pages.policy.parse().expect("a policy of the test is ASCII");
        response
            .headers_mut()
            .insert("content-security-policy", policy);
    }
    response
}

async fn listen() -> Result<(tokio::net::TcpListener, u16)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the servers of a test end with the test's runtime"
)]
fn serve(listener: tokio::net::TcpListener, app: Router) {
    tokio::spawn(async move { axum::serve(listener, app).await });
}
