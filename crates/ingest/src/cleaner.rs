//! From texts of any kind to texts that every store keeps, counting what that took.

use std::borrow::Cow;

use hgpixel_event::limits::{
    CLIENT_ID_BYTES_MAX, DATA_KEY_BYTES_MAX, DATA_VALUE_BYTES_MAX, DEVICE_BYTES_MAX,
    HINT_BYTES_MAX, KIND_BYTES_MAX, LANGUAGE_BYTES_MAX, REFERRER_BYTES_MAX, TITLE_BYTES_MAX,
    URL_BYTES_MAX, USER_AGENT_BYTES_MAX,
};
use hgpixel_event::{Cleaned, Marks, clean};

use crate::metrics::{Field, Metrics};
use crate::wire::properties::{Entries, put};
use crate::wire::scalar::Scalar;

/// The text of a button or a link, which the scripts send in the data of clicks: enough to recognise it by.
const LABEL_BYTES_MAX: usize = 200;

/// Cleans the texts of one event, or of what events share.
pub(crate) struct Cleaner<'a> {
    metrics: &'a Metrics,
    /// The guard has put U+FFFD into some text of the request; whichever holds one is marked.
    repaired: bool,
    pub(crate) marks: Marks,
}

impl<'a> Cleaner<'a> {
    pub(crate) fn new(metrics: &'a Metrics, repaired: bool) -> Self {
        Self {
            metrics,
            repaired,
            marks: Marks::default(),
        }
    }

    /// A text within the limit of its field.
    pub(crate) fn text(&mut self, field: Field, text: &str) -> String {
        self.clean(field, text, bytes_max(field)).into_owned()
    }

    /// The JSON text of an event's data; empty for no entries.
    pub(crate) fn data(&mut self, entries: Entries<'_>) -> String {
        let entries = self.entries(entries);
        json_object(&entries, usize::MAX).0
    }

    /// The JSON text of what a client tells about its device: as many of its entries as fit.
    pub(crate) fn device(&mut self, entries: Entries<'_>) -> String {
        let entries = self.entries(entries);
        let (json, whole) = json_object(&entries, bytes_max(Field::Device));
        if !whole {
            self.count_cut(Field::Device);
        }
        json
    }

    pub(crate) fn count_cut(&mut self, field: Field) {
        self.marks.insert(Marks::TEXT_CUT);
        self.metrics.texts_cut.of(field).inc();
    }

    fn entries<'t>(&mut self, entries: Entries<'t>) -> Entries<'t> {
        let mut cleaned = Entries::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.clean_cow(Field::DataKey, key, DATA_KEY_BYTES_MAX);
            let value = self.value(&key, value);
            // Two keys may have become one by cleaning.
            put(&mut cleaned, key, value);
        }
        cleaned
    }

    /// An array or object becomes its JSON text, since properties are flat; `null` stays absent.
    fn value<'t>(&mut self, key: &str, value: Scalar<'t>) -> Scalar<'t> {
        match value {
            Scalar::Text(text) => {
                Scalar::Text(self.clean_cow(Field::DataValue, text, value_bytes_max(key)))
            }
            Scalar::Nested(json) => Scalar::Text(self.clean_cow(
                Field::DataValue,
                Cow::Owned(json),
                value_bytes_max(key),
            )),
            plain => plain,
        }
    }

    fn clean_cow<'t>(
        &mut self,
        field: Field,
        text: Cow<'t, str>,
        bytes_max: usize,
    ) -> Cow<'t, str> {
        match text {
            Cow::Borrowed(text) => self.clean(field, text, bytes_max),
            Cow::Owned(text) => Cow::Owned(self.clean(field, &text, bytes_max).into_owned()),
        }
    }

    fn clean<'t>(&mut self, field: Field, text: &'t str, bytes_max: usize) -> Cow<'t, str> {
        let Cleaned { text, cut, changed } = clean(text, bytes_max);
        if cut {
            self.count_cut(field);
        }
        if changed || (self.repaired && text.contains(char::REPLACEMENT_CHARACTER)) {
            self.marks.insert(Marks::TEXT_CLEANED);
        }
        text
    }
}

fn bytes_max(field: Field) -> usize {
    match field {
        Field::Url => URL_BYTES_MAX,
        Field::Title => TITLE_BYTES_MAX,
        Field::Referrer => REFERRER_BYTES_MAX,
        Field::UserAgent => USER_AGENT_BYTES_MAX,
        Field::Language => LANGUAGE_BYTES_MAX,
        Field::Kind => KIND_BYTES_MAX,
        Field::UserId | Field::SessionId => CLIENT_ID_BYTES_MAX,
        Field::Hint => HINT_BYTES_MAX,
        Field::DataKey => DATA_KEY_BYTES_MAX,
        Field::DataValue => DATA_VALUE_BYTES_MAX,
        Field::Device => DEVICE_BYTES_MAX,
    }
}

fn value_bytes_max(key: &str) -> usize {
    match key {
        "buttonText" | "linkText" => LABEL_BYTES_MAX,
        _ => DATA_VALUE_BYTES_MAX,
    }
}

