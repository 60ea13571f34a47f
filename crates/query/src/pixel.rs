//! The script that pages load, built and committed in `pixeljs/dist`.
//!
//! Public, and of any site: the browser keeps it for an hour and then asks whether it changed.

use std::borrow::Cow;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::answer::not_found;
use crate::assets::{content_type, hex};

#[derive(RustEmbed)]
#[folder = "../../pixeljs/dist"]
struct Built;

/// `GET /static/{name}`: the pixel and its modules. Needs nothing and no one, so that any process may serve it.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{name}", get(serve))
}

async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match Built::get(&name) {
        Some(file) => answer(&name, file, &headers),
        None => not_found().await,
    }
}

fn answer(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = etag(&file);
    let is_current = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|line| line.to_str().is_ok_and(|line| names(line, &etag)));
    let mut response = if is_current {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body(file.data).into_response()
    };
    let about = response.headers_mut();
    about.insert(CONTENT_TYPE, content_type(name));
    about.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    about.insert(
        ETAG,
        HeaderValue::from_str(&etag).expect("hex digits in quotes are ASCII"),
    );
    about.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Any site may load it, also one that asks for CORS (`crossorigin`) or isolates itself (COEP).
    about.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    about.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}

fn body(data: Cow<'static, [u8]>) -> axum::body::Bytes {
    match data {
        Cow::Borrowed(bytes) => axum::body::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

/// The first half of the file's SHA-256: strong, and enough to tell versions apart.
fn etag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]))
}

/// Whether a line of `If-None-Match` names `etag`; weakly, as RFC 9110 13.1.2 has it (a proxy that compresses marks it so).
fn names(line: &str, etag: &str) -> bool {
    line.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}
