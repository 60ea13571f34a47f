//! Which site an event goes to, and what happens to those of none.

use hgpixel_config::UnknownSite;
use serde_json::json;

use crate::rig::Rig;

fn page(host: &str) -> serde_json::Value {
    json!({"url": format!("https://{host}/")})
}

#[tokio::test]
async fn a_new_key_creates_its_site_at_once() {
    let mut rig = Rig::start().await;
    let first = rig.track(&json!({"clientID": "shop"})).await;
    let second = rig.track(&json!({"clientID": "shop"})).await;
    assert_eq!(first.site, second.site);
    let other = rig.track(&json!({"clientID": "blog"})).await;
    assert_ne!(other.site, first.site);
    let keys: Vec<String> = rig
        .store
        .sites()
        .await
        .unwrap()
        .iter()
        .map(|site| site.key.to_string())
        .collect();
    assert_eq!(keys, ["blog", "shop"]);
    assert_eq!(rig.metric("hgpixel_ingest_sites_created_total"), 2);
}

#[tokio::test]
async fn a_hundred_first_hits_create_one_site() {
    let rig = Rig::start().await;
    let hits = (0..100).map(|_| rig.post(r#"{"clientID":"shop"}"#));
    for answer in futures_util::future::join_all(hits).await {
        assert_eq!(answer.status, 204);
    }
    assert_eq!(rig.metric("hgpixel_ingest_sites_created_total"), 1);
}

#[tokio::test]
async fn beacons_create_only_so_many_sites() {
    let rig = Rig::start_with(|settings| settings.ingest.sites_max = 3).await;
    for n in 0..3 {
        assert_eq!(
            rig.post(json!({"clientID": format!("s{n}")}).to_string())
                .await
                .status,
            204
        );
    }
    assert_eq!(rig.post(r#"{"clientID":"s3"}"#).await.status, 401);
    assert_eq!(rig.post(r#"{"clientID":"s2"}"#).await.status, 204);
    assert_eq!(rig.store.sites().await.unwrap().len(), 3);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn unknown_sites_are_rejected_all_alike() {
    let rig = Rig::start_with(|settings| settings.ingest.unknown_site = UnknownSite::Reject).await;
    let one = rig.post(r#"{"clientID":"nobody"}"#).await;
    let other = rig.post(page("nobody.example").to_string()).await;
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (401, 401));
    assert_eq!(one.body, other.body);
    let picture = rig.get("/pixel.gif?site=nobody").await;
    assert_eq!(
        (picture.status.as_u16(), picture.header("content-type")),
        (401, Some("image/gif"))
    );
    assert_eq!(
        rig.metric("hgpixel_events_rejected_total{reason=\"unknown_site\"}"),
        3
    );

    rig.add_site("nobody").await;
    assert_eq!(rig.post(r#"{"clientID":"nobody"}"#).await.status, 204);
    assert_eq!(
        rig.post(page("other.example").to_string()).await.status,
        204,
        "the only site is meant"
    );
    rig.add_site("second.example").await;
    assert_eq!(
        rig.post(page("third.example").to_string()).await.status,
        401
    );
    assert_eq!(
        rig.post(page("www.second.example").to_string())
            .await
            .status,
        204
    );
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_page_without_a_key_finds_its_site_by_its_host() {
    let mut rig = Rig::start().await;
    let a = rig.track(&page("a.example")).await;
    let b = rig.track(&page("b.example")).await;
    assert_ne!(a.site, b.site);
    assert_eq!(rig.track(&page("www.a.example")).await.site, a.site);
    assert_eq!(
        rig.track(&json!({"clientID": "a.example"})).await.site,
        a.site
    );
    let batch = json!({"events": [{"url": "https://b.example/x"}]});
    assert_eq!(rig.track(&batch).await.site, b.site);
    let bare = rig.track(&json!({})).await;
    assert_eq!(
        rig.track(&json!({"clientID": "default"})).await.site,
        bare.site
    );
}

#[tokio::test]
async fn while_the_store_is_away_known_sites_are_served() {
    let mut rig = Rig::start().await;
    rig.track(&json!({"clientID": "shop"})).await;
    rig.store.close().await;
    rig.track(&json!({"clientID": "shop"})).await;
    let new = rig.post(r#"{"clientID":"new"}"#).await;
    assert_eq!(new.status, 503);
    assert!(new.header("retry-after").is_some());
    rig.assert_the_books_balance();
}
