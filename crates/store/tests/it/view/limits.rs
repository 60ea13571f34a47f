//! Questions beyond their limits, and answers that stop at theirs.

use hgpixel_store::{
    EventStore, StoreError, VIEW_CONDITION_DEPTH_MAX, VIEW_COUNT_MAX, VIEW_TESTS_MAX,
    VIEW_VALUE_BYTES_MAX, ViewColumn, ViewComparison, ViewCondition, ViewDirection, ViewFilter,
    ViewGroupOrder, ViewGroupQuery, ViewKey, ViewQuery, ViewSort, ViewTest, ViewValue,
};

use crate::support::{NOW_MS, Place, append, for_each_backend, hit, message, site};

for_each_backend!(
    questions_beyond_the_limits_are_refused,
    only_the_newest_matches_are_sorted_by_other_columns,
    a_range_of_time_is_counted_exactly_and_every_page_of_it_is_reached,
    a_session_is_found_by_its_number,
);

fn contains(text: &str) -> ViewCondition {
    ViewCondition::Test(ViewTest {
        column: ViewColumn::Url,
        comparison: ViewComparison::Contains,
        value: ViewValue::Text(text.into()),
    })
}

async fn is_refused(store: &EventStore, condition: ViewCondition) -> bool {
    let query = ViewQuery {
        filter: ViewFilter {
            conditions: vec![condition],
            ..ViewFilter::default()
        },
        length: 1,
        ..ViewQuery::default()
    };
    match store.view(&query).await {
        Ok(_) => false,
        Err(StoreError::Invalid(_)) => true,
        Err(other) => panic!("{other}"),
    }
}

async fn questions_beyond_the_limits_are_refused(place: Place) {
    use ViewColumn::{Browser, Country, EventId, Os};
    let store = place.open().await;
    let nested = |depth| (0..depth).fold(contains("a"), |inner, _| ViewCondition::All(vec![inner]));
    assert!(!is_refused(&store, nested(VIEW_CONDITION_DEPTH_MAX)).await);
    assert!(is_refused(&store, nested(VIEW_CONDITION_DEPTH_MAX + 1)).await);
    let many = |count| ViewCondition::Any(vec![contains("%"); count]);
    assert!(!is_refused(&store, many(VIEW_TESTS_MAX)).await);
    assert!(is_refused(&store, many(VIEW_TESTS_MAX + 1)).await);
    let long = "_".repeat(VIEW_VALUE_BYTES_MAX);
    assert!(!is_refused(&store, contains(&long)).await);
    assert!(is_refused(&store, contains(&format!("{long}_"))).await);

    let groups = |by: &[ViewColumn], length| ViewGroupQuery {
        filter: ViewFilter::default(),
        by: by.to_vec(),
        order: ViewGroupOrder::Events,
        direction: ViewDirection::Descending,
        start: 0,
        length,
    };
    assert!(store.view_groups(&groups(&[Browser, Os], 1)).await.is_ok());
    for wrong in [
        groups(&[], 1),
        groups(&[Browser, Os, Country], 1),
        groups(&[Browser, Browser], 1),
        groups(&[EventId], 1),
        groups(&[Browser], 0),
        groups(&[Browser], 20_001),
    ] {
        let refused = store.view_groups(&wrong).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{wrong:?}");
    }
}

async fn only_the_newest_matches_are_sorted_by_other_columns(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut writer = store.writer("w").await.unwrap();
    let count = i64::try_from(VIEW_COUNT_MAX).unwrap();
    // The oldest event would be the first of all in the order of the types.
    let kind = |n| {
        if n == 0 {
            "a"
        } else {
            ["b", "c"][usize::from(n % 2 == 0)]
        }
    };
    let rows = (0..=count).map(|n| {
        let mut event = hit(&site, n % 9, n);
        event.event.kind = kind(n).into();
        event
    });
    let rows: Vec<_> = rows.collect();
    for part in rows.chunks(5_000) {
        writer.append(&[message(part.to_vec())]).await.unwrap();
    }
    let query = ViewQuery {
        length: 2,
        sort: Some(ViewSort {
            column: ViewColumn::EventType,
            direction: ViewDirection::Ascending,
        }),
        ..ViewQuery::default()
    };
    let page = store.view(&query).await.unwrap();
    let found: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.event_type.as_str(), row.time_ms - NOW_MS))
        .collect();
    assert_eq!(found, [("b", count - 1), ("b", count - 3)]);
    assert_eq!(
        (
            page.records_total,
            page.records_filtered,
            page.records_filtered_capped
        ),
        (VIEW_COUNT_MAX + 1, VIEW_COUNT_MAX, true)
    );
    let groups = ViewGroupQuery {
        filter: ViewFilter::default(),
        by: vec![ViewColumn::EventType],
        order: ViewGroupOrder::Key,
        direction: ViewDirection::Ascending,
        start: 0,
        length: 10,
    };
    let groups = store.view_groups(&groups).await.unwrap();
    let found: Vec<_> = groups
        .groups
        .iter()
        .map(|group| (group.key[0].clone(), group.events))
        .collect();
    let expected = [("a", 1), ("b", 50_000), ("c", 50_000)];
    assert_eq!(
        found,
        expected.map(|(key, events)| (ViewKey::Text(key.into()), events))
    );
}

async fn a_range_of_time_is_counted_exactly_and_every_page_of_it_is_reached(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    // A second apart, over two hours and a half.
    let rows: Vec<_> = (0..9_000).map(|n| hit(&site, n % 9, n * 1_000)).collect();
    for part in rows.chunks(3_000) {
        append(&store, part.to_vec()).await;
    }
    for (from, until) in [(1, 8_999), (500, 8_000), (3_600, 7_200), (100, 3_000)] {
        for start in [0, 10, 2_100, 3_590, 6_000] {
            let query = ViewQuery {
                filter: ViewFilter {
                    from_ms: Some(NOW_MS + from * 1_000),
                    until_ms: Some(NOW_MS + until * 1_000),
                    ..ViewFilter::default()
                },
                start,
                length: 5,
                ..ViewQuery::default()
            };
            let page = store.view(&query).await.unwrap();
            let found: Vec<_> = page
                .rows
                .iter()
                .map(|row| (row.time_ms - NOW_MS) / 1_000)
                .collect();
            let start = i64::try_from(start).unwrap();
            let expected: Vec<_> = (from..until)
                .rev()
                .skip(usize::try_from(start).unwrap())
                .take(5)
                .collect();
            assert_eq!(found, expected, "{from} to {until} at {start}");
            assert_eq!(page.records_filtered, (until - from).cast_unsigned());
        }
    }
}

async fn a_session_is_found_by_its_number(place: Place) {
    let store = place.open().await;
    let (a, b) = (site(&store, "a").await, site(&store, "b").await);
    append(
        &store,
        vec![hit(&a, 1, 0), hit(&a, 1, 60_000), hit(&b, 1, 30_000)],
    )
    .await;
    let everything = crate::support::all(&store).await;
    let of = |session| ViewFilter {
        conditions: vec![ViewCondition::Test(ViewTest {
            column: ViewColumn::Session,
            comparison: ViewComparison::Equals,
            value: ViewValue::Number(session),
        })],
        ..ViewFilter::default()
    };
    let found = crate::support::view(&store, of(everything[0].session)).await;
    assert_eq!(found.records_filtered, 2);
    assert!(found.rows.iter().all(|row| row.site == a.id));
    assert_eq!(
        crate::support::view(&store, of(4_711))
            .await
            .records_filtered,
        0
    );
}
