//! The query of `/view-data`: our own names, those of its columns, and those of DataTables' server-side protocol.
//!
//! Parsed once into values that cannot be wrong. A name that nobody knows is refused, since a filter with a typing error would otherwise
//! show everything; what DataTables tells of its own columns in `columns[i][…]` is ignored but for the texts that are looked for, since
//! which columns there are is the server's to say. Of a name that comes twice the last one counts; comparisons (`column[operator]`) all do.

mod builder;
mod instant;
mod operator;

use hgpixel_event::SiteKey;
use hgpixel_event::limits::{CLIENT_ID_BYTES_MAX, URL_BYTES_MAX};
use hgpixel_store::{
    VIEW_GROUP_COLUMNS_MAX, VIEW_LENGTH_MAX, VIEW_SEARCH_BYTES_MAX, ViewColumn, ViewCondition,
    ViewDirection, ViewGroupOrder, ViewOrder, ViewSort,
};
use url::form_urlencoded;

use super::format::Format;
use builder::Node;
use instant::Span;
use operator::Operator;

/// Rows of a page whose length nobody said.
const LENGTH_DEFAULT: u32 = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Params {
    pub(crate) format: Option<Format>,
    /// Echoed, so that DataTables can tell answers apart.
    pub(crate) draw: Option<u64>,
    pub(crate) start: u64,
    pub(crate) length: u32,
    /// The order of time, also where the rows are sorted by another column.
    pub(crate) order: ViewOrder,
    pub(crate) sort: Option<ViewSort>,
    pub(crate) group: Option<Grouping>,
    pub(crate) client_id: Option<SiteKey>,
    pub(crate) url: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) search: Option<String>,
    pub(crate) from_ms: Option<i64>,
    pub(crate) until_ms: Option<i64>,
    pub(crate) conditions: Vec<ViewCondition>,
}

/// By which columns, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grouping {
    pub(crate) by: Vec<ViewColumn>,
    pub(crate) order: ViewGroupOrder,
    pub(crate) direction: ViewDirection,
}

/// A parameter that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {expected}")]
pub(crate) struct WrongParam {
    key: String,
    expected: String,
}

impl Params {
    /// `now_ms` is what relative times are relative to.
    pub(crate) fn parse(query: &str, now_ms: i64) -> Result<Self, WrongParam> {
        let mut params = Self {
            format: None,
            draw: None,
            start: 0,
            length: LENGTH_DEFAULT,
            order: ViewOrder::NewestFirst,
            sort: None,
            group: None,
            client_id: None,
            url: None,
            user_id: None,
            search: None,
            from_ms: None,
            until_ms: None,
            conditions: Vec::new(),
        };
        let mut said = Said {
            now_ms,
            ..Said::default()
        };
        for (key, value) in form_urlencoded::parse(with_encoded_operators(query).as_bytes()) {
            match &*key {
                "format" => params.format = Some(format(&value)?),
                "draw" => params.draw = Some(integer("draw", &value)?),
                "start" => params.start = integer("start", &value)?,
                "length" => params.length = length(&value)?,
                "clientID" => params.client_id = site_key(&value)?,
                "url" => params.url = text("url", &value, URL_BYTES_MAX)?,
                "userId" => params.user_id = text("userId", &value, CLIENT_ID_BYTES_MAX)?,
                "search" | "search[value]" => {
                    params.search = text(&key, &value, VIEW_SEARCH_BYTES_MAX)?;
                }
                "from" => params.from_ms = span("from", &value, now_ms)?.map(|span| span.from_ms),
                "to" => params.until_ms = span("to", &value, now_ms)?.map(|span| span.until_ms),
                "group" => said.group = grouped_by(&value)?,
                "order" => said.order = Order::parse(&value)?,
                _ => said.take(&key, &value)?,
            }
        }
        said.settle(&mut params)?;
        Ok(params)
    }

    /// The form that the query names, whatever else it says.
    pub(crate) fn format_of(query: &str) -> Option<Format> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let named = pairs.filter(|(key, _)| key == "format");
        named.last().and_then(|(_, value)| Format::named(&value))
    }
}

/// What means something only together with the rest.
#[derive(Debug, Default)]
struct Said {
    now_ms: i64,
    order: Order,
    group: Vec<ViewColumn>,
    /// `column=value`.
    equals: Vec<(ViewColumn, String)>,
    conditions: Vec<ViewCondition>,
    builder: Node,
}

