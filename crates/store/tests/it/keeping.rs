//! Sites, salts, the leader's work, and what is forgotten.

use hgpixel_event::assigned_id;
use hgpixel_store::{EventStore, StoreError};
use prometheus::Registry;

use crate::support::{
    DAY_MS, HOUR_MS, Keeper, NOW_MS, Place, append, ask, for_each_backend, hit, message, site,
    site_key,
};

for_each_backend!(
    a_site_is_added_once,
    hits_create_sites_up_to_a_limit,
    a_snapshot_has_what_ingest_needs,
    snapshots_of_two_processes_agree,
    salts_are_made_ahead_and_forgotten,
    old_rows_are_pruned,
    one_process_leads,
    partitions_are_made_ahead,
    events_of_any_time_find_a_place,
    readiness_follows_the_database,
    metrics_begin_at_zero,
);

const TODAY: i64 = NOW_MS / DAY_MS;

async fn a_site_is_added_once(place: Place) {
    let store = place.open().await;
    let first = store
        .add_site(&site_key("example.com"), "Example")
        .await
        .unwrap();
    place.clock.advance_ms(1);
    let again = store
        .add_site(&site_key("example.com"), "Other")
        .await
        .unwrap();
    assert_eq!(
        (first.name.as_str(), first.created_ms, &first),
        ("Example", NOW_MS, &again)
    );
    let named_by_key = store.add_site(&site_key("a"), "").await.unwrap();
    assert_eq!(named_by_key.name, "a");
    assert_eq!(store.sites().await.unwrap(), [named_by_key, first]);
}

async fn hits_create_sites_up_to_a_limit(place: Place) {
    let store = place.open().await;
    let keys: Vec<_> = (0..20).map(|n| site_key(&format!("site-{n}"))).collect();
    let created =
        futures_util::future::join_all(keys.iter().map(|key| store.create_site_from_hit(key, 5)))
            .await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 5);
    assert!(
        created
            .iter()
            .filter_map(|created| created.as_ref().err())
            .all(|error| matches!(error, StoreError::SitesLimit(5)))
    );
    let known = store.sites().await.unwrap();
    assert_eq!(known.len(), 5);
    assert_eq!(
        store.create_site_from_hit(&known[0].key, 5).await.unwrap(),
        known[0]
    );
    // The limit is for hits; people may add as many as they like.
    store.add_site(&site_key("more"), "").await.unwrap();
}

async fn a_snapshot_has_what_ingest_needs(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.sites.get("a"), Some(&site));
    assert_eq!(snapshot.salt(NOW_MS).map(|salt| salt.day), Some(TODAY));
    assert_eq!(snapshot.salt(NOW_MS + DAY_MS), None);
    assert_ne!(snapshot.secret, [0; 32]);
    assert_eq!(store.snapshot().await.unwrap(), snapshot);
    // No secret is shown.
    let shown = format!(
        "Snapshot {{ sites: 1, salts: [DailySalt {{ day: {TODAY}, .. }}], senders: 0, .. }}"
    );
    assert_eq!(format!("{snapshot:?}"), shown);
}

async fn snapshots_of_two_processes_agree(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let (first, second) = tokio::join!(one.snapshot(), other.snapshot());
    assert_eq!(first.unwrap(), second.unwrap());
}

async fn salts_are_made_ahead_and_forgotten(place: Place) {
    let store = place.open().await;
    let days = async || -> Vec<i64> {
        store
            .snapshot()
            .await
            .unwrap()
            .salts
            .iter()
            .map(|salt| salt.day)
            .collect()
    };
    store.rotate_salts().await.unwrap();
    assert_eq!(days().await, [TODAY, TODAY + 1]);
    let tomorrow = store.snapshot().await.unwrap().salts[1].clone();
    place.clock.advance_ms(DAY_MS);
    store.rotate_salts().await.unwrap();
    assert_eq!(days().await, [TODAY, TODAY + 1, TODAY + 2]);
    assert_eq!(
        store.snapshot().await.unwrap().salt(place.clock.now_ms()),
        Some(&tomorrow)
    );
    place.clock.advance_ms(DAY_MS);
    store.rotate_salts().await.unwrap();
    assert_eq!(
        ask(&place, "select min(day), count(*) from salts").await,
        format!("{}|3", TODAY + 1)
    );
}

