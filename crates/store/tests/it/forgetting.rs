//! Retention and erasure: what is gone is gone everywhere, and the counts say so.

use hgpixel_store::{
    Actor, AuditAction, Erased, EventStore, NewEvent, Site, SiteSetting, ViewFilter, Whom,
};

use crate::support::{
    DAY_MS, HOUR_MS, Keeper, MINUTE_MS, Place, all, append, ask, for_each_backend, hit, message,
    site, view,
};

for_each_backend!(
    a_site_forgets_after_its_days_and_others_do_not,
    whole_weeks_go_where_every_site_forgets,
    a_user_is_erased_from_every_table,
    a_visitor_is_erased_with_their_sessions,
    whoever_comes_back_after_an_erasure_is_known_again,
);

async fn keep_days(store: &EventStore, site: &Site, days: u32) {
    let sites = store.sites().await.unwrap();
    let mut site = sites.into_iter().find(|one| one.id == site.id).unwrap();
    SiteSetting::RetentionDays
        .set(&mut site, &days.to_string())
        .unwrap();
    let kept = store.change_site(&Actor::command_line(), &site).await;
    kept.unwrap();
}

/// Rows and counts agree.
async fn assert_counts(place: &Place, store: &EventStore, events: usize) {
    assert_eq!(all(store).await.len(), events);
    let page = view(store, ViewFilter::default()).await;
    assert_eq!(page.records_total, events as u64);
    assert_eq!(
        ask(place, "select coalesce(sum(events), 0) from tallies").await,
        events.to_string()
    );
}

async fn a_site_forgets_after_its_days_and_others_do_not(place: Place) {
    let store = place.open().await;
    let (shop, blog) = (site(&store, "shop").await, site(&store, "blog").await);
    let mut rows = Vec::new();
    for days in 0..6 {
        rows.push(hit(&shop, 1, -days * DAY_MS));
        rows.push(hit(&blog, 1, -days * DAY_MS));
    }
    append(&store, rows).await;
    let books = store.books("test").await.unwrap();
    assert_eq!(store.apply_retention().await.unwrap(), 0);
    keep_days(&store, &shop, 3).await;
    // Four days' events stay: today's, which has begun, and three before. With two events go two sessions.
    assert_eq!(store.apply_retention().await.unwrap(), 4);
    assert_counts(&place, &store, 10).await;
    let of_shop = format!("select count(*) from sessions where site = {}", shop.id);
    assert_eq!(ask(&place, &of_shop).await, "4");
    assert_eq!(store.books("test").await.unwrap(), books);
    let entry = store.audit(Some(shop.id), None).await.unwrap().remove(0);
    assert_eq!(
        (entry.action, entry.actor.as_str(), entry.new.as_str()),
        (AuditAction::Retention, "server", "2 events")
    );
    let generation = store.sites().await.unwrap()[1].generation;
    assert_eq!(generation, 3);
    // Nothing is done, and nothing written down, until another day is over.
    assert_eq!(store.apply_retention().await.unwrap(), 0);
    assert_eq!(
        store.audit(Some(shop.id), None).await.unwrap()[0].id,
        entry.id
    );
    place.clock.advance_ms(DAY_MS);
    assert_eq!(store.apply_retention().await.unwrap(), 2);
    assert_counts(&place, &store, 9).await;
}

async fn whole_weeks_go_where_every_site_forgets(place: Place) {
    let store = place.open().await;
    let (shop, blog) = (site(&store, "shop").await, site(&store, "blog").await);
    append(&store, vec![hit(&shop, 1, 0), hit(&blog, 1, 0)]).await;
    let partitions = "select count(*) from pg_inherits where inhparent = 'events'::regclass";
    keep_days(&store, &shop, 10).await;
    place.clock.advance_ms(60 * DAY_MS);
    store.prepare_partitions().await.unwrap();
    let before = match &place.keeper {
        Keeper::Postgres(_) => ask(&place, partitions).await,
        Keeper::Sqlite(_) => String::new(),
    };
    store.apply_retention().await.unwrap();
    assert_counts(&place, &store, 1).await;
    if let Keeper::Postgres(_) = &place.keeper {
        assert_eq!(ask(&place, partitions).await, before, "the blog keeps all");
    }
    keep_days(&store, &blog, 20).await;
    store.apply_retention().await.unwrap();
    assert_counts(&place, &store, 0).await;
    assert_eq!(ask(&place, "select count(*) from sessions").await, "0");
    if let Keeper::Postgres(_) = &place.keeper {
        assert_ne!(ask(&place, partitions).await, before);
    }
}

