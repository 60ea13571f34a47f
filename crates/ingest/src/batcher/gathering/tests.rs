use hgpixel_event::{EncodedBatch, Event};

use super::*;

const WAIT: Duration = Duration::from_millis(2);

fn gathering(publishers: usize) -> (Gathering, Instant) {
    let settings = Settings {
        wait: WAIT,
        publishers,
    };
    (Gathering::new(settings), Instant::now())
}

fn event(bytes: usize) -> EncodedEvent {
    let empty = EncodedEvent::new(&Event::default()).bytes_len();
    let url = "u".repeat(bytes.saturating_sub(empty + r#","p":"""#.len()));
    EncodedEvent::new(&Event {
        url,
        ..Event::default()
    })
}

fn part(events: usize) -> Part {
    Part::of(vec![event(0); events]).0
}

fn enter(gathering: &mut Gathering, events: usize, now: Instant) -> bool {
    gathering.enter(vec![part(events)], now).unwrap()
}

fn taken(gathering: &mut Gathering, now: Instant) -> usize {
    let taken = gathering.take(now);
    taken.batch.iter().map(|part| part.events.len()).sum()
}

#[test]
fn while_nothing_is_published_an_event_is_due_at_once() {
    let (mut gathering, now) = gathering(2);
    assert_eq!(gathering.due(now), Due::WhenChanged);
    assert!(enter(&mut gathering, 1, now));
    assert_eq!(gathering.due(now), Due::Now);
    assert_eq!(taken(&mut gathering, now), 1);
    assert_eq!(gathering.due(now), Due::WhenChanged);
}

#[test]
fn while_something_is_published_events_wait_for_company() {
    let (mut gathering, now) = gathering(2);
    enter(&mut gathering, 1, now);
    taken(&mut gathering, now);
    assert!(
        enter(&mut gathering, 1, now),
        "somebody has to set the timer"
    );
    assert!(!enter(&mut gathering, 1, now), "and only once");
    assert_eq!(gathering.due(now), Due::At(now + WAIT));
    assert_eq!(gathering.due(now + WAIT), Due::Now);
    gathering.published();
    assert_eq!(
        gathering.due(now),
        Due::Now,
        "nothing is published any more"
    );
    assert_eq!(taken(&mut gathering, now), 2);
}

#[test]
fn a_full_batch_does_not_wait() {
    let (mut gathering, now) = gathering(2);
    enter(&mut gathering, 1, now);
    taken(&mut gathering, now);
    enter(&mut gathering, BATCH_EVENTS_MAX - 1, now);
    assert_eq!(gathering.due(now), Due::At(now + WAIT));
    assert!(enter(&mut gathering, 1, now), "it has become full");
    assert_eq!(gathering.due(now), Due::Now);
    assert_eq!(taken(&mut gathering, now), BATCH_EVENTS_MAX);
}

#[test]
fn no_more_is_published_than_there_are_publishers() {
    let (mut gathering, now) = gathering(1);
    enter(&mut gathering, 1, now);
    taken(&mut gathering, now);
    assert!(
        !enter(&mut gathering, BATCH_EVENTS_MAX, now),
        "nobody could take it"
    );
    assert_eq!(gathering.due(now + WAIT), Due::WhenChanged);
    gathering.published();
    assert_eq!(gathering.due(now + WAIT), Due::Now);
}

#[test]
fn a_batch_keeps_to_its_limits_and_to_the_order() {
    let (mut gathering, now) = gathering(9);
    for _ in 0..10 {
        enter(&mut gathering, 100, now);
    }
    assert_eq!(taken(&mut gathering, now), 500);
    assert_eq!(taken(&mut gathering, now), 500);
    assert_eq!(taken(&mut gathering, now), 0);

    let large = || vec![Part::of(vec![event(100_000)]).0];
    for _ in 0..3 {
        gathering.enter(large(), now).unwrap();
    }
    let batch = gathering.take(now).batch;
    let lines: Vec<&EncodedEvent> = batch.iter().flat_map(|part| &part.events).collect();
    assert_eq!(lines.len(), 2);
    assert!(EncodedBatch::of(lines.into_iter()).bytes.len() <= BATCH_BYTES_MAX);
}

#[test]
fn a_large_request_is_split_and_an_event_that_fits_exactly_is_not() {
    let sizes =
        |events: Vec<EncodedEvent>| -> Vec<usize> { parts(events).iter().map(Vec::len).collect() };
    assert_eq!(sizes(vec![event(0); 100]), [100]);
    assert_eq!(sizes(vec![event(100_000); 5]), [2, 2, 1]);
    assert_eq!(sizes(vec![event(200_000); 2]), [1, 1]);
    assert_eq!(
        sizes(vec![event(0); BATCH_EVENTS_MAX + 1]),
        [BATCH_EVENTS_MAX, 1]
    );
}

#[test]
fn what_waits_is_bounded_and_a_request_enters_whole_or_not_at_all() {
    let (mut gathering, now) = gathering(1);
    let large = || Part::of(vec![event(100_000)]).0;
    let mut entered = 0;
    while gathering.enter(vec![large()], now).is_ok() {
        entered += 1;
    }
    assert_eq!(entered, WAITING_BYTES_MAX / 100_001);
    assert_eq!(gathering.enter(vec![part(1), large()], now), Err(Full));
    let before = gathering.events;
    assert_eq!(gathering.events, before);
    assert!(gathering.enter(vec![part(1)], now).is_ok());
}

#[test]
fn what_has_waited_too_long_is_refused_and_not_published() {
    let (mut gathering, now) = gathering(1);
    enter(&mut gathering, 1, now);
    let later = now + WAITING_MAX + Duration::from_millis(1);
    enter(&mut gathering, 2, later);
    let taken = gathering.take(later);
    assert_eq!((taken.late.len(), taken.batch.len()), (1, 1));
    assert_eq!(taken.batch[0].events.len(), 2);
}

#[test]
fn after_the_close_nothing_enters_and_what_waits_is_due() {
    let (mut gathering, now) = gathering(2);
    enter(&mut gathering, 1, now);
    taken(&mut gathering, now);
    enter(&mut gathering, 1, now);
    gathering.close();
    assert_eq!(gathering.enter(vec![part(1)], now), Err(Full));
    assert_eq!(gathering.due(now), Due::Now);
    taken(&mut gathering, now);
    assert_eq!(gathering.due(now), Due::WhenChanged);
    gathering.published();
    gathering.published();
    assert_eq!(gathering.due(now), Due::Never);
}
