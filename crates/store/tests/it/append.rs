//! Exactly once, wholly or not at all.

use std::task::Poll;

use hgpixel_event::assigned_id;
use hgpixel_store::{Appended, Message, StoreError};

use crate::support::{NOW_MS, Place, all, ask, for_each_backend, hit, message, site};

for_each_backend!(
    an_event_is_stored_once,
    duplicates_inside_a_batch_are_found,
    two_sites_may_use_the_same_id,
    a_redelivered_message_changes_nothing,
    a_message_twice_in_one_batch_is_stored_once,
    dead_letters_are_booked_once,
    a_rejected_batch_leaves_nothing,
    a_probe_leaves_nothing_and_finds_the_fault,
    what_cannot_be_stored_is_rejected,
    an_empty_batch_is_nothing,
    the_books_survive_a_restart,
    a_large_batch_is_stored_whole,
    two_writers_of_the_same_messages_store_each_event_once,
    replayed_events_are_booked_as_such,
    an_append_that_is_given_up_anywhere_is_counted_once,
);

fn counts(appended: &Appended) -> (u64, u64, u64) {
    (appended.stored, appended.duplicate, appended.redelivered)
}

async fn an_event_is_stored_once(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let event = hit(&site, 1, 0);
    let first = writer
        .append(&[message(vec![event.clone()])])
        .await
        .unwrap();
    let again = writer
        .append(&[message(vec![event.clone(), hit(&site, 1, 1)])])
        .await
        .unwrap();
    assert_eq!((counts(&first), counts(&again)), ((1, 0, 0), (1, 1, 0)));
    assert_eq!(all(&store).await.len(), 2);
    assert_eq!(
        ask(&place, "select pageviews, events from sessions").await,
        "2|2"
    );
}

async fn duplicates_inside_a_batch_are_found(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let event = hit(&site, 1, 0);
    let batch = [
        message(vec![event.clone(), event.clone()]),
        message(vec![event]),
    ];
    assert_eq!(counts(&writer.append(&batch).await.unwrap()), (1, 2, 0));
    assert_eq!(ask(&place, "select events from sessions").await, "1");
}

async fn two_sites_may_use_the_same_id(place: Place) {
    let store = place.open().await;
    let (a, b) = (site(&store, "a").await, site(&store, "b").await);
    let mut writer = store.writer("w").await.unwrap();
    let one = hit(&a, 1, 0);
    let mut other = hit(&b, 1, 0);
    other.event.id = one.event.id;
    assert_eq!(
        counts(&writer.append(&[message(vec![one, other])]).await.unwrap()),
        (2, 0, 0)
    );
}

async fn a_redelivered_message_changes_nothing(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let first = message(vec![hit(&site, 1, 0), hit(&site, 1, 1)]);
    writer.append(std::slice::from_ref(&first)).await.unwrap();
    // Another worker gets it, together with a new one.
    let mut other = store.writer("v").await.unwrap();
    let appended = other
        .append(&[first, message(vec![hit(&site, 1, 2)])])
        .await
        .unwrap();
    assert_eq!(counts(&appended), (1, 0, 2));
    assert_eq!(ask(&place, "select events from sessions").await, "3");
    assert_eq!(store.books("w").await.unwrap(), [("stored".to_owned(), 2)]);
    let expected = [("redelivered".to_owned(), 2), ("stored".to_owned(), 1)];
    assert_eq!(store.books("v").await.unwrap(), expected);
}

async fn a_message_twice_in_one_batch_is_stored_once(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let message = message(vec![hit(&site, 1, 0)]);
    let appended = writer.append(&[message.clone(), message]).await.unwrap();
    assert_eq!(counts(&appended), (1, 0, 1));
}

async fn dead_letters_are_booked_once(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let message = Message {
        dead_lettered: vec![("unreadable".to_owned(), 2), ("rejected".to_owned(), 1)],
        ..message(vec![hit(&site, 1, 0)])
    };
    let first = writer.append(std::slice::from_ref(&message)).await.unwrap();
    assert_eq!(first.dead_lettered, message.dead_lettered);
    let again = writer.append(&[message]).await.unwrap();
    assert_eq!((counts(&again), again.dead_lettered), ((0, 0, 4), vec![]));
    let expected = [
        ("dead_lettered.rejected".to_owned(), 1),
        ("dead_lettered.unreadable".to_owned(), 2),
        ("redelivered".to_owned(), 4),
        ("stored".to_owned(), 1),
    ];
    assert_eq!(store.books("w").await.unwrap(), expected);
}

