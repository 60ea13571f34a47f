//! `/view-data`: what was accepted reads back, filtered, in order, page by page.

use futures_util::TryStreamExt;
use hgpixel_event::{Hints, Marks, Place as Where, assigned_id};
use hgpixel_store::{
    Campaign, Enriched, NewEvent, StoreError, VIEW_COUNT_MAX, ViewFilter, ViewOrder, ViewQuery,
    ViewRow,
};

use crate::support::{
    DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Place, all, append, at_url, for_each_backend, hit, message,
    site, view,
};

for_each_backend!(
    what_was_accepted_reads_back,
    hostile_text_reads_back,
    only_allowed_sites_are_seen,
    an_address_matches_exactly_whatever_its_title,
    an_address_with_very_many_titles_is_found,
    a_user_matches_exactly,
    filters_are_joined_with_and,
    a_search_looks_into_every_text,
    a_search_text_stands_for_itself,
    time_bounds_are_half_open,
    pages_hold_every_event_once_in_order,
    far_pages_are_found_by_the_hour,
    far_pages_of_a_busy_hour_are_found,
    events_of_one_millisecond_keep_one_order,
    a_stream_holds_every_event_once,
    counting_stops_and_says_so,
    impossible_pages_are_refused,
    an_empty_store_answers,
    site_counts_tell_what_arrived,
);

fn full(site: i64, id_ms: i64) -> NewEvent {
    let mut marks = Marks::ID_ASSIGNED;
    marks.insert(Marks::TEXT_CUT);
    NewEvent {
        event: hgpixel_event::Event {
            id: assigned_id(id_ms),
            site,
            kind: "signup".into(),
            time_ms: NOW_MS,
            received_ms: NOW_MS + DAY_MS,
            visitor: Some(i64::MIN),
            user_id: "user-1".into(),
            session_id: "session-1".into(),
            url: "https://example.com/pricing?plan=pro".into(),
            title: "Pricing".into(),
            referrer: "https://www.google.com/".into(),
            user_agent: "Mozilla/5.0 (X11)".into(),
            hints: Hints::default(),
            language: "de-AT,de;q=0.9".into(),
            data: r#"{"plan":"pro","n":1.50}"#.into(),
            device: r#"{"screen":"1920x1080"}"#.into(),
            place: Where {
                country: "AT".into(),
                region: "9".into(),
                city: "Vienna".into(),
            },
            marks,
        },
        enriched: Enriched {
            host: "example.com".into(),
            path: "/pricing".into(),
            browser: "Firefox".into(),
            browser_version: "140".into(),
            os: "Linux".into(),
            os_version: "6".into(),
            device: "desktop".into(),
            bot_reason: "agent".into(),
            bot_name: "Bot".into(),
            language: "de-AT".into(),
            screen: "1920x1080".into(),
            referrer_host: "www.google.com".into(),
            source: "Google".into(),
            medium: "search".into(),
            campaign: Some(Campaign {
                name: "spring".into(),
                source: "newsletter".into(),
                ..Campaign::default()
            }),
            channel: "Organic search".into(),
        },
    }
}

async fn what_was_accepted_reads_back(place: Place) {
    let store = place.open().await;
    let site = site(&store, "UNIQUE_CLIENT_ID").await;
    let event = full(site.id, NOW_MS);
    append(&store, vec![event.clone()]).await;
    let page = view(&store, ViewFilter::default()).await;
    assert_eq!((page.records_total, page.records_filtered), (1, 1));
    let row = page.rows[0].clone();
    let expected = ViewRow {
        event_id: event.event.id,
        site: site.id,
        client_id: "UNIQUE_CLIENT_ID".into(),
        event_type: "signup".into(),
        event_data: r#"{"plan":"pro","n":1.50}"#.into(),
        client_session_id: "session-1".into(),
        session: row.session,
        user_id: "user-1".into(),
        time_ms: NOW_MS,
        received_ms: NOW_MS + DAY_MS,
        url: "https://example.com/pricing?plan=pro".into(),
        title: "Pricing".into(),
        referrer: "https://www.google.com/".into(),
        user_agent: "Mozilla/5.0 (X11)".into(),
        device_info: r#"{"screen":"1920x1080"}"#.into(),
        country: "AT".into(),
        region: "9".into(),
        city: "Vienna".into(),
        browser: "Firefox".into(),
        browser_version: "140".into(),
        os: "Linux".into(),
        os_version: "6".into(),
        device: "desktop".into(),
        language: "de-AT".into(),
        language_sent: "de-AT,de;q=0.9".into(),
        screen: "1920x1080".into(),
        channel: "Organic search".into(),
        source: "Google".into(),
        campaign: "spring".into(),
        bot_reason: "agent".into(),
        bot_name: "Bot".into(),
        marks: event.event.marks,
    };
    assert_eq!(row, expected);
    assert!(row.session > 0);
}

