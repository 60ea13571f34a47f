//! How a parameter compares a column: the names of `SearchBuilder`'s conditions, and what they mean.

use hgpixel_store::{
    VIEW_VALUE_BYTES_MAX, ViewColumn, ViewComparison, ViewCondition, ViewKind, ViewTest, ViewValue,
};

use super::instant::Span;

/// A comparison by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    compares: Compares,
    is_negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compares {
    By(ViewComparison),
    Between,
    Empty,
}

impl Operator {
    pub(super) const EQUALS: Self = Self {
        compares: Compares::By(ViewComparison::Equals),
        is_negated: false,
    };
    pub(super) const CONTAINS: Self = Self {
        compares: Compares::By(ViewComparison::Contains),
        is_negated: false,
    };
    /// What an unknown name is answered with.
    pub(super) const NAMES: &str = "=, !=, contains, !contains, starts, !starts, ends, !ends, empty, !empty, lt, le, gt, ge, between or !between";

    pub(super) fn named(name: &str) -> Option<Self> {
        let (positive, is_negated) = match name.strip_prefix('!') {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let compares = match positive {
            "=" => Compares::By(ViewComparison::Equals),
            "contains" => Compares::By(ViewComparison::Contains),
            "starts" => Compares::By(ViewComparison::Starts),
            "ends" => Compares::By(ViewComparison::Ends),
            "between" => Compares::Between,
            "empty" | "null" => Compares::Empty,
            _ if is_negated => return None,
            // An address takes the signs only when they are encoded.
            "<" | "lt" => Compares::By(ViewComparison::Below),
            "<=" | "le" => Compares::By(ViewComparison::AtMost),
            ">" | "gt" => Compares::By(ViewComparison::Above),
            ">=" | "ge" => Compares::By(ViewComparison::AtLeast),
            _ => return None,
        };
        Some(Self {
            compares,
            is_negated,
        })
    }

    /// How many values it takes.
    pub(super) fn values(self) -> usize {
        match self.compares {
            Compares::Empty => 0,
            Compares::By(_) => 1,
            Compares::Between => 2,
        }
    }

    /// The condition of a column; `values` must be as many as it takes. What makes no sense is said.
    pub(super) fn condition(
        self,
        column: ViewColumn,
        values: &[&str],
        now_ms: i64,
    ) -> Result<ViewCondition, String> {
        let positive = match (self.compares, values) {
            (Compares::Empty, _) => Ok(empty(column)),
            (Compares::By(comparison), [value]) => compare(column, comparison, value, now_ms),
            (Compares::Between, [one, other]) => between(column, one, other, now_ms),
            _ => Err(format!("expected {} values", self.values())),
        }?;
        Ok(if self.is_negated {
            ViewCondition::Not(Box::new(positive))
        } else {
            positive
        })
    }
}

/// Only texts can be.
fn empty(column: ViewColumn) -> ViewCondition {
    match column.kind() {
        ViewKind::Text => test(
            column,
            ViewComparison::Equals,
            ViewValue::Text(String::new()),
        ),
        ViewKind::Number | ViewKind::Time | ViewKind::Id => ViewCondition::Any(Vec::new()),
    }
}

fn compare(
    column: ViewColumn,
    comparison: ViewComparison,
    value: &str,
    now_ms: i64,
) -> Result<ViewCondition, String> {
    let kind = column.kind();
    if !kind.takes(comparison) {
        return Err(format!("this column takes only {}", names_for(kind)));
    }
    Ok(match kind {
        ViewKind::Text | ViewKind::Id => test(column, comparison, text(value)?),
        ViewKind::Number => test(column, comparison, number(value)?),
        ViewKind::Time => compare_span(column, comparison, span(value, now_ms)?),
    })
}

fn names_for(kind: ViewKind) -> &'static str {
    match kind {
        ViewKind::Text => Operator::NAMES,
        ViewKind::Number | ViewKind::Time => "=, !=, lt, le, gt, ge, between or !between",
        ViewKind::Id => "= or !=",
    }
}

/// Whoever names a day means all of it.
fn compare_span(column: ViewColumn, comparison: ViewComparison, span: Span) -> ViewCondition {
    let from = |comparison| test(column, comparison, ViewValue::Number(span.from_ms));
    let until = |comparison| test(column, comparison, ViewValue::Number(span.until_ms));
    match comparison {
        ViewComparison::Below => from(ViewComparison::Below),
        ViewComparison::AtMost => until(ViewComparison::Below),
        ViewComparison::AtLeast => from(ViewComparison::AtLeast),
        ViewComparison::Above => until(ViewComparison::AtLeast),
        _ => ViewCondition::All(vec![
            from(ViewComparison::AtLeast),
            until(ViewComparison::Below),
        ]),
    }
}