async fn old_rows_are_pruned(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![hit(&site, 1, 0)]).await;
    place.clock.advance_ms(47 * HOUR_MS);
    append(&store, vec![hit(&site, 2, 47 * HOUR_MS)]).await;
    assert_eq!(store.prune().await.unwrap(), 0);
    place.clock.advance_ms(HOUR_MS + 1);
    assert_eq!(store.prune().await.unwrap(), 2);
    assert_eq!(ask(&place, "select count(*) from batches").await, "1");
    assert_eq!(ask(&place, "select visitor from visits").await, "2");
    assert_eq!(ask(&place, "select count(*) from events").await, "2");
}

async fn one_process_leads(place: Place) {
    let (one, other) = (place.open().await, place.open().await);
    let mut first = one.try_lead().await.unwrap().expect("nobody leads yet");
    assert!(first.is_held().await);
    if matches!(place.keeper, Keeper::Postgres(_)) {
        assert!(other.try_lead().await.unwrap().is_none());
        first.resign().await;
        let mut second = other
            .try_lead()
            .await
            .unwrap()
            .expect("the first has resigned");
        assert!(second.is_held().await);
        // Who loses the connection loses the lock, and hears of it.
        ask(
            &place,
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' \
             and database = (select oid from pg_database where datname = current_database())",
        )
        .await;
        assert!(!second.is_held().await);
        assert!(one.try_lead().await.unwrap().is_some());
    }
}

async fn partitions_are_made_ahead(place: Place) {
    let store = place.open().await;
    if let Keeper::Postgres(_) = &place.keeper {
        let partitions = "select count(*) from pg_inherits where inhparent = 'events'::regclass";
        // Last week, this week, four ahead, and the default.
        assert_eq!(ask(&place, partitions).await, "7");
        place.clock.advance_ms(7 * DAY_MS);
        let (one, other) = tokio::join!(store.prepare_partitions(), store.prepare_partitions());
        one.unwrap();
        other.unwrap();
        assert_eq!(ask(&place, partitions).await, "8");
        let site = site(&store, "a").await;
        append(&store, vec![hit(&site, 1, 0), hit(&site, 1, 20 * DAY_MS)]).await;
        assert_eq!(
            ask(&place, "select count(*) from events_default").await,
            "0"
        );
    } else {
        store.prepare_partitions().await.unwrap();
    }
}

async fn events_of_any_time_find_a_place(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let with_id = |id, offset_ms| {
        let mut event = hit(&site, 1, offset_ms);
        event.event.id = id;
        event
    };
    let far_ms = NOW_MS + 60 * DAY_MS;
    append(
        &store,
        vec![
            with_id(uuid::Uuid::max(), 0),
            with_id(uuid::Uuid::nil(), 1),
            with_id(assigned_id(far_ms), 2),
        ],
    )
    .await;
    assert_eq!(crate::support::all(&store).await.len(), 3);
    // A partition for rows that the default one already holds cannot be made; that is no reason to stop.
    place.clock.advance_ms(60 * DAY_MS);
    store.prepare_partitions().await.unwrap();
    assert_eq!(crate::support::all(&store).await.len(), 3);
}

async fn readiness_follows_the_database(place: Place) {
    let registry = Registry::new();
    let store = EventStore::open(&place.settings, place.clock.clone(), &registry)
        .await
        .unwrap();
    let up = || {
        let families = registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "hgpixel_store_up")
            .unwrap();
        family.get_metric()[0].get_gauge().get_value()
    };
    store.ping().await.unwrap();
    assert!(up() > 0.5);
    store.close().await;
    let error = store.ping().await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(up() < 0.5);
}

async fn metrics_begin_at_zero(place: Place) {
    let registry = Registry::new();
    let store = EventStore::open(&place.settings, place.clock.clone(), &registry)
        .await
        .unwrap();
    let batches = || {
        let families = registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "hgpixel_store_batch_seconds")
            .unwrap();
        family.get_metric()[0].get_histogram().get_sample_count()
    };
    assert_eq!(batches(), 0);
    let mut writer = store.writer("w").await.unwrap();
    let site = site(&store, "a").await;
    writer
        .append(&[message(vec![hit(&site, 1, 0)])])
        .await
        .unwrap();
    assert_eq!(batches(), 1);
}
