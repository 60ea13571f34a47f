//! A real browser: headless Chromium, driven through chromedriver.

use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::webdriver::Session;
use crate::{Process, Ready, find_program, free_port};

/// The names under which Chromium is installed; the first that is found is used.
pub const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// No sandbox, for tests run as root, too; nothing that would speak to the world outside on its own.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--window-size=1280,900",
];

/// A Chromium with an empty profile of its own and one tab. Dropping it ends it and removes the profile.
#[derive(Debug)]
pub struct Browser {
    session: Session,
    driver: Process,
}

impl Browser {
    /// Starts one; takes about a second.
    ///
    /// # Errors
    /// When Chromium or chromedriver is not installed or does not come up.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one with more flags: `"--lang=de"`, `"--user-agent=…"`, `"--force-dark-mode"`.
    ///
    /// # Errors
    /// When Chromium or chromedriver is not installed or does not come up.
    pub async fn start_with(flags: &[&str]) -> Result<Self> {
        Self::start_as(flags, json!({}), json!({"browser": "ALL"})).await
    }

    /// Starts one whose user blocks cookies and storage: `localStorage` throws, and no cookie is kept.
    ///
    /// # Errors
    /// When Chromium or chromedriver is not installed or does not come up.
    pub async fn start_without_storage() -> Result<Self> {
        const BLOCKED: u8 = 2;
        let preferences = json!({"profile.default_content_setting_values.cookies": BLOCKED});
        let options = json!({ "prefs": preferences });
        Self::start_as(&[], options, json!({"browser": "ALL"})).await
    }

    /// Starts one that writes down what its engine does, for [`Browser::trace`]; it is a little slower than others.
    ///
    /// # Errors
    /// When Chromium or chromedriver is not installed or does not come up.
    pub async fn start_traced() -> Result<Self> {
        let wanted = json!({"enableNetwork": false, "enablePage": false, "traceCategories": "devtools.timeline,v8"});
        let options = json!({ "perfLoggingPrefs": wanted });
        Self::start_as(
            &[],
            options,
            json!({"browser": "ALL", "performance": "ALL"}),
        )
        .await
    }

    async fn start_as(flags: &[&str], options: Value, logs: Value) -> Result<Self> {
        let port = free_port();
        let browser = BROWSERS.iter().find_map(|name| find_program(name).ok());
        let browser = browser.map_or_else(|| find_program(BROWSERS[0]), Ok)?;
        let driver = Process::builder("chromedriver")
            .arg(format!("--port={port}"))
            .ready(Ready::http(port, "/status"))
            .start()
            .await?;
        let session = Session::open(
            &format!("http://127.0.0.1:{port}"),
            &capabilities(&browser, driver.directory(), flags, options, &logs),
        )
        .await
        .with_context(|| format!("start {}:\n{}", browser.display(), driver.log()))?;
        Ok(Self { session, driver })
    }

