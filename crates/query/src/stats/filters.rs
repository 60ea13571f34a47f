//! Filters, from JSON: `["is", "event:page", ["/a", "/b"]]`, `["and", [filter, …]]`, `["not", filter]`, `["has_done", filter, …]`.

use hgpixel_store::{Filter, Matching, Test};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::names;
use super::wrong::Wrong;

/// How deep filters stand in filters.
const DEPTH_MAX: usize = 5;
/// Tests of one question.
const TESTS_MAX: usize = 50;
/// What a visit has done one after the other.
const STEPS_MAX: usize = 8;
/// Values of one test.
const VALUES_MAX: usize = 200;
/// A value: the longest address.
const VALUE_BYTES_MAX: usize = 2_000;
/// What a compiled pattern may take. Matching is linear in the text whatever the pattern.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

const OPERATORS: &str = "is, is_not, contains, contains_not, matches, matches_not, and, or, not, has_done, has_not_done";

/// All of them must hold.
pub(crate) fn parse(filters: &Value) -> Result<Vec<Filter>, Wrong> {
    let mut parser = Parser { tests: 0 };
    parser.list("filters", filters, Place::default())
}

struct Parser {
    tests: usize,
}

/// Where in the filters we are.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    /// Inside `has_done`, where only events are asked about.
    in_events: bool,
}

impl Place {
    fn below(self, key: &str) -> Result<Self, Wrong> {
        let depth = self.depth + 1;
        if depth > DEPTH_MAX {
            return Err(Wrong::at(
                key,
                format!("filters stand in filters at most {DEPTH_MAX} deep"),
            ));
        }
        Ok(Self { depth, ..self })
    }
}

impl Parser {
    fn list(&mut self, key: &str, filters: &Value, place: Place) -> Result<Vec<Filter>, Wrong> {
        let Value::Array(filters) = filters else {
            return Err(Wrong::at(key, "expected a list of filters"));
        };
        let parse = |(index, filter)| self.one(&format!("{key}[{index}]"), filter, place);
        filters.iter().enumerate().map(parse).collect()
    }

    fn one(&mut self, key: &str, filter: &Value, place: Place) -> Result<Filter, Wrong> {
        let expected = || {
            Wrong::at(
                key,
                format!("expected a list that begins with one of {OPERATORS}"),
            )
        };
        let place = place.below(key)?;
        let parts = filter.as_array().ok_or_else(expected)?;
        let operator = parts.first().and_then(Value::as_str).ok_or_else(expected)?;
        let inner = |what: &str| match parts.as_slice() {
            [_, inner] => Ok(inner),
            _ => Err(Wrong::at(key, format!("expected [\"{operator}\", {what}]"))),
        };
        let inside = format!("{key}[1]");
        Ok(match operator {
            "and" => Filter::All(self.list(&inside, inner("[filter, …]")?, place)?),
            "or" => Filter::Any(self.list(&inside, inner("[filter, …]")?, place)?),
            "not" => not(self.one(&inside, inner("filter")?, place)?),
            "has_done" => self.done(key, operator, &parts[1..], place)?,
            "has_not_done" => not(self.done(key, operator, &parts[1..], place)?),
            "is" | "contains" | "matches" => self.test(key, operator, parts, place)?,
            "is_not" => not(self.test(key, "is", parts, place)?),
            "contains_not" => not(self.test(key, "contains", parts, place)?),
            "matches_not" => not(self.test(key, "matches", parts, place)?),
            _ => return Err(expected()),
        })
    }

    fn done(
        &mut self,
        key: &str,
        operator: &str,
        steps: &[Value],
        place: Place,
    ) -> Result<Filter, Wrong> {
        if place.in_events {
            return Err(Wrong::at(key, "has_done does not stand in has_done"));
        }
        if !(1..=STEPS_MAX).contains(&steps.len()) {
            let expected =
                format!("expected [\"{operator}\", filter, …] with 1 to {STEPS_MAX} filters");
            return Err(Wrong::at(key, expected));
        }
        let place = Place {
            in_events: true,
            ..place
        };
        let step = |(index, step)| self.one(&format!("{key}[{}]", index + 1), step, place);
        let steps = steps.iter().enumerate().map(step);
        Ok(Filter::Done(steps.collect::<Result<_, _>>()?))
    }

