//! A question that makes no sense, said so that people and clients of either kind understand: problem+json, with the member `error` of the
//! Plausible API beside it.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

/// What is wrong, with the key at which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(String);

impl Wrong {
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }

    pub(crate) fn at(key: &str, expected: impl std::fmt::Display) -> Self {
        Self(format!("{key}: {expected}"))
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        refused(StatusCode::BAD_REQUEST, &self.0)
    }
}

/// A refusal of this status.
pub(crate) fn refused(status: StatusCode, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Problem"),
        "status": status.as_u16(),
        "detail": detail,
        "error": detail,
    });
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
