//! What a sender is told: whether its events are kept, and if not, what to do about it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hgpixel_event::limits::{BODY_BYTES_MAX, PIXEL_QUERY_BYTES_MAX};
use hgpixel_telemetry::Problem;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::beacon::Invalid;
use crate::metrics::{DropReason, Label, RejectReason};

/// Why a request's events were left out.
pub(crate) const DROPPED: HeaderName = HeaderName::from_static("x-hgpixel-dropped");
/// How many events of a batch were bad, while the others were accepted.
pub(crate) const REJECTED: HeaderName = HeaderName::from_static("x-hgpixel-rejected");

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The events are durable, but for so many bad ones, and for those that a rule left out.
    Accepted {
        rejected: usize,
        dropped: Option<DropReason>,
    },
    Dropped(DropReason),
}

/// Nothing of the request was accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid(Invalid),
    BodyTooLarge,
    QueryTooLong,
    MediaType,
    /// The body ended, or its deadline passed, before it was complete.
    Incomplete,
    UnknownSite,
    /// The site does not take events of this page.
    Origin,
    RateLimited(Duration),
    Unavailable,
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl Refusal {
    pub(crate) fn reason(&self) -> RejectReason {
        match self {
            Self::Invalid(_) => RejectReason::Invalid,
            Self::BodyTooLarge | Self::QueryTooLong => RejectReason::TooLarge,
            Self::MediaType => RejectReason::MediaType,
            Self::Incomplete => RejectReason::Incomplete,
            Self::UnknownSite => RejectReason::UnknownSite,
            Self::Origin => RejectReason::Origin,
            Self::RateLimited(_) => RejectReason::RateLimited,
            Self::Unavailable => RejectReason::Unavailable,
        }
    }

    fn problem(self) -> Problem {
        match self {
            Self::Invalid(invalid) => Problem::new(StatusCode::BAD_REQUEST, invalid.to_string()),
            Self::BodyTooLarge => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "the body may have {BODY_BYTES_MAX} bytes; send the events in several requests"
                ),
            ),
            Self::QueryTooLong => Problem::new(
                StatusCode::URI_TOO_LONG,
                format!(
                    "the query may have {PIXEL_QUERY_BYTES_MAX} bytes; send a POST to /track instead"
                ),
            ),
            Self::MediaType => Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send JSON as text/plain or application/json, without a content encoding",
            ),
            Self::Incomplete => Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "the body was not complete in time; send it again",
            ),
            // The same words for every key, so that an answer tells nothing about which sites exist.
            Self::UnknownSite => Problem::new(
                StatusCode::UNAUTHORIZED,
                "no site has this key; add it with `hgpixel site add`, or check the key in the page",
            ),
            Self::Origin => Problem::new(
                StatusCode::FORBIDDEN,
                "the site takes no events of this page; add its origin to the site's allowed origins",
            ),
            Self::RateLimited(wait) => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "this address has sent too many events; send them again later",
            )
            .retry_after(whole_seconds(wait)),
            Self::Unavailable => Problem::unavailable(
                "the events cannot be kept now; send them again, with the same ids",
            ),
        }
    }
}

fn whole_seconds(wait: Duration) -> u32 {
    let rounded_up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    u32::try_from(rounded_up).unwrap_or(u32::MAX)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        match self {
            Self::Accepted { rejected, dropped } => {
                if rejected > 0 {
                    response.headers_mut().insert(REJECTED, rejected.into());
                }
                say_dropped(&mut response, dropped);
            }
            Self::Dropped(reason) => say_dropped(&mut response, Some(reason)),
        }
        response
    }
}

fn say_dropped(response: &mut Response, reason: Option<DropReason>) {
    if let Some(reason) = reason {
        let value = HeaderValue::from_static(reason.label());
        response.headers_mut().insert(DROPPED, value);
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_TYPE, RETRY_AFTER};

    use super::*;

    fn check(answer: impl IntoResponse, status: u16, header: Option<(HeaderName, &str)>) {
        let response = answer.into_response();
        assert_eq!(response.status(), status);
        if let Some((name, value)) = header {
            assert_eq!(response.headers()[&name], value);
        }
        if status != 204 {
            let content_type = &response.headers()[CONTENT_TYPE];
            assert_eq!(content_type, "application/problem+json");
        }
    }

    #[test]
    fn every_answer_has_its_status() {
        let accepted = |rejected, dropped| Answer::Accepted { rejected, dropped };
        check(accepted(0, None), 204, None);
        check(accepted(2, None), 204, Some((REJECTED, "2")));
        let rule = accepted(0, Some(DropReason::Rule));
        check(rule, 204, Some((DROPPED, "rule")));
        check(
            Answer::Dropped(DropReason::OptOut),
            204,
            Some((DROPPED, "opt_out")),
        );
        check(Refusal::Invalid(Invalid::new("no")), 400, None);
        check(Refusal::UnknownSite, 401, None);
        check(Refusal::Origin, 403, None);
        check(Refusal::Incomplete, 408, None);
        check(Refusal::BodyTooLarge, 413, None);
        check(Refusal::QueryTooLong, 414, None);
        check(Refusal::MediaType, 415, None);
        check(Refusal::Unavailable, 503, None);
    }

    #[test]
    fn who_may_come_back_is_told_when() {
        let after = |ms| Refusal::RateLimited(Duration::from_millis(ms));
        check(after(1), 429, Some((RETRY_AFTER, "1")));
        check(after(1_000), 429, Some((RETRY_AFTER, "1")));
        check(after(1_001), 429, Some((RETRY_AFTER, "2")));
        assert!(
            Refusal::Unavailable
                .into_response()
                .headers()
                .contains_key(RETRY_AFTER)
        );
    }
}
