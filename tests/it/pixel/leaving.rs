//! The moment in which a page is left.

use anyhow::{Result, ensure};
use hgpixel_testkit::Browser;

use super::{ALL, CORE, Site, of};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_gathered_goes_when_the_tab_is_closed() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        let first = browser.open_tab().await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        browser.script("scrollTo(0, 1e6); return new Promise(done => requestAnimationFrame(() => setTimeout(done)))", &[]).await?;
        // Far more than one beacon takes.
        browser.script("for (let n = 0; n < 60; n++) hgTracking.trackEvent('last', {n, text: 'x'.repeat(700)})", &[]).await?;
        browser.close_tab(&first).await?;
        let rows = site
            .has(&[
                ("last", 60),
                ("engagement", 1),
                ("performance_metrics", 1),
                ("pageview", 1),
            ])
            .await?;
        let engagement = &of(&rows, "engagement")[0]["eventData"];
        assert_eq!(engagement["scroll"], 100);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_is_hidden_tells_what_it_has_and_goes_on_when_shown() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    site.has(&[("pageview", 1)]).await?;
    browser.type_into("[name=mail]", "a").await?;
    let first = browser.open_tab().await?;
    let rows = site
        .has(&[("engagement", 1), ("performance_metrics", 1)])
        .await?;
    let engagement = &of(&rows, "engagement")[0]["eventData"];
    ensure!(engagement["engaged"].as_f64() > Some(0.0), "{engagement}");
    browser.switch_to(&first).await?;
    browser.goto("about:blank").await?;
    site.has(&[
        ("pageview", 1),
        ("form_start", 1),
        ("form_abandon", 1),
        ("performance_metrics", 1),
    ])
    .await?;
    Ok(())
}
