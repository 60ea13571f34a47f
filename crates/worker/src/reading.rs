//! From a delivery to a message that can be stored: decode, enrich, and set aside what is no event.

use hgpixel_event::{Clock, Event, Line, decode};
use hgpixel_queue::{DeadLetter, Delivery};
use hgpixel_store::Message;

use crate::dead::{UNDECODABLE, UNREADABLE};
use crate::enrichment::Enrichment;

/// A delivery, read: what to store, and what must be dead-lettered before it is settled.
pub(crate) struct Read {
    pub(crate) message: Message,
    pub(crate) dead: Vec<DeadLetter>,
}

/// Reads `delivery`. Nothing that it holds is lost: an event becomes a row, everything else a dead letter.
pub(crate) fn read(delivery: &Delivery, enrichment: &Enrichment, clock: &Clock) -> Read {
    let mut read = Read {
        message: Message {
            id: delivery.id,
            replayed: delivery.replayed,
            ..Message::default()
        },
        dead: Vec::new(),
    };
    let lines = match decode(&delivery.body) {
        Ok(lines) => lines,
        Err(error) => {
            let body = String::from_utf8_lossy(&delivery.body).into_owned();
            read.dead.push(letter(
                delivery.id,
                UNDECODABLE,
                error.to_string(),
                body,
                clock,
            ));
            read.message
                .dead_lettered
                .push((UNDECODABLE.to_owned(), delivery.events as u64));
            return read;
        }
    };
    for line in lines {
        match line {
            Line::Event(event) => read.message.rows.push(enrichment.enrich(*event)),
            Line::Unreadable { text, error } => {
                read.dead
                    .push(letter(delivery.id, UNREADABLE, error, text, clock));
            }
        }
    }
    if !read.dead.is_empty() {
        read.message
            .dead_lettered
            .push((UNREADABLE.to_owned(), read.dead.len() as u64));
    }
    read
}

/// The dead letter of an event that the store rejects.
pub(crate) fn rejected(event: &Event, reason: &str, detail: String, clock: &Clock) -> DeadLetter {
    let line = serde_json::to_string(event).expect("an event holds strings and numbers only");
    letter(event.id, reason, detail, line, clock)
}

fn letter(id: uuid::Uuid, reason: &str, detail: String, line: String, clock: &Clock) -> DeadLetter {
    DeadLetter {
        id,
        reason: reason.to_owned(),
        detail,
        at_ms: clock.now_ms(),
        line,
    }
}
