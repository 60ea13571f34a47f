//! One JSON value of any type, so that a wrong type costs an error with the key's name and not the whole parse.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::beacon::Invalid;

/// A JSON value. `null` is as good as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Number(Number),
    Bool(bool),
    /// An array or an object, as JSON text.
    Nested(String),
}

impl<'a> Scalar<'a> {
    /// The value as a text; numbers and booleans as they are written in JSON, so that `"userId": 42` works. Absent is empty.
    pub(crate) fn into_text(self, key: &'static str) -> Result<Cow<'a, str>, Invalid> {
        match self {
            Self::Absent => Ok(Cow::Borrowed("")),
            Self::Text(text) => Ok(text),
            Self::Number(number) => Ok(Cow::Owned(number.to_string())),
            Self::Bool(true) => Ok(Cow::Borrowed("true")),
            Self::Bool(false) => Ok(Cow::Borrowed("false")),
            Self::Nested(_) => Err(Invalid::new(format!("`{key}` must be a text"))),
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        // JSON has no NaN and the parser refuses what overflows, so every number is finite.
        Ok(Number::from_f64(number).map_or(Scalar::Absent, Scalar::Number))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Scalar::Nested(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        let value = Value::deserialize(SeqAccessDeserializer::new(seq))?;
        Ok(Scalar::Nested(value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<String, Invalid> {
        let scalar: Scalar<'_> = serde_json::from_str(json).unwrap();
        scalar.into_text("key").map(Cow::into_owned)
    }

    #[test]
    fn texts_numbers_and_booleans_are_texts() {
        assert_eq!(text(r#""a\u00e9""#).unwrap(), "aé");
        assert_eq!(text("42").unwrap(), "42");
        assert_eq!(text("-1.5").unwrap(), "-1.5");
        assert_eq!(text("true").unwrap(), "true");
        assert_eq!(text("null").unwrap(), "");
    }

    #[test]
    fn arrays_and_objects_are_no_texts() {
        assert_eq!(text("[1]").unwrap_err().to_string(), "`key` must be a text");
        assert!(text("{}").is_err());
    }

    #[test]
    fn of_a_repeated_key_in_a_nested_object_the_last_one_counts() {
        let scalar: Scalar<'_> = serde_json::from_str(r#"{"a": 1, "a": [2, null]}"#).unwrap();
        assert_eq!(scalar, Scalar::Nested(r#"{"a":[2,null]}"#.into()));
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        assert!(serde_json::from_str::<Scalar<'_>>("1e999").is_err());
        assert!(serde_json::from_str::<Scalar<'_>>("NaN").is_err());
    }
}
