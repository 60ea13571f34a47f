//! A page with the first hgpixel's snippet and script keeps working, in a real browser; and what the script sends twice is
//! counted once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use hgpixel_testkit::{Browser, wait_until};
use serde_json::{Value, json};

use crate::in_both_modes;
use crate::stack::Stack;

const PAGE: &str = include_str!("../pages/old.html");
const SCRIPT: &str = include_str!("../pages/old-app.js");

in_both_modes!(a_page_with_the_old_snippet_shows_everything_that_happens_on_it_once);

async fn a_page_with_the_old_snippet_shows_everything_that_happens_on_it_once(
    stack: Stack,
) -> Result<()> {
    let page = serve_page(&format!("{}/track", stack.ingest().url())).await?;
    let browser = Browser::start().await?;

    browser.goto(&page).await?;
    arrived(&stack, &[("pageview", 1), ("performance_metrics", 1)]).await?;
    browser.click("#text").await?;
    browser.click("#buy").await?;
    browser.script("hgTracking.trackEvent('signup', {plan: 'pro'}); hgTracking.push(['customEvent', {answer: 42}])", &[]).await?;
    arrived(
        &stack,
        &[
            ("click", 2),
            ("button_click", 1),
            ("signup", 1),
            ("customEvent", 1),
        ],
    )
    .await?;
    browser.click("#send").await?;
    arrived(&stack, &[("form_submit", 1)]).await?;
    browser.goto(&page).await?;
    arrived(&stack, &[("pageview", 2)]).await?;
    browser.click("#away").await?;

    let rows = arrived(&stack, &[("outbound_link", 1)]).await?;
    check_contents(&rows, &page)?;
    stack.at_rest().await?;
    let counts = by_type(&stack.rows("").await?);
    let expected = [
        ("button_click", 1),
        ("click", 4),
        ("customEvent", 1),
        ("form_submit", 1),
        ("outbound_link", 1),
        ("pageview", 2),
        ("performance_metrics", 2),
        ("signup", 1),
    ];
    assert_eq!(
        counts,
        expected
            .map(|(kind, count)| (kind.to_owned(), count))
            .into()
    );
    Ok(())
}

/// Waits until at least so many events of these types are in `/view-data`.
async fn arrived(stack: &Stack, expected: &[(&str, usize)]) -> Result<Vec<Value>> {
    let has_all = async || {
        let counts = stack
            .rows("")
            .await
            .map(|rows| by_type(&rows))
            .unwrap_or_default();
        expected
            .iter()
            .all(|(kind, count)| counts.get(*kind).is_some_and(|found| found >= count))
    };
    let waited = wait_until(
        &format!("{expected:?} in /view-data"),
        Duration::from_secs(30),
        has_all,
    )
    .await;
    let rows = stack.rows("").await?;
    waited.with_context(|| format!("{:?}", by_type(&rows)))?;
    Ok(rows)
}

fn by_type(rows: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts
            .entry(row["eventType"].as_str().unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    counts
}

fn check_contents(rows: &[Value], page: &str) -> Result<()> {
    let of = |kind: &str| {
        rows.iter()
            .find(|row| row["eventType"] == kind)
            .with_context(|| kind.to_owned())
    };
    assert_eq!(
        of("button_click")?["eventData"],
        json!({"buttonText": "Buy now", "buttonId": "buy"})
    );
    assert_eq!(
        of("form_submit")?["eventData"],
        json!({"formId": "newsletter"})
    );
    assert_eq!(of("signup")?["eventData"], json!({"plan": "pro"}));
    assert_eq!(
        of("outbound_link")?["eventData"]["linkText"],
        "Another host"
    );
    ensure!(of("performance_metrics")?["eventData"]["totalTime"].is_number());
    let view = of("pageview")?;
    assert_eq!(view["clientID"], "UNIQUE_CLIENT_ID");
    assert_eq!(view["url"], page);
    assert_eq!(view["deviceInfo"]["deviceType"], "Desktop");
    for key in ["sessionId", "userId"] {
        let values: Vec<_> = rows
            .iter()
            .map(|row| row[key].as_str().unwrap_or_default())
            .collect();
        ensure!(
            values[0].len() == 36 && values.iter().all(|value| *value == values[0]),
            "{key}: {values:?}"
        );
    }
    Ok(())
}

/// Serves the page from a host of its own, as a site does. Ends with the test's runtime.
async fn serve_page(track: &str) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let page = PAGE.replace("__PORT__", &port.to_string());
    let script = SCRIPT.replace("__TRACK__", track);
    let app = Router::new()
        .route("/", get(async move || Html(page)))
        .route(
            "/old-app.js",
            get(async move || ([("content-type", "text/javascript")], script)),
        )
        .fallback(async || Html("<!doctype html><title>Elsewhere</title>"));
    #[expect(
        clippy::disallowed_methods,
        reason = "the server of a test ends with the test's runtime"
    )]
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://127.0.0.1:{port}/"))
}
