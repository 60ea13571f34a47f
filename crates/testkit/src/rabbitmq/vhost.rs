//! A fresh vhost for one test.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::AUTHORIZATION;
use crate::http::{self, Answer, Request};
use crate::{Rabbitmq, shared_rabbitmq};

/// An empty vhost that nobody else uses; removed with this value, and its queues and connections with it.
#[derive(Debug)]
pub struct RabbitVhost {
    name: String,
    broker_url: String,
    management_url: String,
}

impl RabbitVhost {
    /// Makes one in the shared broker.
    ///
    /// # Errors
    /// When there is no shared broker and none can be started.
    pub async fn create() -> Result<Self> {
        let (broker_url, management_url) = shared_rabbitmq().await?;
        Self::create_at(broker_url, management_url).await
    }

    /// Makes one in a broker of the test's own.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn create_in(broker: &Rabbitmq) -> Result<Self> {
        Self::create_at(broker.url(), broker.management_url()).await
    }

    async fn create_at(broker_url: String, management_url: String) -> Result<Self> {
        let name = format!("t-{}", uuid::Uuid::new_v4().simple());
        let vhost = Self {
            name,
            broker_url,
            management_url,
        };
        vhost
            .manage("PUT", &format!("/api/vhosts/{}", vhost.name), None)
            .await?;
        let everything = json!({"configure": ".*", "write": ".*", "read": ".*"});
        vhost
            .manage(
                "PUT",
                &format!("/api/permissions/{}/guest", vhost.name),
                Some(&everything),
            )
            .await?;
        Ok(vhost)
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/NAME`
    pub fn url(&self) -> String {
        let broker = self
            .broker_url
            .strip_suffix("/%2f")
            .expect("the broker's URL names the default vhost");
        format!("{broker}/{}", self.name)
    }

    /// The vhost's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks the management API, as user `guest`: `manage("GET", "/api/queues/NAME", None)`. An empty answer is `null`.
    ///
    /// The API's *counts* lag by up to 5 s; names, bindings and arguments do not.
    ///
    /// # Errors
    /// When the broker does not answer, or not with 2xx.
    pub async fn manage(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = http::send(self.request(method, path, body)).await?;
        judge(&answer).with_context(|| format!("{method} {path}"))?;
        if answer.body.is_empty() {
            Ok(Value::Null)
        } else {
            answer.json()
        }
    }

    /// Closes every connection to this vhost from the broker's side, as an operator would.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn close_connections(&self) -> Result<usize> {
        let connections = self
            .manage(
                "GET",
                &format!("/api/vhosts/{}/connections", self.name),
                None,
            )
            .await?;
        let names: Vec<&str> = connections
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|each| each["name"].as_str())
            .collect();
        for name in &names {
            let path = format!(
                "/api/connections/{}",
                name.replace(' ', "%20").replace('>', "%3E")
            );
            self.manage("DELETE", &path, None).await?;
        }
        Ok(names.len())
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        let mut request = Request::new(method, &format!("{}{path}", self.management_url))
            .header("Authorization", AUTHORIZATION);
        if let Some(body) = body {
            request = request.json(body);
        }
        request
    }
}

impl Drop for RabbitVhost {
    fn drop(&mut self) {
        // The broker may be gone by now, and the vhost with it; so an error means nothing.
        drop(
            self.request("DELETE", &format!("/api/vhosts/{}", self.name), None)
                .send_blocking(),
        );
    }
}

fn judge(answer: &Answer) -> Result<()> {
    if !(200..300).contains(&answer.status) {
        bail!("RabbitMQ answered {}: {}", answer.status, answer.body);
    }
    Ok(())
}
