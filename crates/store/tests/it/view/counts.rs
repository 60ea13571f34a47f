//! How many there are.

use hgpixel_store::{VIEW_COUNT_MAX, ViewFilter};

use crate::support::{
    DAY_MS, HOUR_MS, NOW_MS, Place, append, for_each_backend, hit, message, site, view,
};

for_each_backend!(counting_stops_and_says_so, site_counts_tell_what_arrived,);

async fn counting_stops_and_says_so(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let count = i64::try_from(VIEW_COUNT_MAX).unwrap();
    let rows: Vec<_> = (0..=count).map(|n| hit(&site, n % 9, n)).collect();
    for part in rows.chunks(5_000) {
        writer.append(&[message(part.to_vec())]).await.unwrap();
    }
    let url = ViewFilter {
        url: Some("https://example.com/".into()),
        ..ViewFilter::default()
    };
    let page = view(&store, url.clone()).await;
    assert_eq!(
        (page.records_total, page.records_filtered),
        (VIEW_COUNT_MAX + 1, VIEW_COUNT_MAX)
    );
    assert!(page.records_filtered_capped);
    let exact = ViewFilter {
        from_ms: Some(NOW_MS + 1),
        ..url
    };
    let page = view(&store, exact).await;
    assert_eq!(
        (page.records_filtered, page.records_filtered_capped),
        (VIEW_COUNT_MAX, false)
    );
    let everything = view(&store, ViewFilter::default()).await;
    assert_eq!(everything.records_filtered, VIEW_COUNT_MAX + 1);
    assert!(!everything.records_filtered_capped);
}

async fn site_counts_tell_what_arrived(place: Place) {
    let store = place.open().await;
    let (a, b) = (site(&store, "a").await, site(&store, "b").await);
    append(
        &store,
        vec![hit(&a, 1, 0), hit(&a, 1, -HOUR_MS), hit(&a, 1, -3 * DAY_MS)],
    )
    .await;
    let counts = store.site_counts(None).await.unwrap();
    let told: Vec<_> = counts
        .iter()
        .map(|count| (count.site.clone(), count.events_day, count.last_event_ms))
        .collect();
    assert_eq!(told, [(a, 2, Some(NOW_MS)), (b.clone(), 0, None)]);
    let only: Vec<_> = store
        .site_counts(Some(&[b.id]))
        .await
        .unwrap()
        .into_iter()
        .map(|count| count.site)
        .collect();
    assert_eq!(only, [b]);
}