/// What the database itself refuses: a rule that only this test makes.
async fn refuse_the_kind(place: &Place, kind: &str) {
    let condition = format!("new.kind = (select id from kinds where name = '{kind}')");
    match &place.keeper {
        crate::support::Keeper::Sqlite(_) => {
            let trigger = format!(
                "create trigger refuse before insert on events when {condition} begin select raise(abort, 'refused'); end"
            );
            ask(place, &trigger).await;
        }
        crate::support::Keeper::Postgres(_) => {
            let function = format!(
                "create function refuse() returns trigger language plpgsql as $$ begin \
                 if {condition} then raise exception 'refused' using errcode = '23514'; end if; return new; end $$; \
                 create trigger refuse before insert on events for each row execute function refuse()"
            );
            ask(place, &function).await;
        }
    }
}

async fn a_rejected_batch_leaves_nothing(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    refuse_the_kind(&place, "poison").await;
    let mut writer = store.writer("w").await.unwrap();
    let mut poison = hit(&site, 1, 1);
    poison.event.kind = "poison".into();
    let good = message(vec![hit(&site, 1, 0)]);
    let bad = message(vec![hit(&site, 2, 0), poison.clone()]);
    let error = writer
        .append(&[good.clone(), bad.clone()])
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Rejected { .. }) && !error.is_retryable(),
        "{error}"
    );
    for table in [
        "events", "sessions", "visits", "batches", "books", "totals", "tallies",
    ] {
        assert_eq!(
            ask(&place, &format!("select count(*) from {table}")).await,
            "0",
            "{table}"
        );
    }
    // The same writer goes on without the poison.
    let rest = Message {
        rows: vec![bad.rows[0].clone()],
        dead_lettered: vec![("rejected".to_owned(), 1)],
        ..bad
    };
    assert_eq!(
        counts(&writer.append(&[good, rest]).await.unwrap()),
        (2, 0, 0)
    );
}

async fn a_probe_leaves_nothing_and_finds_the_fault(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    refuse_the_kind(&place, "poison").await;
    let mut writer = store.writer("w").await.unwrap();
    let mut poison = hit(&site, 1, 1);
    poison.event.kind = "poison".into();
    let good = vec![hit(&site, 1, 0), hit(&site, 2, 0)];
    writer.probe(&good).await.unwrap();
    assert!(matches!(
        writer.probe(&[poison]).await,
        Err(StoreError::Rejected { .. })
    ));
    for table in ["events", "sessions", "visits", "batches", "books"] {
        assert_eq!(
            ask(&place, &format!("select count(*) from {table}")).await,
            "0",
            "{table}"
        );
    }
    assert_eq!(
        counts(&writer.append(&[message(good)]).await.unwrap()),
        (2, 0, 0)
    );
}

async fn what_cannot_be_stored_is_rejected(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let mut check = async |change: &dyn Fn(&mut hgpixel_store::NewEvent), code: &str| {
        let mut event = hit(&site, 1, 0);
        change(&mut event);
        let error = writer.append(&[message(vec![event])]).await.unwrap_err();
        assert!(!error.is_retryable(), "{error}");
        assert_eq!(error.code(), code, "{error}");
    };
    check(&|event| event.event.url = "a\0b".into(), "22021").await;
    check(&|event| event.event.data = "\0".into(), "22021").await;
    check(&|event| event.enriched.browser = "\0".into(), "22021").await;
    check(&|event| event.event.site = 4_711, "23503").await;
    check(&|event| event.event.site = i64::MAX, "23503").await;
    check(&|event| event.event.site = -1, "23503").await;
    check(&|event| event.event.time_ms = i64::MIN, "22003").await;
    check(&|event| event.event.received_ms = i64::MAX, "22003").await;
    check(&|event| event.event.time_ms -= 30 * 24 * 3_600_000, "22003").await;
    assert_eq!(all(&store).await, []);
}

async fn an_empty_batch_is_nothing(place: Place) {
    let store = place.open().await;
    let mut writer = store.writer("w").await.unwrap();
    assert_eq!(writer.append(&[]).await.unwrap(), Appended::default());
    assert_eq!(
        writer.append(&[message(vec![])]).await.unwrap(),
        Appended::default()
    );
}

async fn the_books_survive_a_restart(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    writer
        .append(&[message(vec![hit(&site, 1, 0)])])
        .await
        .unwrap();
    store.close().await;
    let store = place.open().await;
    let mut writer = store.writer("w").await.unwrap();
    writer
        .append(&[message(vec![hit(&site, 1, 1)])])
        .await
        .unwrap();
    assert_eq!(store.books("w").await.unwrap(), [("stored".to_owned(), 2)]);
    assert_eq!(store.books("nobody").await.unwrap(), []);
}

