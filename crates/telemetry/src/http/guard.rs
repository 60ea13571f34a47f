//! Around every handler: its deadline, its panic, its metrics.
//!
//! The guard is the innermost layer of the server, because only below axum's router is it known which route a request took.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use axum::routing::{Route, future::RouteFuture};
use http::StatusCode;
use tower::{Layer, Service};

use super::answerer::closing;
use super::exchange::{Exchange, Late};
use super::metrics::{HttpMetrics, RouteMetrics, UNMATCHED};
use super::plain;
use crate::{Lifecycle, Problem, caught};

/// Wraps each route of a router in a [`Guarded`].
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) metrics: HttpMetrics,
    pub(super) lifecycle: Lifecycle,
}

impl Layer<Route> for Guard {
    type Service = Guarded;

    fn layer(&self, route: Route) -> Guarded {
        Guarded {
            route,
            guard: self.clone(),
            metrics: Arc::default(),
        }
    }
}

#[derive(Clone)]
pub(super) struct Guarded {
    route: Route,
    guard: Guard,
    /// A layer is not told which route it wraps; the first request tells it.
    metrics: Arc<OnceLock<Arc<RouteMetrics>>>,
}

impl Guarded {
    fn metrics_of(&self, request: &Request) -> Arc<RouteMetrics> {
        let matched = request.extensions().get::<MatchedPath>();
        let route = matched.map_or(UNMATCHED, MatchedPath::as_str);
        let known = self
            .metrics
            .get_or_init(|| Arc::new(self.guard.metrics.route(route)));
        if known.route() == route {
            return Arc::clone(known);
        }
        // One service under several routes: each is looked up anew.
        Arc::new(self.guard.metrics.route(route))
    }
}

impl Service<Request> for Guarded {
    type Response = Response;
    type Error = Infallible;
    type Future = GuardedFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // routes always are
    }

    fn call(&mut self, mut request: Request) -> GuardedFuture {
        let exchange = request
            .extensions_mut()
            .remove()
            .expect("the answerer puts an exchange into every request");
        let metrics = self.metrics_of(&request);
        GuardedFuture {
            handler: Some(self.route.call(request)),
            exchange,
            metrics,
            guard: self.guard.clone(),
        }
    }
}

pub(super) struct GuardedFuture {
    /// Gone once it has answered, panicked or been given up.
    handler: Option<RouteFuture<Infallible>>,
    exchange: Arc<Exchange>,
    metrics: Arc<RouteMetrics>,
    guard: Guard,
}

impl Future for GuardedFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handler = self
            .handler
            .as_mut()
            .expect("a future is not polled after its end");
        let response = match caught::poll(Pin::new(handler), cx) {
            Poll::Ready(Ok(Ok(response))) => response,
            Poll::Ready(Err(_panic)) => self.panicked(),
            Poll::Pending => match self.exchange.late() {
                None => return Poll::Pending,
                Some(late) => refuse_late(late),
            },
        };
        // Dropped before the answer is finished: with it goes the body, and then it is known whether all of it was read.
        self.handler = None;
        Poll::Ready(Ok(self.finish(response)))
    }
}

impl GuardedFuture {
    /// The panic hook has logged it. Who knows what was left half done: the client gets a fresh connection.
    fn panicked(&self) -> Response {
        self.guard.metrics.panicked();
        closing(plain::refusal(&Problem::unavailable(
            "the request could not be served",
        )))
    }

    fn finish(&self, mut response: Response) -> Response {
        if self.exchange.is_left_unread() {
            self.exchange.link.linger();
            response = closing(response);
        } else if self.guard.lifecycle.is_draining() {
            response = closing(response);
        }
        let micros = self.exchange.link.alarm.read_clock() - self.exchange.began;
        self.metrics.answered(response.status(), micros);
        response
    }
}

fn refuse_late(late: Late) -> Response {
    match late {
        Late::Client => closing(plain::refusal(&Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body was not complete in time",
        ))),
        Late::Handler => plain::refusal(&Problem::unavailable("the answer was not ready in time")),
    }
}
