//! The files of our own pages, built and committed in `assets/dist`, served under the hash of them all.
//!
//! A page names the hash, so browsers may keep the files for ever: other files have another address. A wrong hash is not found
//! rather than answered with files of another version.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::Response;
use http::HeaderMap;
use rust_embed::RustEmbed;

use crate::answer::not_found;
use crate::files::{FOR_EVER, Files};

#[derive(RustEmbed)]
#[folder = "assets/dist"]
struct Built;

static FILES: LazyLock<Files> = LazyLock::new(Files::read::<Built>);

/// The address of a file, for the templates.
pub(crate) fn url(name: &str) -> String {
    debug_assert!(FILES.get(name).is_some(), "{name} is not built");
    format!("/assets/{}/{name}", FILES.hash)
}

pub(crate) async fn serve(
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match FILES.get(&name).filter(|_| hash == FILES.hash) {
        Some(file) => file.answer(&headers, FOR_EVER),
        None => not_found().await,
    }
}