async fn hostile_text_reads_back(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let texts = [
        "'; drop table events; --",
        "<script>alert(1)</script>",
        "\u{202e}gnp.exe\u{2028}\u{feff}",
        r#"\x00 \u0000 \" " { } $1 ? % _"#,
        "{\"a\":[],\"b\",}",
        "a,b\"c'd\\,{nil},(1),\"\"",
        "ẞ İ 😀 e\u{301}",
        "NULL",
        " leading and trailing ",
    ];
    let events = texts.iter().enumerate().map(|(index, text)| {
        let mut event = full(site.id, NOW_MS);
        event.event.time_ms += i64::try_from(index).unwrap();
        let places = [
            &mut event.event.kind,
            &mut event.event.user_id,
            &mut event.event.session_id,
            &mut event.event.url,
            &mut event.event.title,
            &mut event.event.referrer,
            &mut event.event.user_agent,
            &mut event.event.language,
            &mut event.event.data,
            &mut event.event.device,
            &mut event.event.place.city,
        ];
        for place in places {
            (*text).clone_into(place);
        }
        event
    });
    append(&store, events.collect()).await;
    let rows = all(&store).await;
    assert_eq!(rows.len(), texts.len());
    for (row, text) in rows.iter().zip(texts) {
        let read = [
            &row.event_type,
            &row.user_id,
            &row.client_session_id,
            &row.url,
            &row.title,
            &row.referrer,
            &row.user_agent,
            &row.language_sent,
            &row.event_data,
            &row.device_info,
            &row.city,
        ];
        assert!(read.iter().all(|read| *read == text), "{text:?} {row:?}");
        for filter in [
            ViewFilter {
                url: Some(text.into()),
                ..ViewFilter::default()
            },
            ViewFilter {
                user_id: Some(text.into()),
                ..ViewFilter::default()
            },
            ViewFilter {
                search: Some(text.into()),
                ..ViewFilter::default()
            },
        ] {
            let found = view(&store, filter.clone()).await;
            assert_eq!(found.rows.len(), 1, "{filter:?}");
            assert_eq!(found.rows[0].url, text);
        }
    }
}

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

async fn a_search_looks_into_every_text(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![full(site.id, NOW_MS), hit(&site, 1, 1)]).await;
    let check = async |text: &str, expected: u64| {
        let filter = ViewFilter {
            search: Some(text.into()),
            ..ViewFilter::default()
        };
        let page = view(&store, filter).await;
        assert_eq!(
            (page.records_filtered, page.rows.len() as u64),
            (expected, expected),
            "{text:?}"
        );
    };
    check("plan=pro", 1).await;
    check("PRICING", 1).await;
    check("google.COM", 1).await;
    check("USER-1", 1).await;
    check("signUP", 1).await;
    check(r#""n":1.50"#, 1).await;
    check("example", 2).await;
    check("", 2).await;
    check("nowhere", 0).await;
}

async fn a_search_text_stands_for_itself(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![
            at_url(hit(&site, 1, 0), "/100%_\\"),
            at_url(hit(&site, 1, 1), "/100 percent"),
        ],
    )
    .await;
    for (text, expected) in [
        ("100%", 1),
        ("0%_", 1),
        ("_", 1),
        ("\\", 1),
        ("%", 1),
        ("100", 2),
        ("1__", 0),
    ] {
        let filter = ViewFilter {
            search: Some(text.into()),
            ..ViewFilter::default()
        };
        assert_eq!(
            view(&store, filter).await.records_filtered,
            expected,
            "{text}"
        );
    }
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