impl Said {
    fn take(&mut self, key: &str, value: &str) -> Result<(), WrongParam> {
        let (name, path) = brackets(key);
        match (name, path.as_slice()) {
            ("order", ["0", "column"]) => self.order.index = Some(column_index(key, value)?),
            ("order", ["0", "dir"]) => self.order.direction = Some(direction(key, value)?),
            ("order", ["0", "name"]) if !value.is_empty() => {
                self.order.name = Some(value.to_owned());
            }
            ("search", ["regex"]) | ("columns", [_, "search", "regex"]) if value == "true" => {
                return Err(wrong(key, "patterns are not supported, only texts"));
            }
            ("columns", [_, "search", "value"]) if !value.is_empty() => {
                let column = ViewColumn::ALL[column_index(key, path[0])?];
                self.compare(key, Operator::CONTAINS, column, value)?;
            }
            ("searchBuilder", [_, ..]) => self.builder.take(&path, value)?,
            // Columns that the page shows, a second key of the order, a number against caches, and what DataTables says of itself.
            ("columns" | "_", _) | ("order" | "search", [_, ..]) => {}
            (name, path) => self.take_column(key, name, path, value)?,
        }
        Ok(())
    }

    /// `column=value`, of which an empty one filters nothing, or `column[operator]=value`.
    fn take_column(
        &mut self,
        key: &str,
        name: &str,
        path: &[&str],
        value: &str,
    ) -> Result<(), WrongParam> {
        let column = ViewColumn::named(name).ok_or_else(|| {
            let expected = format!(
                "expected format, draw, start, length, search, from, to, order, group, columns, searchBuilder[…], or a column of {}, \
                 alone or with an operator as in {}[contains]",
                column_names(),
                ViewColumn::Browser.name()
            );
            wrong(key, &expected)
        })?;
        match path {
            [] => {
                self.equals.retain(|(other, _)| *other != column);
                self.equals.push((column, value.to_owned()));
                Ok(())
            }
            [operator] => {
                let named = Operator::named(operator);
                let operator = named
                    .ok_or_else(|| wrong(key, &format!("expected one of {}", Operator::NAMES)))?;
                self.compare(key, operator, column, value)
            }
            _ => Err(wrong(key, "expected one pair of brackets")),
        }
    }

    fn compare(
        &mut self,
        key: &str,
        operator: Operator,
        column: ViewColumn,
        value: &str,
    ) -> Result<(), WrongParam> {
        let values: Vec<&str> = match operator.values() {
            0 => Vec::new(),
            1 => vec![value],
            _ => value.split("..").collect(),
        };
        let condition = operator.condition(column, &values, self.now_ms);
        self.conditions
            .push(condition.map_err(|expected| wrong(key, &expected))?);
        Ok(())
    }

    fn settle(mut self, params: &mut Params) -> Result<(), WrongParam> {
        for (column, value) in std::mem::take(&mut self.equals) {
            if !value.is_empty() {
                self.compare(column.name(), Operator::EQUALS, column, &value)?;
            }
        }
        params.conditions = self.conditions;
        params
            .conditions
            .extend(self.builder.condition(self.now_ms)?);
        if self.group.is_empty() {
            (params.order, params.sort) = self.order.of_rows()?;
        } else {
            let (order, direction) = self.order.of_groups()?;
            params.group = Some(Grouping {
                by: self.group,
                order,
                direction,
            });
        }
        Ok(())
    }
}

/// `order=name direction` or `order[0][…]`.
#[derive(Debug, Default)]
struct Order {
    index: Option<usize>,
    name: Option<String>,
    direction: Option<ViewDirection>,
}

impl Order {
    fn parse(value: &str) -> Result<Self, WrongParam> {
        let (name, way) = value.split_once(' ').unwrap_or((value, ""));
        Ok(Self {
            index: None,
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            direction: match way {
                "" => None,
                way => Some(direction("order", way)?),
            },
        })
    }

    /// The time where no column is named.
    fn of_rows(&self) -> Result<(ViewOrder, Option<ViewSort>), WrongParam> {
        let named = match &self.name {
            Some(name) => Some(ViewColumn::named(name).ok_or_else(|| {
                wrong("order", &format!("expected a column of {}", column_names()))
            })?),
            None => self.index.map(|index| ViewColumn::ALL[index]),
        };
        let direction = self.direction.unwrap_or(ViewDirection::Descending);
        let by_time = match direction {
            ViewDirection::Ascending => ViewOrder::OldestFirst,
            ViewDirection::Descending => ViewOrder::NewestFirst,
        };
        Ok(match named {
            None | Some(ViewColumn::Timestamp) => (by_time, None),
            Some(column) => (ViewOrder::NewestFirst, Some(ViewSort { column, direction })),
        })
    }