/// The JSON text of an object with those entries that fit, and whether they all did. Without entries it is empty.
fn json_object(entries: &Entries<'_>, bytes_max: usize) -> (String, bool) {
    let mut json = String::new();
    let mut whole = true;
    for (key, value) in entries {
        let Some(value) = json_value(value) else {
            continue;
        };
        let entry = format!("{}:{value}", json_text(key));
        // The separator before it and the brace after it.
        if json.len() + entry.len() + 2 > bytes_max {
            whole = false;
            continue;
        }
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push_str(&entry);
    }
    if !json.is_empty() {
        json.push('}');
    }
    (json, whole)
}

fn json_value(value: &Scalar<'_>) -> Option<String> {
    match value {
        Scalar::Absent => None,
        Scalar::Text(text) => Some(json_text(text)),
        Scalar::Nested(json) => Some(json_text(json)),
        Scalar::Number(number) => Some(number.to_string()),
        Scalar::Bool(value) => Some(value.to_string()),
    }
}

fn json_text(text: &str) -> String {
    serde_json::to_string(text).expect("a text always serializes")
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;
    use proptest::prelude::*;

    use super::*;
    use crate::wire::properties::Properties;

    fn metrics() -> Metrics {
        Metrics::register(&Registry::new(), 0).unwrap()
    }

    fn data(json: &str) -> (String, Marks) {
        let metrics = metrics();
        let mut cleaner = Cleaner::new(&metrics, false);
        let properties: Properties<'_> = serde_json::from_str(json).unwrap();
        let data = cleaner.data(properties.into_entries("data").unwrap());
        (data, cleaner.marks)
    }

    fn check(json: &str, expected: &str) {
        assert_eq!(
            data(json),
            (expected.to_owned(), Marks::default()),
            "{json}"
        );
    }

    #[test]
    fn data_is_flat_json() {
        check("{}", "");
        check(
            r#"{"a": "x", "b": 1.5, "c": true}"#,
            r#"{"a":"x","b":1.5,"c":true}"#,
        );
        check(r#"{"a": null}"#, "");
        check(
            r#"{"cart": {"sku": "é\""}}"#,
            r#"{"cart":"{\"sku\":\"é\\\"\"}"}"#,
        );
        check(r#"{"list": [1, [2]]}"#, r#"{"list":"[1,[2]]"}"#);
        check(r#"{"": ""}"#, r#"{"":""}"#);
    }

    #[test]
    fn keys_that_become_one_by_cleaning_are_one() {
        let (json, marks) = data(r#"{"a\u0007": 1, "a": 2}"#);
        assert_eq!(json, r#"{"a":2}"#);
        assert!(marks.contains(Marks::TEXT_CLEANED));
    }

    #[test]
    fn values_are_cut_at_their_limit_and_labels_sooner() {
        let value = |key: &str, len: usize| {
            let (json, marks) = data(&serde_json::json!({ key: "v".repeat(len) }).to_string());
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            (
                read[key].as_str().unwrap().len(),
                marks.contains(Marks::TEXT_CUT),
            )
        };
        assert_eq!(value("k", 2_000), (2_000, false));
        assert_eq!(value("k", 2_001), (2_000, true));
        assert_eq!(value("buttonText", 200), (200, false));
        assert_eq!(value("buttonText", 201), (200, true));
        let long_key = serde_json::json!({ "k".repeat(301): 1 }).to_string();
        assert_eq!(data(&long_key).0, format!("{{\"{}\":1}}", "k".repeat(300)));
    }

    #[test]
    fn a_device_keeps_the_entries_that_fit() {
        let metrics = metrics();
        let mut cleaner = Cleaner::new(&metrics, false);
        let long = "v".repeat(1_990);
        let entries = vec![
            ("a".into(), Scalar::Text("1".into())),
            ("b".into(), Scalar::Text(long.into())),
            ("c".into(), Scalar::Text("3".into())),
        ];
        assert_eq!(cleaner.device(entries), r#"{"a":"1","c":"3"}"#);
        assert!(cleaner.marks.contains(Marks::TEXT_CUT));
        assert_eq!(metrics.texts_cut.of(Field::Device).get(), 1);
        let exact = vec![("a".into(), Scalar::Text("v".repeat(2_000 - 8).into()))];
        assert_eq!(Cleaner::new(&metrics, false).device(exact).len(), 2_000);
    }

    #[test]
    fn what_the_guard_repaired_is_marked_where_it_stands() {
        let metrics = metrics();
        let marked = |repaired, text: &str| {
            let mut cleaner = Cleaner::new(&metrics, repaired);
            cleaner.text(Field::Title, text);
            cleaner.marks.contains(Marks::TEXT_CLEANED)
        };
        assert!(marked(true, "a\u{FFFD}"));
        assert!(!marked(true, "a"));
        assert!(!marked(false, "a\u{FFFD}"));
        assert!(marked(false, "a\0"));
    }

    proptest! {
        #[test]
        fn data_is_always_valid_json_of_storable_texts(
            entries in proptest::collection::vec((any::<String>(), any::<String>()), 0..30),
        ) {
            let metrics = metrics();
            let mut cleaner = Cleaner::new(&metrics, false);
            let entries: Entries<'_> = entries
                .into_iter()
                .map(|(key, value)| (key.into(), Scalar::Text(value.into())))
                .collect();
            let json = cleaner.data(entries);
            prop_assert!(!json.contains(|c: char| c.is_control()));
            if !json.is_empty() {
                let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
                prop_assert!(read.values().all(|value| !value.as_str().unwrap().contains('\0')));
            }
        }
    }
}
