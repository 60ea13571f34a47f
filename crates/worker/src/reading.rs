//! From a delivery to a message that can be stored: decode, enrich, and set aside what is no event.
//!
//! A batch that the broker has given up is not decoded: it may be what killed the workers that had it before. It is booked under
//! its id like any other message, so that one worker that is late with storing it and another that books it cannot both count
//! it: whoever commits second finds its id.

use hgpixel_event::{Clock, Event, Line, decode};
use hgpixel_queue::{DeadLetter, Delivery};
use hgpixel_store::Message;

use crate::dead::{DELIVERY_LIMIT, GIVEN_UP, UNDECODABLE, UNREADABLE};
use crate::enrichment::Enrichment;

/// A delivery, read: what to store, and what must be dead-lettered before it is settled.
pub(crate) struct Read {
    pub(crate) message: Message,
    pub(crate) dead: Vec<DeadLetter>,
    /// The delivery as a whole, when the broker has given it up.
    pub(crate) given_up: Option<DeadLetter>,
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
        given_up: None,
    };
    if let Some(why) = &delivery.given_up {
        let (reason, events) = (reason_of(why), delivery.events);
        let detail = format!("a batch of {events} events that the broker gave up: {why}");
        read.given_up = Some(whole(delivery, reason, detail, clock));
        read.book_whole(delivery, reason);
        return read;
    }
    let lines = match decode(&delivery.body) {
        Ok(lines) => lines,
        Err(error) => {
            let letter = whole(delivery, UNDECODABLE, error.to_string(), clock);
            read.dead.push(letter);
            read.book_whole(delivery, UNDECODABLE);
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

impl Read {
    fn book_whole(&mut self, delivery: &Delivery, reason: &str) {
        self.message
            .dead_lettered
            .push((reason.to_owned(), delivery.events as u64));
    }
}

fn whole(delivery: &Delivery, reason: &str, detail: String, clock: &Clock) -> DeadLetter {
    let body = String::from_utf8_lossy(&delivery.body).into_owned();
    letter(delivery.id, reason, detail, body, clock)
}

/// The broker's word is anybody's; a metric's label is not.
fn reason_of(why: &str) -> &'static str {
    if why == DELIVERY_LIMIT {
        DELIVERY_LIMIT
    } else {
        GIVEN_UP
    }
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