    /// How many events where nothing is named.
    fn of_groups(&self) -> Result<(ViewGroupOrder, ViewDirection), WrongParam> {
        let order = match self.name.as_deref() {
            None => ViewGroupOrder::Events,
            Some(name) => group_order(name).ok_or_else(|| {
                wrong(
                    "order",
                    "expected events, visitors, first, last or key, since the events are grouped",
                )
            })?,
        };
        Ok((order, self.direction.unwrap_or(ViewDirection::Descending)))
    }
}

fn group_order(name: &str) -> Option<ViewGroupOrder> {
    Some(match name {
        "events" => ViewGroupOrder::Events,
        "visitors" => ViewGroupOrder::Visitors,
        "first" => ViewGroupOrder::First,
        "last" => ViewGroupOrder::Last,
        "key" => ViewGroupOrder::Key,
        _ => return None,
    })
}

/// People write `column[>=]=value`, in which the first `=` does not end the name.
fn with_encoded_operators(query: &str) -> String {
    let encoded = |pair: &str| match pair.split_once("]=") {
        Some((name, value)) if opens_before_equals(name) => {
            format!("{}]={value}", name.replace('=', "%3D"))
        }
        _ => pair.to_owned(),
    };
    query.split('&').map(encoded).collect::<Vec<_>>().join("&")
}

fn opens_before_equals(name: &str) -> bool {
    let before = name.split('=').next().unwrap_or(name);
    before.contains('[')
}

/// `name[a][b]` as `name` and `a`, `b`. Deeper ones than anybody sends are cut.
fn brackets(key: &str) -> (&str, Vec<&str>) {
    /// Four groups within each other, and `[value][]`.
    const PARTS_MAX: usize = 2 * 5 + 2;
    let Some((name, rest)) = key.split_once('[') else {
        return (key, Vec::new());
    };
    let Some(inner) = rest.strip_suffix(']') else {
        return (key, Vec::new());
    };
    (name, inner.split("][").take(PARTS_MAX).collect())
}

pub(super) fn column_names() -> String {
    ViewColumn::ALL.map(ViewColumn::name).join(", ")
}

fn grouped_by(value: &str) -> Result<Vec<ViewColumn>, WrongParam> {
    let mut by = Vec::new();
    for name in value.split(',').filter(|name| !name.is_empty()) {
        let column = ViewColumn::named(name).filter(|column| column.is_groupable());
        let column = column.ok_or_else(|| {
            let groupable = ViewColumn::ALL
                .into_iter()
                .filter(|column| column.is_groupable());
            let names: Vec<&str> = groupable.map(ViewColumn::name).collect();
            wrong(
                "group",
                &format!("expected columns of {}", names.join(", ")),
            )
        })?;
        if by.contains(&column) || by.len() == VIEW_GROUP_COLUMNS_MAX {
            return Err(wrong(
                "group",
                "expected one column, or two different ones with a comma between",
            ));
        }
        by.push(column);
    }
    Ok(by)
}

fn format(value: &str) -> Result<Format, WrongParam> {
    Format::named(value).ok_or_else(|| wrong("format", "expected html, json, csv or ndjson"))
}

fn integer(key: &str, value: &str) -> Result<u64, WrongParam> {
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

fn column_index(key: &str, value: &str) -> Result<usize, WrongParam> {
    let parsed = value.parse().ok();
    parsed
        .filter(|index| *index < ViewColumn::ALL.len())
        .ok_or_else(|| wrong(key, "expected the index of a column"))
}

fn direction(key: &str, value: &str) -> Result<ViewDirection, WrongParam> {
    match value {
        "asc" => Ok(ViewDirection::Ascending),
        "desc" => Ok(ViewDirection::Descending),
        _ => Err(wrong(key, "expected asc or desc")),
    }
}

/// An empty one filters nothing.
fn span(key: &str, value: &str, now_ms: i64) -> Result<Option<Span>, WrongParam> {
    if value.is_empty() {
        return Ok(None);
    }
    let span = Span::parse(value, now_ms);
    let span = span.ok_or_else(|| wrong(key, &format!("expected {}", Span::EXPECTED)))?;
    Ok(Some(span))
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
fn text(key: &str, value: &str, bytes_max: usize) -> Result<Option<String>, WrongParam> {
    if value.len() > bytes_max {
        return Err(wrong(key, "this text is too long"));
    }
    if value.contains('\0') {
        return Err(wrong(key, "this text holds a NUL"));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

fn wrong(key: &str, expected: &str) -> WrongParam {
    WrongParam {
        key: key.to_owned(),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests;