async fn a_large_batch_is_stored_whole(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let rows = |from: i64| -> Vec<_> {
        (from..from + 1_500)
            .map(|n| {
                let mut event = hit(&site, n % 700, n);
                event.event.url = format!("https://example.com/{n}");
                event.event.referrer = format!("https://other.example/{n}");
                event.enriched.referrer_host = "other.example".into();
                event.event.user_agent = format!("agent {}", n % 1_100);
                event.event.user_id = format!("user {}", n % 1_200);
                event
            })
            .collect()
    };
    let batch = [message(rows(0)), message(rows(1_500)), message(rows(3_000))];
    assert_eq!(writer.append(&batch).await.unwrap().stored, 4_500);
    assert_eq!(
        ask(
            &place,
            "select count(*), count(distinct session) from events"
        )
        .await,
        "4500|700"
    );
    assert_eq!(
        ask(&place, "select sum(events), count(*) from sessions").await,
        "4500|700"
    );
    assert_eq!(ask(&place, "select sum(events) from totals").await, "4500");
}

async fn two_writers_of_the_same_messages_store_each_event_once(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let shared: Vec<_> = (0..40).map(|n| hit(&site, n % 3, n * 1_000)).collect();
    let messages: Vec<Message> = (0..40)
        .map(|n| {
            // Every message brings one event of its own and one that all the others of its ten bring too.
            let mut own = hit(&site, n % 3, n * 1_000 + 1);
            own.event.id = assigned_id(NOW_MS + n);
            message(vec![own, shared[usize::try_from(n / 10).unwrap()].clone()])
        })
        .collect();
    let run = async |instance: &str, batch_len: usize| {
        let mut writer = store.writer(instance).await.unwrap();
        let mut sum = Appended::default();
        for batch in messages.chunks(batch_len) {
            let appended = retry(&mut writer, batch).await;
            sum.stored += appended.stored;
            sum.duplicate += appended.duplicate;
            sum.redelivered += appended.redelivered;
        }
        sum
    };
    let (one, other) = tokio::join!(run("one", 3), run("other", 7));
    assert_eq!(one.stored + other.stored, 44);
    assert_eq!(one.duplicate + other.duplicate, 36);
    assert_eq!(one.redelivered + other.redelivered, 80);
    assert_eq!(ask(&place, "select count(*) from events").await, "44");
    assert_eq!(ask(&place, "select sum(events) from sessions").await, "44");
}

/// What the worker does: the same batch again while the database says that it may succeed.
async fn retry(writer: &mut hgpixel_store::Writer, batch: &[Message]) -> Appended {
    loop {
        match writer.append(batch).await {
            Ok(appended) => return appended,
            Err(error) if error.is_retryable() => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn replayed_events_are_booked_as_such(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let replayed = Message {
        replayed: true,
        ..message(vec![hit(&site, 1, 0), hit(&site, 1, 1)])
    };
    let first = writer
        .append(std::slice::from_ref(&replayed))
        .await
        .unwrap();
    assert_eq!((first.stored, first.replayed), (2, 2));
    let again = writer.append(&[replayed]).await.unwrap();
    assert_eq!((again.redelivered, again.replayed), (2, 0));
}

/// Gives the work up after so many polls, unless it is done by then.
async fn polled<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// A deadline may strike anywhere, in the commit too. Whatever the database made of it, the answers to the second tries add up to
/// what the books say and to what is stored.
async fn an_append_that_is_given_up_anywhere_is_counted_once(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let mut answered = 0;
    let mut events = 0;
    let mut given_up = 0;
    // How often an append is polled depends on who is faster; sixty are more than it ever needs.
    for polls in 1..=60 {
        let batch = [message(vec![hit(&site, 1, events), hit(&site, 2, events)])];
        events += 2;
        let appended = if let Some(appended) = polled(polls, writer.append(&batch)).await {
            appended.unwrap()
        } else {
            given_up += 1;
            retry(&mut writer, &batch).await
        };
        assert_eq!(counts(&appended), (2, 0, 0), "given up after {polls} polls");
        answered += appended.stored;
    }
    assert!(given_up > 0);
    assert_eq!(
        store.books("w").await.unwrap(),
        [("stored".to_owned(), answered)]
    );
    assert_eq!(
        ask(&place, "select count(*) from events").await,
        events.to_string()
    );
    assert_eq!(
        ask(&place, "select sum(events) from sessions").await,
        events.to_string()
    );
}
