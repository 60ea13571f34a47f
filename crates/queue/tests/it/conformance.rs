//! What both backends promise: one suite, run on each.

use std::collections::BTreeSet;

use hgpixel_queue::{DeadLetter, DeadLetters, DeliveryTag, PublishError, Reason};
use uuid::Uuid;

use crate::bench::{
    Bench, batch, expect_nothing, kinds, large_batch, publish, receive, receive_kinds, settle, soon,
};

macro_rules! on_every_backend {
    ($($test:ident),* $(,)?) => {
        mod local {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Bench::local()).await; })*
        }
        mod amqp {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Bench::amqp().await).await; })*
        }
    };
}

on_every_backend!(
    a_batch_arrives_byte_for_byte,
    batches_arrive_in_order,
    unsettled_batches_come_back_after_reopening,
    settled_batches_do_not_come_back,
    a_dropped_consumer_gives_back_what_it_has_not_settled,
    a_pause_gives_back_what_is_not_settled,
    tags_from_before_a_pause_settle_nothing,
    next_can_be_cancelled_without_loss,
    many_publishers_at_once_lose_nothing,
    a_batch_of_the_largest_size_arrives,
    bytes_in_flight_are_bounded,
    closing_finishes_what_was_taken_and_refuses_the_rest,
    the_depth_is_known,
    dead_letters_are_listed_replayed_and_purged,
    replayed_letters_arrive_as_batches_with_new_ids,
    the_books_of_publishing_are_kept,
    the_state_tells_whether_a_consumer_receives,
);

async fn a_batch_arrives_byte_for_byte(bench: Bench) {
    let queue = bench.open().await;
    let sent = batch("pageview ☃ \u{2028}");
    soon(queue.publish(sent.clone())).await.unwrap();
    let mut consumer = queue.consume().await.unwrap();
    let delivery = receive(&mut consumer).await;
    assert_eq!(delivery.body, sent.bytes);
    assert_eq!(delivery.events, 1);
    assert_eq!(delivery.id.get_version_num(), 7);
    assert!(!delivery.redelivered && !delivery.replayed);
}

async fn batches_arrive_in_order(bench: Bench) {
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    let sent: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for kind in &sent[..200] {
        publish(&queue, kind).await;
    }
    let mut received = Vec::new();
    while received.len() < sent.len() {
        if received.len() == 150 {
            for kind in &sent[200..] {
                publish(&queue, kind).await;
            }
        }
        let delivery = receive(&mut consumer).await;
        received.extend(kinds(&delivery));
        settle(&mut consumer, &[delivery]).await;
    }
    assert_eq!(received, sent);
}

async fn unsettled_batches_come_back_after_reopening(bench: Bench) {
    let queue = bench.open().await;
    for kind in ["a", "b"] {
        publish(&queue, kind).await;
    }
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    receive(&mut consumer).await;
    drop(consumer);
    queue.close().await;

    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    let again = receive(&mut consumer).await;
    assert_eq!((again.id, &again.body), (first.id, &first.body));
    assert!(again.redelivered);
    assert!(receive(&mut consumer).await.redelivered);
}

async fn settled_batches_do_not_come_back(bench: Bench) {
    let queue = bench.open().await;
    for kind in ["a", "b", "c"] {
        publish(&queue, kind).await;
    }
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    receive(&mut consumer).await;
    let third = receive(&mut consumer).await;
    settle(&mut consumer, &[third, first]).await;
    drop(consumer);
    queue.close().await;

    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["b"]);
    expect_nothing(&mut consumer).await;
}

async fn a_dropped_consumer_gives_back_what_it_has_not_settled(bench: Bench) {
    let queue = bench.open().await;
    publish(&queue, "a").await;
    let mut consumer = queue.consume().await.unwrap();
    receive(&mut consumer).await;
    drop(consumer);

    let mut consumer = queue.consume().await.unwrap();
    let again = receive(&mut consumer).await;
    assert_eq!(kinds(&again), ["a"]);
    assert!(again.redelivered);
}

async fn a_pause_gives_back_what_is_not_settled(bench: Bench) {
    let queue = bench.open().await;
    for kind in ["a", "b"] {
        publish(&queue, kind).await;
    }
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    let second = receive(&mut consumer).await;
    settle(&mut consumer, &[first]).await;
    soon(consumer.pause()).await;
    publish(&queue, "c").await;
    expect_nothing(&mut consumer).await;

    soon(consumer.resume()).await.unwrap();
    let again = receive(&mut consumer).await;
    assert_eq!((again.id, again.redelivered), (second.id, true));
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["c"]);
}

