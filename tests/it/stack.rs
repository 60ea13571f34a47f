//! hgpixel as its users run it, in one of its two modes; the methods are what users do.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hgpixel_testkit::{
    Browser, HgpixelBuilder, HgpixelProcess, PostgresDatabase, RabbitVhost, shared_redis,
    wait_until,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

/// A running system.
pub(crate) struct Stack {
    parts: Parts,
    pub(crate) client: Client,
    token: String,
    /// Kept for as long as the processes use them.
    servers: Option<(PostgresDatabase, RabbitVhost)>,
}

enum Parts {
    Embedded(HgpixelProcess),
    Fleet(Box<Fleet>),
}

struct Fleet {
    ingest: HgpixelProcess,
    worker: HgpixelProcess,
    query: HgpixelProcess,
}

/// The books, in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Books {
    pub(crate) accepted: u64,
    pub(crate) stored: u64,
    pub(crate) duplicate: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) uncertain: u64,
}

impl Books {
    /// What has come to its end.
    pub(crate) fn finished(&self) -> u64 {
        self.stored + self.duplicate + self.dead_lettered
    }
}

impl Stack {
    /// One process, nothing beside it.
    pub(crate) async fn embedded() -> Result<Self> {
        Self::embedded_with(&[]).await
    }

    pub(crate) async fn embedded_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::on(with(HgpixelProcess::serve(), settings).start().await?).await
    }

    /// One process that serves already.
    pub(crate) async fn on(process: HgpixelProcess) -> Result<Self> {
        Self::of(Parts::Embedded(process)).await
    }

    /// Ingest, worker and query, each a process, on shared servers.
    pub(crate) async fn fleet() -> Result<Self> {
        let (database, vhost) = (
            PostgresDatabase::create().await?,
            RabbitVhost::create().await?,
        );
        let redis = shared_redis().await?;
        let settings = [("HGPIXEL_CACHE__URL", redis.as_str())];
        let mut stack = Self::fleet_on(&database.url(), &vhost.url(), &settings).await?;
        stack.servers = Some((database, vhost));
        Ok(stack)
    }

    /// A fleet on servers of the test's own.
    pub(crate) async fn fleet_on(
        store: &str,
        queue: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let part = |role: &str| {
            let on_servers = [("HGPIXEL_STORE__URL", store), ("HGPIXEL_QUEUE__URL", queue)];
            with(with(HgpixelProcess::role(role), &on_servers), settings)
        };
        let query = part("query").prepare()?;
        query.run(&["migrate"]).await?;
        let (ingest, worker) = (part("ingest").start().await?, part("worker").start().await?);
        query.restart().await?;
        let fleet = Fleet {
            ingest,
            worker,
            query,
        };
        Self::of(Parts::Fleet(Box::new(fleet))).await
    }

    async fn of(parts: Parts) -> Result<Self> {
        let client = client()?;
        let mut stack = Self {
            parts,
            client,
            token: String::new(),
            servers: None,
        };
        stack.token = stack
            .query()
            .run(&["token", "create", "--scope", "read"])
            .await?
            .trim()
            .to_owned();
        Ok(stack)
    }

    pub(crate) fn ingest(&self) -> &HgpixelProcess {
        match &self.parts {
            Parts::Embedded(process) => process,
            Parts::Fleet(fleet) => &fleet.ingest,
        }
    }

    pub(crate) fn worker(&self) -> &HgpixelProcess {
        match &self.parts {
            Parts::Embedded(process) => process,
            Parts::Fleet(fleet) => &fleet.worker,
        }
    }

    pub(crate) fn query(&self) -> &HgpixelProcess {
        match &self.parts {
            Parts::Embedded(process) => process,
            Parts::Fleet(fleet) => &fleet.query,
        }
    }

    /// Every process, each once.
    pub(crate) fn processes(&self) -> Vec<&HgpixelProcess> {
        match &self.parts {
            Parts::Embedded(process) => vec![process],
            Parts::Fleet(fleet) => vec![&fleet.ingest, &fleet.worker, &fleet.query],
        }
    }

    /// Logs a browser in with a one-time link; it shows the dashboard then.
    pub(crate) async fn log_in(&self, browser: &Browser) -> Result<()> {
        let printed = self.query().run(&["login-link"]).await?;
        let (_, token) = printed.trim().split_once("link=").context("a link")?;
        let url = format!("{}/login?link={token}", self.query().url());
        browser.goto(&url).await?;
        browser.click("form .button.primary").await?;
        // A click does not wait for the answer to the form, and another address asked for before it would call it off.
        let is_in = async || {
            let path = browser.script("return location.pathname", &[]).await;
            path.is_ok_and(|path| path == "/")
        };
        wait_until("the dashboard", Duration::from_secs(30), is_in).await
    }

    /// Posts a beacon, once, as it is.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::Result<Response> {
        self.client
            .post(format!("{}/track", self.ingest().url()))
            .header("content-type", "text/plain;charset=UTF-8")
            .header(
                "user-agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            )
            .body(body)
            .send()
            .await
    }

    /// Posts a beacon that must be accepted.
    pub(crate) async fn track(&self, beacon: &Value) -> Result<()> {
        let answer = self.post(beacon.to_string()).await?;
        if answer.status() != StatusCode::NO_CONTENT
            || answer.headers().contains_key("x-hgpixel-dropped")
        {
            bail!(
                "{} {:?} {}",
                answer.status(),
                answer.headers().clone(),
                answer.text().await?
            );
        }
        Ok(())
    }

    /// What `/view-data` answers to the holder of a read token.
    pub(crate) async fn view(&self, query: &str) -> Result<Value> {
        Ok(serde_json::from_str(
            &self.view_text(&format!("format=json&{query}")).await?,
        )?)
    }

    /// The rows of `/view-data`, newest first.
    pub(crate) async fn rows(&self, query: &str) -> Result<Vec<Value>> {
        let mut answer = self.view(&format!("length=1000&{query}")).await?;
        Ok(answer["data"]
            .as_array_mut()
            .context("an array of rows")?
            .drain(..)
            .collect())
    }

    /// Every row there is, streamed.
    pub(crate) async fn export(&self) -> Result<Vec<Value>> {
        let text = self.view_text("format=ndjson").await?;
        text.lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    pub(crate) async fn view_text(&self, query: &str) -> Result<String> {
        let url = format!("{}/view-data?{query}", self.query().url());
        let answer = self
            .client
            .get(&url)
            .bearer_auth(&self.token)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status != StatusCode::OK {
            bail!("{url} answered {status}: {text}");
        }
        Ok(text)
    }

    pub(crate) async fn books(&self) -> Result<Books> {
        let (ingest, worker) = (self.ingest(), self.worker());
        Ok(Books {
            accepted: count(ingest, "hgpixel_events_accepted_total").await?,
            stored: count(worker, "hgpixel_events_stored_total").await?,
            duplicate: count(worker, "hgpixel_events_duplicate_total").await?,
            dead_lettered: count(worker, "hgpixel_events_dead_lettered_total").await?,
            uncertain: count(ingest, "hgpixel_events_uncertain_total").await?,
        })
    }

    /// Waits until everything accepted has come to its end, and gives the books then.
    pub(crate) async fn at_rest(&self) -> Result<Books> {
        let has_ended = async || {
            self.books()
                .await
                .is_ok_and(|books| books.finished() >= books.accepted)
        };
        wait_until(
            "everything accepted to be stored",
            Duration::from_mins(2),
            has_ended,
        )
        .await
        .with_context(|| format!("worker's log: {}", tail(&self.worker().log())))?;
        self.books().await
    }

    /// Waits until `/view-data` has exactly so many rows.
    pub(crate) async fn has_rows(&self, count: u64) -> Result<()> {
        let has = async || {
            self.view("length=1")
                .await
                .is_ok_and(|answer| answer["recordsTotal"] == count)
        };
        wait_until(
            &format!("{count} rows in /view-data"),
            Duration::from_mins(1),
            has,
        )
        .await
    }
}

/// A client without redirects, as machines are. The workspace builds its HTTP client with TLS, which asks for a provider.
pub(crate) fn client() -> Result<Client> {
    // The second test of a process finds it installed.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let builder = Client::builder().timeout(Duration::from_mins(2));
    Ok(builder
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

async fn count(process: &HgpixelProcess, metric: &str) -> Result<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of a test are small and positive"
    )]
    Ok(process.metric(metric).await? as u64)
}

fn with(mut builder: HgpixelBuilder, settings: &[(&str, &str)]) -> HgpixelBuilder {
    for (name, value) in settings {
        builder = builder.env(name, *value);
    }
    builder
}

fn tail(log: &str) -> &str {
    let from = log.len().saturating_sub(2_000);
    &log[log.ceil_char_boundary(from)..]
}
