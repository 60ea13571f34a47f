//! The form in which events are queued: one header line, then one line of JSON an event.
//!
//! ```text
//! {"hgpixel":1,"events":2}
//! {"i":"0190…","s":1,"k":"pageview","t":1790000000000,"r":1790000000012,…}
//! {"i":"0190…","s":1,"k":"click",…}
//! ```
//!
//! Lines, because an event is encoded once, by the request that brought it, and a micro-batch is then a copy of bytes; and
//! because one line that cannot be read costs one event, not its batch. JSON, because a reader one version apart skips the
//! fields that it does not know and fills in those that it misses, and because a person can read it in the broker's own
//! page. The version rises only when an older reader would misunderstand.

use serde::{Deserialize, Serialize};

use crate::event::Event;

/// The content type of an encoded batch.
pub const CONTENT_TYPE: &str = "application/vnd.hgpixel.events.v1+ndjson";

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    hgpixel: u32,
    events: usize,
}

/// One event, encoded: a line without its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedEvent(Vec<u8>);

impl EncodedEvent {
    /// Encodes `event`.
    ///
    /// # Panics
    /// Never: an event holds strings and numbers only.
    pub fn new(event: &Event) -> Self {
        Self(serde_json::to_vec(event).expect("strings and numbers always serialize"))
    }

    /// The size of the line in bytes, without its line break.
    pub fn bytes_len(&self) -> usize {
        self.0.len()
    }
}

/// A micro-batch, encoded: the body of one AMQP message, or one row of the local queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedBatch {
    /// How many events it holds; at least one.
    pub events: usize,
    /// The header line and the events' lines.
    pub bytes: Vec<u8>,
}

impl EncodedBatch {
    /// Joins encoded events into one batch. The caller keeps to [`crate::limits::BATCH_EVENTS_MAX`] and
    /// [`crate::limits::BATCH_BYTES_MAX`].
    ///
    /// # Panics
    /// Never: a header holds two numbers.
    pub fn of<'a>(lines: impl ExactSizeIterator<Item = &'a EncodedEvent> + Clone) -> Self {
        Self::join(lines.map(|line| line.0.as_slice()))
    }

    /// Joins lines of batches as they were set aside: a line that is no event stays one line, and is unreadable again. The caller
    /// keeps to the limits, as in [`of`](Self::of).
    pub fn of_lines(lines: &[&str]) -> Self {
        let lines: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
        Self::join(lines.iter().map(String::as_bytes))
    }

    fn join<'a>(lines: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Self {
        let events = lines.len();
        let mut bytes = serde_json::to_vec(&Header {
            hgpixel: VERSION,
            events,
        })
        .expect("two numbers always serialize");
        bytes.reserve(lines.clone().map(|line| line.len() + 1).sum::<usize>() + 1);
        bytes.push(b'\n');
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        Self { events, bytes }
    }

    /// Encodes events and joins them into one batch.
    pub fn encode(events: &[Event]) -> Self {
        let lines: Vec<EncodedEvent> = events.iter().map(EncodedEvent::new).collect();
        Self::of(lines.iter())
    }
}

/// Whether a text begins as a batch does, of whatever version. No event's line does.
pub fn begins_batch(text: &str) -> bool {
    text.starts_with("{\"hgpixel\":")
}

/// What must count as one line when it is read: without breaks, and not empty.
fn one_line(text: &str) -> String {
    if text.is_empty() {
        return " ".to_owned();
    }
    text.replace(['\n', '\r'], " ")
}

/// A line of a batch: the event, or the text that is none and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A readable event.
    Event(Box<Event>),
    /// A line that is no event: `text` as it stood (invalid UTF-8 replaced), and the parser's `error`.
    Unreadable {
        /// The line.
        text: String,
        /// Why it could not be read.
        error: String,
    },
}

/// The batch as a whole cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first line is not a header of ours.
    #[error("the batch does not begin with a header line")]
    Header,
    /// It was written by a later, incompatible version.
    #[error(
        "the batch has version {0}, this program reads version {VERSION}; upgrade the workers before the ingest servers"
    )]
    Version(u32),
    /// Lines are missing or surplus: the batch was torn.
    #[error("the batch announces {announced} events and holds {held}")]
    Count {
        /// Events by the header.
        announced: usize,
        /// Lines that follow.
        held: usize,
    },
}

