//! The service that hyper calls: it judges the head, and hands the request to the router.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use http::HeaderValue;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use tower::Service as _;

use super::body::TimedBody;
use super::exchange::Exchange;
use super::framing::Refusal;
use super::link::Link;
use super::{Peer, plain};

pub(super) struct Answerer {
    pub(super) app: Router,
    pub(super) link: Arc<Link>,
}

impl hyper::service::Service<Request<Incoming>> for Answerer {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        match self.link.take_head(&request) {
            Ok(()) => self.route(request),
            Err(refusal) => self.refuse(refusal),
        }
    }
}

impl Answerer {
    fn route(&self, request: Request<Incoming>) -> Answer {
        let exchange = Exchange::new(Arc::clone(&self.link));
        let (mut head, body) = request.into_parts();
        // The framing of what follows a chunked body is not followed, see `framing`.
        let closes = head.headers.contains_key(TRANSFER_ENCODING);
        let body = if body.is_end_stream() {
            Body::empty()
        } else {
            Body::new(TimedBody::new(body, Arc::clone(&exchange)))
        };
        head.extensions.insert(Peer(self.link.peer));
        head.extensions.insert(exchange);
        let answer = self.app.clone().call(Request::from_parts(head, body));
        Answer::Routed { answer, closes }
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        let problem = plain::problem_of(refusal);
        self.link.metrics.unrouted(problem.status.as_str());
        self.link.linger();
        Answer::Refused(Some(closing(plain::refusal(&problem))))
    }
}

/// The answer to one request.
pub(super) enum Answer {
    Routed {
        answer: RouteFuture<Infallible>,
        closes: bool,
    },
    Refused(Option<Response>),
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Routed { answer, closes } => {
                let closes = *closes;
                Pin::new(answer).poll(cx).map_ok(
                    |response| {
                        if closes { closing(response) } else { response }
                    },
                )
            }
            Self::Refused(response) => {
                let response = response
                    .take()
                    .expect("a future is not polled after its end");
                Poll::Ready(Ok(response))
            }
        }
    }
}

/// The same response, after which the connection is closed.
pub(super) fn closing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