    fn test(
        &mut self,
        key: &str,
        operator: &str,
        parts: &[Value],
        place: Place,
    ) -> Result<Filter, Wrong> {
        self.tests += 1;
        if self.tests > TESTS_MAX {
            return Err(Wrong::new(format!("filters: at most {TESTS_MAX} tests")));
        }
        let (name, values, options) = match parts {
            [_, Value::String(name), values] => (name, values, None),
            [_, Value::String(name), values, options] => (name, values, Some(options)),
            _ => {
                return Err(Wrong::at(
                    key,
                    format!("expected [\"{operator}\", dimension, [values]]"),
                ));
            }
        };
        let dimension = names::filtered(&format!("{key}[1]"), name)?;
        if place.in_events && !dimension.is_of_event() {
            return Err(Wrong::at(
                &format!("{key}[1]"),
                "inside has_done only event: dimensions stand, for a visit has or has not done what its events are",
            ));
        }
        let values = texts(&format!("{key}[2]"), values)?;
        let case = case(&format!("{key}[3]"), options)?;
        let matching = matching(&format!("{key}[2]"), operator, values, case)?;
        Ok(Filter::Test(Test {
            dimension,
            matching,
        }))
    }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

fn texts(key: &str, values: &Value) -> Result<Vec<String>, Wrong> {
    let expected = || Wrong::at(key, format!("expected a list of 1 to {VALUES_MAX} texts"));
    let values = values.as_array().ok_or_else(expected)?;
    if !(1..=VALUES_MAX).contains(&values.len()) {
        return Err(expected());
    }
    let text = |value: &Value| {
        let text = value.as_str().ok_or_else(expected)?;
        if text.len() > VALUE_BYTES_MAX || text.contains('\0') {
            return Err(Wrong::at(
                key,
                format!("a text has at most {VALUE_BYTES_MAX} bytes, and no NUL"),
            ));
        }
        Ok(text.to_owned())
    };
    values.iter().map(text).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Counts,
    Ignored,
}

fn case(key: &str, options: Option<&Value>) -> Result<Case, Wrong> {
    let expected = || Wrong::at(key, "expected {\"case_sensitive\": true or false}");
    let Some(options) = options else {
        return Ok(Case::Counts);
    };
    let options = options.as_object().ok_or_else(expected)?;
    match (options.len(), options.get("case_sensitive")) {
        (0, None) | (1, Some(Value::Bool(true))) => Ok(Case::Counts),
        (1, Some(Value::Bool(false))) => Ok(Case::Ignored),
        _ => Err(expected()),
    }
}

fn matching(key: &str, operator: &str, values: Vec<String>, case: Case) -> Result<Matching, Wrong> {
    let lower = |values: Vec<String>| values.iter().map(|value| value.to_lowercase()).collect();
    Ok(match (operator, case) {
        ("is", Case::Counts) => Matching::Is(values),
        ("is", Case::Ignored) => Matching::IsIgnoringCase(lower(values)),
        ("contains", Case::Counts) => Matching::Contains(values),
        ("contains", Case::Ignored) => Matching::ContainsIgnoringCase(lower(values)),
        _ => {
            let patterns: Result<Vec<Regex>, Wrong> = values
                .iter()
                .map(|value| pattern(key, value, case))
                .collect();
            Matching::Matches(patterns?)
        }
    })
}

fn pattern(key: &str, pattern: &str, case: Case) -> Result<Regex, Wrong> {
    RegexBuilder::new(pattern)
        .case_insensitive(case == Case::Ignored)
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_BYTES_MAX)
        .build()
        .map_err(|error| Wrong::at(key, format!("this pattern cannot be used: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(filters: &Value) -> String {
        parse(filters).unwrap_err().detail().to_owned()
    }

    #[test]
    fn every_form_is_understood() {
        let filters = json!([
            ["is", "event:page", ["/a", "/b"]],
            ["is_not", "visit:country", ["DE"], {"case_sensitive": false}],
            ["and", [["contains", "event:page", ["x"]], ["not", ["matches", "visit:source", ["^G"]]]]],
            ["or", [["contains_not", "event:props:plan", ["x"]], ["matches_not", "event:title", ["a+"]]]],
            ["has_done", ["is", "event:name", ["signup"]]],
            ["has_not_done", ["and", [["is", "event:name", ["a"]], ["is", "event:page", ["/"]]]]],
        ]);
        assert_eq!(parse(&filters).unwrap().len(), 6);
        assert!(parse(&json!([])).unwrap().is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_place() {
        let check = |filters: Value, begin: &str| {
            let refused = refused(&filters);
            assert!(refused.starts_with(begin), "{refused}");
        };
        check(json!({}), "filters: expected a list");
        check(
            json!(["is", "event:page", ["/"]]),
            "filters[0]: expected a list that begins",
        );
        check(
            json!([["equals", "event:page", ["/"]]]),
            "filters[0]: expected a list that begins",
        );
        check(
            json!([["is", "event:path", ["/"]]]),
            "filters[0][1]: `event:path` is not known",
        );
        check(
            json!([["is", "time:day", ["/"]]]),
            "filters[0][1]: `time:day` is not known",
        );
        check(
            json!([["is", "event:page", []]]),
            "filters[0][2]: expected a list of 1 to 200 texts",
        );
        check(
            json!([["is", "event:page", [1]]]),
            "filters[0][2]: expected a list of 1 to 200 texts",
        );
        check(
            json!([["is", "event:page", vec!["a"; 201]]]),
            "filters[0][2]: expected a list",
        );
        check(
            json!([["is", "event:page", ["a".repeat(2_001)]]]),
            "filters[0][2]: a text has",
        );
        check(
            json!([["is", "event:page", ["a\0"]]]),
            "filters[0][2]: a text has",
        );
        check(
            json!([["is", "event:page", ["a"], {"case": 1}]]),
            "filters[0][3]: expected {",
        );
        check(
            json!([["and", [["or", [["not", 1]]]]]]),
            "filters[0][1][0][1][0][1]: expected",
        );
        check(
            json!([["has_done"]]),
            "filters[0]: expected [\"has_done\", filter, …] with 1 to 8 filters",
        );
        let step = json!(["is", "event:name", ["a"]]);
        let nine: Vec<_> = std::iter::once(json!("has_not_done"))
            .chain(std::iter::repeat_n(step, 9))
            .collect();
        check(
            json!([nine]),
            "filters[0]: expected [\"has_not_done\", filter, …] with 1 to 8 filters",
        );
        check(
            json!([[
                "has_done",
                ["is", "event:name", ["a"]],
                ["is", "visit:country", ["DE"]]
            ]]),
            "filters[0][2][1]: inside",
        );
        check(
            json!([["has_done", ["is", "visit:country", ["DE"]]]]),
            "filters[0][1][1]: inside",
        );
        check(
            json!([["has_done", ["has_done", ["is", "event:name", ["a"]]]]]),
            "filters[0][1]: has_done does not",
        );
        check(
            json!([["matches", "event:page", ["("]]]),
            "filters[0][2]: this pattern",
        );
        check(
            json!([["matches", "event:page", ["(a{500}){500}"]]]),
            "filters[0][2]: this pattern",
        );
        check(
            json!(vec![json!(["is", "event:page", ["a"]]); 51]),
            "filters: at most 50",
        );
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            let test = json!(["is", "event:page", ["a"]]);
            json!([(1..depth).fold(test, |inner, _| json!(["not", inner]))])
        };
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(refused(&nested(DEPTH_MAX + 1)).contains("at most 5 deep"));
    }
}