async fn tags_from_before_a_pause_settle_nothing(bench: Bench) {
    let queue = bench.open().await;
    publish(&queue, "a").await;
    let mut consumer = queue.consume().await.unwrap();
    let before = receive(&mut consumer).await;
    soon(consumer.pause()).await;
    soon(consumer.resume()).await.unwrap();
    settle(&mut consumer, &[before]).await;
    receive(&mut consumer).await;
    drop(consumer);
    let mut consumer = queue.consume().await.unwrap();
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["a"]);
}

async fn next_can_be_cancelled_without_loss(bench: Bench) {
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    let publisher = async {
        for number in 0..50 {
            publish(&queue, number).await;
        }
    };
    let receiver = async {
        let mut received = Vec::new();
        while received.len() < 50 {
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                delivery = consumer.next() => received.extend(kinds(&delivery.unwrap())),
            }
            // Every other time the future is dropped while it waits.
            if let Ok(delivery) =
                tokio::time::timeout(std::time::Duration::from_micros(300), consumer.next()).await
            {
                received.extend(kinds(&delivery.unwrap()));
            }
        }
        received
    };
    let ((), received) = soon(async { tokio::join!(publisher, receiver) }).await;
    let sent: Vec<String> = (0..50).map(|number: i32| number.to_string()).collect();
    assert_eq!(received, sent);
}

async fn many_publishers_at_once_lose_nothing(bench: Bench) {
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    let tasks = tokio_util::task::TaskTracker::new();
    for publisher in 0..16 {
        let queue = queue.clone();
        tasks.spawn(async move {
            for number in 0..50 {
                publish(&queue, format!("{publisher}/{number}")).await;
            }
        });
    }
    let mut received = BTreeSet::new();
    while received.len() < 800 {
        let delivery = receive(&mut consumer).await;
        for kind in kinds(&delivery) {
            assert!(received.insert(kind.clone()), "{kind} came twice");
        }
        settle(&mut consumer, &[delivery]).await;
    }
    tasks.close();
    soon(tasks.wait()).await;
    expect_nothing(&mut consumer).await;
}

async fn a_batch_of_the_largest_size_arrives(bench: Bench) {
    let queue = bench.open().await;
    let sent = large_batch(hgpixel_event::limits::BATCH_BYTES_MAX);
    soon(queue.publish(sent.clone())).await.unwrap();
    let mut consumer = queue.consume().await.unwrap();
    assert!(receive(&mut consumer).await.body == sent.bytes);
}

async fn bytes_in_flight_are_bounded(mut bench: Bench) {
    bench.settings.inflight_bytes_max = 10_000;
    let queue = bench.open().await;
    let refused = soon(queue.publish(large_batch(10_000))).await;
    let reason = Reason::Busy;
    assert_eq!(refused, Err(PublishError::Refused { reason }));
    soon(queue.publish(large_batch(9_000))).await.unwrap();
    soon(queue.publish(large_batch(9_000))).await.unwrap();
}

async fn closing_finishes_what_was_taken_and_refuses_the_rest(bench: Bench) {
    let queue = bench.open().await;
    let tasks = tokio_util::task::TaskTracker::new();
    let mut outcomes = Vec::new();
    for number in 0..40 {
        let queue = queue.clone();
        outcomes.push(tasks.spawn(async move { (number, queue.publish(batch(number)).await) }));
    }
    let other = queue.clone();
    soon(queue.close()).await;
    let reason = Reason::Closed;
    assert_eq!(
        soon(other.publish(batch("late"))).await,
        Err(PublishError::Refused { reason })
    );
    let mut accepted = BTreeSet::new();
    for outcome in outcomes {
        let (number, outcome) = soon(outcome).await.unwrap();
        match outcome {
            Ok(()) => drop(accepted.insert(number.to_string())),
            Err(error) => assert!(
                matches!(error, PublishError::Refused { .. }),
                "{number}: {error}"
            ),
        }
    }
    let queue = bench.open().await;
    let mut consumer = queue.consume().await.unwrap();
    let received = receive_kinds(&mut consumer, accepted.len()).await;
    assert_eq!(received.into_iter().collect::<BTreeSet<_>>(), accepted);
    expect_nothing(&mut consumer).await;
}

async fn the_depth_is_known(bench: Bench) {
    let queue = bench.open().await;
    for number in 0..3 {
        publish(&queue, number).await;
    }
    let mut state = queue.state();
    soon(state.wait_for(|state| state.depth_batches == Some(3)))
        .await
        .unwrap();
    let mut consumer = queue.consume().await.unwrap();
    for _ in 0..3 {
        let delivery = receive(&mut consumer).await;
        settle(&mut consumer, &[delivery]).await;
    }
    soon(state.wait_for(|state| state.depth_batches == Some(0)))
        .await
        .unwrap();
}

