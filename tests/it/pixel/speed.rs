//! The pixel slows nothing down: no piece of its work takes longer than 5 ms on a processor of a quarter of the speed.

use anyhow::{Result, ensure};
use hgpixel_testkit::Browser;
use serde_json::{Value, json};

use super::{ALL, CORE, Site};

const SLOWDOWN: u32 = 4;
const MOST_MS: f64 = 5.0;

#[tokio::test(flavor = "multi_thread")]
async fn no_task_is_long_on_a_slow_processor() -> Result<()> {
    for (name, head) in [("all.js", ALL), ("app.js", CORE)] {
        let site = Site::open(head).await?;
        let browser = Browser::start_traced().await?;
        browser
            .devtools(
                "Emulation.setCPUThrottlingRate",
                &json!({ "rate": SLOWDOWN }),
            )
            .await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        browser.click("#buy").await?;
        browser.type_into("[name=mail]", "ada").await?;
        browser
            .script("scrollTo(0, 500); history.pushState({}, '', '/two')", &[])
            .await?;
        site.has(&[("pageview", 2)]).await?;
        browser.goto("about:blank").await?;
        site.has(&[("engagement", 2), ("performance_metrics", 1)])
            .await?;
        let events = browser.trace().await?;
        let longest = longest(&events);
        let clicks = longest
            .iter()
            .filter(|(what, _)| what.starts_with("FunctionCall"))
            .count();
        println!(
            "{name} at 1/{SLOWDOWN} of the speed: {:?}",
            &longest[..longest.len().min(6)]
        );
        ensure!(
            clicks > 3
                && longest
                    .iter()
                    .any(|(what, _)| what.starts_with("EvaluateScript")),
            "nothing was measured: {longest:?}"
        );
        ensure!(longest[0].1 <= MOST_MS, "{longest:?}");
    }
    Ok(())
}

/// What ran of the pixel, and for how many milliseconds of the processor, the longest first.
fn longest(events: &[Value]) -> Vec<(String, f64)> {
    let mut ran: Vec<_> = events
        .iter()
        .filter(|event| {
            event["args"]["data"]["url"]
                .as_str()
                .is_some_and(|url| url.contains("/static/"))
        })
        .filter_map(|event| {
            let took_us = event["tdur"].as_f64().or_else(|| event["dur"].as_f64())?;
            let url = event["args"]["data"]["url"].as_str()?;
            let file = url.rsplit('/').next()?;
            Some((
                format!("{} {file}", event["name"].as_str()?),
                took_us / 1_000.0,
            ))
        })
        .collect();
    ran.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    ran
}