fn of_user(mut event: NewEvent, user_id: &str) -> NewEvent {
    event.event.user_id = user_id.into();
    event.event.session_id = format!("session of {user_id}");
    event
}

fn rows(site: &Site) -> Vec<NewEvent> {
    let mut rows = Vec::new();
    for n in 0..30 {
        rows.push(of_user(hit(site, 1, -n * HOUR_MS), "anna"));
        rows.push(of_user(hit(site, 2, -n * HOUR_MS), "ben"));
    }
    // Before she logged in, in the same visit.
    rows.push(hit(site, 1, MINUTE_MS));
    rows
}

async fn a_user_is_erased_from_every_table(place: Place) {
    let store = place.open().await;
    let (shop, blog) = (site(&store, "shop").await, site(&store, "blog").await);
    append(&store, rows(&shop)).await;
    append(&store, vec![of_user(hit(&blog, 3, 0), "anna")]).await;
    let anna = Whom::User("anna".to_owned());
    let erase = async || {
        let erased = store.erase(&Actor::command_line(), shop.id, &anna).await;
        erased.unwrap()
    };
    assert_eq!(
        erase().await,
        Erased {
            events: 31,
            sessions: 30
        }
    );
    assert_counts(&place, &store, 31).await;
    let of_shop = format!("where site = {} and", shop.id);
    for (table, column) in [("people", "user_id"), ("people", "session_id")] {
        let left = format!("select count(*) from {table} {of_shop} {column} like '%anna%'");
        assert_eq!(ask(&place, &left).await, "0", "{table}.{column}");
    }
    for table in ["sessions", "visits"] {
        let left = format!("select count(*) from {table} {of_shop} visitor = 1");
        assert_eq!(ask(&place, &left).await, "0", "{table}");
    }
    let blog_knows = "select count(*) from people where user_id = 'anna'";
    assert_eq!(ask(&place, blog_knows).await, "1");
    let sites = store.sites().await.unwrap();
    let shop_now = sites.iter().find(|site| site.id == shop.id).unwrap();
    assert!(shop_now.generation > shop.generation);
    // The log says that, and not who.
    let entry = store.audit(Some(shop.id), None).await.unwrap().remove(0);
    assert_eq!(entry.action, AuditAction::Erase);
    assert!(!format!("{entry:?}").contains("anna"), "{entry:?}");
    assert_eq!(erase().await, Erased::default());
}

async fn a_visitor_is_erased_with_their_sessions(place: Place) {
    let store = place.open().await;
    let shop = site(&store, "shop").await;
    append(&store, rows(&shop)).await;
    let erased = store
        .erase(&Actor::command_line(), shop.id, &Whom::Visitor(2))
        .await;
    assert_eq!(
        erased.unwrap(),
        Erased {
            events: 30,
            sessions: 30
        }
    );
    assert_counts(&place, &store, 31).await;
    let left = "select count(*) from visits where visitor = 2";
    assert_eq!(ask(&place, left).await, "0");
}

/// A writer remembers the numbers of texts: it must not give a new event the emptied row.
async fn whoever_comes_back_after_an_erasure_is_known_again(place: Place) {
    let store = place.open().await;
    let shop = site(&store, "shop").await;
    let mut writer = store.writer("test").await.unwrap();
    let anna = |offset_ms| message(vec![of_user(hit(&shop, 1, offset_ms), "anna")]);
    writer.append(&[anna(0)]).await.unwrap();
    let whom = Whom::User("anna".to_owned());
    let erased = store.erase(&Actor::command_line(), shop.id, &whom).await;
    assert_eq!(erased.unwrap().events, 1);
    writer.append(&[anna(MINUTE_MS)]).await.unwrap();
    let found = ViewFilter {
        user_id: Some("anna".to_owned()),
        ..ViewFilter::default()
    };
    assert_eq!(view(&store, found).await.rows.len(), 1);
    assert_counts(&place, &store, 1).await;
}
