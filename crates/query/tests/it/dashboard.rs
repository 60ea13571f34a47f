//! The dashboard's page, the page of sites, and the visitors of now.

use std::time::Duration;

use axum::http::Method;
use hgpixel_store::Scope;
use serde_json::{Value, json};

use crate::support::{NOW_MS, Pages, ask, event, get, post};

#[tokio::test]
async fn the_page_of_sites_tells_what_came_and_before_that_what_to_paste() {
    let pages = Pages::start().await;
    let token = pages.token(Scope::Read, None).await;
    pages.add_site("example.com").await;
    let home = async || {
        let ask = get("/sites")
            .page()
            .header("host", "stats.test:5000")
            .bearer(&token);
        ask.send(&pages).await.body
    };
    let page = home().await;
    assert!(page.contains("Nothing has arrived yet"), "{page}");
    assert!(
        page.contains("&#60;script async src=&#34;http://stats.test:5000/static/all.js&#34; data-site=&#34;example.com&#34;&#62;"),
        "{page}"
    );
    let site = pages.add_site("example.com").await;
    pages
        .store_events((0..1_234).map(|index| event(&site, index)).collect())
        .await;
    // Counts may be a second old.
    let deadline = Duration::from_secs(10);
    hgpixel_testkit::wait_until("the counts are new", deadline, async || {
        !home().await.contains("Nothing has")
    })
    .await
    .unwrap();
    let page = home().await;
    assert!(
        page.contains("1,234") && page.contains("39 minutes ago"),
        "{page}"
    );
    assert!(page.contains("/?site=example.com"), "{page}");
}

#[tokio::test]
async fn the_dashboard_is_of_the_site_that_was_asked_for_or_the_busiest() {
    let pages = Pages::start().await;
    let token = pages.token(Scope::Read, None).await;
    let (small, busy) = (pages.add_site("small").await, pages.add_site("busy").await);
    pages.add_site("empty").await;
    pages.store_events(vec![event(&small, 0)]).await;
    let events = (0..5).map(|index| event(&busy, index)).collect();
    pages.store_events(events).await;
    let show = async |path: &str| get(path).page().bearer(&token).send(&pages).await;

    assert!(show("/").await.body.contains("data-site=\"busy\""));
    let asked = show("/?site=small&period=7d").await.body;
    assert!(
        asked.contains("data-site=\"small\" data-zone=\"UTC\""),
        "{asked}"
    );
    let waiting = show("/?site=empty").await.body;
    assert!(waiting.contains("data-site=&#34;empty&#34;"), "{waiting}");
    assert_eq!(show("/?site=nobody").await.status, 404);
}

#[tokio::test]
async fn a_token_of_a_site_gets_no_other_site() {
    let pages = Pages::start().await;
    let (mine, hidden) = (
        pages.add_site("mine").await,
        pages.add_site("secret.example").await,
    );
    pages
        .store_events(vec![event(&mine, 0), event(&hidden, 1)])
        .await;
    let token = pages.token(Scope::Read, Some(mine.id)).await;
    let page = get("/").page().bearer(&token).send(&pages).await;
    assert!(page.body.contains("data-site=\"mine\"") && !page.body.contains("secret.example"));
    for path in ["/?site=hidden", "/live?site=hidden", "/live?site=nobody"] {
        let answer = get(path).bearer(&token).send(&pages).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.detail(), "there is no such site");
    }
}

#[tokio::test]
async fn the_visitors_of_the_last_five_minutes_are_pushed() {
    let pages = Pages::start().await;
    let site = pages.add_site("one").await;
    let token = pages.token(Scope::Read, None).await;
    let at = |ago_ms: i64, visitor: i64| {
        let mut event = event(&site, visitor);
        event.time_ms = NOW_MS - ago_ms;
        event.visitor = Some(visitor);
        event
    };
    let events = vec![at(10_000, 1), at(20_000, 1), at(290_000, 2), at(310_000, 3)];
    pages.store_events(events).await;

    let ask = get("/live?site=one").bearer(&token);
    let mut stream = ask.open(&pages).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert_eq!(stream.header("x-accel-buffering"), "no");
    assert_eq!(stream.next().await, "data: 2\n\n");

    pages.store_events(vec![at(0, 4)]).await;
    let said = tokio::time::timeout(Duration::from_secs(20), stream.next()).await;
    assert_eq!(said.unwrap(), "data: 3\n\n");
    pages.lifecycle.shutdown(Duration::from_mins(1));
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.ended()).await;
    assert!(ended.is_ok(), "a stream goes on while the process drains");
}

