//! The dashboard's page, the page of sites, and the visitors of now.

use std::time::Duration;

use hgpixel_store::Scope;

use crate::support::{NOW_MS, Pages, event, get};

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
        page.contains("&#60;script async src=&#34;http://stats.test:5000/static/app.js&#34; data-site=&#34;example.com&#34; data-modules=&#34;all&#34;&#62;"),
        "{page}"
    );
    let site = pages.add_site("example.com").await;
    pages
        .store_events((0..1_234).map(|index| event(&site, index)).collect())
        .await;
    // Counts may be a second old.
    let deadline = std::time::Duration::from_secs(10);
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
    for path in [
        "/?site=hidden",
        "/api/live?site=hidden",
        "/api/live?site=nobody",
    ] {
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

    let ask = get("/api/live?site=one").bearer(&token);
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
