//! `searchBuilder[…]`: a tree of conditions as `SearchBuilder` sends it.
//!
//! ```text
//! searchBuilder[logic]=AND
//! searchBuilder[criteria][0][origData]=browser
//! searchBuilder[criteria][0][condition]=contains
//! searchBuilder[criteria][0][value][]=fire          (or value1, and value2 for between)
//! searchBuilder[criteria][1][logic]=OR
//! searchBuilder[criteria][1][criteria][0][…]=…
//! ```

use std::collections::BTreeMap;

use hgpixel_store::{VIEW_TESTS_MAX, ViewColumn, ViewCondition};

use super::operator::Operator;
use super::{WrongParam, column_names};

const KEY: &str = "searchBuilder";
/// Groups within each other, at most. The store takes one level more, since a comparison with a range of time is two.
const DEPTH_MAX: usize = 4;

/// A group or a criterion, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    logic: Option<String>,
    criteria: BTreeMap<usize, Self>,
    column: Option<String>,
    title: Option<String>,
    condition: Option<String>,
    values: Vec<String>,
    value1: Option<String>,
    value2: Option<String>,
}

impl Node {
    /// Takes up one parameter; `path` is what stands in its brackets.
    pub(super) fn take(&mut self, path: &[&str], value: &str) -> Result<(), WrongParam> {
        let node = self.at(path)?;
        let text = value.to_owned();
        match &path[2 * depth_of(path)..] {
            ["logic"] => node.logic = Some(text),
            ["origData"] => node.column = Some(text),
            ["data"] => node.title = Some(text),
            ["condition"] => node.condition = Some(text),
            ["value1"] => node.value1 = Some(text),
            ["value2"] => node.value2 = Some(text),
            ["value", _] if node.values.len() < 2 => node.values.push(text),
            // Its own notes, such as the type that it took a column for.
            _ => {}
        }
        Ok(())
    }

    /// The node of `criteria`, `index`, `criteria`, `index` …
    fn at(&mut self, path: &[&str]) -> Result<&mut Self, WrongParam> {
        let ["criteria", index, rest @ ..] = path else {
            return Ok(self);
        };
        let parsed = index.parse().ok();
        let index = parsed
            .filter(|index| *index < VIEW_TESTS_MAX)
            .ok_or_else(|| wrong(format!("expected at most {VIEW_TESTS_MAX} conditions")))?;
        if depth_of(path) > DEPTH_MAX {
            return Err(wrong(format!(
                "expected groups within each other {DEPTH_MAX} times at most"
            )));
        }
        self.criteria.entry(index).or_default().at(rest)
    }

    /// What it asks for. Nothing, where nothing is filled in.
    pub(super) fn condition(&self, now_ms: i64) -> Result<Option<ViewCondition>, WrongParam> {
        if self.criteria.is_empty() {
            return self.criterion(now_ms);
        }
        let mut parts = Vec::new();
        for node in self.criteria.values() {
            parts.extend(node.condition(now_ms)?);
        }
        if parts.is_empty() {
            return Ok(None);
        }
        match self.logic.as_deref() {
            None | Some("AND") => Ok(Some(ViewCondition::All(parts))),
            Some("OR") => Ok(Some(ViewCondition::Any(parts))),
            Some(_) => Err(wrong("expected the logic AND or OR".to_owned())),
        }
    }

    fn criterion(&self, now_ms: i64) -> Result<Option<ViewCondition>, WrongParam> {
        let name = self.column.as_ref().or(self.title.as_ref());
        let (Some(name), Some(condition)) = (name, &self.condition) else {
            return Ok(None);
        };
        let column = ViewColumn::named(name)
            .ok_or_else(|| wrong(format!("expected a column of {}", column_names())))?;
        let operator = Operator::named(condition)
            .ok_or_else(|| wrong(format!("expected a condition of {}", Operator::NAMES)))?;
        let numbered = [&self.value1, &self.value2].into_iter().flatten();
        let mut values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        if values.is_empty() {
            values = numbered.map(String::as_str).collect();
        }
        values.truncate(operator.values());
        let condition = operator
            .condition(column, &values, now_ms)
            .map_err(|expected| wrong(format!("{name}: {expected}")))?;
        Ok(Some(condition))
    }
}

/// How many groups a path goes down.
fn depth_of(path: &[&str]) -> usize {
    let mut depth = 0;
    let mut rest = path;
    while let ["criteria", _, below @ ..] = rest {
        depth += 1;
        rest = below;
    }
    depth
}

fn wrong(expected: String) -> WrongParam {
    WrongParam {
        key: KEY.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Result<Option<ViewCondition>, WrongParam> {
        let mut node = Node::default();
        for (path, value) in pairs {
            let path: Vec<&str> = path.split('.').collect();
            node.take(&path, value)?;
        }
        node.condition(0)
    }

    fn text_is(column: ViewColumn, value: &str) -> ViewCondition {
        Operator::EQUALS.condition(column, &[value], 0).unwrap()
    }

    #[test]
    fn a_tree_is_read_in_its_order() {
        let condition = parsed(&[
            ("logic", "OR"),
            ("criteria.10.origData", "os"),
            ("criteria.10.condition", "="),
            ("criteria.10.value.", "Linux"),
            ("criteria.2.data", "browser"),
            ("criteria.2.type", "string"),
            ("criteria.2.condition", "!="),
            ("criteria.2.value1", "Firefox"),
            ("criteria.11.criteria.0.origData", "city"),
            ("criteria.11.criteria.0.condition", "null"),
        ]);
        let expected = ViewCondition::Any(vec![
            ViewCondition::Not(Box::new(text_is(ViewColumn::Browser, "Firefox"))),
            text_is(ViewColumn::Os, "Linux"),
            ViewCondition::All(vec![text_is(ViewColumn::City, "")]),
        ]);
        assert_eq!(condition.unwrap(), Some(expected));
    }

    #[test]
    fn what_is_not_filled_in_asks_for_nothing() {
        assert_eq!(parsed(&[]).unwrap(), None);
        assert_eq!(parsed(&[("logic", "AND")]).unwrap(), None);
        let half = [("criteria.0.origData", "os"), ("criteria.0.type", "string")];
        assert_eq!(parsed(&half).unwrap(), None);
    }

    #[test]
    fn limits_and_names_are_said() {
        let refused = |pairs: &[(&str, &str)]| parsed(pairs).unwrap_err().expected;
        let deep = "criteria.0.".repeat(DEPTH_MAX);
        assert!(parsed(&[(&format!("{deep}logic"), "AND")]).is_ok());
        assert!(refused(&[(&format!("{deep}criteria.0.logic"), "AND")]).contains("4 times"));
        assert!(refused(&[("criteria.50.condition", "=")]).contains("at most 50"));
        assert!(refused(&[("criteria.-1.condition", "=")]).contains("at most 50"));
        let of = |column, condition| {
            [
                ("criteria.0.origData", column),
                ("criteria.0.condition", condition),
                ("criteria.0.value1", "1"),
            ]
        };
        assert!(refused(&of("password", "=")).contains("clientID, eventType"));
        assert!(refused(&of("browser", "regex")).contains("!contains"));
        assert!(refused(&of("session", "contains")).starts_with("session: "));
        let logic = [
            ("criteria.0.condition", "null"),
            ("criteria.0.data", "os"),
            ("logic", "XOR"),
        ];
        assert!(refused(&logic).contains("AND or OR"));
    }
}