    /// Goes to a page and waits until it has loaded.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.session
            .post("url", &json!({ "url": url }))
            .await
            .map(drop)
            .with_context(|| format!("go to {url}"))
    }

    /// Where the tab is.
    pub async fn url(&self) -> Result<String> {
        text(self.session.get("url").await?)
    }

    /// The document's title.
    pub async fn title(&self) -> Result<String> {
        text(self.session.get("title").await?)
    }

    /// Opens another tab, empty, and goes on there; answers the one left.
    pub async fn open_tab(&self) -> Result<Tab> {
        let left = text(self.session.get("window").await?)?;
        let opened = self
            .session
            .post("window/new", &json!({"type": "tab"}))
            .await?;
        self.switch_to(&Tab(text(opened["handle"].clone())?))
            .await?;
        Ok(Tab(left))
    }

    /// Closes the tab as a person does, and goes on in another.
    pub async fn close_tab(&self, next: &Tab) -> Result<()> {
        self.session.delete("window").await?;
        self.switch_to(next).await
    }

    /// Looks at another tab.
    pub async fn switch_to(&self, tab: &Tab) -> Result<()> {
        let Tab(handle) = tab;
        self.session
            .post("window", &json!({ "handle": handle }))
            .await
            .map(drop)
    }

    /// One page back in the tab's history.
    pub async fn back(&self) -> Result<()> {
        self.session.post("back", &json!({})).await.map(drop)
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        self.session.post("refresh", &json!({})).await.map(drop)
    }

    /// Runs the body of a function and answers what it returns; a promise is waited for. `arguments[0]` and so on are `arguments`.
    ///
    /// # Errors
    /// When the script throws, or its promise is rejected.
    pub async fn script(&self, body: &str, arguments: &[Value]) -> Result<Value> {
        self.session
            .post("execute/sync", &json!({"script": body, "args": arguments}))
            .await
            .with_context(|| format!("run {body}"))
    }

    /// Clicks, as a person would, the first element that a CSS selector finds: it is scrolled into view, and must not be covered.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let element = self.session.element(selector).await?;
        self.session
            .post(&format!("{element}/click"), &json!({}))
            .await
            .map(drop)
            .with_context(|| format!("click {selector}"))
    }

    /// Types into the first element that a CSS selector finds.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.session.element(selector).await?;
        self.session
            .post(&format!("{element}/value"), &json!({ "text": text }))
            .await
            .map(drop)
            .with_context(|| format!("type into {selector}"))
    }

    /// The visible text of the first element that a CSS selector finds.
    pub async fn text(&self, selector: &str) -> Result<String> {
        let element = self.session.element(selector).await?;
        text(self.session.get(&format!("{element}/text")).await?)
    }

    /// Does a CSS selector find anything now?
    pub async fn has(&self, selector: &str) -> Result<bool> {
        let found = self
            .script(
                "return document.querySelector(arguments[0]) !== null",
                &[json!(selector)],
            )
            .await?;
        found.as_bool().context("a comparison gives a boolean")
    }

    /// The tab as a PNG file.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let encoded = text(self.session.get("screenshot").await?)?;
        let bytes = STANDARD.decode(encoded).context("decode a screenshot")?;
        std::fs::write(file, bytes).with_context(|| format!("write {}", file.display()))
    }

    /// What pages have written to the console since the last call, errors of the network and of the content security policy
    /// among it: `{"level", "message", "source", "timestamp"}` each.
    pub async fn console(&self) -> Result<Vec<Value>> {
        let entries = self
            .session
            .post("se/log", &json!({"type": "browser"}))
            .await?;
        entries
            .as_array()
            .cloned()
            .context("the console's entries are a list")
    }

    /// What the engine did since the last call, as events of its trace: `{"name", "dur", "tdur", "args", …}` each, in microseconds.
    pub async fn trace(&self) -> Result<Vec<Value>> {
        let entries = self
            .session
            .post("se/log", &json!({"type": "performance"}))
            .await?;
        let entries = entries.as_array().context("the log's entries are a list")?;
        let mut events = Vec::new();
        for entry in entries {
            let message: Value =
                serde_json::from_str(entry["message"].as_str().unwrap_or_default())?;
            if message["message"]["method"] == "Tracing.dataCollected" {
                events.push(message["message"]["params"].clone());
            }
        }
        Ok(events)
    }

    /// Sends a command of the Chrome `DevTools` protocol: `devtools("Network.emulateNetworkConditions", …)`.
    pub async fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.session
            .post(
                "goog/cdp/execute",
                &json!({"cmd": command, "params": parameters}),
            )
            .await
            .with_context(|| command.to_owned())
    }

    /// The process of chromedriver, with Chromium below it; killing it is a crash of the browser.
    pub fn process(&self) -> &Process {
        &self.driver
    }
}

/// A tab of the browser.
#[derive(Clone, Debug)]
pub struct Tab(String);

fn capabilities(
    browser: &Path,
    directory: &Path,
    flags: &[&str],
    mut options: Value,
    logs: &Value,
) -> Value {
    let profile = format!("--user-data-dir={}", directory.join("profile").display());
    let arguments: Vec<&str> = FLAGS
        .iter()
        .chain(flags)
        .copied()
        .chain([profile.as_str()])
        .collect();
    options["binary"] = json!(browser);
    options["args"] = json!(arguments);
    json!({"alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": logs,
        "goog:chromeOptions": options,
        "timeouts": {"pageLoad": 30_000, "script": 30_000},
    }})
}

fn text(value: Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        other => anyhow::bail!("expected a text, not {other}"),
    }
}