fn letter(kind: &str) -> DeadLetter {
    let text = String::from_utf8(batch(kind).bytes).unwrap();
    DeadLetter {
        id: Uuid::now_v7(),
        reason: "23514".into(),
        detail: format!("a check failed for {kind} ☃"),
        at_ms: 1_790_000_000_123,
        line: text.lines().nth(1).unwrap().to_owned(),
    }
}

async fn dead_letters_are_listed_replayed_and_purged(bench: Bench) {
    let queue = bench.open().await;
    let letters = [letter("a"), letter("b"), letter("c")];
    for letter in &letters {
        soon(queue.dead_letter(letter)).await.unwrap();
    }
    // They are no deliveries.
    let mut consumer = queue.consume().await.unwrap();
    expect_nothing(&mut consumer).await;

    let mut dead = soon(DeadLetters::open(&bench.settings)).await.unwrap();
    assert_eq!(soon(dead.list(2)).await.unwrap(), letters[..2]);
    assert_eq!(soon(dead.list(9)).await.unwrap(), letters);
    assert_eq!(soon(dead.replay(1)).await.unwrap(), 1);
    assert_eq!(receive_kinds(&mut consumer, 1).await, ["a"]);
    assert_eq!(soon(dead.list(9)).await.unwrap(), letters[1..]);
    assert_eq!(soon(dead.purge()).await.unwrap(), 2);
    assert_eq!(soon(dead.list(9)).await.unwrap(), []);
    assert_eq!(soon(dead.replay(9)).await.unwrap(), 0);
    expect_nothing(&mut consumer).await;
}

async fn replayed_letters_arrive_as_batches_with_new_ids(bench: Bench) {
    let queue = bench.open().await;
    let mut letters: Vec<DeadLetter> = ["a", "b"].map(letter).into();
    // An event that was no event, and one that was too late for its partition.
    letters[1].line = "not an event".into();
    for letter in &letters {
        soon(queue.dead_letter(letter)).await.unwrap();
    }
    let mut dead = soon(DeadLetters::open(&bench.settings)).await.unwrap();
    assert_eq!(soon(dead.replay(usize::MAX)).await.unwrap(), 2);

    let mut consumer = queue.consume().await.unwrap();
    let delivery = receive(&mut consumer).await;
    assert_eq!(kinds(&delivery), ["a", "not an event"]);
    assert_eq!((delivery.events, delivery.replayed), (2, true));
    assert!(letters.iter().all(|letter| letter.id != delivery.id));
    settle(&mut consumer, &[delivery]).await;
    expect_nothing(&mut consumer).await;
}

async fn the_books_of_publishing_are_kept(bench: Bench) {
    let registry = prometheus::Registry::new();
    let queue = hgpixel_queue::EventQueue::open(&bench.settings, &registry)
        .await
        .unwrap();
    crate::bench::wait_until_up(&queue).await;
    publish(&queue, "a").await;
    let mut consumer = queue.consume().await.unwrap();
    let delivery = receive(&mut consumer).await;
    settle(&mut consumer, std::slice::from_ref(&delivery)).await;
    let foreign = DeliveryTag::from(&delivery);
    soon(consumer.settle(&[foreign])).await.unwrap();

    let text = prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    for line in [
        "hgpixel_queue_publish_results_total{result=\"ok\"} 1",
        "hgpixel_queue_publish_results_total{result=\"blocked\"} 0",
        "hgpixel_queue_batch_events_count 1",
        "hgpixel_queue_publish_seconds_count 1",
        "hgpixel_queue_deliveries_total{redelivered=\"false\"} 1",
        "hgpixel_queue_up 1",
        "hgpixel_queue_corrupt_total 0",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

async fn the_state_tells_whether_a_consumer_receives(bench: Bench) {
    let queue = bench.open().await;
    let mut state = queue.state();
    assert!(!state.borrow().receiving);
    let mut consumer = queue.consume().await.unwrap();
    soon(state.wait_for(|state| state.receiving)).await.unwrap();
    soon(consumer.pause()).await;
    soon(state.wait_for(|state| !state.receiving))
        .await
        .unwrap();
    soon(consumer.resume()).await.unwrap();
    soon(state.wait_for(|state| state.receiving)).await.unwrap();
    drop(consumer);
    soon(state.wait_for(|state| !state.receiving))
        .await
        .unwrap();
}
