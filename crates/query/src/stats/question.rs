//! The body of a question, from JSON into values that cannot be wrong.

use hgpixel_event::SiteKey;
use hgpixel_store::{
    CalendarUnit as Unit, Dimension, Direction, Filter, Metric, OrderBy, STATS_DIMENSIONS_MAX,
    STATS_ROWS_MAX,
};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::comparison::{self, Comparison};
use super::filters;
use super::names::{self, Asked};
use super::range::{self, Dates, Range};
use super::wrong::Wrong;

const KEYS: [&str; 9] = [
    "site_id",
    "metrics",
    "date_range",
    "dimensions",
    "filters",
    "order_by",
    "include",
    "pagination",
    "timezone",
];

/// A question, whole.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) site: SiteKey,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) dates: Dates,
    pub(crate) dimensions: Vec<Asked>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) order: Vec<(OrderBy, Direction)>,
    pub(crate) include: Include,
    pub(crate) limit: u32,
    pub(crate) offset: u64,
    /// `None` is the site's own.
    pub(crate) zone: Option<TimeZone>,
    /// Parts of the question as they are told again.
    pub(crate) said: Said,
}

/// What an answer holds besides the figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Include {
    pub(crate) time_labels: bool,
    pub(crate) total_rows: bool,
    pub(crate) comparison: Option<Comparison>,
}

/// The texts and lists of the question, as they came.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) metrics: Vec<String>,
    pub(crate) dimensions: Vec<String>,
    pub(crate) filters: Value,
    pub(crate) order: Vec<(String, &'static str)>,
    pub(crate) include: Value,
}

impl Question {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Wrong> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| Wrong::new(format!("the body is not JSON: {error}")))?;
        let Value::Object(body) = body else {
            return Err(Wrong::new("the body must be a JSON object"));
        };
        known_keys("", &body, &KEYS)?;
        let metrics = names_of("metrics", body.get("metrics"))?;
        if metrics.is_empty() {
            return Err(Wrong::at(
                "metrics",
                "expected a list of at least one metric",
            ));
        }
        let dimensions = names_of("dimensions", body.get("dimensions"))?;
        let filters = given(&body, "filters")
            .cloned()
            .unwrap_or(Value::Array(Vec::new()));
        let parsed = Parsed {
            metrics: parsed_names("metrics", &metrics, names::metric)?,
            dimensions: dimensions_of(&dimensions)?,
        };
        let order = order(given(&body, "order_by"), &parsed, &metrics, &dimensions)?;
        let include = include(given(&body, "include"), &parsed)?;
        let (limit, offset) = pagination(given(&body, "pagination"))?;
        Ok(Self {
            site: site(body.get("site_id"))?,
            dates: range::parse("date_range", body.get("date_range"))?,
            filters: filters::parse(&filters)?,
            order: order
                .iter()
                .map(|(by, direction, _)| (*by, *direction))
                .collect(),
            include,
            limit,
            offset,
            zone: zone_of(given(&body, "timezone"))?,
            said: Said {
                order: order
                    .into_iter()
                    .map(|(_, direction, name)| (name, word(direction)))
                    .collect(),
                metrics,
                dimensions,
                filters,
                include: given(&body, "include")
                    .cloned()
                    .unwrap_or(Value::Object(Map::new())),
            },
            metrics: parsed.metrics,
            dimensions: parsed.dimensions,
        })
    }

    /// Whether it matters when the site's first event happened.
    pub(crate) fn needs_first(&self) -> bool {
        self.dates.is_all()
    }

    /// The unit of time by which it groups, if it does.
    pub(crate) fn time_unit(&self, range: &Range) -> Option<Unit> {
        self.dimensions
            .iter()
            .find_map(|dimension| match dimension {
                Asked::Time => Some(range.unit()),
                Asked::TimeOf(unit) => Some(*unit),
                Asked::Stored(_) => None,
            })
    }

    pub(crate) fn store_dimensions(&self) -> Vec<Dimension> {
        let stored = |dimension: &Asked| match dimension {
            Asked::Time | Asked::TimeOf(_) => Dimension::Time,
            Asked::Stored(dimension) => dimension.clone(),
        };
        self.dimensions.iter().map(stored).collect()
    }
}

