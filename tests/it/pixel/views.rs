//! Which pages are counted, by whatever way somebody comes to them.

use std::time::Duration;

use anyhow::{Result, ensure};
use hgpixel_testkit::{Browser, wait_until};
use serde_json::json;

use super::{ALL, CORE, Site, of, viewed};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_view_says_what_there_is_to_say() -> Result<()> {
    let browser = Browser::start_with(&["--lang=de-AT", "--accept-lang=de-AT"]).await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start?utm_source=mail")).await?;
        let rows = site.has(&[("pageview", 1)]).await?;
        let view = of(&rows, "pageview")[0];
        assert_eq!(view["clientID"], "shop");
        assert_eq!(view["url"], site.url("/start?utm_source=mail"));
        assert_eq!(view["title"], "Shop");
        let device = &view["deviceInfo"];
        ensure!(
            device["screen"]
                .as_str()
                .is_some_and(|size| size.contains('x')),
            "{view}"
        );
        ensure!(
            device["timeZone"].is_string() && device["colorScheme"] == "light",
            "{view}"
        );
        assert_eq!(
            browser
                .script("return document.cookie + localStorage.length", &[])
                .await?,
            "0"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_counted_by_every_route_that_it_takes() -> Result<()> {
    let head = ALL.replace("data-site", r#"data-hash="true" data-site"#);
    let site = Site::open(&head).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    site.has(&[("pageview", 1)]).await?;
    let steps = [
        "history.pushState({}, '', '/pushed')",
        "history.replaceState({}, '', '/replaced?q=1')",
        "location.hash = '#/hash'",
        "return navigation.navigate('/app', {history: 'push', info: 'intercept'}).committed.then(() => null)",
        "history.back()",
    ];
    browser
        .script(
            "navigation.addEventListener('navigate', event => event.info === 'intercept' && event.intercept())",
            &[],
        )
        .await?;
    for (step, script) in steps.iter().enumerate() {
        browser.script(script, &[]).await?;
        site.has(&[("pageview", step + 2)]).await?;
    }
    // The same address again is no other page.
    browser
        .script("history.replaceState({}, '', location.href)", &[])
        .await?;
    browser.script("hgTracking.trackEvent('end')", &[]).await?;
    let rows = site.has(&[("end", 1), ("pageview", 6)]).await?;
    assert_eq!(
        viewed(&rows),
        [
            "start",
            "pushed",
            "replaced?q=1",
            "replaced/hash?q=1",
            "app",
            "replaced/hash?q=1"
        ]
    );
    let from = |view: usize| of(&rows, "pageview")[view]["referrer"].clone();
    assert_eq!([from(0), from(1)], [json!(""), json!(site.url("/start"))]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_back_from_the_cache_of_the_browser_counts_again() -> Result<()> {
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        let browser =
            Browser::start_with(&["--enable-features=BackForwardCache:enable_same_site/true"])
                .await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        browser.script("window.isTheSame = true", &[]).await?;
        browser.click("#next").await?;
        site.has(&[("pageview", 2)]).await?;
        browser.back().await?;
        let rows = site.has(&[("pageview", 3)]).await?;
        let why = browser.script("return JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)", &[]).await?;
        ensure!(
            browser.script("return window.isTheSame", &[]).await? == true,
            "the page was loaded again: {why}"
        );
        assert_eq!(viewed(&rows), ["start", "next", "start"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_made_ahead_counts_once_it_is_shown() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let rules = r#"<script type="speculationrules">{"prerender": [{"source": "list", "urls": ["/next"], "eagerness": "immediate"}]}</script>"#;
        let site = Site::open(&format!("{head}{rules}")).await?;
        browser.goto(&site.url("/start")).await?;
        let is_made = async || site.is_made_ahead("/next");
        wait_until("a page made ahead", Duration::from_secs(20), is_made).await?;
        // What it would have sent by then has been sent.
        browser
            .script("hgTracking.trackEvent('start')", &[])
            .await?;
        let rows = site.has(&[("start", 1), ("pageview", 1)]).await?;
        assert_eq!(viewed(&rows), ["start"]);
        browser.click("#next").await?;
        let rows = site.has(&[("pageview", 2)]).await?;
        assert_eq!(viewed(&rows), ["start", "next"]);
        let activated = browser
            .script(
                "return performance.getEntriesByType('navigation')[0].activationStart > 0",
                &[],
            )
            .await?;
        ensure!(activated == true, "the page was not made ahead");
        browser.goto("about:blank").await?;
        let rows = site.has(&[("performance_metrics", 2)]).await?;
        ensure!(of(&rows, "performance_metrics")[1]["url"] == site.url("/next"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_included_twice_counts_once() -> Result<()> {
    for head in [
        format!("{ALL}{ALL}"),
        format!("{CORE}{CORE}"),
        format!("{CORE}{ALL}"),
    ] {
        let site = Site::open(&head).await?;
        let browser = Browser::start().await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        browser
            .script(
                "hgTracking.initialize('shop'); hgTracking.initialize('shop')",
                &[],
            )
            .await?;
        browser.click("#buy").await?;
        site.has(&[("click", 1)]).await?;
        browser.goto("about:blank").await?;
        site.has(&[
            ("pageview", 1),
            ("click", 1),
            ("button_click", 1),
            ("engagement", 1),
            ("performance_metrics", 1),
        ])
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_calls_before_the_script_is_there_arrives_with_its_time() -> Result<()> {
    let embed = include_str!("../../../pixeljs/embed.html");
    let (_, long) = embed
        .split_once("<script nonce=\"\">")
        .expect("the snippet has a long form");
    let long = format!("<script>{long}")
        .replace("https://stats.example.com", "__STATS__")
        .replace("my-site", "shop");
    let calls = "<script>hg.trackEvent('early', {n: 1}); hgTracking.push(['pushed', {n: 2}]); window.calledAt = Date.now()</script>";
    let site = Site::open(&format!("{long}{calls}")).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    let rows = site
        .has(&[("pageview", 1), ("early", 1), ("pushed", 1)])
        .await?;
    let called = browser
        .script("return new Date(calledAt).toISOString()", &[])
        .await?;
    let early = of(&rows, "early")[0]["timestamp"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    ensure!(
        early.as_str() <= called.as_str().unwrap_or_default(),
        "{early} {called}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_snippet_works_with_this_script() -> Result<()> {
    let old = include_str!("../../pages/old.html");
    let (_, rest) = old
        .split_once("<script>")
        .expect("the old page has its snippet");
    let (snippet, _) = rest.split_once("</script>").expect("which ends");
    let browser = Browser::start().await?;
    for name in ["app.js", "all.js"] {
        let snippet = snippet.replace("/old-app.js", &format!("__STATS__/static/{name}"));
        let site = Site::open(&format!("<script>{snippet}</script>")).await?;
        browser.goto(&site.url("/start")).await?;
        let rows = site.has(&[("pageview", 1)]).await?;
        assert_eq!(rows[0]["clientID"], "UNIQUE_CLIENT_ID");
        browser
            .script("hgTracking.push(['customEvent', {answer: 42}])", &[])
            .await?;
        let rows = site.has(&[("customEvent", 1), ("pageview", 1)]).await?;
        assert_eq!(
            of(&rows, "customEvent")[0]["eventData"],
            json!({"answer": 42})
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_policy_is_kept_to() -> Result<()> {
    let policy = "default-src 'none'; script-src 'nonce-r4nd0m' 'strict-dynamic'; style-src 'unsafe-inline'; connect-src __STATS__; base-uri 'none'";
    let trusted = format!("{policy}; require-trusted-types-for 'script'");
    let browser = Browser::start().await?;
    for (head, policy) in [(ALL, policy), (CORE, policy), (ALL, &trusted)] {
        let head = head.replace("<script", "<script nonce=\"r4nd0m\"");
        let site = Site::open_with_policy(&head, policy).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        browser.click("#buy").await?;
        browser.goto("about:blank").await?;
        site.has(&[
            ("pageview", 1),
            ("button_click", 1),
            ("engagement", 1),
            ("performance_metrics", 1),
        ])
        .await?;
        let violations: Vec<_> = browser
            .console()
            .await?
            .into_iter()
            .filter(|entry| entry.to_string().contains("Content Security"))
            .collect();
        ensure!(violations.is_empty(), "{violations:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_picture_counts() -> Result<()> {
    let embed = include_str!("../../../pixeljs/embed.html");
    let picture = embed
        .lines()
        .find(|line| line.starts_with("<noscript>"))
        .expect("the snippet has a picture");
    let picture = picture
        .replace("https://stats.example.com", "__STATS__")
        .replace("my-site", "shop");
    let picture = picture.replace("<noscript>", "</head><body><noscript>");
    let site = Site::open(&format!("{ALL}{picture}")).await?;
    let browser = Browser::start().await?;
    browser
        .devtools(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": true}),
        )
        .await?;
    browser.goto(&site.url("/start")).await?;
    let rows = site.has(&[("pageview", 1)]).await?;
    assert_eq!(rows[0]["clientID"], "shop");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_imports_the_package_is_counted() -> Result<()> {
    let head = r#"<script type="module">
        import { init, track } from "__STATS__/static/hgpixel.mjs";
        init("shop", { endpoint: "__STATS__/track", modules: ["clicks", "performance"] });
        track("started");
    </script>"#;
    let site = Site::open(head).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    site.has(&[("pageview", 1), ("started", 1)]).await?;
    browser.click("#buy").await?;
    browser.goto("about:blank").await?;
    site.has(&[
        ("button_click", 1),
        ("engagement", 1),
        ("performance_metrics", 1),
        ("favourite_colour", 0),
    ])
    .await?;
    Ok(())
}
