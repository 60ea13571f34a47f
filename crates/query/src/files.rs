//! Files that are built, committed and embedded in the program, served from memory: plain or compressed, whichever the client takes.
//!
//! A folder has one hash over all its files, so that an address with the hash may be kept for ever and files of one build stay
//! together. Compressing happens once, at the first request for any file of a folder.

use std::fmt::Write as _;
use std::io::Write as _;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::answer::weight;

/// A year, the most that caches grant; browsers ask for nothing again.
pub(crate) const FOR_EVER: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");

/// A folder's files.
#[derive(Debug)]
pub(crate) struct Files {
    /// 16 hexadecimal digits over names and contents.
    pub(crate) hash: String,
    /// In the order of their names.
    files: Vec<File>,
}

#[derive(Debug)]
pub(crate) struct File {
    name: String,
    kind: HeaderValue,
    plain: Variant,
    /// Absent where it would not be smaller.
    gzip: Option<Variant>,
}

/// One of the forms in which a file is served; each has its own tag (RFC 9110, section 8.8.1).
#[derive(Debug)]
struct Variant {
    bytes: Bytes,
    etag: String,
}

impl Files {
    pub(crate) fn read<Folder: RustEmbed>() -> Self {
        let mut names: Vec<_> = Folder::iter().collect();
        names.sort();
        let files: Vec<_> = names
            .into_iter()
            .filter_map(|name| Some(File::new(&name, Folder::get(&name)?.data.into_owned())))
            .collect();
        Self {
            hash: hash(&files),
            files,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&File> {
        let index = self
            .files
            .binary_search_by(|file| file.name.as_str().cmp(name));
        index.ok().map(|index| &self.files[index])
    }
}

impl File {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let digest = hex(&Sha256::digest(&bytes)[..16]);
        let compressed = compress(&bytes);
        Self {
            name: name.to_owned(),
            kind: content_type(name),
            gzip: (compressed.len() < bytes.len()).then(|| Variant {
                bytes: compressed.into(),
                etag: format!("\"{digest}-gzip\""),
            }),
            plain: Variant {
                bytes: bytes.into(),
                etag: format!("\"{digest}\""),
            },
        }
    }

    /// The file itself.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.plain.bytes
    }

    /// The answer to a request with `headers`, to be kept as `cache_control` says.
    pub(crate) fn answer(&self, headers: &HeaderMap, cache_control: HeaderValue) -> Response {
        let takes_gzip = weight(headers, &ACCEPT_ENCODING, "gzip") > 0;
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip);
        let variant = gzip.unwrap_or(&self.plain);
        let mut response = if is_known(headers, &variant.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            variant.bytes.clone().into_response()
        };
        let about = response.headers_mut();
        about.insert(CONTENT_TYPE, self.kind.clone());
        about.insert(CACHE_CONTROL, cache_control);
        about.insert(VARY, HeaderValue::from_static("accept-encoding"));
        about.insert(
            ETAG,
            HeaderValue::from_str(&variant.etag).expect("hex digits in quotes are ASCII"),
        );
        if gzip.is_some() {
            about.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory never fails")
}

/// Whether the client has this very form already; weakly, as RFC 9110 13.1.2 has it (a proxy may have weakened the tag).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

fn hash(files: &[File]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        digest.update(&file.name);
        digest.update([0]);
        digest.update(Sha256::digest(file.bytes()));
    }
    hex(&digest.finalize()[..8])
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}

/// By the name's ending; there are few kinds, and a browser that must not guess needs the right one.
fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}
