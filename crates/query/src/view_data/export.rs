//! Every matching event, streamed: memory holds some hundred rows, however many match.
//!
//! The status is sent once the first rows are there, so a store that is away is still answered 503. One that goes away later
//! breaks the transfer off, which the client sees: the last chunk is missing.

use std::io;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use hgpixel_store::{StoreError, ViewFilter, ViewOrder, ViewRow};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::{csv, failed, ndjson};
use crate::answer::Refusal;
use crate::state::Parts;

/// Rows written together, when that many are ready: a chunk of some 100 kB.
const ROWS_PER_CHUNK: usize = 200;

/// How events are written to a file.
pub(crate) struct Export {
    pub(super) content_type: &'static str,
    pub(super) content_disposition: &'static str,
    header: fn() -> Vec<u8>,
    write: fn(&[ViewRow]) -> Vec<u8>,
}

pub(crate) static CSV: Export = Export {
    content_type: "text/csv; charset=utf-8; header=present",
    content_disposition: "attachment; filename=\"view-data.csv\"",
    header: csv::header,
    write: csv::write,
};

pub(crate) static NDJSON: Export = Export {
    content_type: "application/x-ndjson",
    content_disposition: "attachment; filename=\"view-data.ndjson\"",
    header: Vec::new,
    write: ndjson::write,
};

pub(crate) async fn stream(
    app: &Parts,
    filter: ViewFilter,
    order: ViewOrder,
    export: &'static Export,
) -> Result<Response, Refusal> {
    let rows = app.store.view_stream(filter, order);
    let mut chunks = Box::pin(chunks(rows, export));
    let first = match chunks.next().await {
        Some(Ok(chunk)) => chunk,
        Some(Err(error)) => return Err(failed(&error)),
        None => Bytes::new(),
    };
    let head = stream::iter([Ok((export.header)().into()), Ok(first)]);
    let rest = chunks.map(|chunk| chunk.map_err(broken_off));
    let headers = [
        (CONTENT_TYPE, export.content_type),
        (CONTENT_DISPOSITION, export.content_disposition),
    ];
    Ok((headers, Body::from_stream(head.chain(rest))).into_response())
}

fn chunks(
    rows: impl Stream<Item = Result<ViewRow, StoreError>> + Send,
    export: &'static Export,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    rows.ready_chunks(ROWS_PER_CHUNK).map(|rows| {
        let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok((export.write)(&rows).into())
    })
}

fn broken_off(error: StoreError) -> io::Error {
    tracing::warn!(error = %error, code = error.code(), "an export was broken off");
    io::Error::other(error)
}
