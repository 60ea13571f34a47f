//! The script that pages load and its modules, built and committed in `pixeljs/dist`. Public, and of any site.
//!
//! `/static/all.js` has everything in one file; `/static/app.js` is the core, with its modules beside it. They are always the newest:
//! browsers keep them for an hour and then ask whether they changed. `/static/<hash>/all.js` never changes, so it may be kept for ever
//! and named with its digest (`integrity`), which then is that of all that runs. After an upgrade the hash
//! is another. The old address then gives the new files, kept by nobody: a page that named no digest goes on counting, and one that
//! did is refused by its browser, as it asked for.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha384};

use crate::answer::not_found;
use crate::files::{FOR_EVER, Files};

#[derive(RustEmbed)]
#[folder = "../../pixeljs/dist"]
struct Built;

static FILES: LazyLock<Files> = LazyLock::new(Files::read::<Built>);

/// The one file that loads no other.
const WHOLE: &str = "all.js";

const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

/// `GET /static/{name}` and `GET /static/{hash}/{name}`: the pixel and its modules. Needs nothing and no one, so that any process
/// may serve it.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/static/{name}", get(newest))
        .route("/static/{hash}/{name}", get(pinned))
}

/// The address of the script that never changes, and the value of its `integrity` attribute.
pub(crate) fn pin() -> (String, String) {
    let whole = FILES.get(WHOLE).expect("the pixel is built");
    let digest = STANDARD.encode(Sha384::digest(whole.bytes()));
    (
        format!("/static/{}/{WHOLE}", FILES.hash),
        format!("sha384-{digest}"),
    )
}

async fn newest(Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&name, &headers, FOR_AN_HOUR).await
}

async fn pinned(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let is_this_build = hash == FILES.hash;
    answer(
        &name,
        &headers,
        if is_this_build {
            FOR_EVER
        } else {
            ASK_EACH_TIME
        },
    )
    .await
}

async fn answer(name: &str, headers: &HeaderMap, cache_control: HeaderValue) -> Response {
    let Some(file) = FILES.get(name) else {
        return not_found().await;
    };
    let mut response = file.answer(headers, cache_control);
    let about = response.headers_mut();
    about.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Any site may load it, also one that asks for CORS (`crossorigin`) or isolates itself (COEP).
    about.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    about.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}
