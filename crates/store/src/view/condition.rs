//! What must hold for an event: comparisons of columns with values, joined by AND, OR and NOT.

use super::{ViewColumn, ViewKind};
use crate::error::StoreError;

/// Levels of AND and OR within each other, at most.
pub const VIEW_CONDITION_DEPTH_MAX: usize = 5;
/// Comparisons of one question, at most: each costs time at every event.
pub const VIEW_TESTS_MAX: usize = 50;
/// Bytes of a value, at most: the longest text of an event.
pub const VIEW_VALUE_BYTES_MAX: usize = 2_000;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ViewCondition {
    /// All of them hold; so does none at all.
    All(Vec<Self>),
    /// One of them holds; none at all never does.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A column compares so with a value.
    Test(ViewTest),
}

/// A comparison of a column with a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewTest {
    /// The column.
    pub column: ViewColumn,
    /// How it must compare.
    pub comparison: ViewComparison,
    /// With what: a number for numbers and times (milliseconds since 1970 UTC), else a text.
    pub value: ViewValue,
}

/// How a value must compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewComparison {
    /// Byte for byte.
    Equals,
    /// Holds this text, whatever the case of its ASCII letters. Texts only, like the next two.
    Contains,
    /// Starts with it.
    Starts,
    /// Ends with it.
    Ends,
    /// Less; texts by their bytes.
    Below,
    /// Not greater.
    AtMost,
    /// Not less.
    AtLeast,
    /// Greater.
    Above,
}

/// What is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ViewValue {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

impl ViewKind {
    /// Whether its values can be compared so.
    pub const fn takes(self, comparison: ViewComparison) -> bool {
        use ViewComparison::{Contains, Ends, Equals, Starts};
        match self {
            Self::Text => true,
            Self::Number | Self::Time => !matches!(comparison, Contains | Starts | Ends),
            Self::Id => matches!(comparison, Equals),
        }
    }
}

/// Refuses conditions beyond the limits, or that make no sense.
pub(super) fn validate(conditions: &[ViewCondition]) -> Result<(), StoreError> {
    let mut tests = 0;
    for condition in conditions {
        validate_one(condition, 0, &mut tests)?;
    }
    if tests > VIEW_TESTS_MAX {
        return Err(StoreError::Invalid(format!(
            "a question has {VIEW_TESTS_MAX} conditions at most"
        )));
    }
    Ok(())
}

fn validate_one(
    condition: &ViewCondition,
    depth: usize,
    tests: &mut usize,
) -> Result<(), StoreError> {
    match condition {
        ViewCondition::All(parts) | ViewCondition::Any(parts) => {
            if depth == VIEW_CONDITION_DEPTH_MAX {
                return Err(StoreError::Invalid(format!(
                    "conditions lie within each other {VIEW_CONDITION_DEPTH_MAX} times at most"
                )));
            }
            for part in parts {
                validate_one(part, depth + 1, tests)?;
            }
            Ok(())
        }
        ViewCondition::Not(part) if matches!(**part, ViewCondition::Not(_)) => Err(
            StoreError::Invalid("a condition cannot be the contrary of a contrary".to_owned()),
        ),
        ViewCondition::Not(part) => validate_one(part, depth, tests),
        ViewCondition::Test(test) => {
            *tests += 1;
            validate_test(test)
        }
    }
}

fn validate_test(test: &ViewTest) -> Result<(), StoreError> {
    let kind = test.column.kind();
    let is_number = matches!(test.value, ViewValue::Number(_));
    let fits = is_number == matches!(kind, ViewKind::Number | ViewKind::Time);
    if !kind.takes(test.comparison) || !fits {
        return Err(StoreError::Invalid(format!(
            "{} cannot be compared like this",
            test.column.name()
        )));
    }
    match &test.value {
        ViewValue::Text(text) if text.len() > VIEW_VALUE_BYTES_MAX => Err(StoreError::Invalid(
            format!("a value has {VIEW_VALUE_BYTES_MAX} bytes at most"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(column: ViewColumn, comparison: ViewComparison, value: ViewValue) -> ViewCondition {
        ViewCondition::Test(ViewTest {
            column,
            comparison,
            value,
        })
    }

    fn is_valid(condition: ViewCondition) -> bool {
        validate(&[condition]).is_ok()
    }

    fn contains(text: &str) -> ViewCondition {
        let text = ViewValue::Text(text.into());
        test(ViewColumn::Url, ViewComparison::Contains, text)
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_beyond() {
        let nested =
            |depth| (0..depth).fold(contains("a"), |inner, _| ViewCondition::All(vec![inner]));
        assert!(is_valid(nested(VIEW_CONDITION_DEPTH_MAX)));
        assert!(!is_valid(nested(VIEW_CONDITION_DEPTH_MAX + 1)));
        let many = |count| ViewCondition::Any(vec![contains("a"); count]);
        assert!(is_valid(many(VIEW_TESTS_MAX)));
        assert!(!is_valid(many(VIEW_TESTS_MAX + 1)));
        assert!(is_valid(contains(&"a".repeat(VIEW_VALUE_BYTES_MAX))));
        assert!(!is_valid(contains(&"a".repeat(VIEW_VALUE_BYTES_MAX + 1))));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        use ViewComparison::{Above, Contains};
        let number = || ViewValue::Number(1);
        let text = || ViewValue::Text("1".into());
        assert!(is_valid(test(ViewColumn::Timestamp, Above, number())));
        assert!(!is_valid(test(ViewColumn::Timestamp, Above, text())));
        assert!(!is_valid(test(ViewColumn::Session, Contains, number())));
        assert!(!is_valid(test(ViewColumn::Browser, Above, number())));
        assert!(!is_valid(test(ViewColumn::EventId, Above, text())));
    }
}
