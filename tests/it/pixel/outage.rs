//! Networks and servers that fail for a while, or for good.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hgpixel_testkit::Browser;
use reqwest::StatusCode;
use serde_json::json;

use super::{ALL, CORE, Site, of};

/// How long the network is away.
const OFFLINE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn half_a_minute_offline_loses_nothing() -> Result<()> {
    let browser = Browser::start().await?;
    for (head, lasts) in [(ALL, OFFLINE), (CORE, OFFLINE / 5)] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        set_offline(&browser, true).await?;
        for n in 0..5 {
            browser
                .script(
                    "hgTracking.trackEvent('offline', {n: arguments[0]})",
                    &[json!(n)],
                )
                .await?;
            tokio::time::sleep(lasts / 5).await;
        }
        let kept = browser.script("return Object.values(localStorage).flatMap((batch) => JSON.parse(batch).events).filter(({type}) => type === 'offline').length", &[]).await?;
        assert_eq!(kept, 5);
        set_offline(&browser, false).await?;
        let rows = site.has(&[("offline", 5), ("pageview", 1)]).await?;
        let told: Vec<_> = of(&rows, "offline")
            .iter()
            .map(|row| row["eventData"]["n"].clone())
            .collect();
        assert_eq!(told, [0, 1, 2, 3, 4]);
        is_empty(&browser).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_503_is_left_alone_for_as_long_as_it_asks() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        site.front.answer(StatusCode::SERVICE_UNAVAILABLE, 4);
        browser.goto(&site.url("/start")).await?;
        site.front.has_beacons(1).await?;
        let answered = Instant::now();
        browser.script("hgTracking.trackEvent('held')", &[]).await?;
        site.front.heal();
        let beacons = site.front.beacons();
        site.has(&[("held", 1), ("pageview", 1)]).await?;
        ensure!(
            answered.elapsed() >= Duration::from_secs(3),
            "too early: {:?}, {beacons}",
            answered.elapsed()
        );
        is_empty(&browser).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_gets_everything() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    site.has(&[("pageview", 1)]).await?;
    site.stack.ingest().kill().await?;
    browser
        .script("hgTracking.trackEvent('down', {n: 1})", &[])
        .await?;
    site.front.has_beacons(2).await?;
    browser
        .script("hgTracking.trackEvent('down', {n: 2})", &[])
        .await?;
    site.stack.ingest().restart().await?;
    site.has(&[("down", 2), ("pageview", 1)]).await?;
    is_empty(&browser).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_closed_with_events_waiting_leaves_them_to_the_next_page() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    let first = browser.open_tab().await?;
    site.front.answer(StatusCode::SERVICE_UNAVAILABLE, 600);
    browser.goto(&site.url("/start")).await?;
    site.front.has_beacons(1).await?;
    browser
        .script("hgTracking.trackEvent('waiting')", &[])
        .await?;
    browser.close_tab(&first).await?;
    site.front.heal();
    browser.goto(&site.url("/next")).await?;
    let rows = site
        .has(&[
            ("waiting", 1),
            ("pageview", 2),
            ("engagement", 1),
            ("performance_metrics", 1),
        ])
        .await?;
    assert_eq!(of(&rows, "waiting")[0]["url"], site.url("/start"));
    is_empty(&browser).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_with_events_waiting_do_not_fight() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    site.front.answer(StatusCode::SERVICE_UNAVAILABLE, 1);
    browser.goto(&site.url("/one")).await?;
    browser
        .script("hgTracking.trackEvent('tab', {n: 1})", &[])
        .await?;
    let one = browser.open_tab().await?;
    browser.goto(&site.url("/two")).await?;
    browser
        .script("hgTracking.trackEvent('tab', {n: 2})", &[])
        .await?;
    site.front.has_beacons(4).await?;
    site.front.heal();
    site.has(&[("tab", 2), ("pageview", 2)]).await?;
    browser.switch_to(&one).await?;
    is_empty(&browser).await?;
    let books = site.stack.books().await?;
    assert_eq!(books.duplicate, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_dropped_and_counted() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        let before = site.front.beacons();
        site.front.answer(StatusCode::BAD_REQUEST, 0);
        browser
            .script(
                "hgTracking.trackEvent('bad'); hgTracking.trackEvent('bad')",
                &[],
            )
            .await?;
        site.front.has_beacons(before + 1).await?;
        site.front.heal();
        browser.script("hgTracking.trackEvent('good')", &[]).await?;
        site.has(&[("good", 1), ("bad", 0)]).await?;
        browser.goto("about:blank").await?;
        site.has(&[("engagement", 1)]).await?;
        ensure!(site.lost("refused").await? >= 2);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_storage_is_survived() -> Result<()> {
    let browser = Browser::start_without_storage().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        let throws = browser
            .script(
                "try { localStorage.length; return false } catch { return true }",
                &[],
            )
            .await?;
        assert_eq!(throws, true);
        let before = site.front.beacons();
        site.front.answer(StatusCode::SERVICE_UNAVAILABLE, 1);
        browser
            .script("hgTracking.trackEvent('again')", &[])
            .await?;
        site.front.has_beacons(before + 1).await?;
        site.front.heal();
        site.has(&[("again", 1), ("pageview", 1)]).await?;
        // What waits when the page is closed has no other page to go from.
        let before = site.front.beacons();
        site.front.answer(StatusCode::SERVICE_UNAVAILABLE, 600);
        browser.script("hgTracking.trackEvent('last')", &[]).await?;
        site.front.has_beacons(before + 1).await?;
        browser
            .script("return new Promise(done => setTimeout(done, 100))", &[])
            .await?;
        site.front.heal();
        browser.goto("about:blank").await?;
        site.has(&[("last", 1), ("again", 1), ("pageview", 1)])
            .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_is_survived_and_left_as_it_is() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    site.has(&[("pageview", 1)]).await?;
    let fill = "let size = 1 << 22; while (size) { try { localStorage.full = (localStorage.full || '') + 'x'.repeat(size) } catch { size >>= 1 } } return localStorage.full.length";
    let full = browser.script(fill, &[]).await?;
    let before = site.front.beacons();
    site.front.answer(StatusCode::SERVICE_UNAVAILABLE, 1);
    browser
        .script("hgTracking.trackEvent('again')", &[])
        .await?;
    site.front.has_beacons(before + 1).await?;
    site.front.heal();
    site.has(&[("again", 1), ("pageview", 1)]).await?;
    assert_eq!(
        browser
            .script("return localStorage.full.length", &[])
            .await?,
        full
    );
    Ok(())
}

async fn set_offline(browser: &Browser, is_offline: bool) -> Result<()> {
    let conditions = json!({"offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    browser.devtools("Network.enable", &json!({})).await?;
    browser
        .devtools("Network.emulateNetworkConditions", &conditions)
        .await
        .map(drop)
}

/// The device keeps nothing of us any more.
async fn is_empty(browser: &Browser) -> Result<()> {
    let is_gone = async || {
        let kept = browser
            .script("return Object.keys(localStorage).length", &[])
            .await;
        kept.is_ok_and(|kept| kept == 0)
    };
    hgpixel_testkit::wait_until(
        "an empty queue on the device",
        Duration::from_secs(10),
        is_gone,
    )
    .await
}
