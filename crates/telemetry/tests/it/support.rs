//! A server on a free port with deadlines short enough to watch, and a client that writes bytes rather than requests.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use hgpixel_config::Http;
use hgpixel_telemetry::Lifecycle;
use hgpixel_telemetry::http::{HttpMetrics, bind, serve};
use prometheus::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Nothing in these tests takes longer; a test that would hang fails instead.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Deadlines apart enough from each other that it shows which one fired.
pub(crate) fn short() -> Http {
    Http {
        connections_max: 100,
        header_timeout_ms: 300,
        body_timeout_ms: 900,
        handler_timeout_ms: 1_200,
        drain_delay_ms: 0,
        shutdown_timeout_ms: 800,
    }
}

/// Deadlines that no test reaches.
pub(crate) fn patient() -> Http {
    Http {
        connections_max: 100,
        header_timeout_ms: 60_000,
        body_timeout_ms: 60_000,
        handler_timeout_ms: 60_000,
        drain_delay_ms: 0,
        shutdown_timeout_ms: 60_000,
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) metrics: HttpMetrics,
    pub(crate) ended: JoinHandle<()>,
    registry: Registry,
}

impl Server {
    pub(crate) fn start(app: Router, settings: &Http) -> Self {
        Self::start_in(Lifecycle::new(), app, settings)
    }

    pub(crate) fn start_in(lifecycle: Lifecycle, app: Router, settings: &Http) -> Self {
        let registry = Registry::new();
        let metrics = HttpMetrics::new(&registry).unwrap();
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = serve(listener, app, settings, &lifecycle, &metrics);
        let ended = lifecycle.spawn("http", serving);
        Self {
            address,
            lifecycle,
            metrics,
            ended,
            registry,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends one request in one piece and reads until the server closes or falls silent after a whole answer.
    pub(crate) async fn send(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.write(request).await;
        client.answer().await
    }

    /// The value of one series in the text exposition.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }

    /// Waits until a series has a value. Metrics of a connection may come a moment after what its client sees.
    pub(crate) async fn metric_becomes(&self, series: &str, value: f64) {
        let begun = Instant::now();
        while self.metric(series) != Some(value) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{series} is {:?} and not {value}",
                self.metric(series)
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Writes what a closed connection may refuse.
    pub(crate) async fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.write_all(bytes.as_ref()).await
    }

    /// Ends the sending side, as `nc -N` does.
    pub(crate) async fn close_sending(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads some of an answer.
    pub(crate) async fn skim(&mut self) -> std::io::Result<usize> {
        let mut bytes = vec![0; 64 * 1024];
        let read = self.0.read(&mut bytes);
        let read = tokio::time::timeout(PATIENCE, read).await??;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(read)
    }

    /// Reads one answer, with a body as long as it says.
    pub(crate) async fn answer(&mut self) -> Answer {
        let read = async {
            let mut bytes = Vec::new();
            loop {
                if let Some(answer) = Answer::parse(&bytes) {
                    return answer;
                }
                let read = self.0.read_buf(&mut bytes).await.unwrap();
                assert!(
                    read > 0,
                    "closed after {:?}",
                    String::from_utf8_lossy(&bytes)
                );
            }
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap()
    }

    /// Reads to the end of the connection and returns what came, and after how long it ended. A reset is an end, too.
    pub(crate) async fn rest(&mut self) -> (String, Duration) {
        let begun = Instant::now();
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        let _how = tokio::time::timeout(PATIENCE, end)
            .await
            .expect("the connection is still open");
        (
            String::from_utf8_lossy(&bytes).into_owned(),
            begun.elapsed(),
        )
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The one whole answer that `text` is.
    pub(crate) fn of(text: &str) -> Self {
        Self::parse(text.as_bytes()).unwrap_or_else(|| panic!("no whole answer: {text:?}"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let answer = Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        };
        let length = answer
            .field("content-length")
            .map_or(0, |n| n.parse().unwrap());
        assert!(body.len() <= length, "more than an answer: {text:?}");
        (body.len() == length).then_some(answer)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn closes(&self) -> bool {
        self.field("connection") == Some("close")
    }

    /// Asserts that this is a problem with `status`, after which the connection is closed.
    pub(crate) fn is_last_problem(&self, status: u16) {
        self.is_problem(status);
        assert!(self.closes(), "{}", self.head);
        // Only the server itself ends connections, and every page may read why.
        assert_eq!(self.field("access-control-allow-origin"), Some("*"));
    }

    pub(crate) fn is_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.field("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], status);
        assert_eq!(
            self.field("retry-after").is_some(),
            status == 503,
            "{}",
            self.head
        );
    }
}
