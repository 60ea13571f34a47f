//! What people wish is done, and nothing is kept of them unasked.

use anyhow::{Result, ensure};
use hgpixel_testkit::Browser;
use serde_json::{Value, json};

use super::{ALL, CORE, Site, of};

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_given_only_by_consent_and_taken_away_again() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        ensure!(cookie(&browser).await?.is_empty());
        browser.script("hgTracking.consent(true)", &[]).await?;
        let has_cookie = async || {
            cookie(&browser)
                .await
                .is_ok_and(|cookie| !cookie.is_empty())
        };
        hgpixel_testkit::wait_until("a cookie", std::time::Duration::from_secs(10), has_cookie)
            .await?;
        let given = cookie(&browser).await?;
        browser
            .script("hgTracking.trackEvent('known')", &[])
            .await?;
        site.has(&[("known", 1)]).await?;
        browser.goto(&site.url("/next")).await?;
        site.has(&[("pageview", 2)]).await?;
        browser.script("hgTracking.consent(false)", &[]).await?;
        let has_none = async || cookie(&browser).await.is_ok_and(|cookie| cookie.is_empty());
        hgpixel_testkit::wait_until("no cookie", std::time::Duration::from_secs(10), has_none)
            .await?;
        browser
            .script("hgTracking.trackEvent('unknown')", &[])
            .await?;
        let rows = site.has(&[("unknown", 1), ("pageview", 2)]).await?;
        let id = |kind: &str, at: usize| {
            of(&rows, kind)[at]["userId"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(given, format!("hgpixel_id={}", id("known", 0)));
        assert_eq!(
            [id("pageview", 0), id("pageview", 1), id("unknown", 0)],
            [String::new(), id("known", 0), String::new()]
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opted_out_has_no_id_and_no_cookie() -> Result<()> {
    let head = ALL.replace("data-site", r#"data-identity="cookie" data-site"#);
    let site = Site::open(&head).await?;
    let browser = Browser::start().await?;
    browser.devtools("Network.enable", &json!({})).await?;
    browser
        .devtools(
            "Network.setExtraHTTPHeaders",
            &json!({"headers": {"Sec-GPC": "1"}}),
        )
        .await?;
    let source =
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})";
    browser
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": source }),
        )
        .await?;
    browser.goto(&site.url("/start")).await?;
    let rows = site.has(&[("pageview", 1)]).await?;
    ensure!(cookie(&browser).await?.is_empty());
    ensure!(
        rows[0]["userId"].as_str().is_none_or(str::is_empty),
        "{}",
        rows[0]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_none_of_it_is_not_counted() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(&format!(
            "<script>localStorage.hgpixel_ignore = 'true'</script>{head}"
        ))
        .await?;
        browser.goto(&site.url("/start")).await?;
        let is_there = async || {
            browser
                .script("return !!window.hg", &[])
                .await
                .is_ok_and(|there| there == Value::Bool(true))
        };
        hgpixel_testkit::wait_until("the script", std::time::Duration::from_secs(10), is_there)
            .await?;
        browser.script("hgTracking.trackEvent('x')", &[]).await?;
        browser.click("#buy").await?;
        browser
            .script("return new Promise(done => setTimeout(done, 1000))", &[])
            .await?;
        browser.goto("about:blank").await?;
        assert_eq!(site.front.beacons(), 0);
    }
    Ok(())
}

async fn cookie(browser: &Browser) -> Result<String> {
    let cookie = browser.script("return document.cookie", &[]).await?;
    Ok(cookie.as_str().unwrap_or_default().to_owned())
}
