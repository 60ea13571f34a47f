//! A flat JSON object of the client's own: an event's data, or what it tells about its device.

use std::borrow::Cow;
use std::fmt;

use hgpixel_event::limits::DATA_ENTRIES_MAX;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::scalar::Scalar;
use crate::beacon::Invalid;

/// Keys and their values, in the order in which they were sent, each key once.
pub(crate) type Entries<'a> = Vec<(Cow<'a, str>, Scalar<'a>)>;

/// What stood where an object was expected.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Properties<'a> {
    #[default]
    Absent,
    Entries(Entries<'a>),
    TooMany,
    NoObject,
}

impl<'a> Properties<'a> {
    /// The entries; none when the key was absent.
    pub(crate) fn into_entries(self, key: &'static str) -> Result<Entries<'a>, Invalid> {
        match self {
            Self::Absent => Ok(Vec::new()),
            Self::Entries(entries) => Ok(entries),
            Self::TooMany => Err(Invalid::new(format!(
                "`{key}` has more than {DATA_ENTRIES_MAX} entries"
            ))),
            Self::NoObject => Err(Invalid::new(format!("`{key}` must be an object"))),
        }
    }
}

/// Puts an entry; of a repeated key the last value counts, in the first one's place.
pub(crate) fn put<'a>(entries: &mut Entries<'a>, key: Cow<'a, str>, value: Scalar<'a>) {
    // At most 30 entries: looking through them is quicker than a map.
    match entries.iter_mut().find(|(present, _)| *present == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PropertiesVisitor)
    }
}

struct PropertiesVisitor;

impl<'de> Visitor<'de> for PropertiesVisitor {
    type Value = Properties<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            put(&mut entries, key, map.next_value()?);
            if entries.len() > DATA_ENTRIES_MAX {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(Properties::TooMany);
            }
        }
        Ok(Properties::Entries(entries))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Properties::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Properties::NoObject)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Properties::NoObject)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Properties::NoObject)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Properties::NoObject)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Properties::NoObject)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Properties::NoObject)
    }
}

/// A key, borrowed where it has no escapes (serde's own `Cow` would always copy).
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(json: &str) -> Result<Vec<(String, String)>, Invalid> {
        let properties: Properties<'_> = serde_json::from_str(json).unwrap();
        let entries = properties.into_entries("data")?;
        Ok(entries
            .into_iter()
            .map(|(key, value)| {
                let value = match value {
                    Scalar::Nested(json) => json,
                    other => other.into_text("data").unwrap().into_owned(),
                };
                (key.into_owned(), value)
            })
            .collect())
    }

    fn many(count: usize) -> String {
        let entries: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
        format!("{{{}}}", entries.join(","))
    }

    #[test]
    fn entries_keep_their_order_and_the_last_value_of_a_key_counts() {
        let read = entries(r#"{"b":1,"a":"x","b":true}"#).unwrap();
        assert_eq!(
            read,
            [("b".into(), "true".into()), ("a".into(), "x".into())]
        );
    }

    #[test]
    fn a_nested_value_is_its_json_text() {
        let read = entries(r#"{"cart": {"sku": [1, 2]}}"#).unwrap();
        assert_eq!(read, [("cart".into(), r#"{"sku":[1,2]}"#.into())]);
    }

    #[test]
    fn thirty_entries_fit_and_one_more_does_not() {
        assert_eq!(
            entries(&many(DATA_ENTRIES_MAX)).unwrap().len(),
            DATA_ENTRIES_MAX
        );
        assert!(entries(&many(DATA_ENTRIES_MAX + 1)).is_err());
        assert!(entries(&many(2_000)).is_err());
        let repeated = format!("{{{}}}", vec!["\"k\":1"; 500].join(","));
        assert_eq!(entries(&repeated).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_object_is_an_error_and_null_is_absent() {
        assert_eq!(entries("null").unwrap(), []);
        assert_eq!(entries("{}").unwrap(), []);
        for json in ["[]", "[[1],{}]", "\"\"", "0", "-1", "0.5", "false"] {
            let error = entries(json).unwrap_err().to_string();
            assert_eq!(error, "`data` must be an object", "{json}");
        }
    }
}
