//! What was accepted reads back, byte for byte.

use hgpixel_event::{Hints, Marks, Place as Where, assigned_id};
use hgpixel_store::{Campaign, Enriched, NewEvent, ViewFilter, ViewRow};

use crate::support::{DAY_MS, NOW_MS, Place, all, append, for_each_backend, site, view};

for_each_backend!(what_was_accepted_reads_back, hostile_text_reads_back,);

/// An event that says everything.
pub(super) fn full(site: i64, id_ms: i64) -> NewEvent {
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
            automated: false,
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
        path: "/pricing".into(),
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
