//! A store that was moved answers as it did before, goes on where it was, and is there wholly or not at all.

mod killed;
mod picture;
mod refused;
mod source;

use std::cell::Cell;

use hgpixel_event::assigned_id;
use hgpixel_store::{
    EarlierTransfer, EventStore, Grant, Role, StoreError, Transfer, TransferStep, TransferredTable,
};

use crate::support::{
    DAY_MS, MINUTE_MS, NOW_MS, Place, all, append, ask, hit, message, site, site_key,
};
use picture::Picture;
use source::{Filled, fill};

async fn begin(from: &Place, to: &Place) -> Result<Transfer, StoreError> {
    begin_after(from, to, EarlierTransfer::GoOn).await
}

async fn begin_after(
    from: &Place,
    to: &Place,
    earlier: EarlierTransfer,
) -> Result<Transfer, StoreError> {
    Transfer::begin(&from.settings.url, &to.settings, &from.clock, earlier).await
}

/// Moves everything, and checks what the move says of itself.
async fn transfer(from: &Place, to: &Place) -> Vec<TransferredTable> {
    let transfer = begin(from, to).await.unwrap();
    let (rows, copied, compared) = (transfer.rows(), Cell::new(0), Cell::new(0));
    assert_eq!(transfer.moved(), 0);
    let tables = transfer
        .run(&|step| match step {
            TransferStep::Copied(rows) => copied.set(copied.get() + rows),
            TransferStep::Compared(rows) => compared.set(compared.get() + rows),
        })
        .await
        .unwrap();
    let summed: u64 = tables.iter().map(|table| table.checksum.rows).sum();
    assert_eq!(
        (copied.get(), compared.get(), summed),
        (rows, rows, rows),
        "rows copied, compared, summed up"
    );
    tables
}

