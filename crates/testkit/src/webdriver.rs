//! As much of the W3C `WebDriver` protocol as the tests need, over plain HTTP to chromedriver.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http::{self, Request};

/// The key under which the protocol names an element (W3C `WebDriver`, section 12).
pub(crate) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser session.
#[derive(Debug)]
pub(crate) struct Session {
    url: String,
}

impl Session {
    /// Opens a session; `driver` is chromedriver's URL.
    pub(crate) async fn open(driver: &str, capabilities: &Value) -> Result<Self> {
        let answer = exchange(
            "POST",
            &format!("{driver}/session"),
            Some(&json!({ "capabilities": capabilities })),
        )
        .await?;
        let id = answer["sessionId"]
            .as_str()
            .context("a new session without an id")?;
        Ok(Self {
            url: format!("{driver}/session/{id}"),
        })
    }

    pub(crate) async fn post(&self, command: &str, parameters: &Value) -> Result<Value> {
        exchange("POST", &format!("{}/{command}", self.url), Some(parameters)).await
    }

    pub(crate) async fn get(&self, command: &str) -> Result<Value> {
        exchange("GET", &format!("{}/{command}", self.url), None).await
    }

    pub(crate) async fn delete(&self, part: &str) -> Result<Value> {
        exchange("DELETE", &format!("{}/{part}", self.url), None).await
    }

    /// The first element that a CSS selector finds, as a part of the URL of commands on it.
    pub(crate) async fn element(&self, selector: &str) -> Result<String> {
        let found = self
            .post(
                "element",
                &json!({"using": "css selector", "value": selector}),
            )
            .await?;
        let id = found[ELEMENT]
            .as_str()
            .with_context(|| format!("find {selector}"))?;
        Ok(format!("element/{id}"))
    }
}

async fn exchange(method: &str, url: &str, body: Option<&Value>) -> Result<Value> {
    let mut request = Request::new(method, url);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = http::send(request).await?;
    let mut json = answer.json()?;
    if answer.status != 200 {
        let reason = &json["value"];
        bail!(
            "the browser refused: {}: {}",
            reason["error"].as_str().unwrap_or("?"),
            reason["message"].as_str().unwrap_or("?")
        );
    }
    Ok(json["value"].take())
}