#[tokio::test]
async fn annotations_goals_and_funnels_are_kept_by_those_who_may_edit() {
    let pages = Pages::start().await;
    let (site, other) = (pages.add_site("one").await, pages.add_site("two").await);
    let admin = pages.token(Scope::Admin, None).await;
    let of_other = pages.token(Scope::Admin, Some(other.id)).await;
    let reader = pages.token(Scope::Read, Some(site.id)).await;
    let keep = async |token: &str, thing: &Value| {
        let ask = post("/sites/one/kept").json(thing).bearer(token);
        ask.send(&pages).await
    };
    let things = [
        json!({"kind": "annotation", "name": "A new shop", "body": {"day": "2026-09-21"}}),
        json!({"kind": "goal", "name": "Bought", "body": {"test": "event", "value": "purchase"}}),
        json!({"kind": "funnel", "name": "Checkout", "body": {"steps": [
            {"test": "page", "value": "/cart"}, {"test": "event", "value": "purchase"},
        ]}}),
    ];
    for thing in &things {
        assert_eq!(keep(&admin, thing).await.status, 201, "{thing}");
        assert_eq!(keep(&reader, thing).await.status, 403, "{thing}");
        assert_eq!(keep(&of_other, thing).await.status, 404, "{thing}");
    }
    let kept = get("/sites/one/kept")
        .bearer(&reader)
        .send(&pages)
        .await
        .json();
    for (kept, thing) in kept.as_array().unwrap().iter().zip(&things) {
        for key in ["kind", "name", "body"] {
            assert_eq!(kept[key], thing[key]);
        }
    }
    assert_eq!(
        get("/sites/two/kept")
            .bearer(&admin)
            .send(&pages)
            .await
            .json(),
        json!([])
    );

    for wrong in [
        json!({"kind": "wish", "name": "x", "body": {}}),
        json!({"kind": "annotation", "name": "x", "body": {"day": "2026-02-30"}}),
        json!({"kind": "annotation", "name": " ", "body": {"day": "2026-02-03"}}),
        json!({"kind": "goal", "name": "x", "body": {"test": "event", "value": ""}}),
        json!({"kind": "goal", "name": "x", "body": {"test": "event", "value": "a".repeat(501)}}),
        json!({"kind": "funnel", "name": "x", "body": {"steps": [{"test": "page", "value": "/"}]}}),
    ] {
        assert_eq!(keep(&admin, &wrong).await.status, 400, "{wrong}");
    }
    let path = format!("/sites/one/kept/{}", kept[1]["id"]);
    let forget = async |token: &str| {
        let ask = ask(Method::DELETE, &path).bearer(token);
        ask.send(&pages).await.status
    };
    assert_eq!(forget(&reader).await, 403);
    assert_eq!(forget(&of_other).await, 404);
    assert_eq!(forget(&admin).await, 204);
    assert_eq!(forget(&admin).await, 404);
    assert_eq!(forget("nobody's").await, 401);
}

