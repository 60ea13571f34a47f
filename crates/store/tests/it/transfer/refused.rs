//! What is refused, before anything was changed.

use hgpixel_config::{SecretUrl, StoreUrl};
use hgpixel_store::{EarlierTransfer, StoreError, Transfer};

use super::{begin, begin_after, transfer};
use crate::support::{Keeper, Place, append, ask, hit, site};

async fn check(from: &Place, to: &Place, said: &str) {
    let error = begin(from, to).await.unwrap_err();
    assert!(error.to_string().contains(said), "{said:?}: {error}");
    assert!(
        matches!(
            error,
            StoreError::Transfer(_) | StoreError::Schema(_) | StoreError::Invalid(_)
        ),
        "{error:?}"
    );
}

/// A store with an event in it.
async fn small() -> Place {
    let place = Place::sqlite().await;
    let store = place.open().await;
    let shop = site(&store, "shop").await;
    append(&store, vec![hit(&shop, 1, 0)]).await;
    store.close().await;
    place
}

async fn tables(place: &Place) -> String {
    ask(
        place,
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace",
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_ways_than_from_sqlite_to_postgresql() {
    let (sqlite, postgres) = (small().await, Place::empty_postgres().await);
    for (from, to) in [
        (&postgres, &sqlite),
        (&sqlite, &sqlite),
        (&postgres, &postgres),
    ] {
        check(from, to, "no other way").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_no_store() {
    let to = Place::empty_postgres().await;
    let from = Place::empty_sqlite();
    let StoreUrl::Sqlite(path) = &from.settings.url else {
        panic!("a file");
    };
    check(&from, &to, "there is no such file").await;
    assert!(!path.exists());
    std::fs::write(path, "this is a text, and longer than SQLite's header, which has a hundred bytes; so it is looked at wholly").unwrap();
    check(&from, &to, "no SQLite file").await;
    std::fs::write(path, "").unwrap();
    check(&from, &to, "no store of hgpixel's").await;
    assert_eq!(tables(&to).await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file() {
    let (from, to) = (small().await, Place::empty_postgres().await);
    let StoreUrl::Sqlite(path) = &from.settings.url else {
        panic!("a file");
    };
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.len() - 4_096;
    bytes[at..at + 8].fill(0xFF);
    std::fs::write(path, bytes).unwrap();
    let error = begin(&from, &to).await.unwrap_err().to_string();
    assert!(
        error.contains("damaged") || error.contains("malformed"),
        "{error}"
    );
    assert_eq!(tables(&to).await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_another_version() {
    let (from, to) = (small().await, Place::empty_postgres().await);
    ask(&from, "delete from schema_versions where version > 3").await;
    check(&from, &to, "hgpixel migrate").await;
    ask(
        &from,
        "insert into schema_versions (version, name, at_ms) values (999, 'later', 0)",
    )
    .await;
    check(&from, &to, "run a later hgpixel").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_somebody_has_open() {
    let (from, to) = (small().await, Place::empty_postgres().await);
    let serving = from.open().await;
    serving.sites().await.unwrap();
    check(&from, &to, "another process has it open").await;
    serving.close().await;
    // And nobody opens it while it is moved.
    let begun = begin(&from, &to).await.unwrap();
    let mut settings = from.settings.clone();
    settings.acquire_timeout_ms = 300;
    let opened = hgpixel_store::EventStore::open(
        &settings,
        from.clock.clone(),
        &prometheus::Registry::new(),
    )
    .await;
    let error = opened.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    begun.run(&|_| ()).await.unwrap();
    from.open().await.sites().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_holds_something() {
    let (from, to) = (small().await, Place::postgres().await);
    let store = to.open().await;
    let shop = site(&store, "other-shop").await;
    append(&store, vec![hit(&shop, 1, 0)]).await;
    store.close().await;
    check(&from, &to, "holds something already (in the tables sites,").await;
    // Also to whoever would begin anew: there is no earlier try to throw away.
    let error = begin_after(&from, &to, EarlierTransfer::Forget).await;
    assert!(matches!(error, Err(StoreError::Transfer(_))));
    assert_eq!(ask(&to, "select key from sites").await, "other-shop");
    to.open().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_moved_to_already() {
    let (from, to) = (small().await, Place::empty_postgres().await);
    transfer(&from, &to).await;
    check(&from, &to, "holds something already").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_another_program() {
    let (from, to) = (small().await, Place::empty_postgres().await);
    ask(
        &to,
        "create table users (name text); insert into users values ('anna')",
    )
    .await;
    check(&from, &to, "in the tables users)").await;
    assert_eq!(tables(&to).await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_from_which_somebody_serves() {
    let (from, to) = (small().await, Place::postgres().await);
    let serving = to.open().await;
    serving.sites().await.unwrap();
    check(&from, &to, "are connected to the database").await;
    serving.close().await;
    transfer(&from, &to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_moves_to_one_database() {
    let (one, other) = (small().await, small().await);
    let to = Place::empty_postgres().await;
    let first = begin(&one, &to).await.unwrap();
    check(&other, &to, "another `hgpixel migrate-store` is at work").await;
    first.run(&|_| ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_said_without_its_password() {
    let (from, mut to) = (small().await, Place::empty_sqlite());
    let port = hgpixel_testkit::free_port();
    to.settings.url = StoreUrl::Postgres(SecretUrl::new(format!(
        "postgres://u:s3cret@127.0.0.1:{port}/d"
    )));
    to.settings.acquire_timeout_ms = 500;
    let error = Transfer::begin(
        &from.settings.url,
        &to.settings,
        &from.clock,
        EarlierTransfer::GoOn,
    )
    .await
    .unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert!(matches!(to.keeper, Keeper::Sqlite(_)));
}
