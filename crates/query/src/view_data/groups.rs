//! Groups of events: a page of them as JSON, or all of them as CSV or NDJSON.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use hgpixel_store::{
    VIEW_GROUPS_MAX, ViewFilter, ViewGroup, ViewGroupOrder, ViewGroupQuery, ViewGroups, ViewKey,
};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;

use super::format::Format;
use super::json::way;
use super::params::{Grouping, Params};
use super::{csv, export, failed};
use crate::answer::Refusal;
use crate::state::Parts;
use crate::time;

pub(crate) async fn show(
    app: &Parts,
    filter: ViewFilter,
    params: &Params,
    grouping: &Grouping,
    format: Format,
) -> Result<Response, Refusal> {
    // A file holds all groups.
    let (start, length) = match format {
        Format::Csv | Format::NdJson => (0, VIEW_GROUPS_MAX),
        Format::Page | Format::Json => (params.start, params.length as usize),
    };
    let query = ViewGroupQuery {
        filter,
        by: grouping.by.clone(),
        order: grouping.order,
        direction: grouping.direction,
        start,
        length,
    };
    let found = app.store.view_groups(&query).await;
    let found = found.map_err(|error| failed(&error))?;
    Ok(match format {
        Format::Csv => file(&export::CSV, as_csv(&found, grouping)),
        Format::NdJson => file(&export::NDJSON, as_ndjson(&found)),
        Format::Page | Format::Json => {
            axum::Json(Answer::new(&found, params, grouping)).into_response()
        }
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    draw: Option<u64>,
    records_total: u64,
    /// Events that were grouped.
    records_filtered: u64,
    /// There are more events before those that were grouped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    records_filtered_capped: bool,
    /// Since when the events were grouped, where not all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    grouped_since: Option<String>,
    grouped_by: Vec<&'static str>,
    groups_total: u64,
    order: String,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    key: Vec<String>,
    events: u64,
    visitors: u64,
    first: String,
    last: String,
}

impl Answer {
    fn new(found: &ViewGroups, params: &Params, grouping: &Grouping) -> Self {
        let order = match grouping.order {
            ViewGroupOrder::Events => "events",
            ViewGroupOrder::Visitors => "visitors",
            ViewGroupOrder::First => "first",
            ViewGroupOrder::Last => "last",
            ViewGroupOrder::Key => "key",
        };
        Self {
            draw: params.draw,
            records_total: found.records_total,
            records_filtered: found.records_grouped,
            records_filtered_capped: found.stopped_at_ms.is_some(),
            grouped_since: found.stopped_at_ms.map(time::iso),
            grouped_by: names(grouping),
            groups_total: found.groups_total,
            order: format!("{order} {}", way(grouping.direction)),
            groups: found.groups.iter().map(Group::of).collect(),
        }
    }
}

impl Group {
    fn of(group: &ViewGroup) -> Self {
        Self {
            key: group.key.iter().map(key_text).collect(),
            events: group.events,
            visitors: group.visitors,
            first: time::iso(group.first_ms),
            last: time::iso(group.last_ms),
        }
    }
}

fn names(grouping: &Grouping) -> Vec<&'static str> {
    grouping.by.iter().map(|column| column.name()).collect()
}

/// As a value that filters for it.
fn key_text(key: &ViewKey) -> String {
    match key {
        ViewKey::Text(text) => text.clone(),
        ViewKey::Number(number) => number.to_string(),
        ViewKey::Day(day_ms) => time::iso(*day_ms)
            .chars()
            .take("2026-11-27".len())
            .collect(),
    }
}

fn as_csv(found: &ViewGroups, grouping: &Grouping) -> Vec<u8> {
    let header = names(grouping)
        .into_iter()
        .chain(["events", "visitors", "first", "last"]);
    let header = header.map(Cow::from).collect::<Vec<_>>();
    let record = |group: &ViewGroup| {
        let group = Group::of(group);
        let counts = [group.events.to_string(), group.visitors.to_string()];
        let cells = group.key.into_iter().chain(counts);
        cells
            .chain([group.first, group.last])
            .map(Cow::from)
            .collect::<Vec<_>>()
    };
    csv::records(std::iter::once(header).chain(found.groups.iter().map(record)))
}

fn as_ndjson(found: &ViewGroups) -> Vec<u8> {
    let mut text = Vec::new();
    for group in &found.groups {
        serde_json::to_writer(&mut text, &Group::of(group))
            .expect("a group is JSON, and memory takes all bytes");
        text.push(b'\n');
    }
    text
}

fn file(export: &export::Export, body: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, export.content_type),
        (CONTENT_DISPOSITION, export.content_disposition),
    ];
    (headers, body).into_response()
}
