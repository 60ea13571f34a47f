//! Whose file it is, and what outlives a run.

use hgpixel_config::QueueUrl;
use hgpixel_event::EncodedBatch;
use hgpixel_queue::{DeadLetters, EventQueue, QueueError};
use prometheus::Registry;

use crate::bench::{Bench, kinds, publish, receive, settle, soon};

#[tokio::test]
async fn a_second_owner_is_refused_in_one_line_and_the_next_one_is_not() {
    let bench = Bench::local();
    let queue = bench.open().await;
    let refused = EventQueue::open(&bench.settings, &Registry::new())
        .await
        .unwrap_err();
    assert!(matches!(refused, QueueError::InUse { .. }), "{refused:?}");
    let line = refused.to_string();
    assert!(line.contains("queue.db") && !line.contains('\n'), "{line}");
    queue.close().await;
    bench.open().await;
}

#[tokio::test]
async fn a_second_consumer_is_refused_while_the_first_lives() {
    let bench = Bench::local();
    let queue = bench.open().await;
    let first = queue.consume().await.unwrap();
    assert_eq!(queue.consume().await.unwrap_err(), QueueError::Consumed);
    drop(first);
    queue.consume().await.unwrap();
}

#[tokio::test]
async fn events_accepted_are_counted_over_every_run() {
    let bench = Bench::local();
    let queue = bench.open().await;
    assert_eq!(queue.accepted_before(), 0);
    let three = EncodedBatch::encode(&vec![hgpixel_event::Event::default(); 3]);
    soon(queue.publish(three)).await.unwrap();
    publish(&queue, "a").await;
    let mut consumer = queue.consume().await.unwrap();
    let first = receive(&mut consumer).await;
    settle(&mut consumer, &[first]).await;
    drop(consumer);
    queue.close().await;

    let queue = bench.open().await;
    assert_eq!(queue.accepted_before(), 4);
    assert_eq!(queue.state().borrow().depth_batches, Some(1));
    let mut consumer = queue.consume().await.unwrap();
    let second = receive(&mut consumer).await;
    assert_eq!(
        (kinds(&second), second.redelivered),
        (vec!["a".to_owned()], true)
    );
}

#[tokio::test]
async fn a_file_of_something_else_is_left_alone() {
    let mut bench = Bench::local();
    let path = bench.folder().join("other.db");
    bench.settings.url = QueueUrl::Local(path.clone());
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql("create table people (name text)")
        .execute(&other)
        .await
        .unwrap();
    other.close().await;
    let before = std::fs::read(&path).unwrap();
    let error = EventQueue::open(&bench.settings, &Registry::new())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("something else"), "{error}");
    let after = std::fs::read(&path).unwrap();
    assert!(before[100..] == after[100..], "its pages are untouched");
}

#[tokio::test]
async fn a_file_that_does_not_exist_holds_no_dead_letters() {
    let bench = Bench::local();
    let mut dead = DeadLetters::open(&bench.settings).await.unwrap();
    assert_eq!(dead.list(10).await.unwrap(), []);
    assert_eq!(dead.replay(10).await.unwrap(), 0);
    assert_eq!(dead.purge().await.unwrap(), 0);
    assert!(!bench.folder().join("queue.db").exists());
}