fn rows_of(tables: &[TransferredTable], name: &str) -> u64 {
    let found = tables.iter().find(|table| table.name == name);
    found.unwrap().checksum.rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_store_answers_as_before() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    let filled = fill(&from, &store, 1).await;
    let before = Picture::of(&store, &from.clock, 1).await;
    store.close().await;
    let tables = transfer(&from, &to).await;
    let all = |table: &TransferredTable| table.checksum.rows > 0;
    assert!(tables.iter().all(all), "{tables:?}");
    assert!(rows_of(&tables, "rollups") > 100, "{tables:?}");
    let store = to.open().await;
    let after = Picture::of(&store, &to.clock, 1).await;
    before.assert_same(&after);
    // Counted days are as their events say, on this database too.
    let sites = store.sites().await.unwrap();
    let site = sites.iter().find(|site| site.id == filled.site.id).unwrap();
    for day in store.rollups_waiting(site, true).await.unwrap() {
        assert_ne!(store.check_rollup(site, day).await.unwrap(), Some(false));
    }
    // Weeks of old events can be dropped whole; there is none for 1970.
    assert_eq!(ask(&to, "select count(*) from events_default").await, "1");
    assert_eq!(ask(&to, "select count(*) from salts").await, "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_again_after_the_move_is_known() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    let Filled { message: known, .. } = fill(&from, &store, 2).await;
    let books = store.books("one").await.unwrap();
    store.close().await;
    transfer(&from, &to).await;

    let store = to.open().await;
    let before = all(&store).await.len();
    let mut writer = store.writer("one").await.unwrap();
    let events = known.rows.len() as u64;
    let redelivered = writer.append(std::slice::from_ref(&known)).await.unwrap();
    assert_eq!((redelivered.stored, redelivered.redelivered), (0, events));
    let sent_again = writer.append(&[message(known.rows)]).await.unwrap();
    assert_eq!((sent_again.stored, sent_again.duplicate), (0, events));
    assert_eq!(all(&store).await.len(), before);
    // The books count on.
    let count = |books: &[(String, u64)], account: &str| {
        let found = books.iter().find(|(name, _)| name == account);
        found.map_or(0, |(_, events)| *events)
    };
    let now = store.books("one").await.unwrap();
    assert_eq!(count(&now, "stored"), count(&books, "stored"));
    assert_eq!(
        count(&now, "duplicate"),
        count(&books, "duplicate") + events
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_goes_on() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    let Filled {
        site: shop,
        cookie,
        token,
        last_user,
        ..
    } = fill(&from, &store, 3).await;
    append(&store, vec![hit(&shop, 7_777, 0)]).await;
    let number = format!(
        "select session from sessions where site = {} and visitor = 7777",
        shop.id
    );
    let session = ask(&from, &number).await;
    let sites = store.sites().await.unwrap();
    store.close().await;
    transfer(&from, &to).await;

    let store = to.open().await;
    // A visit.
    append(&store, vec![hit(&shop, 7_777, MINUTE_MS)]).await;
    assert_eq!(ask(&to, &number).await, session);
    // Another visit has a number of its own, though another writer gives it.
    append(&store, vec![hit(&shop, 8_888, MINUTE_MS)]).await;
    // A login and a token.
    assert!(store.login_session(&cookie).await.unwrap().is_some());
    assert!(store.token(&token).await.unwrap().is_some());
    // Numbers: the one of whoever was removed is not given again.
    let email = "new@example.com".parse().unwrap();
    let grant = Grant::Site(shop.id, Role::Viewer);
    let me = hgpixel_store::Actor::command_line();
    let authority = hgpixel_store::Authority::Server;
    let invited = store.invite(&me, &authority, &email, grant).await.unwrap();
    assert!(invited.user.id > last_user, "{}", invited.user.id);
    let added = store.add_site(&site_key("brand-new"), "").await.unwrap();
    assert!(sites.iter().all(|site| site.id < added.id));
    // New texts.
    let mut event = hit(&shop, 9, 2 * MINUTE_MS);
    event.event.url = "https://example.com/never-seen".into();
    event.event.title = "never seen".into();
    append(&store, vec![event]).await;
    let rows = all(&store).await;
    let url = rows.iter().find(|row| row.title == "never seen");
    assert_eq!(url.unwrap().url, "https://example.com/never-seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_store_moves_too() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let tables = transfer(&from, &to).await;
    assert!(tables.iter().all(|table| table.checksum.rows == 0));
    let store = to.open().await;
    let site = site(&store, "first").await;
    append(&store, vec![hit(&site, 1, 0)]).await;
    assert_eq!(all(&store).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_fleet_makes_when_it_starts_gives_way() {
    let (from, to) = (Place::sqlite().await, Place::postgres().await);
    let store = from.open().await;
    let secret = store.snapshot().await.unwrap().secret;
    store.close().await;
    // An ingest, a worker and a leader came up before.
    let early = to.open().await;
    assert_ne!(early.snapshot().await.unwrap().secret, secret);
    early.rotate_salts().await.unwrap();
    early.writer("early").await.unwrap();
    early.close().await;
    transfer(&from, &to).await;
    assert_eq!(to.open().await.snapshot().await.unwrap().secret, secret);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_years_get_the_partitions_of_their_weeks() {
    let (from, to) = (Place::sqlite().await, Place::empty_postgres().await);
    let store = from.open().await;
    let shop = site(&store, "shop").await;
    for days in [1, 40, 400, 800] {
        let mut event = hit(&shop, days, -days * DAY_MS);
        event.event.id = assigned_id(event.event.time_ms);
        append(&store, vec![event]).await;
    }
    // Ids that no clock can have made go where such ids always go.
    let mut odd = hit(&shop, 1, 0);
    odd.event.id = assigned_id(NOW_MS + 900 * DAY_MS);
    append(&store, vec![odd]).await;
    store.close().await;
    transfer(&from, &to).await;
    assert_eq!(ask(&to, "select count(*) from events_default").await, "1");
    // Those that a leader makes ahead, and of the past those that are needed.
    let weeks = ask(
        &to,
        "select count(*) from pg_class where relkind = 'r' and relname like 'events\\_week\\_%'",
    );
    let ahead = i64::from(from.settings.partition_weeks_ahead);
    assert_eq!(weeks.await, (1 + 1 + ahead + 3).to_string());
    let store: EventStore = to.open().await;
    assert_eq!(all(&store).await.len(), 5);
}
