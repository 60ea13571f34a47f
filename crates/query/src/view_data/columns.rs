//! The cells of `/view-data`, in the order of the columns: written once for JSON, NDJSON and CSV.

use std::borrow::Cow;

use hgpixel_store::{ViewColumn, ViewRow, mark_words};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::time;

type Cell = for<'a> fn(&'a ViewRow) -> Value<'a>;

/// What stands in a cell.
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    /// The text of a JSON value; empty for an empty object.
    Json(Cow<'a, str>),
}

/// Every column with its name and its cell.
pub(crate) fn columns() -> impl Iterator<Item = (&'static str, Cell)> {
    let columns = ViewColumn::ALL.into_iter();
    columns.map(|column| (column.name(), cell(column)))
}

fn cell(column: ViewColumn) -> Cell {
    match column {
        ViewColumn::ClientId => |row| text(&row.client_id),
        ViewColumn::EventType => |row| text(&row.event_type),
        ViewColumn::EventData => |row| Value::Json(Cow::from(&row.event_data)),
        ViewColumn::SessionId => session_id,
        ViewColumn::UserId => |row| text(&row.user_id),
        ViewColumn::Timestamp => |row| instant(row.time_ms),
        ViewColumn::Url => |row| text(&row.url),
        ViewColumn::Referrer => |row| text(&row.referrer),
        ViewColumn::UserAgent => |row| text(&row.user_agent),
        ViewColumn::DeviceInfo => |row| Value::Json(Cow::from(&row.device_info)),
        ViewColumn::EventId => |row| Value::Text(row.event_id.to_string().into()),
        ViewColumn::ReceivedAt => |row| instant(row.received_ms),
        ViewColumn::Title => |row| text(&row.title),
        ViewColumn::Session => |row| Value::Text(row.session.to_string().into()),
        ViewColumn::Country => |row| text(&row.country),
        ViewColumn::Region => |row| text(&row.region),
        ViewColumn::City => |row| text(&row.city),
        ViewColumn::Browser => |row| text(&row.browser),
        ViewColumn::BrowserVersion => |row| text(&row.browser_version),
        ViewColumn::Os => |row| text(&row.os),
        ViewColumn::OsVersion => |row| text(&row.os_version),
        ViewColumn::Device => |row| text(&row.device),
        ViewColumn::Language => |row| text(&row.language),
        ViewColumn::Channel => |row| text(&row.channel),
        ViewColumn::Source => |row| text(&row.source),
        ViewColumn::Campaign => |row| text(&row.campaign),
        ViewColumn::Bot => |row| text(&row.bot_reason),
        ViewColumn::BotName => |row| text(&row.bot_name),
        ViewColumn::Marks => |row| Value::Text(mark_words(row.marks).into()),
        ViewColumn::Path => |row| text(&row.path),
    }
}

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

/// A row as a JSON object.
pub(crate) struct RowObject<'a>(pub(crate) &'a ViewRow);

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(ViewColumn::ALL.len()))?;
        for (name, cell) in columns() {
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
        let names: Vec<_> = columns().map(|(name, _)| name).collect();
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
}
