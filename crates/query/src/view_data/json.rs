//! A page of events in the form that DataTables takes.

use hgpixel_store::{ViewOrder, ViewPage, ViewRow};
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
    /// By what and in which direction, since not every wish is granted.
    order: &'static str,
    #[serde(serialize_with = "objects")]
    data: &'a [ViewRow],
}

impl<'a> Answer<'a> {
    pub(crate) fn new(page: &'a ViewPage, params: &Params) -> Self {
        Self {
            draw: params.draw,
            records_total: page.records_total,
            records_filtered: page.records_filtered,
            records_filtered_capped: page.records_filtered_capped,
            order: match params.order {
                ViewOrder::NewestFirst => "timestamp desc",
                ViewOrder::OldestFirst => "timestamp asc",
            },
            data: &page.rows,
        }
    }
}

fn objects<S: Serializer>(rows: &&[ViewRow], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.iter().map(RowObject))
}
