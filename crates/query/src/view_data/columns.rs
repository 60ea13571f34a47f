//! The columns of `/view-data`, in their order: written once for JSON, NDJSON and CSV.
//!
//! The first ten are the old script's names and a contract; the others are what was found out.

use std::borrow::Cow;

use hgpixel_event::Marks;
use hgpixel_store::ViewRow;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::time;

/// The index of the time's column.
pub(crate) const TIMESTAMP: usize = 5;

type Cell = for<'a> fn(&'a ViewRow) -> Value<'a>;

/// What stands in a cell.
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    /// The text of a JSON value; empty for an empty object.
    Json(Cow<'a, str>),
}

pub(crate) const COLUMNS: &[(&str, Cell)] = &[
    ("clientID", |row| text(&row.client_id)),
    ("eventType", |row| text(&row.event_type)),
    ("eventData", |row| Value::Json(Cow::from(&row.event_data))),
    ("sessionId", session_id),
    ("userId", |row| text(&row.user_id)),
    ("timestamp", |row| instant(row.time_ms)),
    ("url", |row| text(&row.url)),
    ("referrer", |row| text(&row.referrer)),
    ("userAgent", |row| text(&row.user_agent)),
    ("deviceInfo", |row| Value::Json(Cow::from(&row.device_info))),
    ("eventId", |row| {
        Value::Text(row.event_id.to_string().into())
    }),
    ("receivedAt", |row| instant(row.received_ms)),
    ("title", |row| text(&row.title)),
    ("session", |row| Value::Text(row.session.to_string().into())),
    ("country", |row| text(&row.country)),
    ("region", |row| text(&row.region)),
    ("city", |row| text(&row.city)),
    ("browser", |row| text(&row.browser)),
    ("browserVersion", |row| text(&row.browser_version)),
    ("os", |row| text(&row.os)),
    ("osVersion", |row| text(&row.os_version)),
    ("device", |row| text(&row.device)),
    ("language", |row| text(&row.language)),
    ("channel", |row| text(&row.channel)),
    ("source", |row| text(&row.source)),
    ("campaign", |row| text(&row.campaign)),
    ("bot", |row| text(&row.bot_reason)),
    ("botName", |row| text(&row.bot_name)),
    ("marks", |row| Value::Text(marks(row.marks).into())),
];

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::from(text))
}

fn instant(time_ms: i64) -> Value<'static> {
    Value::Text(time::iso(time_ms).into())
}

/// The client's own where it sent one, as it always was; else ours.
fn session_id(row: &ViewRow) -> Value<'_> {
    if row.client_session_id.is_empty() {
        return Value::Text(row.session.to_string().into());
    }
    text(&row.client_session_id)
}

/// What the server had to change, as words with spaces between.
fn marks(marks: Marks) -> String {
    let words = [
        (Marks::TIME_REPLACED, "timeReplaced"),
        (Marks::ID_ASSIGNED, "idAssigned"),
        (Marks::TEXT_CUT, "textCut"),
        (Marks::TEXT_CLEANED, "textCleaned"),
        (Marks::OPTED_OUT, "optedOut"),
        (Marks::FROM_SERVER, "fromServer"),
    ];
    let set = words.iter().filter(|(mark, _)| marks.contains(*mark));
    set.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

/// A row as a JSON object.
pub(crate) struct RowObject<'a>(pub(crate) &'a ViewRow);

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(COLUMNS.len()))?;
        for (name, cell) in COLUMNS {
            object.serialize_entry(name, &cell(self.0))?;
        }
        object.end()
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Json(text) => json(text).serialize(serializer),
        }
    }
}

/// As it was sent, digit by digit. A text that is no JSON, which none of ours is, becomes a JSON string rather than a broken answer.
fn json(text: &str) -> Box<RawValue> {
    let text = if text.is_empty() { "{}" } else { text };
    let as_it_is = RawValue::from_string(text.to_owned());
    as_it_is.unwrap_or_else(|_| {
        let quoted = serde_json::Value::from(text).to_string();
        RawValue::from_string(quoted).expect("a quoted text is JSON")
    })
}

impl<'a> Value<'a> {
    /// As a cell of text.
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Json(text) if text.is_empty() => Cow::from("{}"),
            Self::Text(text) | Self::Json(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(row: &ViewRow) -> serde_json::Value {
        serde_json::to_value(RowObject(row)).unwrap()
    }

    #[test]
    fn the_first_ten_are_the_old_scripts() {
        let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names[..11],
            [
                "clientID",
                "eventType",
                "eventData",
                "sessionId",
                "userId",
                "timestamp",
                "url",
                "referrer",
                "userAgent",
                "deviceInfo",
                "eventId"
            ]
        );
        assert_eq!(names[TIMESTAMP], "timestamp");
    }

    #[test]
    fn data_is_an_object_as_it_was_sent() {
        let row = ViewRow {
            event_data: r#"{"b":1.10,"a":12345678901234567890}"#.into(),
            ..ViewRow::default()
        };
        let text = serde_json::to_string(&RowObject(&row)).unwrap();
        assert!(
            text.contains(r#""eventData":{"b":1.10,"a":12345678901234567890},"#),
            "{text}"
        );
        assert!(text.contains(r#""deviceInfo":{},"#), "{text}");
    }

    #[test]
    fn data_that_is_no_json_breaks_nothing() {
        let row = ViewRow {
            event_data: "</script>{".into(),
            ..ViewRow::default()
        };
        assert_eq!(object(&row)["eventData"], "</script>{");
    }

    #[test]
    fn the_clients_own_session_id_comes_first() {
        let mut row = ViewRow {
            session: 42,
            ..ViewRow::default()
        };
        assert_eq!(object(&row)["sessionId"], "42");
        row.client_session_id = "theirs".into();
        assert_eq!(object(&row)["sessionId"], "theirs");
        assert_eq!(object(&row)["session"], "42");
    }

    #[test]
    fn marks_are_words() {
        let mut set = Marks::TIME_REPLACED;
        set.insert(Marks::OPTED_OUT);
        assert_eq!(marks(set), "timeReplaced optedOut");
        assert_eq!(marks(Marks::default()), "");
    }
}
