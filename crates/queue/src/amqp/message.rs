//! A message: what of ours is in its properties, and back.

use hgpixel_event::{CONTENT_TYPE, begins_batch, decode};
use lapin::BasicProperties;
use lapin::message::Delivery as Received;
use lapin::types::{AMQPValue, FieldTable, LongString};
use uuid::Uuid;

use crate::dead_letter::DeadLetter;

const LETTER_TYPE: &str = "application/vnd.hgpixel.dead-letter.v1+json";

/// Written to disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// Headers have to fit into one frame with everything else.
const DETAIL_BYTES_MAX: usize = 4_096;

/// The properties of a batch.
pub(super) fn batch_properties(id: Uuid, events: usize, replayed: bool) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("events".into(), number(events));
    if replayed {
        headers.insert("replayed".into(), AMQPValue::Boolean(true));
    }
    properties(id, CONTENT_TYPE, headers)
}

/// The properties of a dead letter, whose body is the line, or the batch.
pub(super) fn letter_properties(letter: &DeadLetter) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("events".into(), number(events_in(&letter.line)));
    headers.insert("reason".into(), text(&letter.reason));
    headers.insert("detail".into(), text(cut(&letter.detail)));
    headers.insert("at_ms".into(), AMQPValue::LongLongInt(letter.at_ms));
    properties(letter.id, LETTER_TYPE, headers)
}

/// The message's id: the same at every delivery.
pub(super) fn id_of(received: &Received) -> Uuid {
    let given = received.properties.message_id().as_ref();
    given
        .and_then(|id| Uuid::parse_str(id.as_str()).ok())
        .unwrap_or_else(|| id_of_body(&received.data))
}

/// How many events it announces, or, as nobody knows otherwise, holds.
pub(super) fn events_of(received: &Received) -> usize {
    integer(received, "events")
        .and_then(|events| usize::try_from(events).ok())
        .unwrap_or_else(|| decode(&received.data).map_or(1, |lines| lines.len()))
}

/// Whether its events come from the dead letters.
pub(super) fn is_replayed(received: &Received) -> bool {
    matches!(header(received, "replayed"), Some(AMQPValue::Boolean(true)))
}

/// A batch is a line about itself, and one for each of its events.
fn events_in(line: &str) -> usize {
    if begins_batch(line) {
        line.lines().skip(1).count()
    } else {
        1
    }
}

/// A message of the dead letters' queue: a letter of ours, or what a person has put there.
pub(super) fn letter_of(received: &Received) -> DeadLetter {
    let content_type = received.properties.content_type().as_ref();
    let line = String::from_utf8_lossy(&received.data).into_owned();
    if content_type.is_some_and(|kind| kind.as_str() == LETTER_TYPE) {
        return DeadLetter {
            id: id_of(received),
            reason: string(received, "reason").unwrap_or_default(),
            detail: string(received, "detail").unwrap_or_default(),
            at_ms: integer(received, "at_ms").unwrap_or(0),
            line,
        };
    }
    DeadLetter {
        id: id_of(received),
        reason: "unknown".to_owned(),
        detail: "not set aside by a worker".to_owned(),
        at_ms: 0,
        line,
    }
}

/// Why the broker gave it up: the latest entry of `x-death`.
pub(super) fn death_of(received: &Received) -> String {
    let reason = match header(received, "x-death") {
        Some(AMQPValue::FieldArray(deaths)) => match deaths.as_slice().first() {
            Some(AMQPValue::FieldTable(death)) => death.inner().get("reason").and_then(as_string),
            _ => None,
        },
        _ => None,
    };
    reason.unwrap_or_else(|| "unknown".to_owned())
}

fn properties(id: Uuid, content_type: &str, headers: FieldTable) -> BasicProperties {
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(content_type.into())
        .with_message_id(id.to_string().into())
        .with_app_id("hgpixel".into())
        .with_headers(headers)
}

/// A message of somebody else's has no id of ours. Its content makes one, so that at least redeliveries are recognised.
fn id_of_body(body: &[u8]) -> Uuid {
    // FNV-1a with 128 bits.
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in body {
        hash ^= u128::from(*byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    Uuid::from_u128(hash)
}

fn header<'a>(received: &'a Received, name: &str) -> Option<&'a AMQPValue> {
    received.properties.headers().as_ref()?.inner().get(name)
}

fn integer(received: &Received, name: &str) -> Option<i64> {
    match header(received, name)? {
        AMQPValue::LongLongInt(value) => Some(*value),
        AMQPValue::LongInt(value) => Some(i64::from(*value)),
        _ => None,
    }
}

fn string(received: &Received, name: &str) -> Option<String> {
    header(received, name).and_then(as_string)
}

fn as_string(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn number(value: usize) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(value).unwrap_or(i64::MAX))
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(DETAIL_BYTES_MAX);
    &text[..end]
}