/// Reads a batch. A line that cannot be read does not cost the others.
///
/// # Errors
/// When the batch as a whole is not ours, of a later version, or torn.
pub fn decode(bytes: &[u8]) -> Result<Vec<Line>, DecodeError> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let header = lines.next().ok_or(DecodeError::Header)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| DecodeError::Header)?;
    if header.hgpixel != VERSION {
        return Err(DecodeError::Version(header.hgpixel));
    }
    let lines: Vec<Line> = lines
        .filter(|line| !line.is_empty())
        .map(read_line)
        .collect();
    if lines.len() != header.events {
        return Err(DecodeError::Count {
            announced: header.events,
            held: lines.len(),
        });
    }
    Ok(lines)
}

fn read_line(line: &[u8]) -> Line {
    match serde_json::from_slice(line) {
        Ok(event) => Line::Event(Box::new(event)),
        Err(error) => Line::Unreadable {
            text: String::from_utf8_lossy(line).into_owned(),
            error: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Hints, Marks, Place};
    use crate::id::assigned_id;

    fn event() -> Event {
        Event {
            id: assigned_id(1_790_000_000_000),
            site: 7,
            kind: "pageview".into(),
            time_ms: 1_790_000_000_000,
            received_ms: 1_790_000_000_012,
            visitor: Some(-3),
            url: "https://example.com/\u{2028}é\"".into(),
            hints: Hints {
                mobile: true,
                ..Hints::default()
            },
            place: Place {
                country: "AT".into(),
                ..Place::default()
            },
            marks: Marks::ID_ASSIGNED,
            ..Event::default()
        }
    }

    fn events(lines: Vec<Line>) -> Vec<Event> {
        lines
            .into_iter()
            .map(|line| match line {
                Line::Event(event) => *event,
                Line::Unreadable { error, .. } => panic!("unreadable: {error}"),
            })
            .collect()
    }

    #[test]
    fn what_is_encoded_reads_back_the_same() {
        let sent = vec![
            event(),
            Event {
                id: assigned_id(1),
                ..Event::default()
            },
        ];
        let batch = EncodedBatch::encode(&sent);
        assert_eq!(batch.events, 2);
        assert_eq!(events(decode(&batch.bytes).unwrap()), sent);
    }

    #[test]
    fn fields_of_a_later_version_are_skipped_and_missing_ones_filled_in() {
        let text = "{\"hgpixel\":1,\"events\":1,\"later\":true}\n{\"i\":\"0190b5a4-7a54-7c3e-8d35-111111111111\",\"s\":1,\"k\":\"click\",\"t\":5,\"r\":6,\"later\":[1]}\n";
        let read = events(decode(text.as_bytes()).unwrap());
        assert_eq!((read[0].kind.as_str(), read[0].url.as_str()), ("click", ""));
    }

    #[test]
    fn an_unreadable_line_costs_itself_only() {
        let mut batch = EncodedBatch::encode(&[event()]);
        batch.bytes.extend_from_slice(b"{\"i\":3}\n\xff\n");
        let bytes =
            String::from_utf8_lossy(&batch.bytes).replacen("\"events\":1", "\"events\":3", 1);
        let lines = decode(bytes.as_bytes()).unwrap();
        assert!(matches!(lines[0], Line::Event(_)));
        assert!(matches!(&lines[1], Line::Unreadable { text, .. } if text == "{\"i\":3}"));
        assert!(matches!(lines[2], Line::Unreadable { .. }));
    }

    #[test]
    fn lines_set_aside_make_a_batch_with_as_many_events() {
        let event = event();
        let batch = EncodedBatch::encode(std::slice::from_ref(&event));
        let text = String::from_utf8(batch.bytes).unwrap();
        assert!(begins_batch(&text));
        let line = text.lines().nth(1).unwrap();
        assert!(!begins_batch(line));
        let again = EncodedBatch::of_lines(&[line, "two\r\nlines", ""]);
        let lines = decode(&again.bytes).unwrap();
        assert_eq!(again.events, 3);
        assert_eq!(lines[0], Line::Event(Box::new(event)));
        assert!(matches!(&lines[1], Line::Unreadable { text, .. } if text == "two  lines"));
        assert!(matches!(lines[2], Line::Unreadable { .. }));
    }

    #[test]
    fn a_batch_that_is_not_ours_or_torn_is_an_error() {
        assert_eq!(decode(b""), Err(DecodeError::Header));
        assert_eq!(decode(b"garbage"), Err(DecodeError::Header));
        assert_eq!(
            decode(b"{\"hgpixel\":9,\"events\":0}"),
            Err(DecodeError::Version(9))
        );
        assert_eq!(
            decode(b"{\"hgpixel\":1,\"events\":2}\n{}\n"),
            Err(DecodeError::Count {
                announced: 2,
                held: 1
            })
        );
    }
}
