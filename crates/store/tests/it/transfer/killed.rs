//! A move that is killed goes on where it was, and ends as if nothing had happened.

use std::cell::Cell;

use hgpixel_store::{EarlierTransfer, EventStore, StoreError, Transfer, TransferStep};
use prometheus::Registry;
use tokio::sync::Notify;

use super::picture::Picture;
use super::source::fill;
use super::{begin, begin_after};
use crate::support::{DAY_MS, Place, append, ask, hit, site};

/// Runs until so many batches have arrived or been compared, and is dropped soon after. Tells whether it came to its end before.
async fn run_for(transfer: Transfer, steps: u32) -> bool {
    let (enough, seen) = (Notify::new(), Cell::new(0));
    let progress = |_: TransferStep| {
        seen.set(seen.get() + 1);
        if seen.get() == steps {
            enough.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = enough.notified() => false,
        ended = transfer.run(&progress) => {
            ended.unwrap();
            true
        }
    }
}

async fn open_error(place: &Place) -> StoreError {
    EventStore::open(&place.settings, place.clock.clone(), &Registry::new())
        .await
        .unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_again_and_again_ends_the_same() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    fill(&from, &store, 4).await;
    let before = Picture::of(&store, &from.clock, 4).await;
    store.close().await;
    let (mut tries, mut moved) = (0, 0);
    loop {
        let transfer = begin(&from, &to).await.unwrap().batch_rows(37);
        assert!(transfer.moved() >= moved, "{} < {moved}", transfer.moved());
        assert!(transfer.moved() <= transfer.rows());
        moved = transfer.moved();
        tries += 1;
        if run_for(transfer, 1 + tries * 2).await {
            break;
        }
        // Nobody sees a half of it.
        let error = open_error(&to).await;
        assert!(
            matches!(&error, StoreError::Schema(text) if text.contains("migrate-store")),
            "{error}"
        );
    }
    assert!(tries > 5, "{tries}");
    before.assert_same(&Picture::of(&to.open().await, &to.clock, 4).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changed_in_between_is_noticed() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    let shop = fill(&from, &store, 5).await.site;
    store.close().await;
    let transfer = begin(&from, &to).await.unwrap().batch_rows(37);
    assert!(!run_for(transfer, 20).await);
    // A server serves from it once more.
    let store = from.open().await;
    append(&store, vec![hit(&shop, 99, 0)]).await;
    let before = Picture::of(&store, &from.clock, 5).await;
    store.close().await;
    let error = begin(&from, &to).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Transfer(text) if text.contains("before it changed") && text.contains("--start-over")),
        "{error}"
    );
    let transfer = begin_after(&from, &to, EarlierTransfer::Forget)
        .await
        .unwrap();
    assert_eq!(transfer.moved(), 0);
    transfer.run(&|_| ()).await.unwrap();
    before.assert_same(&Picture::of(&to.open().await, &to.clock, 5).await);
}

/// Salts that move today are too old to tomorrow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_may_go_on_on_another_day() {
    for steps in [1, 8] {
        let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
        let store = from.open().await;
        let shop = site(&store, "shop").await;
        append(&store, vec![hit(&shop, 1, 0), hit(&shop, 2, 0)]).await;
        store.rotate_salts().await.unwrap();
        store.close().await;
        assert!(!run_for(begin(&from, &to).await.unwrap(), steps).await);
        from.clock.advance_ms(2 * DAY_MS);
        let transfer = begin(&from, &to).await.unwrap();
        assert!(transfer.moved() > 0 && transfer.moved() <= transfer.rows());
        transfer.run(&|_| ()).await.unwrap();
        to.clock.advance_ms(2 * DAY_MS);
        let store = to.open().await;
        store.rotate_salts().await.unwrap();
        let today = to.clock.now_ms() / DAY_MS;
        let oldest = ask(&to, "select min(day) from salts").await;
        assert!(oldest.parse::<i64>().unwrap() >= today - 1, "{oldest}");
    }
}

/// An update of the program came between two tries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_that_an_older_program_left_can_be_thrown_away() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    site(&store, "shop").await;
    store.close().await;
    assert!(!run_for(begin(&from, &to).await.unwrap(), 1).await);
    // One that had none of today's tables.
    let undo = "do $$ declare known record; begin \
                for known in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') \
                and not relispartition and relname <> 'hgpixel_transfer' \
                loop execute format('drop table %I', known.relname); end loop; end $$";
    ask(&to, undo).await;
    let anew = begin_after(&from, &to, EarlierTransfer::Forget).await;
    anew.unwrap().run(&|_| ()).await.unwrap();
    assert_eq!(to.open().await.sites().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_store_does_not_go_on_with_it() {
    let (one, other) = (Place::sqlite().await, Place::sqlite().await);
    for (place, key) in [(&one, "one"), (&other, "other")] {
        let store = place.open().await;
        site(&store, key).await;
        store.close().await;
    }
    let to = Place::empty_postgres().await;
    assert!(!run_for(begin(&one, &to).await.unwrap(), 1).await);
    let error = begin(&other, &to).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Transfer(text) if text.contains("another store")),
        "{error}"
    );
    begin(&one, &to).await.unwrap().run(&|_| ()).await.unwrap();
    assert_eq!(ask(&to, "select key from sites").await, "one");
}

/// What the database changes on the way is found, and nobody is served it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_arrive_otherwise_are_found_and_nobody_sees_them() {
    let change = "new.title := 'changed'; return new";
    let lose = "return case when new.id = 2 then null else new end";
    for (table, body, said) in [
        ("pages", change, "they differ first at row 1"),
        ("channels", lose, "they differ first at row 2"),
    ] {
        let (from, to) = (Place::sqlite().await, Place::postgres().await);
        let store = from.open().await;
        fill(&from, &store, 6).await;
        store.close().await;
        let trigger = format!(
            "create function meddle() returns trigger language plpgsql as $$ begin {body}; end $$; \
             create trigger meddle before insert on {table} for each row execute function meddle()"
        );
        ask(&to, &trigger).await;
        let error = begin(&from, &to).await.unwrap().run(&|_| ()).await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains(&format!("table {table} has not arrived")) && error.contains(said),
            "{error}"
        );
        assert!(matches!(open_error(&to).await, StoreError::Schema(_)));
        // The row is there, but not as it was: no other try may take it for moved.
        let again = begin(&from, &to).await.unwrap();
        assert_eq!(again.moved(), again.rows());
        again.run(&|_| ()).await.unwrap_err();
        ask(&to, &format!("drop trigger meddle on {table}")).await;
        let anew = begin_after(&from, &to, EarlierTransfer::Forget).await;
        anew.unwrap().run(&|_| ()).await.unwrap();
        to.open().await;
    }
}
