//! Conditions whose texts were looked up: what is asked of each event.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::ViewComparison;
use super::dialect::Dialect;
use super::expression::{Dictionary, Number, Text};

/// What must hold for an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Check {
    Always,
    Never,
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// A number is one of these.
    OneOf(Number, Vec<i64>),
    /// The text of a dictionary's row compares so: where too many do to name them.
    Dictionary(Dictionary, &'static str, TextTest),
    Number(Number, ViewComparison, i64),
    Text(Text, TextTest),
    EventId(Uuid),
}

impl Check {
    /// All of them, as simply as it can be said.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        if parts.contains(&Self::Never) {
            return Self::Never;
        }
        let mut parts: Vec<Self> = parts
            .into_iter()
            .filter(|part| *part != Self::Always)
            .collect();
        match parts.len() {
            0 => Self::Always,
            1 => parts.remove(0),
            _ => Self::All(parts),
        }
    }

    /// One of them.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        if parts.contains(&Self::Always) {
            return Self::Always;
        }
        let mut parts: Vec<Self> = parts
            .into_iter()
            .filter(|part| *part != Self::Never)
            .collect();
        match parts.len() {
            0 => Self::Never,
            1 => parts.remove(0),
            _ => Self::Any(parts),
        }
    }

    /// The contrary.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Not(part) => *part,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn needs_session(&self) -> bool {
        match self {
            Self::Always | Self::Never | Self::Text(..) | Self::EventId(_) => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::needs_session),
            Self::Not(part) => part.needs_session(),
            Self::OneOf(number, _) | Self::Number(number, ..) => number.needs_session(),
            Self::Dictionary(dictionary, ..) => Number::Of(*dictionary).needs_session(),
        }
    }

    pub(super) fn push<DB: Dialect>(&self, query: &mut QueryBuilder<DB>) {
        match self {
            Self::Always => _ = query.push("1 = 1"),
            Self::Never => _ = query.push("1 = 0"),
            Self::All(parts) => push_joined(query, parts, " and "),
            Self::Any(parts) => push_joined(query, parts, " or "),
            Self::Not(part) => {
                query.push("not (");
                part.push(query);
                query.push(")");
            }
            Self::OneOf(number, numbers) => {
                query.push(number.sql::<DB>());
                DB::one_of(query, numbers);
            }
            Self::Dictionary(dictionary, column, test) => {
                // As a value, not as a condition that a planner may turn into a join.
                query.push("(").push(Number::Of(*dictionary).sql::<DB>());
                query
                    .push(" in (select cast(id as bigint) from ")
                    .push(dictionary.table());
                query.push(" where ");
                test.push(query, column);
                query.push(")) is true");
            }
            Self::Number(number, comparison, value) => {
                query.push(number.sql::<DB>()).push(operator(*comparison));
                DB::number(query, *value);
            }
            Self::Text(text, test) => test.push(query, text.sql()),
            Self::EventId(id) => {
                query.push("e.event_id = ");
                DB::id(query, *id);
            }
        }
    }
}

fn push_joined<DB: Dialect>(query: &mut QueryBuilder<DB>, parts: &[Check], joint: &str) {
    for (index, part) in parts.iter().enumerate() {
        query.push(if index == 0 { "(" } else { joint });
        part.push(query);
    }
    query.push(")");
}

fn operator(comparison: ViewComparison) -> &'static str {
    match comparison {
        ViewComparison::Below => " < ",
        ViewComparison::AtMost => " <= ",
        ViewComparison::AtLeast => " >= ",
        ViewComparison::Above => " > ",
        ViewComparison::Equals => " = ",
        ViewComparison::Contains | ViewComparison::Starts | ViewComparison::Ends => " like ",
    }
}

/// A comparison of texts, the same here and in both databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextTest {
    pub(super) comparison: ViewComparison,
    pub(super) value: String,
}

impl TextTest {
    pub(super) fn accepts(&self, text: &str) -> bool {
        let value = self.value.as_str();
        let lower = |text: &str| text.to_ascii_lowercase();
        match self.comparison {
            ViewComparison::Equals => text == value,
            ViewComparison::Contains => lower(text).contains(&lower(value)),
            ViewComparison::Starts => lower(text).starts_with(&lower(value)),
            ViewComparison::Ends => lower(text).ends_with(&lower(value)),
            ViewComparison::Below => text < value,
            ViewComparison::AtMost => text <= value,
            ViewComparison::AtLeast => text >= value,
            ViewComparison::Above => text > value,
        }
    }

    /// `text` is the SQL of what is compared.
    pub(super) fn push<DB: Dialect>(&self, query: &mut QueryBuilder<DB>, text: &str) {
        if let Some(pattern) = self.pattern() {
            query.push("lower(").push(text).push(DB::BYTES).push(")");
            query.push(operator(self.comparison));
            DB::text(query, &pattern);
            query.push(" escape '\\'");
        } else {
            query.push(text).push(DB::BYTES);
            query.push(operator(self.comparison));
            DB::text(query, &self.value);
        }
    }

    /// For `like`: the characters of the value stand for themselves.
    fn pattern(&self) -> Option<String> {
        let (before, after) = match self.comparison {
            ViewComparison::Contains => ("%", "%"),
            ViewComparison::Starts => ("", "%"),
            ViewComparison::Ends => ("%", ""),
            _ => return None,
        };
        let mut pattern = String::with_capacity(self.value.len() + 2);
        pattern.push_str(before);
        for character in self.value.chars() {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character.to_ascii_lowercase());
        }
        pattern.push_str(after);
        Some(pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(comparison: ViewComparison, value: &str) -> TextTest {
        let value = value.to_owned();
        TextTest { comparison, value }
    }

    #[test]
    fn the_characters_of_a_value_stand_for_themselves() {
        let pattern = |comparison, value| test(comparison, value).pattern().unwrap();
        assert_eq!(pattern(ViewComparison::Contains, "aB"), "%ab%");
        assert_eq!(pattern(ViewComparison::Starts, r"50%_\"), r"50\%\_\\%");
        assert_eq!(pattern(ViewComparison::Ends, "Ä"), "%Ä");
    }

    #[test]
    fn what_is_certain_is_not_asked() {
        let some = || Check::OneOf(Number::Site, vec![1]);
        assert_eq!(Check::all(vec![Check::Always, some()]), some());
        assert_eq!(Check::all(vec![Check::Never, some()]), Check::Never);
        assert_eq!(Check::all(vec![]), Check::Always);
        assert_eq!(Check::any(vec![Check::Never, some()]), some());
        assert_eq!(Check::any(vec![Check::Always, some()]), Check::Always);
        assert_eq!(Check::any(vec![]), Check::Never);
        assert_eq!(some().not().not(), some());
    }
}
