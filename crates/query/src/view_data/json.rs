//! A page of events in the form that DataTables takes.

use hgpixel_store::{ViewDirection, ViewOrder, ViewPage, ViewRow};
use serde::{Serialize, Serializer};

use super::columns::RowObject;
use super::params::Params;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    draw: Option<u64>,
    records_total: u64,
    records_filtered: u64,
    /// There are more matches than were counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    records_filtered_capped: bool,
    /// There are more matches than were sorted: these are the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    sorted_newest: Option<u64>,
    /// By what and in which direction.
    order: String,
    #[serde(serialize_with = "objects")]
    data: &'a [ViewRow],
}

impl<'a> Answer<'a> {
    pub(crate) fn new(page: &'a ViewPage, params: &Params) -> Self {
        let is_partly_sorted = page.records_filtered_capped && params.sort.is_some();
        Self {
            draw: params.draw,
            records_total: page.records_total,
            records_filtered: page.records_filtered,
            records_filtered_capped: page.records_filtered_capped,
            sorted_newest: is_partly_sorted.then_some(page.records_filtered),
            order: order(params),
            data: &page.rows,
        }
    }
}

fn order(params: &Params) -> String {
    if let Some(sort) = params.sort {
        return format!("{} {}", sort.column.name(), way(sort.direction));
    }
    match params.order {
        ViewOrder::NewestFirst => "timestamp desc".to_owned(),
        ViewOrder::OldestFirst => "timestamp asc".to_owned(),
    }
}

pub(crate) fn way(direction: ViewDirection) -> &'static str {
    match direction {
        ViewDirection::Ascending => "asc",
        ViewDirection::Descending => "desc",
    }
}

fn objects<S: Serializer>(rows: &&[ViewRow], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.iter().map(RowObject))
}
