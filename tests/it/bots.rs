//! Bots in a real browser: a crawler comes, is seen with its reason, is restored, and the dashboard's figures follow.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{Browser, wait_until};
use serde_json::{Value, json};

use crate::dashboard::is_sound;
use crate::stack::Stack;

const SOON: Duration = Duration::from_secs(30);
const CRAWLER: &str = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)";

fn view(visitor: &str) -> Value {
    json!({"site": "shop.test", "url": "https://shop.test/", "userId": visitor, "events": [{"type": "pageview"}]})
}

/// Two people and a crawler have been at a shop.
async fn visited(stack: &Stack) -> Result<()> {
    stack.track(&view("anna")).await?;
    stack.track(&view("ben")).await?;
    let answer = stack
        .client
        .post(format!("{}/track", stack.ingest().url()))
        .header("content-type", "text/plain")
        .header("user-agent", CRAWLER)
        .body(view("").to_string())
        .send()
        .await?;
    ensure!(answer.status() == 204, "{}", answer.status());
    stack.at_rest().await?;
    Ok(())
}

struct Editor {
    stack: Stack,
    browser: Browser,
}

impl Editor {
    async fn start(stack: Stack) -> Result<Self> {
        visited(&stack).await?;
        let browser = Browser::start().await?;
        stack.log_in(&browser).await?;
        Ok(Self { stack, browser })
    }

    async fn open(&self, query: &str) -> Result<()> {
        let url = format!("{}/sites/shop.test/bots{query}", self.stack.query().url());
        self.browser.goto(&url).await
    }

    async fn until(&self, what: &str, script: &str) -> Result<()> {
        let is_true = async || {
            let answer = self.browser.script(script, &[]).await;
            answer.is_ok_and(|answer| answer == json!(true))
        };
        wait_until(what, SOON, is_true).await
    }

    /// Presses a button on the page of bots, and waits until that is done.
    async fn press(&self, selector: &str) -> Result<()> {
        self.browser.click(selector).await?;
        self.until(
            "the verdict",
            "return location.search.includes('done=') && document.querySelector('.done').textContent.startsWith('Done.')",
        )
        .await
    }

    /// Waits until the dashboard counts so many visitors.
    async fn counts(&self, visitors: u32) -> Result<()> {
        let url = format!("{}/?site=shop.test", self.stack.query().url());
        self.browser.goto(&url).await?;
        let script = format!(
            "return document.querySelector('.figure:nth-child(1) .figure-value')?.textContent === '{visitors}'"
        );
        self.until(&format!("{visitors} visitors"), &script).await
    }

    async fn page(&self) -> Result<String> {
        self.browser.text("main").await
    }
}

async fn a_crawler_is_seen_restored_and_marked_again(stack: Stack) -> Result<()> {
    let editor = Editor::start(stack).await?;
    editor.counts(2).await?;
    // From the dashboard, as an owner goes.
    editor.browser.click(".below a[href$='/bots']").await?;
    let there = "return document.title === 'Bots on shop.test · hgpixel'";
    editor.until("the page of bots", there).await?;
    let page = editor.page().await?;
    for part in ["AI crawlers", "GPTBot", "OpenAI: trains AI models", CRAWLER] {
        ensure!(page.contains(part), "{part} is missing: {page}");
    }

    editor.press("section[aria-labelledby=ai] .button").await?;
    let page = editor.page().await?;
    ensure!(page.contains("Nothing was marked"), "{page}");
    editor.counts(3).await?;

    editor.open("").await?;
    editor.press("#verdicts ~ .lines .button").await?;
    editor.counts(2).await?;

    // Taught, as one that nothing was seen of: both people come with one user agent.
    editor.open("?agents=people").await?;
    editor
        .press("section[aria-labelledby=agents] .deed .button")
        .await?;
    let page = editor.page().await?;
    ensure!(page.contains("Somebody here said so"), "{page}");
    let answer = editor.browser.console().await?;
    ensure!(answer.is_empty(), "{answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawler_is_seen_restored_and_marked_again_embedded() -> Result<()> {
    a_crawler_is_seen_restored_and_marked_again(Stack::embedded().await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawler_is_seen_restored_and_marked_again_in_a_fleet() -> Result<()> {
    a_crawler_is_seen_restored_and_marked_again(Stack::fleet().await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_sound_in_light_and_dark_and_fits_a_phone() -> Result<()> {
    let editor = Editor::start(Stack::embedded().await?).await?;
    editor.open("").await?;
    is_sound(&editor.browser, "light").await?;
    // A verdict, so that every part of the page is there.
    editor
        .press("section[aria-labelledby=agents] .deed .button")
        .await?;
    let dark = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
    let phone = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
    for (command, parameters) in [
        ("Emulation.setEmulatedMedia", dark),
        ("Emulation.setDeviceMetricsOverride", phone),
    ] {
        editor.browser.devtools(command, &parameters).await?;
        for query in ["", "?agents=people"] {
            editor.open(query).await?;
            is_sound(&editor.browser, command).await?;
        }
    }
    editor
        .until(
            "a page no wider than the phone",
            "return document.documentElement.scrollWidth <= 390",
        )
        .await?;
    let entries = editor.browser.console().await?;
    ensure!(entries.is_empty(), "{entries:?}");
    Ok(())
}

/// What the page does, the command line does too.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_restores_teaches_and_forgets() -> Result<()> {
    let stack = Stack::embedded().await?;
    visited(&stack).await?;
    let bots = async |arguments: &[&str]| {
        let all = [&["bots"], arguments, &["--site", "shop.test"]].concat();
        stack.query().run(&all).await
    };
    let listed = bots(&["list"]).await?;
    let line = listed.trim().split('\t').collect::<Vec<_>>();
    ensure!(
        line[..5] == ["seen", "ai_crawler", "GPTBot", "visits=1", "events=1"],
        "{listed}"
    );
    ensure!(
        line.len() == 6 && line[5].len() > "last_ms=1".len(),
        "{listed}"
    );

    bots(&["restore", "--name", "GPTBot"]).await?;
    let listed = bots(&["list"]).await?;
    ensure!(
        listed.starts_with("said\tpeople\tname\tGPTBot\tat_ms=")
            && listed.ends_with("\tcommand line\n"),
        "{listed}"
    );
    bots(&["forget", "--name", "GPTBot"]).await?;
    let again = ["bots", "forget", "--name", "GPTBot", "--site", "shop.test"];
    let failed = stack.query().try_run(&again).await?;
    ensure!(
        failed.code == 1 && failed.stderr.contains("bots list"),
        "{}",
        failed.stderr
    );

    bots(&[
        "teach",
        "--user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    ])
    .await?;
    let listed = bots(&["list"]).await?;
    let taught = listed
        .lines()
        .find(|line| line.starts_with("seen\ttaught\t\t"));
    let taught = taught.with_context(|| listed.clone())?;
    ensure!(taught.contains("visits=2"), "{listed}");
    let audit = stack.query().run(&["audit", "--limit", "1"]).await?;
    ensure!(audit.contains("bots.teach"), "{audit}");
    Ok(())
}
