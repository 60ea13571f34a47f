//! A private Prometheus that watches a fleet as `prometheus.yml` would.

use std::time::Duration;

use anyhow::Result;
use hgpixel_testkit::{HgpixelProcess, Process, PrometheusApi, Ready, free_port, wait_until};
use serde_json::{Value, json};

use crate::stack::Stack;

pub(super) struct Prometheus {
    api: PrometheusApi,
    _process: Process,
}

impl Prometheus {
    /// Starts one, and returns when it has asked every process twice: a rate is a difference.
    pub(super) async fn watching(stack: &Stack) -> Result<Self> {
        let jobs = [
            ("ingest", stack.ingest()),
            ("worker", stack.worker()),
            ("query", stack.query()),
        ];
        let jobs = jobs.map(|(job, process)| scrape(job, process));
        // JSON is YAML.
        let config = json!({"global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"}, "scrape_configs": jobs});
        let port = free_port();
        let process = Process::builder("prometheus")
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=series")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .file("prometheus.yml", config.to_string())
            .ready(Ready::http(port, "/-/ready"))
            .start()
            .await?;
        let prometheus = Self {
            api: PrometheusApi::at(port),
            _process: process,
        };
        let has_asked = async || {
            let asked = prometheus.ask("count(count_over_time(up[1m]) >= 2)").await;
            asked.is_ok_and(|series| series.first().is_some_and(|one| one["value"][1] == "3"))
        };
        wait_until(
            "two scrapes of everything",
            Duration::from_secs(30),
            has_asked,
        )
        .await?;
        Ok(prometheus)
    }

    /// The series that an expression has now.
    pub(super) async fn ask(&self, expression: &str) -> Result<Vec<Value>> {
        self.api.ask(expression).await
    }
}

fn scrape(job: &str, process: &HgpixelProcess) -> Value {
    let address = process.admin_url();
    let address = address.trim_start_matches("http://");
    json!({"job_name": job, "static_configs": [{"targets": [address]}]})
}
