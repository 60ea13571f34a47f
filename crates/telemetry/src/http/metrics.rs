//! The metrics of the HTTP server.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// The route of requests that none of ours matches, and of those that are refused before they are routed.
pub(super) const UNMATCHED: &str = "other";

/// Upper bounds in seconds. Healthy ingest is to answer within 15 ms, one fsync (0.2 to 8 ms) included; a refusal while the
/// broker is away within 150 ms; a publish takes at most 2 s (and so a little more than that), a handler 6 s.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.15, 0.5, 1.0, 2.5, 6.0,
];

/// Every status that the product answers; others are counted too, only more slowly.
const STATUSES: [u16; 21] = [
    204, 200, 202, 206, 302, 303, 304, 307, 400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 429,
    431, 503,
];

/// Why a connection ended before its client or we wanted it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The head was not complete in time, or the connection idle for too long.
    Head,
    /// The client did not read its answer.
    Answer,
    /// The process stopped and this one was still busy.
    Shutdown,
}

impl Cut {
    const ALL: [Self; 3] = [Self::Head, Self::Answer, Self::Shutdown];

    fn reason(self) -> &'static str {
        match self {
            Self::Head => "head_timeout",
            Self::Answer => "answer_timeout",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The metrics of all HTTP servers that share a registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpMetrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    requests: IntCounterVec,
    seconds: HistogramVec,
    connections: IntGauge,
    refused: IntCounter,
    cut: IntCounterVec,
    accept_errors: IntCounter,
    panics: IntCounter,
}

impl HttpMetrics {
    /// Registers the metrics; once per registry.
    ///
    /// # Errors
    /// When they are registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self(Arc::new(Inner {
            requests: IntCounterVec::new(
                Opts::new(
                    "hgpixel_http_requests_total",
                    "Requests answered, by route and status.",
                ),
                &["route", "status"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new(
                    "hgpixel_http_request_seconds",
                    "From the end of a request's head to the head of its answer, in seconds.",
                )
                .buckets(SECONDS.to_vec()),
                &["route"],
            )?,
            connections: IntGauge::new("hgpixel_http_connections", "Open connections.")?,
            refused: IntCounter::new(
                "hgpixel_http_connections_refused_total",
                "Connections answered 503 because the cap was reached.",
            )?,
            cut: IntCounterVec::new(
                Opts::new(
                    "hgpixel_http_connections_cut_total",
                    "Connections that we ended because of a deadline.",
                ),
                &["reason"],
            )?,
            accept_errors: IntCounter::new(
                "hgpixel_http_accept_errors_total",
                "Connections that could not be accepted.",
            )?,
            panics: IntCounter::new(
                "hgpixel_http_panics_total",
                "Requests whose handler panicked. Each is a defect.",
            )?,
        }));
        metrics.register(registry)?;
        metrics.start();
        Ok(metrics)
    }

    /// Starts a route's series at zero, so that a first refusal shows as an increase and not as a new series.
    pub fn start_route(&self, route: &str, statuses: &[StatusCode]) {
        self.0.seconds.with_label_values(&[route]);
        for status in statuses {
            self.0.requests.with_label_values(&[route, status.as_str()]);
        }
    }

    pub(super) fn route(&self, route: &str) -> RouteMetrics {
        RouteMetrics {
            seconds: self.0.seconds.with_label_values(&[route]),
            requests: self.0.requests.clone(),
            by_status: Default::default(),
            route: route.to_owned(),
        }
    }

    /// A request was answered before it was routed.
    pub(super) fn unrouted(&self, status: &str) {
        self.0
            .requests
            .with_label_values(&[UNMATCHED, status])
            .inc();
    }

    pub(super) fn connections(&self) -> &IntGauge {
        &self.0.connections
    }

    pub(super) fn refused(&self) {
        self.0.refused.inc();
    }

    pub(super) fn cut(&self, cut: Cut) {
        self.0.cut.with_label_values(&[cut.reason()]).inc();
    }

    pub(super) fn accept_error(&self) {
        self.0.accept_errors.inc();
    }

    pub(super) fn panicked(&self) {
        self.0.panics.inc();
    }

    fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let inner = &self.0;
        registry.register(Box::new(inner.requests.clone()))?;
        registry.register(Box::new(inner.seconds.clone()))?;
        registry.register(Box::new(inner.connections.clone()))?;
        registry.register(Box::new(inner.refused.clone()))?;
        registry.register(Box::new(inner.cut.clone()))?;
        registry.register(Box::new(inner.accept_errors.clone()))?;
        registry.register(Box::new(inner.panics.clone()))
    }

    fn start(&self) {
        use StatusCode as S;
        for cut in Cut::ALL {
            self.0.cut.with_label_values(&[cut.reason()]);
        }
        let statuses = [
            S::BAD_REQUEST,
            S::NOT_FOUND,
            S::URI_TOO_LONG,
            S::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ];
        self.start_route(UNMATCHED, &statuses);
    }
}

/// The series of one route, found once: a look-up by labels hashes them and takes a lock, twice per request.
#[derive(Debug)]
pub(super) struct RouteMetrics {
    route: String,
    seconds: Histogram,
    requests: IntCounterVec,
    by_status: [OnceLock<IntCounter>; STATUSES.len()],
}

impl RouteMetrics {
    pub(super) fn route(&self) -> &str {
        &self.route
    }

    pub(super) fn answered(&self, status: StatusCode, micros: u64) {
        self.seconds
            .observe(Duration::from_micros(micros).as_secs_f64());
        let known = STATUSES.iter().position(|&known| known == status.as_u16());
        match known {
            Some(index) => self.by_status[index]
                .get_or_init(|| self.counter(status))
                .inc(),
            None => self.counter(status).inc(),
        }
    }

    fn counter(&self, status: StatusCode) -> IntCounter {
        self.requests
            .with_label_values(&[self.route.as_str(), status.as_str()])
    }
}
