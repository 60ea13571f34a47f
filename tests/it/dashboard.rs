//! The dashboard in a real browser: what a reader does with mouse, keyboard and phone, and that it is sound for those who cannot see it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{Browser, wait_until};
use serde_json::{Value, json};

use crate::stack::Stack;

const SOON: Duration = Duration::from_secs(30);

/// Keys as the protocol of browsers' drivers names them.
const ENTER: &str = "\u{E007}";
const RIGHT: &str = "\u{E014}";
const LEFT: &str = "\u{E012}";

/// The checker of accessibility, as `npm ci` puts it there.
const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/query/ui/node_modules/axe-core/axe.min.js"
);

/// A server with a site that was visited, and a browser that is logged in.
struct Reader {
    stack: Stack,
    browser: Browser,
}

impl Reader {
    async fn start(flags: &[&str]) -> Result<Self> {
        let stack = Stack::embedded().await?;
        for (index, (path, referrer)) in [
            ("/", "https://www.google.com/"),
            ("/pricing", "https://www.google.com/"),
            ("/", "https://news.ycombinator.com/"),
            ("/<img src=x onerror=alert(1)>", ""),
        ]
        .into_iter()
        .enumerate()
        {
            stack.track(&beacon(index, path, referrer)).await?;
        }
        stack.at_rest().await?;
        let browser = Browser::start_with(flags).await?;
        stack.log_in(&browser).await?;
        Ok(Self { stack, browser })
    }

    /// Goes to the dashboard, and waits until everything on it has come.
    async fn open(&self, query: &str) -> Result<()> {
        let url = format!("{}/?site=shop.test{query}", self.stack.query().url());
        self.browser.goto(&url).await?;
        self.has_come().await
    }

    async fn has_come(&self) -> Result<()> {
        self.until(
            "all cards",
            "return document.querySelector('[aria-busy=true], .card-panel .skeleton') === null
               && document.querySelectorAll('.card-panel').length > 5",
        )
        .await
    }

    /// Waits until a script is true.
    async fn until(&self, what: &str, script: &str) -> Result<()> {
        let is_true = async || {
            let answer = self.browser.script(script, &[]).await;
            answer.is_ok_and(|answer| answer == json!(true))
        };
        wait_until(what, SOON, is_true).await
    }

    async fn text(&self, selector: &str) -> Result<String> {
        self.browser.text(selector).await
    }

    /// Nothing that axe knows to be wrong with the page as it is now.
    async fn is_sound(&self, name: &str) -> Result<()> {
        is_sound(&self.browser, name).await
    }

    /// Nothing that the browser complained about: errors of scripts, and of the content security policy.
    async fn is_quiet(&self) -> Result<()> {
        let entries = self.browser.console().await?;
        ensure!(entries.is_empty(), "{entries:?}");
        Ok(())
    }
}

/// Nothing that axe knows to be wrong with the page as it is now.
pub(crate) async fn is_sound(browser: &Browser, name: &str) -> Result<()> {
    ensure!(
        Path::new(AXE).exists(),
        "axe-core is missing: `cargo xtask setup` installs it"
    );
    let axe = std::fs::read_to_string(AXE)?;
    // The policy of the page lets no script in; the driver's are the browser's own.
    browser.script(&axe, &[]).await?;
    let found = browser
        .script(
            "return axe.run(document, {resultTypes: ['violations']}).then(({violations}) =>
               violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map(({html, any}) => [html, any.map(a => a.message)])})))",
            &[],
        )
        .await?;
    ensure!(found == json!([]), "{name}: {found:#}");
    Ok(())
}

