//! A text that is looked for in all texts.

use hgpixel_store::ViewFilter;

use super::reading_back::full;
use crate::support::{NOW_MS, Place, append, at_url, for_each_backend, hit, site, view};

for_each_backend!(
    a_search_looks_into_every_text,
    a_search_text_stands_for_itself,
);

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