/// What later parts of the question refer to.
struct Parsed {
    metrics: Vec<Metric>,
    dimensions: Vec<Asked>,
}

impl Parsed {
    fn time(&self) -> Option<usize> {
        self.dimensions.iter().position(is_time)
    }
}

fn is_time(dimension: &Asked) -> bool {
    matches!(dimension, Asked::Time | Asked::TimeOf(_))
}

/// A key that is there, and not null.
fn given<'b>(body: &'b Map<String, Value>, key: &str) -> Option<&'b Value> {
    body.get(key).filter(|value| !value.is_null())
}

/// Refuses a key that nobody reads: a misspelt filter must not become an answer about everything.
pub(super) fn known_keys(
    of: &str,
    object: &Map<String, Value>,
    known: &[&str],
) -> Result<(), Wrong> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let key: String = key.chars().take(100).collect();
            Err(Wrong::at(
                &format!("{of}{key}"),
                format!("this key is not known; there are {}", known.join(", ")),
            ))
        }
    }
}

fn site(value: Option<&Value>) -> Result<SiteKey, Wrong> {
    let expected = || {
        Wrong::at(
            "site_id",
            "expected the key of a site, as it stands in its pages",
        )
    };
    let text = value.and_then(Value::as_str).ok_or_else(expected)?;
    text.parse().map_err(|_| expected())
}