/// Both ends included, in either order.
fn between(
    column: ViewColumn,
    one: &str,
    other: &str,
    now_ms: i64,
) -> Result<ViewCondition, String> {
    let (least, greatest) = match column.kind() {
        ViewKind::Id => {
            return Err(format!(
                "this column takes only {}",
                names_for(ViewKind::Id)
            ));
        }
        ViewKind::Text => {
            let (least, greatest) = (one.min(other), one.max(other));
            (text(least)?, text(greatest)?)
        }
        ViewKind::Number => {
            let (one, other) = (whole_number(one)?, whole_number(other)?);
            (
                ViewValue::Number(one.min(other)),
                ViewValue::Number(one.max(other)),
            )
        }
        ViewKind::Time => {
            let (one, other) = (span(one, now_ms)?, span(other, now_ms)?);
            let last_ms = one.until_ms.max(other.until_ms).saturating_sub(1);
            (
                ViewValue::Number(one.from_ms.min(other.from_ms)),
                ViewValue::Number(last_ms),
            )
        }
    };
    Ok(ViewCondition::All(vec![
        test(column, ViewComparison::AtLeast, least),
        test(column, ViewComparison::AtMost, greatest),
    ]))
}

fn test(column: ViewColumn, comparison: ViewComparison, value: ViewValue) -> ViewCondition {
    ViewCondition::Test(ViewTest {
        column,
        comparison,
        value,
    })
}

/// A NUL is refused, since no stored text holds one and PostgreSQL takes none.
fn text(value: &str) -> Result<ViewValue, String> {
    if value.len() > VIEW_VALUE_BYTES_MAX {
        return Err("this text is too long".to_owned());
    }
    if value.contains('\0') {
        return Err("this text holds a NUL".to_owned());
    }
    Ok(ViewValue::Text(value.to_owned()))
}

fn number(value: &str) -> Result<ViewValue, String> {
    whole_number(value).map(ViewValue::Number)
}

fn whole_number(value: &str) -> Result<i64, String> {
    let parsed = value.trim().parse();
    parsed.map_err(|_| "expected a whole number".to_owned())
}

fn span(value: &str, now_ms: i64) -> Result<Span, String> {
    Span::parse(value, now_ms).ok_or_else(|| format!("expected {}", Span::EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(name: &str, column: ViewColumn, values: &[&str]) -> Result<ViewCondition, String> {
        let operator = Operator::named(name).unwrap();
        operator.condition(column, values, 0)
    }

    fn number_test(column: ViewColumn, comparison: ViewComparison, number: i64) -> ViewCondition {
        test(column, comparison, ViewValue::Number(number))
    }

    #[test]
    fn each_name_means_something() {
        for name in Operator::NAMES.replace(" or ", ", ").split(", ") {
            assert!(Operator::named(name).is_some(), "{name}");
        }
        for name in ["", "!", "!<", "regex", "like", "=="] {
            assert_eq!(Operator::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_day_is_all_of_it() {
        use ViewComparison::{AtLeast, AtMost, Below};
        let day = |name| condition(name, ViewColumn::Timestamp, &["1970-01-02"]).unwrap();
        let at = |comparison, ms| number_test(ViewColumn::Timestamp, comparison, ms);
        let (from, until) = (86_400_000, 172_800_000);
        assert_eq!(day("<"), at(Below, from));
        assert_eq!(day("<="), at(Below, until));
        assert_eq!(day(">="), at(AtLeast, from));
        assert_eq!(day(">"), at(AtLeast, until));
        let whole = ViewCondition::All(vec![at(AtLeast, from), at(Below, until)]);
        assert_eq!(day("="), whole);
        assert_eq!(day("!="), ViewCondition::Not(Box::new(whole)));
        let days = ["1970-01-03", "1970-01-01"];
        let days = condition("between", ViewColumn::Timestamp, &days).unwrap();
        let last = 3 * 86_400_000 - 1;
        assert_eq!(
            days,
            ViewCondition::All(vec![at(AtLeast, 0), at(AtMost, last)])
        );
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let refused = |name, column, values: &[&str]| condition(name, column, values).unwrap_err();
        assert!(refused("contains", ViewColumn::Session, &["1"]).contains("=, !="));
        assert!(refused("<", ViewColumn::EventId, &["1"]).contains("= or !="));
        assert!(refused("=", ViewColumn::Session, &["one"]).contains("whole number"));
        assert!(refused("=", ViewColumn::Timestamp, &["yesterday"]).contains("2026-11-27"));
        assert!(refused("=", ViewColumn::Browser, &["\0"]).contains("NUL"));
        assert!(refused("=", ViewColumn::Browser, &[&"a".repeat(2_001)]).contains("long"));
        assert!(refused("between", ViewColumn::Session, &["1"]).contains("2 values"));
    }
}