#[tokio::test]
async fn a_shared_link_shows_one_dashboard_and_nothing_more_until_it_is_revoked() {
    let pages = Pages::start().await;
    let (site, other) = (pages.add_site("one").await, pages.add_site("two").await);
    pages
        .store_events(vec![event(&site, 0), event(&other, 1)])
        .await;
    let admin = pages.token(Scope::Admin, None).await;
    let reader = pages.token(Scope::Read, None).await;
    let share = |token: &str| {
        post("/sites/one/links")
            .json(&json!({"name": "for the board"}))
            .bearer(token)
    };
    assert_eq!(share(&reader).send(&pages).await.status, 403);
    let made = share(&admin)
        .header("host", "stats.test")
        .send(&pages)
        .await;
    assert_eq!(made.status, 201);
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let link = url.strip_prefix("http://stats.test").unwrap();
    assert_eq!(link.len(), "/share/".len() + 64);

    let page = get(link).page().send(&pages).await;
    assert_eq!(
        (page.status.as_u16(), page.header("cache-control")),
        (200, "no-store")
    );
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    assert!(
        page.body.contains(&format!("data-base=\"{link}\"")),
        "{}",
        page.body
    );
    assert!(page.body.contains("data-may-edit=\"false\"") && !page.body.contains("/view-data\""));
    let question =
        |site: &str| json!({"site_id": site, "metrics": ["visitors"], "date_range": "7d"});
    let ask_for = async |site: &str| {
        let ask = post(&format!("{link}/api/v2/query")).json(&question(site));
        ask.send(&pages).await
    };
    assert_eq!(
        ask_for("one").await.json()["results"][0]["metrics"],
        json!([1])
    );
    assert_eq!(ask_for("two").await.status, 404);
    let status = async |path: &str| {
        get(&format!("{link}{path}"))
            .send(&pages)
            .await
            .status
            .as_u16()
    };
    assert_eq!(status("/sites/one/kept").await, 200);
    assert_eq!(status("/sites/one/properties").await, 200);
    for closed in [
        "/sites/two/kept",
        "/sites/two/properties",
        "/live?site=two",
        "/sites/one/links",
        "/sites/one/visits",
        "/view-data",
        "/sites",
    ] {
        assert_eq!(status(closed).await, 404, "{closed}");
    }
    let keep = post(&format!("{link}/sites/one/kept")).json(&json!({}));
    assert_eq!(keep.send(&pages).await.status, 405);
    // It opens nothing elsewhere, however it is shown.
    let secret = link.strip_prefix("/share/").unwrap();
    for path in ["/", "/view-data", "/sites/one/kept"] {
        assert_eq!(
            get(path).bearer(secret).send(&pages).await.status,
            401,
            "{path}"
        );
    }

    let links = get("/sites/one/links").bearer(&admin).send(&pages).await;
    assert!(!links.body.contains(secret), "{}", links.body);
    let links = links.json();
    assert_eq!(links[0]["name"], "for the board");
    let revoke = ask(
        Method::DELETE,
        &format!("/sites/one/links/{}", links[0]["id"]),
    );
    assert_eq!(revoke.bearer(&admin).send(&pages).await.status, 204);
    for path in ["", "/sites/one/kept", "/live?site=one"] {
        assert_eq!(status(path).await, 404, "{path}");
    }
    assert_eq!(ask_for("one").await.status, 404);
}

#[tokio::test]
async fn a_visit_is_a_page_of_its_own() {
    let pages = Pages::start().await;
    let (site, other) = (pages.add_site("one").await, pages.add_site("two").await);
    let events = (0..3).map(|index| {
        let mut event = event(&site, index);
        event.visitor = Some(7);
        event.data = r#"{"plan":"<b>pro</b>"}"#.into();
        event
    });
    pages.store_events(events.collect()).await;
    pages.store_events(vec![event(&other, 0)]).await;
    let token = pages.token(Scope::Read, Some(site.id)).await;
    let show = async |path: &str| get(path).page().bearer(&token).send(&pages).await;
    let list = show("/sites/one/visits").await.body;
    let (_, rest) = list.split_once("href=\"/sites/one/visits/").unwrap();
    let session = rest.split('"').next().unwrap();
    let page = show(&format!("/sites/one/visits/{session}")).await.body;
    assert_eq!(
        page.matches("<span class=\"event-kind\">pageview</span>")
            .count(),
        3,
        "{page}"
    );
    assert!(page.contains("&#60;b&#62;pro&#60;/b&#62;"), "{page}");
    for (path, status) in [
        ("/sites/two/visits", 404),
        ("/sites/one/visits/1", 404),
        ("/sites/one/visits/x", 400),
    ] {
        assert_eq!(show(path).await.status, status, "{path}");
    }
    let keys = get("/sites/one/properties?event=pageview")
        .bearer(&token)
        .send(&pages)
        .await;
    assert_eq!(keys.json(), json!({"keys": ["plan"]}));
    let none = get("/sites/one/properties?event=nothing")
        .bearer(&token)
        .send(&pages)
        .await;
    assert_eq!(none.json(), json!({"keys": []}));
}