fn beacon(visitor: usize, path: &str, referrer: &str) -> Value {
    json!({
        "site": "shop.test", "url": format!("https://shop.test{path}"), "title": "A shop", "referrer": referrer, "userId": format!("visitor-{visitor}"),
        "language": "de-AT", "device": {"screen": "390x844", "colorScheme": "dark"},
        "events": [
            {"type": "pageview"},
            {"type": "signup", "data": {"plan": "pro", "seats": 3}},
            {"type": "performance_metrics", "data": {"lcp": 2_000 + visitor, "cls": 0.3, "ttfb": 90}},
            {"type": "favourite_colour", "data": {"colour": "#1c7ed6"}},
            {"type": "error", "data": {"message": "it <b>broke</b>", "source": "/app.js"}},
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_narrows_everything_by_a_click_and_the_address_says_so() -> Result<()> {
    let reader = Reader::start(&[]).await?;
    reader.open("").await?;
    assert_eq!(
        reader.text(".figure:nth-child(1) .figure-value").await?,
        "4"
    );
    reader
        .until(
            "the visitors of now",
            "return document.querySelector('#live-count').textContent === '4 visitors now'",
        )
        .await?;
    // Hostile text is text.
    let pages = reader.text("[data-card=pages] table").await?;
    ensure!(
        pages.contains("<img src=x onerror=alert(1)>") || pages.contains("%3Cimg"),
        "{pages}"
    );

    reader
        .browser
        .click("[data-card=pages] tbody tr:nth-child(1) a")
        .await?;
    reader.has_come().await?;
    ensure!(
        reader.browser.url().await?.ends_with("&f=is,event:page,/"),
        "{}",
        reader.browser.url().await?
    );
    reader
        .until(
            "two visitors",
            "return document.querySelector('.figure-value').textContent === '2'",
        )
        .await?;
    assert_eq!(reader.text(".chip-value").await?, "/");
    // The address is all that there is to it.
    reader.browser.reload().await?;
    reader.has_come().await?;
    assert_eq!(reader.text(".figure-value").await?, "2");
    reader.browser.back().await?;
    reader
        .until(
            "everybody again",
            "return document.querySelector('.figure-value').textContent === '4' && !document.querySelector('.chip')",
        )
        .await?;
    reader.is_quiet().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_kept_and_shared_with_whoever_has_the_link() -> Result<()> {
    let reader = Reader::start(&[]).await?;
    reader.open("").await?;
    let browser = &reader.browser;
    browser.click("[data-card=goals] button").await?;
    browser.type_into("dialog input", "Signed up").await?;
    browser.type_into("dialog select", "Event").await?;
    browser
        .type_into("dialog .step-fields input", "signup")
        .await?;
    browser.click("dialog .primary").await?;
    let has_goal = "return /Signed up\\s*4\\s*100%/.test(document.querySelector('[data-card=goals]').innerText)";
    reader.until("the goal and its rate", has_goal).await?;
    browser.click("#annotate").await?;
    browser
        .type_into("dialog label:last-of-type input", "It began")
        .await?;
    browser.click("dialog .primary").await?;
    let has_note =
        "return document.querySelector('.notes')?.innerText.includes('It began') === true";
    reader.until("the annotation", has_note).await?;
    reader.is_sound("with things that are kept").await?;

    browser.click("#share").await?;
    browser.type_into("dialog input", "The board").await?;
    browser.click("dialog .primary").await?;
    reader
        .until(
            "the link",
            "return document.querySelector('.made input') !== null",
        )
        .await?;
    let link = browser
        .script("return document.querySelector('.made input').value", &[])
        .await?;
    let link = link.as_str().context("a link")?;

    // Somebody else, who is not logged in.
    let other = Reader {
        browser: Browser::start().await?,
        stack: reader.stack,
    };
    other.browser.goto(link).await?;
    other.has_come().await?;
    other.until("the goal and its rate", has_goal).await?;
    other.until("the annotation", has_note).await?;
    let closed = other
        .browser
        .script(
            "return !document.querySelector('#share, #annotate')?.checkVisibility() && !document.querySelector('.chip-remove')",
            &[],
        )
        .await?;
    ensure!(closed == json!(true), "a guest is offered changes");
    other.is_sound("a shared dashboard").await?;
    other.is_quiet().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyboard_is_enough() -> Result<()> {
    let reader = Reader::start(&[]).await?;
    reader.open("").await?;
    let browser = &reader.browser;
    browser.type_into("#pages-tab-0", RIGHT).await?;
    reader
        .until(
            "the tab of entry pages",
            "return document.activeElement.id === 'pages-tab-1' && document.activeElement.ariaSelected === 'true'",
        )
        .await?;
    ensure!(browser.url().await?.contains("tab=pages.entry"));
    reader.has_come().await?;
    browser.type_into(".graph-canvas", LEFT).await?;
    reader
        .until(
            "the last point of the graph to be said",
            "return /: 4/.test(document.querySelector('#graph [aria-live]').textContent)",
        )
        .await?;
    browser
        .type_into("[data-card=sources] .card-more", ENTER)
        .await?;
    reader
        .until(
            "the details to hold the focus",
            "return document.querySelector('dialog[open]')?.contains(document.activeElement) === true",
        )
        .await?;
    reader
        .until(
            "rows",
            "return document.querySelectorAll('dialog tbody tr').length === 3",
        )
        .await?;
    browser
        .type_into("dialog .dialog-head button", ENTER)
        .await?;
    reader
        .until(
            "the focus to come back",
            "return document.activeElement.classList.contains('card-more')",
        )
        .await?;
    reader.is_quiet().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_sound_in_light_and_dark_and_on_a_phone() -> Result<()> {
    let reader = Reader::start(&[]).await?;
    reader.open("").await?;
    reader.is_sound("light").await?;
    reader.browser.click("[data-card=pages] .card-more").await?;
    reader
        .until(
            "rows",
            "return document.querySelector('dialog tbody tr') !== null",
        )
        .await?;
    reader.is_sound("details").await?;
    reader.browser.click("dialog .dialog-head button").await?;
    reader.browser.click("#add-filter").await?;
    reader.is_sound("the dialog of a filter").await?;
    reader.browser.click("dialog .dialog-head button").await?;

    // Chosen, not the system's: light, then dark.
    reader.browser.click("#theme").await?;
    reader.browser.click("#theme").await?;
    reader
        .until(
            "the dark",
            "return getComputedStyle(document.documentElement).colorScheme === 'dark'",
        )
        .await?;
    reader.open("&f=is,visit:source,Google").await?;
    reader.is_sound("dark").await?;

    let phone = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
    reader
        .browser
        .devtools("Emulation.setDeviceMetricsOverride", &phone)
        .await?;
    reader.open("&period=realtime").await?;
    reader
        .until(
            "a page no wider than the phone",
            "return document.documentElement.scrollWidth <= 390",
        )
        .await?;
    reader.is_sound("phone").await?;
    reader
        .browser
        .goto(&format!("{}/sites", reader.stack.query().url()))
        .await?;
    reader.is_sound("sites").await?;
    reader.is_quiet().await
}
