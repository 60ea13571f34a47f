//! The query of `/view-data`: our own names, and those of DataTables' server-side protocol.
//!
//! Parsed once into values that cannot be wrong. Unknown keys are ignored, and so is `columns[i][…]`: which columns there are is the
//! server's to say. Of a key that comes twice the last one counts.

use hgpixel_event::SiteKey;
use hgpixel_event::limits::{CLIENT_ID_BYTES_MAX, URL_BYTES_MAX};
use hgpixel_store::{VIEW_LENGTH_MAX, VIEW_SEARCH_BYTES_MAX, ViewOrder};
use url::form_urlencoded;

use super::columns;
use super::format::Format;

/// Rows of a page whose length nobody said.
const LENGTH_DEFAULT: u32 = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Params {
    pub(crate) format: Option<Format>,
    /// Echoed, so that DataTables can tell answers apart.
    pub(crate) draw: Option<u64>,
    pub(crate) start: u64,
    pub(crate) length: u32,
    pub(crate) order: ViewOrder,
    pub(crate) client_id: Option<SiteKey>,
    pub(crate) url: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) search: Option<String>,
}

/// A parameter that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {expected}")]
pub(crate) struct WrongParam {
    key: &'static str,
    expected: &'static str,
}

impl Params {
    pub(crate) fn parse(query: &str) -> Result<Self, WrongParam> {
        let mut params = Self {
            format: None,
            draw: None,
            start: 0,
            length: LENGTH_DEFAULT,
            order: ViewOrder::NewestFirst,
            client_id: None,
            url: None,
            user_id: None,
            search: None,
        };
        let mut order = Order::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "format" => params.format = Some(format(&value)?),
                "draw" => params.draw = Some(integer("draw", &value)?),
                "start" => params.start = integer("start", &value)?,
                "length" => params.length = length(&value)?,
                "order[0][column]" => order.column = Some(column(&value)?),
                "order[0][dir]" => order.direction = Some(direction(&value)?),
                "clientID" => params.client_id = site_key(&value)?,
                "url" => params.url = text("url", &value, URL_BYTES_MAX)?,
                "userId" => params.user_id = text("userId", &value, CLIENT_ID_BYTES_MAX)?,
                "search" => params.search = text("search", &value, VIEW_SEARCH_BYTES_MAX)?,
                "search[value]" => {
                    params.search = text("search[value]", &value, VIEW_SEARCH_BYTES_MAX)?;
                }
                "search[regex]" if value == "true" => {
                    return Err(wrong(
                        "search[regex]",
                        "patterns are not supported, only texts",
                    ));
                }
                _ => {}
            }
        }
        params.order = order.settled();
        Ok(params)
    }
}

/// `order[0][…]`. Only the time can be ordered by; asked for another column, the events stay as they are by default, and the
/// answer says by what it is ordered.
#[derive(Default)]
struct Order {
    column: Option<usize>,
    direction: Option<ViewOrder>,
}

impl Order {
    fn settled(self) -> ViewOrder {
        let by_time = self
            .column
            .is_none_or(|column| column == columns::TIMESTAMP);
        self.direction.filter(|_| by_time).unwrap_or_default()
    }
}

fn format(value: &str) -> Result<Format, WrongParam> {
    Format::named(value).ok_or_else(|| wrong("format", "expected html, json, csv or ndjson"))
}

fn integer(key: &'static str, value: &str) -> Result<u64, WrongParam> {
    let parsed = value.parse().ok();
    // The store counts rows in signed 64 bits.
    let storable = parsed.filter(|number| i64::try_from(*number).is_ok());
    storable.ok_or_else(|| wrong(key, "expected an integer of 0 or more"))
}

fn length(value: &str) -> Result<u32, WrongParam> {
    let parsed = value.parse().ok();
    parsed
        .filter(|length| (1..=VIEW_LENGTH_MAX).contains(length))
        .ok_or_else(|| wrong("length", "expected an integer from 1 to 1000"))
}

fn column(value: &str) -> Result<usize, WrongParam> {
    let parsed = value.parse().ok();
    parsed
        .filter(|index| *index < columns::COLUMNS.len())
        .ok_or_else(|| wrong("order[0][column]", "expected the index of a column"))
}

