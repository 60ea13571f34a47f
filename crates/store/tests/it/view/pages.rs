//! Every event once, in order, on near pages, far pages and in a stream.

use futures_util::TryStreamExt;
use hgpixel_store::{StoreError, ViewFilter, ViewOrder, ViewQuery, ViewRow};

use crate::support::{HOUR_MS, Place, append, at_url, for_each_backend, hit, site, view};

for_each_backend!(
    pages_hold_every_event_once_in_order,
    far_pages_are_found_by_the_hour,
    far_pages_of_a_busy_hour_are_found,
    events_of_one_millisecond_keep_one_order,
    a_stream_holds_every_event_once,
    impossible_pages_are_refused,
    an_empty_store_answers,
);

/// 3,000 events of three sites over 40 hours, some in the same millisecond.
async fn many(place: &Place) -> hgpixel_store::EventStore {
    let store = place.open().await;
    let sites = [
        site(&store, "a").await,
        site(&store, "b").await,
        site(&store, "c").await,
    ];
    let rows: Vec<_> = (0..3_000_i64)
        .map(|n| {
            let site = &sites[usize::try_from(n % 7 % 3).unwrap()];
            let offset_ms = (n * 7_919 % 3_000) / 2 * (40 * HOUR_MS / 1_500);
            at_url(
                hit(site, n % 50, -offset_ms),
                &format!("https://example.com/{}", n % 4),
            )
        })
        .collect();
    for part in rows.chunks(1_000) {
        append(&store, part.to_vec()).await;
    }
    store
}

async fn pages(
    store: &hgpixel_store::EventStore,
    filter: &ViewFilter,
    order: ViewOrder,
    length: u32,
) -> Vec<ViewRow> {
    let mut rows = Vec::new();
    loop {
        let query = ViewQuery {
            filter: filter.clone(),
            start: rows.len() as u64,
            length,
            order,
            ..ViewQuery::default()
        };
        let page = store.view(&query).await.unwrap();
        if page.rows.is_empty() {
            assert_eq!(page.records_filtered, rows.len() as u64);
            return rows;
        }
        rows.extend(page.rows);
    }
}

fn place_of(row: &ViewRow) -> (i64, uuid::Uuid, i64) {
    (row.time_ms, row.event_id, row.site)
}

async fn pages_hold_every_event_once_in_order(place: Place) {
    let store = many(&place).await;
    let everything = ViewFilter::default();
    let one_url = ViewFilter {
        url: Some("https://example.com/2".into()),
        ..ViewFilter::default()
    };
    let searched = ViewFilter {
        search: Some("example.com/3".into()),
        ..ViewFilter::default()
    };
    for (filter, expected) in [(everything, 3_000), (one_url, 750), (searched, 750)] {
        let newest = pages(&store, &filter, ViewOrder::NewestFirst, 397).await;
        assert_eq!(newest.len(), expected, "{filter:?}");
        assert!(
            newest.is_sorted_by(|one, next| place_of(one) > place_of(next)),
            "{filter:?}"
        );
        let mut oldest = pages(&store, &filter, ViewOrder::OldestFirst, 500).await;
        oldest.reverse();
        assert_eq!(newest, oldest, "{filter:?}");
    }
}

async fn far_pages_are_found_by_the_hour(place: Place) {
    let store = many(&place).await;
    let everything = pages(
        &store,
        &ViewFilter::default(),
        ViewOrder::NewestFirst,
        1_000,
    )
    .await;
    for start in [1_999, 2_000, 2_001, 2_500, 2_999, 3_000, 9_999] {
        let query = ViewQuery {
            start,
            length: 10,
            ..ViewQuery::default()
        };
        let page = store.view(&query).await.unwrap();
        let from = usize::try_from(start).unwrap().min(3_000);
        assert_eq!(
            page.rows,
            everything[from..(from + 10).min(3_000)],
            "from {start}"
        );
        assert_eq!(page.records_filtered, 3_000);
    }
}

async fn far_pages_of_a_busy_hour_are_found(place: Place) {
    let store = place.open().await;
    let (a, b) = (site(&store, "a").await, site(&store, "b").await);
    let events: Vec<_> = (0..6_000)
        .map(|n| hit(if n % 3 == 0 { &a } else { &b }, n % 40, n * 500))
        .collect();
    append(&store, events).await;
    for order in [ViewOrder::NewestFirst, ViewOrder::OldestFirst] {
        let everything = pages(&store, &ViewFilter::default(), order, 1_000).await;
        assert_eq!(everything.len(), 6_000);
        for start in [2_000, 2_500, 3_333, 5_990] {
            let query = ViewQuery {
                start,
                length: 10,
                order,
                ..ViewQuery::default()
            };
            let from = usize::try_from(start).unwrap();
            let page = store.view(&query).await.unwrap();
            assert_eq!(page.rows, everything[from..from + 10], "from {start}");
        }
    }
}

async fn events_of_one_millisecond_keep_one_order(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, (0..50).map(|n| hit(&site, n, 0)).collect()).await;
    let rows = pages(&store, &ViewFilter::default(), ViewOrder::NewestFirst, 7).await;
    assert_eq!(rows.len(), 50);
    assert!(rows.is_sorted_by(|one, next| one.event_id > next.event_id));
}

async fn a_stream_holds_every_event_once(place: Place) {
    let store = many(&place).await;
    for order in [ViewOrder::NewestFirst, ViewOrder::OldestFirst] {
        for filter in [
            ViewFilter::default(),
            ViewFilter {
                url: Some("https://example.com/1".into()),
                ..ViewFilter::default()
            },
            ViewFilter {
                search: Some("/0".into()),
                ..ViewFilter::default()
            },
        ] {
            let streamed: Vec<ViewRow> = store
                .view_stream(filter.clone(), order)
                .try_collect()
                .await
                .unwrap();
            let paged = pages(&store, &filter, order, 1_000).await;
            assert_eq!(streamed, paged, "{filter:?}");
        }
    }
}

async fn impossible_pages_are_refused(place: Place) {
    let store = place.open().await;
    let query = |length, search: &str| ViewQuery {
        filter: ViewFilter {
            search: Some(search.into()),
            ..ViewFilter::default()
        },
        length,
        ..ViewQuery::default()
    };
    assert!(store.view(&query(1_000, &"a".repeat(200))).await.is_ok());
    for wrong in [query(0, ""), query(1_001, ""), query(1, &"a".repeat(201))] {
        assert!(
            matches!(store.view(&wrong).await, Err(StoreError::Invalid(_))),
            "{wrong:?}"
        );
    }
}

async fn an_empty_store_answers(place: Place) {
    let store = place.open().await;
    for search in [None, Some("x".to_owned())] {
        let page = view(
            &store,
            ViewFilter {
                search,
                ..ViewFilter::default()
            },
        )
        .await;
        assert_eq!(page, hgpixel_store::ViewPage::default());
    }
    let streamed: Vec<ViewRow> = store
        .view_stream(ViewFilter::default(), ViewOrder::NewestFirst)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(streamed, []);
}
