//! Filters that match exactly, and the bounds of what may be seen.

use futures_util::TryStreamExt;
use hgpixel_store::{NewEvent, ViewFilter, ViewOrder, ViewRow};

use crate::support::{
    HOUR_MS, MINUTE_MS, NOW_MS, Place, append, at_url, for_each_backend, hit, site, view,
};

for_each_backend!(
    only_allowed_sites_are_seen,
    an_address_matches_exactly_whatever_its_title,
    an_address_with_very_many_titles_is_found,
    a_user_matches_exactly,
    filters_are_joined_with_and,
    time_bounds_are_half_open,
);

async fn only_allowed_sites_are_seen(place: Place) {
    let store = place.open().await;
    let (a, b) = (site(&store, "a").await, site(&store, "b").await);
    let as_user = |mut event: NewEvent| {
        event.event.user_id = "u".into();
        event
    };
    append(
        &store,
        vec![
            as_user(hit(&a, 1, 0)),
            as_user(hit(&b, 1, 1)),
            as_user(hit(&b, 1, 2)),
        ],
    )
    .await;
    let url = Some("https://example.com/".to_owned());
    let user_id = Some("u".to_owned());
    let search = Some("EXAMPLE".to_owned());
    for (sites, expected) in [
        (None, 3),
        (Some(vec![a.id]), 1),
        (Some(vec![b.id]), 2),
        (Some(vec![a.id, b.id]), 3),
        (Some(vec![]), 0),
        (Some(vec![4_711]), 0),
    ] {
        let only = ViewFilter {
            sites,
            ..ViewFilter::default()
        };
        for filter in [
            only.clone(),
            ViewFilter {
                url: url.clone(),
                ..only.clone()
            },
            ViewFilter {
                user_id: user_id.clone(),
                ..only.clone()
            },
            ViewFilter {
                search: search.clone(),
                ..only.clone()
            },
            ViewFilter {
                from_ms: Some(NOW_MS),
                ..only.clone()
            },
        ] {
            let page = view(&store, filter.clone()).await;
            let counts = (
                page.records_total,
                page.records_filtered,
                page.rows.len() as u64,
            );
            assert_eq!(counts, (expected, expected, expected), "{filter:?}");
            let streamed: Vec<ViewRow> = store
                .view_stream(filter.clone(), ViewOrder::NewestFirst)
                .try_collect()
                .await
                .unwrap();
            assert_eq!(streamed, page.rows, "{filter:?}");
        }
    }
}

async fn an_address_matches_exactly_whatever_its_title(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut events = Vec::new();
    for n in 0..30 {
        let mut event = at_url(hit(&site, n, n * HOUR_MS / 2), "https://example.com/a");
        event.event.title = format!("({}) Inbox", n % 3);
        events.push(event);
        events.push(at_url(hit(&site, n, n), "https://example.com/a/"));
        events.push(at_url(hit(&site, n, n), "https://example.com/A"));
    }
    append(&store, events).await;
    let filter = ViewFilter {
        url: Some("https://example.com/a".into()),
        ..ViewFilter::default()
    };
    let page = view(&store, filter).await;
    assert_eq!(
        (page.records_total, page.records_filtered, page.rows.len()),
        (90, 30, 30)
    );
    assert!(
        page.rows
            .is_sorted_by(|one, next| one.time_ms > next.time_ms)
    );
    assert!(
        page.rows
            .iter()
            .all(|row| row.url == "https://example.com/a")
    );
    let none = ViewFilter {
        url: Some("https://example.com/b".into()),
        ..ViewFilter::default()
    };
    assert_eq!(view(&store, none).await.rows, []);
}

async fn an_address_with_very_many_titles_is_found(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let titled = |n: i64| {
        let mut event = at_url(hit(&site, n, n * MINUTE_MS), "https://example.com/chat");
        event.event.title = format!("({n}) Chat");
        event
    };
    let mut events: Vec<_> = (0..300).map(titled).collect();
    events.push(at_url(hit(&site, 1, 7), "https://example.com/other"));
    append(&store, events).await;
    let filter = ViewFilter {
        url: Some("https://example.com/chat".into()),
        ..ViewFilter::default()
    };
    let page = view(&store, filter.clone()).await;
    assert_eq!(
        (
            page.records_filtered,
            page.records_filtered_capped,
            page.rows.len()
        ),
        (300, false, 300)
    );
    assert_eq!(page.rows[0].title, "(299) Chat");
    let streamed: Vec<ViewRow> = store
        .view_stream(filter, ViewOrder::NewestFirst)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(streamed, page.rows);
}

async fn a_user_matches_exactly(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let of = |user: &str, session: &str, offset_ms| {
        let mut event = hit(&site, 1, offset_ms);
        event.event.user_id = user.into();
        event.event.session_id = session.into();
        event
    };
    append(
        &store,
        vec![
            of("u", "s1", 0),
            of("U", "s1", 1),
            of("u", "s2", 2),
            of("", "s1", 3),
            of("u2", "", 4),
        ],
    )
    .await;
    let filter = ViewFilter {
        user_id: Some("u".into()),
        ..ViewFilter::default()
    };
    let page = view(&store, filter).await;
    let sessions: Vec<_> = page
        .rows
        .iter()
        .map(|row| row.client_session_id.as_str())
        .collect();
    assert_eq!(sessions, ["s2", "s1"]);
    assert_eq!(page.records_filtered, 2);
}

async fn filters_are_joined_with_and(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let of = |user: &str, url: &str, kind: &str, offset_ms| {
        let mut event = at_url(hit(&site, 1, offset_ms), url);
        event.event.user_id = user.into();
        event.event.kind = kind.into();
        event
    };
    append(
        &store,
        vec![
            of("u", "/a", "click", 0),
            of("u", "/b", "click", 1),
            of("v", "/a", "click", 2),
            of("u", "/a", "view", 3),
        ],
    )
    .await;
    let both = ViewFilter {
        user_id: Some("u".into()),
        url: Some("/a".into()),
        ..ViewFilter::default()
    };
    assert_eq!(view(&store, both.clone()).await.records_filtered, 2);
    let three = ViewFilter {
        search: Some("CLICK".into()),
        ..both.clone()
    };
    assert_eq!(view(&store, three).await.records_filtered, 1);
    let timed = ViewFilter {
        from_ms: Some(NOW_MS + 1),
        ..both
    };
    assert_eq!(view(&store, timed).await.records_filtered, 1);
}

async fn time_bounds_are_half_open(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, (0..5).map(|n| hit(&site, 1, n)).collect()).await;
    let between = |from: i64, until: i64| ViewFilter {
        from_ms: Some(NOW_MS + from),
        until_ms: Some(NOW_MS + until),
        ..ViewFilter::default()
    };
    for filter in [
        between(1, 4),
        ViewFilter {
            url: Some("https://example.com/".into()),
            ..between(1, 4)
        },
    ] {
        let page = view(&store, filter).await;
        let times: Vec<_> = page.rows.iter().map(|row| row.time_ms - NOW_MS).collect();
        assert_eq!(
            (times, page.records_total, page.records_filtered),
            (vec![3, 2, 1], 5, 3)
        );
    }
    assert_eq!(view(&store, between(4, 1)).await.records_filtered, 0);
}