fn direction(value: &str) -> Result<ViewOrder, WrongParam> {
    match value {
        "asc" => Ok(ViewOrder::OldestFirst),
        "desc" => Ok(ViewOrder::NewestFirst),
        _ => Err(wrong("order[0][dir]", "expected asc or desc")),
    }
}

/// An empty one filters nothing.
fn site_key(value: &str) -> Result<Option<SiteKey>, WrongParam> {
    if value.is_empty() {
        return Ok(None);
    }
    let key = value
        .parse()
        .map_err(|_| wrong("clientID", "expected a site key"))?;
    Ok(Some(key))
}

/// An empty one filters nothing. A NUL is refused, since no stored text holds one and PostgreSQL takes none.
fn text(key: &'static str, value: &str, bytes_max: usize) -> Result<Option<String>, WrongParam> {
    if value.len() > bytes_max {
        return Err(wrong(key, "this text is too long"));
    }
    if value.contains('\0') {
        return Err(wrong(key, "this text holds a NUL"));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

fn wrong(key: &'static str, expected: &'static str) -> WrongParam {
    WrongParam { key, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Params {
        Params::parse(query).unwrap()
    }

    fn refused_key(query: &str) -> &'static str {
        Params::parse(query).unwrap_err().key
    }

    #[test]
    fn nothing_said_is_the_newest_hundred() {
        let params = parsed("");
        assert_eq!((params.start, params.length), (0, 100));
        assert_eq!(params.order, ViewOrder::NewestFirst);
        assert_eq!((params.draw, params.format), (None, None));
        assert_eq!(
            params,
            parsed("url=&userId=&search=&clientID=&_=1700000000000&unknown=%ff")
        );
    }

    #[test]
    fn what_datatables_sends_is_understood() {
        let params = parsed(
            "draw=7&columns%5B0%5D%5Bdata%5D=password&columns[0][search][value]=x&order[0][column]=5&order[0][dir]=asc\
             &order[0][name]=&start=200&length=50&search%5Bvalue%5D=caf%C3%A9+%25&search[regex]=false",
        );
        assert_eq!(params.draw, Some(7));
        assert_eq!((params.start, params.length), (200, 50));
        assert_eq!(params.order, ViewOrder::OldestFirst);
        assert_eq!(params.search.as_deref(), Some("café %"));
    }

    #[test]
    fn other_columns_leave_the_default_order() {
        assert_eq!(
            parsed("order[0][column]=0&order[0][dir]=asc").order,
            ViewOrder::NewestFirst
        );
        assert_eq!(parsed("order[0][dir]=asc").order, ViewOrder::OldestFirst);
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_beyond() {
        assert_eq!(parsed("length=1").length, 1);
        assert_eq!(parsed("length=1000").length, 1_000);
        for query in [
            "length=0",
            "length=1001",
            "length=-1",
            "length=",
            "length=1e2",
            "length=99999999999",
        ] {
            assert_eq!(refused_key(query), "length", "{query}");
        }
        assert_eq!(parsed("start=9223372036854775807").start, i64::MAX as u64);
        for query in ["start=-1", "start=9223372036854775808", "start=a", "start="] {
            assert_eq!(refused_key(query), "start", "{query}");
        }
        let search = "x".repeat(VIEW_SEARCH_BYTES_MAX);
        assert!(parsed(&format!("search={search}")).search.is_some());
        assert_eq!(refused_key(&format!("search={search}x")), "search");
        assert_eq!(
            refused_key(&format!("search[value]={search}x")),
            "search[value]"
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        assert_eq!(refused_key("draw=<script>"), "draw");
        assert_eq!(refused_key("format=xml"), "format");
        assert_eq!(refused_key("search[regex]=true"), "search[regex]");
        assert_eq!(refused_key("order[0][dir]=sideways"), "order[0][dir]");
        assert_eq!(refused_key("order[0][column]=999"), "order[0][column]");
        assert_eq!(refused_key("order[0][column]=-1"), "order[0][column]");
        assert_eq!(refused_key("url=%00"), "url");
        assert_eq!(refused_key("userId=a%00b"), "userId");
        assert_eq!(refused_key("clientID=a%20b"), "clientID");
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_one_counts() {
        assert_eq!(parsed("length=5&length=6").length, 6);
    }
}
