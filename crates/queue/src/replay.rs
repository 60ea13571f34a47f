//! Dead letters, made into batches again.

use hgpixel_event::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use hgpixel_event::{EncodedBatch, begins_batch, decode};

/// What goes back under one new id: how many letters it was made of, and the batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Replay {
    pub(crate) letters: usize,
    pub(crate) batch: EncodedBatch,
}

/// Joins lines into batches within the limits, in their order. A line that is a whole batch goes back as it is.
pub(crate) fn batches_of(lines: &[&str]) -> Vec<Replay> {
    let mut replays = Vec::new();
    let mut joined: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for line in lines {
        if begins_batch(line) {
            flush(&mut joined, &mut bytes, &mut replays);
            replays.push(whole(line));
            continue;
        }
        if joined.len() == BATCH_EVENTS_MAX || bytes + line.len() > BATCH_BYTES_MAX {
            flush(&mut joined, &mut bytes, &mut replays);
        }
        bytes += line.len() + 1;
        joined.push(line);
    }
    flush(&mut joined, &mut bytes, &mut replays);
    replays
}

fn flush(joined: &mut Vec<&str>, bytes: &mut usize, replays: &mut Vec<Replay>) {
    if joined.is_empty() {
        return;
    }
    replays.push(Replay {
        letters: joined.len(),
        batch: EncodedBatch::of_lines(joined),
    });
    joined.clear();
    *bytes = 0;
}

fn whole(text: &str) -> Replay {
    let bytes = text.as_bytes().to_vec();
    let events = decode(&bytes).map_or(1, |lines| lines.len());
    Replay {
        letters: 1,
        batch: EncodedBatch { events, bytes },
    }
}

#[cfg(test)]
mod tests {
    use hgpixel_event::{Event, Line};

    use super::*;

    fn line_of(kind: &str) -> String {
        let event = Event {
            kind: kind.into(),
            ..Event::default()
        };
        let batch = EncodedBatch::encode(&[event]);
        let text = String::from_utf8(batch.bytes).unwrap();
        text.lines().nth(1).unwrap().to_owned()
    }

    fn kinds(replay: &Replay) -> Vec<String> {
        decode(&replay.batch.bytes)
            .unwrap()
            .into_iter()
            .map(|line| match line {
                Line::Event(event) => event.kind.clone(),
                Line::Unreadable { text, .. } => text,
            })
            .collect()
    }

    #[test]
    fn lines_become_one_batch_in_their_order() {
        let (a, b) = (line_of("a"), line_of("b"));
        let replays = batches_of(&[&a, "not\nan event", &b]);
        assert_eq!(replays.len(), 1);
        assert_eq!(replays[0].letters, 3);
        assert_eq!(kinds(&replays[0]), ["a", "not an event", "b"]);
    }

    #[test]
    fn a_whole_batch_goes_back_as_it_is_and_keeps_its_place() {
        let whole = EncodedBatch::encode(&[Event::default(), Event::default()]);
        let text = String::from_utf8(whole.bytes.clone()).unwrap();
        let (a, b) = (line_of("a"), line_of("b"));
        let replays = batches_of(&[&a, &text, &b]);
        assert_eq!(replays.len(), 3);
        assert_eq!(replays[1].batch, whole);
        assert_eq!(kinds(&replays[2]), ["b"]);
    }

    #[test]
    fn batches_keep_to_their_limits() {
        let short = line_of("a");
        let replays = batches_of(&vec![short.as_str(); BATCH_EVENTS_MAX + 1]);
        let letters: Vec<usize> = replays.iter().map(|replay| replay.letters).collect();
        assert_eq!(letters, [BATCH_EVENTS_MAX, 1]);

        let long = "x".repeat(BATCH_BYTES_MAX / 2);
        let replays = batches_of(&[&long, &long, &long]);
        assert!(
            replays
                .iter()
                .all(|replay| replay.batch.bytes.len() <= BATCH_BYTES_MAX + 64)
        );
        assert_eq!(replays.len(), 3);
    }
}
