//! Questions to a Prometheus that runs.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::http;

/// The HTTP API of one.
#[derive(Clone, Debug)]
pub struct PrometheusApi {
    port: u16,
}

impl PrometheusApi {
    /// The one that listens on a port of 127.0.0.1.
    pub fn at(port: u16) -> Self {
        Self { port }
    }

    /// The series that an expression has now.
    ///
    /// # Errors
    /// When it does not answer, or cannot read the expression.
    pub async fn ask(&self, expression: &str) -> Result<Vec<Value>> {
        let answer = self
            .get(&format!("query?query={}", encoded(expression)))
            .await?;
        let series = answer["data"]["result"].as_array();
        Ok(series
            .with_context(|| format!("{expression}: {answer}"))?
            .clone())
    }

    /// What it asks at the moment, as it tells of them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn targets(&self) -> Result<Vec<Value>> {
        let answer = self.get("targets?state=active").await?;
        let targets = answer["data"]["activeTargets"].as_array();
        Ok(targets
            .with_context(|| format!("targets: {answer}"))?
            .clone())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("http://127.0.0.1:{}/api/v1/{path}", self.port);
        http::send(http::Request::new("GET", &url)).await?.json()
    }
}

/// A value in the query of an address.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_encoded_whole() {
        assert_eq!(
            encoded("a{b=\"c d\"}+1µ"),
            "a%7Bb%3D%22c%20d%22%7D%2B1%C2%B5"
        );
    }
}
