//! The answer in JSON.

use std::collections::HashMap;

use hgpixel_store::{Figure, Metric, StatsAnswer, StatsRow, StatsValue};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::question::Question;
use super::range::{Range, written};

/// All of which an answer is made.
pub(crate) struct Told<'q> {
    pub(crate) question: &'q Question,
    pub(crate) range: &'q Range,
    pub(crate) zone: &'q TimeZone,
    /// Of the buckets of time.
    pub(crate) labels: &'q [String],
    pub(crate) counted: StatsAnswer,
    pub(crate) compared: Option<Compared<'q>>,
}

/// The same question about another range.
pub(crate) struct Compared<'q> {
    pub(crate) range: &'q Range,
    pub(crate) labels: &'q [String],
    pub(crate) counted: StatsAnswer,
}

impl Told<'_> {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "results": self.rows(),
            "meta": self.meta(),
            "query": self.query(),
        })
    }

    fn rows(&self) -> Vec<Value> {
        let others: HashMap<&[StatsValue], &StatsRow> = match &self.compared {
            None => HashMap::new(),
            Some(compared) => {
                let rows = compared.counted.rows.iter();
                rows.map(|row| (row.dimensions.as_slice(), row)).collect()
            }
        };
        let rows = self.counted.rows.iter();
        rows.map(|row| self.row(row, others.get(row.dimensions.as_slice()).copied()))
            .collect()
    }

    fn row(&self, row: &StatsRow, other: Option<&StatsRow>) -> Value {
        let mut told = json!({
            "dimensions": dimensions(row, self.labels),
            "metrics": self.metrics(row),
        });
        if let Some(compared) = &self.compared {
            told["comparison"] = self.comparison(row, other, compared);
        }
        told
    }

    fn metrics(&self, row: &StatsRow) -> Vec<Value> {
        let metrics = self.question.metrics.iter();
        metrics
            .map(|metric| number(metric.figure(&row.counts)))
            .collect()
    }

    /// Rows belong together by their dimensions; a time by its place in its range. Where there is none, nothing happened.
    fn comparison(
        &self,
        row: &StatsRow,
        other: Option<&StatsRow>,
        compared: &Compared<'_>,
    ) -> Value {
        let nothing = StatsRow {
            dimensions: row.dimensions.clone(),
            counts: hgpixel_store::Counts::default(),
        };
        let other = other.unwrap_or(&nothing);
        let change = |metric: &Metric| {
            let (new, old) = (metric.figure(&row.counts), metric.figure(&other.counts));
            change(*metric, new, old)
        };
        json!({
            "dimensions": dimensions(other, compared.labels),
            "metrics": self.metrics(other),
            "change": self.question.metrics.iter().map(change).collect::<Vec<_>>(),
        })
    }

    fn meta(&self) -> Value {
        let mut meta = Map::new();
        let include = &self.question.include;
        if include.time_labels {
            meta.insert("time_labels".into(), json!(self.labels));
            if let Some(compared) = &self.compared {
                meta.insert("comparison_time_labels".into(), json!(compared.labels));
            }
        }
        if include.total_rows {
            meta.insert("total_rows".into(), json!(self.counted.total_rows));
        }
        Value::Object(meta)
    }

    /// The question again, as it was understood.
    pub(crate) fn query(&self) -> Value {
        let question = self.question;
        let mut query = json!({
            "site_id": question.site.as_str(),
            "metrics": question.said.metrics,
            "date_range": self.ends(self.range),
            "dimensions": question.said.dimensions,
            "filters": question.said.filters,
            "order_by": question.said.order,
            "include": question.said.include,
            "pagination": {"limit": question.limit, "offset": question.offset},
            "timezone": self.zone.iana_name().unwrap_or("UTC"),
        });
        if let Some(compared) = &self.compared {
            query["comparison_date_range"] = json!(self.ends(compared.range));
        }
        query
    }

    /// The first and the last second.
    fn ends(&self, range: &Range) -> [String; 2] {
        [
            written(range.from_ms, self.zone),
            written(range.until_ms - 1, self.zone),
        ]
    }
}

fn dimensions(row: &StatsRow, labels: &[String]) -> Vec<String> {
    let text = |value: &StatsValue| match value {
        StatsValue::Text(text) => text.clone(),
        StatsValue::Bucket(bucket) => labels.get(*bucket).cloned().unwrap_or_default(),
    };
    row.dimensions.iter().map(text).collect()
}

fn number(figure: Option<Figure>) -> Value {
    match figure {
        None => Value::Null,
        Some(Figure::Whole(number)) => json!(number),
        Some(Figure::Hundredths(number)) => json!(as_float(number) / 100.0),
    }
}

/// How a figure changed: rates by their difference in points, all else in percent of what was; `null` where there is no figure.
fn change(metric: Metric, new: Option<Figure>, old: Option<Figure>) -> Value {
    let value = |figure: Figure| match figure {
        Figure::Whole(number) => as_float(number),
        Figure::Hundredths(number) => as_float(number) / 100.0,
    };
    let (Some(new), Some(old)) = (new.map(value), old.map(value)) else {
        return Value::Null;
    };
    if is_rate(metric) {
        return json!(((new - old) * 100.0).round() / 100.0);
    }
    if old == 0.0 {
        return json!(if new > 0.0 { 100 } else { 0 });
    }
    let percent = ((new - old) / old * 100.0).round();
    // Whole, and written so.
    serde_json::from_str(&percent.to_string()).unwrap_or(Value::Null)
}

const fn is_rate(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::BounceRate | Metric::ScrollDepth | Metric::ConversionRate | Metric::Percentage
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 do not happen, and JSON has no other number for them"
)]
fn as_float(number: u64) -> f64 {
    number as f64
}