/// A list of names, each once.
fn names_of(key: &str, value: Option<&Value>) -> Result<Vec<String>, Wrong> {
    let expected = || Wrong::at(key, "expected a list of names");
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = Vec::new();
    for name in value.as_array().ok_or_else(expected)? {
        let name = name.as_str().ok_or_else(expected)?;
        if names.iter().any(|other| other == name) {
            return Err(Wrong::at(key, "a name stands there twice"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn parsed_names<T>(
    key: &str,
    names: &[String],
    parse: impl Fn(&str, &str) -> Result<T, Wrong>,
) -> Result<Vec<T>, Wrong> {
    let parse = |(index, name): (usize, &String)| parse(&format!("{key}[{index}]"), name);
    names.iter().enumerate().map(parse).collect()
}

fn dimensions_of(names: &[String]) -> Result<Vec<Asked>, Wrong> {
    if names.len() > STATS_DIMENSIONS_MAX {
        return Err(Wrong::at(
            "dimensions",
            format!("at most {STATS_DIMENSIONS_MAX}"),
        ));
    }
    let dimensions = parsed_names("dimensions", names, names::dimension)?;
    if dimensions
        .iter()
        .filter(|dimension| is_time(dimension))
        .count()
        > 1
    {
        return Err(Wrong::at("dimensions", "at most one of them is a time"));
    }
    Ok(dimensions)
}

type Ordered = (OrderBy, Direction, String);

/// Without an order of its own a question goes by time, and by its first metric otherwise, the greatest first.
fn order(
    value: Option<&Value>,
    parsed: &Parsed,
    metrics: &[String],
    dimensions: &[String],
) -> Result<Vec<Ordered>, Wrong> {
    const EXPECTED: &str = "expected a list like [[\"visitors\", \"desc\"]], of metrics and dimensions that are asked for";
    let Some(value) = value else {
        let by_time = parsed.time().map(|place| {
            let name = dimensions[place].clone();
            (OrderBy::Dimension(place), Direction::Ascending, name)
        });
        let by_metric = || {
            let by = OrderBy::Metric(parsed.metrics[0]);
            (by, Direction::Descending, metrics[0].clone())
        };
        return Ok(vec![by_time.unwrap_or_else(by_metric)]);
    };
    let mut order = Vec::new();
    for (index, entry) in value
        .as_array()
        .ok_or_else(|| Wrong::at("order_by", EXPECTED))?
        .iter()
        .enumerate()
    {
        let wrong = || Wrong::at(&format!("order_by[{index}]"), EXPECTED);
        let Some([Value::String(name), Value::String(direction)]) =
            entry.as_array().map(Vec::as_slice)
        else {
            return Err(wrong());
        };
        let direction = match direction.as_str() {
            "asc" => Direction::Ascending,
            "desc" => Direction::Descending,
            _ => return Err(wrong()),
        };
        let metric = metrics.iter().position(|other| other == name);
        let dimension = dimensions.iter().position(|other| other == name);
        let by = metric
            .map(|place| OrderBy::Metric(parsed.metrics[place]))
            .or(dimension.map(OrderBy::Dimension))
            .ok_or_else(wrong)?;
        if order.iter().any(|(other, _, _)| *other == by) {
            return Err(Wrong::at("order_by", "a name stands there twice"));
        }
        order.push((by, direction, name.clone()));
    }
    Ok(order)
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    }
}

fn include(value: Option<&Value>, parsed: &Parsed) -> Result<Include, Wrong> {
    let Some(value) = value else {
        return Ok(Include::default());
    };
    let object = value
        .as_object()
        .ok_or_else(|| Wrong::at("include", "expected an object"))?;
    known_keys(
        "include.",
        object,
        &["imports", "time_labels", "total_rows", "comparisons"],
    )?;
    let flag = |key: &str| match given(object, key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Wrong::at(
            &format!("include.{key}"),
            "expected true or false",
        )),
    };
    // Nothing is imported here, so there is nothing to include; to ask for it does no harm.
    flag("imports")?;
    let include = Include {
        time_labels: flag("time_labels")?,
        total_rows: flag("total_rows")?,
        comparison: given(object, "comparisons")
            .map(comparison::parse)
            .transpose()?,
    };
    if include.time_labels && parsed.time().is_none() {
        return Err(Wrong::at(
            "include.time_labels",
            "there are labels only with a time among the dimensions",
        ));
    }
    Ok(include)
}

fn pagination(value: Option<&Value>) -> Result<(u32, u64), Wrong> {
    let Some(value) = value else {
        return Ok((STATS_ROWS_MAX, 0));
    };
    let object = value
        .as_object()
        .ok_or_else(|| Wrong::at("pagination", "expected an object"))?;
    known_keys("pagination.", object, &["limit", "offset"])?;
    let number = |key: &str, least: u64, most: u64, default: u64| match given(object, key) {
        None => Ok(default),
        Some(value) => value
            .as_u64()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                Wrong::at(
                    &format!("pagination.{key}"),
                    format!("expected a whole number from {least} to {most}"),
                )
            }),
    };
    let most = u64::from(STATS_ROWS_MAX);
    let limit = u32::try_from(number("limit", 1, most, most)?).unwrap_or(STATS_ROWS_MAX);
    let offset = number("offset", 0, OFFSET_MAX, 0)?;
    Ok((limit, offset))
}

/// Whoever needs rows beyond it asks by other filters.
const OFFSET_MAX: u64 = 10_000_000;

fn zone_of(value: Option<&Value>) -> Result<Option<TimeZone>, Wrong> {
    let Some(value) = value else {
        return Ok(None);
    };
    let expected = || Wrong::at("timezone", ZONE_EXPECTED);
    zone(value.as_str().ok_or_else(expected)?).map(Some)
}

const ZONE_EXPECTED: &str = "expected a name of the IANA database, such as Europe/Vienna";

/// A zone by its name.
pub(super) fn zone(name: &str) -> Result<TimeZone, Wrong> {
    TimeZone::get(name).map_err(|_| Wrong::at("timezone", ZONE_EXPECTED))
}
