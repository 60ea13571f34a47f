//! The files of our own pages, built and committed in `assets/dist`, served under the hash of them all.
//!
//! A page names the hash, so browsers may keep the files for ever: other files have another address. A wrong hash is not found
//! rather than answered with files of another version.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::answer::not_found;
use crate::state::App;

#[derive(RustEmbed)]
#[folder = "assets/dist"]
struct Built;

/// All files, read once.
#[derive(Debug)]
pub(crate) struct Assets {
    hash: String,
    files: Vec<(String, Bytes)>,
}

impl Assets {
    pub(crate) fn embedded() -> &'static Self {
        static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::read);
        &ASSETS
    }

    fn read() -> Self {
        let mut files: Vec<_> = Built::iter()
            .filter_map(|name| {
                let data = Built::get(&name)?.data.into_owned();
                Some((name.into_owned(), Bytes::from(data)))
            })
            .collect();
        files.sort();
        Self {
            hash: hash(&files),
            files,
        }
    }

    /// The address of a file, for the templates.
    pub(crate) fn url(&self, name: &str) -> String {
        debug_assert!(self.file(name).is_some(), "{name} is not built");
        format!("/assets/{}/{name}", self.hash)
    }

    fn file(&self, name: &str) -> Option<&Bytes> {
        let index = self
            .files
            .binary_search_by(|(known, _)| known.as_str().cmp(name));
        index.ok().map(|index| &self.files[index].1)
    }
}

fn hash(files: &[(String, Bytes)]) -> String {
    let mut digest = Sha256::new();
    for (name, bytes) in files {
        digest.update(name);
        digest.update([0]);
        digest.update(Sha256::digest(bytes));
    }
    hex(&digest.finalize()[..8])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}

pub(crate) async fn serve(
    State(app): State<App>,
    Path((hash, name)): Path<(String, String)>,
) -> Response {
    let file = app.assets.file(&name).filter(|_| hash == app.assets.hash);
    let Some(file) = file else {
        return not_found().await;
    };
    let mut response = file.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(&name));
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, for_ever);
    response
}

/// By the name's ending; there are few kinds, and a browser that must not guess needs the right one.
pub(crate) fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}
