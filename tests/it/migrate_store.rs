//! From one process to a fleet: `hgpixel migrate-store`, as its users run it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_event::{Clock, assigned_id};
use hgpixel_testkit::{HgpixelProcess, PostgresDatabase, RabbitVhost, hgpixel_binary, wait_until};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stack::{Stack, client};

const SOON: Duration = Duration::from_mins(1);

/// A beacon of a visitor with events under these ids.
fn beacon(visitor: &str, ids: &[Uuid]) -> Value {
    let events: Vec<Value> = ids
        .iter()
        .zip(["pageview", "signup", "engagement"].iter().cycle())
        .map(|(id, kind)| json!({"id": id, "type": kind, "data": {"plan": format!("☃ {visitor}")}}))
        .collect();
    json!({
        "v": 1,
        "site": "shop.example",
        "url": format!("https://shop.example/{}?utm_source=letter", visitor.len()),
        "referrer": "https://www.google.com/",
        "userId": visitor,
        "events": events,
    })
}

fn ids(count: usize) -> Vec<Uuid> {
    let now_ms = Clock::system().now_ms();
    (0..count).map(|_| assigned_id(now_ms)).collect()
}

/// What whoever has a token sees of a server.
struct Seen {
    client: Client,
    token: String,
    cookie: String,
}

impl Seen {
    async fn get(&self, process: &HgpixelProcess, path: &str) -> Result<String> {
        let url = format!("{}{path}", process.url());
        let answer = self
            .client
            .get(&url)
            .bearer_auth(&self.token)
            .send()
            .await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Every row, and figures by many dimensions.
    async fn of(&self, process: &HgpixelProcess) -> Result<Vec<String>> {
        let mut seen = vec![self.get(process, "/view-data?format=ndjson").await?];
        for dimension in [
            "event:page",
            "event:name",
            "visit:source",
            "visit:channel",
            "visit:utm_source",
            "visit:browser",
            "event:props:plan",
            "time:hour",
        ] {
            let question = json!({
                "site_id": "shop.example",
                "metrics": ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration"],
                "date_range": "7d",
                "dimensions": [dimension],
            });
            let answer = self
                .client
                .post(format!("{}/api/v2/query", process.url()))
                .bearer_auth(&self.token)
                .body(question.to_string())
                .header("content-type", "application/json")
                .send()
                .await?;
            let answer: Value = answer.error_for_status()?.json().await?;
            ensure!(
                !answer["results"].as_array().context("results")?.is_empty(),
                "{answer}"
            );
            seen.push(answer["results"].to_string());
        }
        Ok(seen)
    }

    /// Whether the browser that logged in before still is.
    async fn is_logged_in(&self, process: &HgpixelProcess) -> Result<bool> {
        let page = self
            .client
            .get(format!("{}/view-data", process.url()))
            .header("accept", "text/html")
            .header("cookie", &self.cookie)
            .send()
            .await?;
        Ok(page.status() == 200)
    }
}

async fn log_in(process: &HgpixelProcess) -> Result<Seen> {
    let client = client()?;
    let token = process.run(&["token", "create", "--scope", "read"]).await?;
    let link = process.run(&["login-link"]).await?;
    let (_, link) = link.trim().split_once("link=").context("a link")?;
    let answer = client
        .post(format!("{}/login", process.url()))
        .header("origin", process.url())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("link={link}"))
        .send()
        .await?;
    let cookie = answer.headers().get("set-cookie").context("a cookie")?;
    let cookie = cookie.to_str()?.split(';').next().unwrap_or_default();
    Ok(Seen {
        client,
        token: token.trim().to_owned(),
        cookie: cookie.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_becomes_a_fleet() -> Result<()> {
    let (database, vhost) = (
        PostgresDatabase::create().await?,
        RabbitVhost::create().await?,
    );
    let old = Stack::embedded().await?;
    let process = old.ingest();
    let ids = ids(12);
    for (visitor, ids) in ["anna", "ben", "carla", "dan"].iter().zip(ids.chunks(3)) {
        old.track(&beacon(visitor, ids)).await?;
    }
    old.at_rest().await?;
    process
        .run(&[
            "site",
            "set",
            "shop.example",
            "--time-zone",
            "Europe/Vienna",
        ])
        .await?;
    process
        .run(&[
            "user",
            "add",
            "anna@example.com",
            "--site",
            "shop.example",
            "--role",
            "editor",
        ])
        .await?;
    let seen = log_in(process).await?;
    let before = seen.of(process).await?;
    let (users, audit) = (
        process.run(&["user", "list"]).await?,
        process.run(&["audit"]).await?,
    );

    let move_it = ["migrate-store", "--to", &database.url()];
    let refused = process.try_run(&move_it).await?;
    ensure!(
        refused.code == 1 && refused.stderr.contains("stop the server first"),
        "{}",
        refused.stderr
    );
    process.terminate().await?;
    let said = process.run(&move_it).await?;
    ensure!(
        said.contains("same on both sides") && said.lines().any(|line| line.starts_with("events")),
        "{said}"
    );
    let again = process.try_run(&move_it).await?;
    ensure!(
        again.code == 1 && again.stderr.contains("holds something already"),
        "{}",
        again.stderr
    );

    let fleet = Stack::fleet_on(&database.url(), &vhost.url(), &[]).await?;
    let after = seen.of(fleet.query()).await?;
    for (before, after) in before.iter().zip(&after) {
        ensure!(before == after, "{before}\n{after}");
    }
    ensure!(seen.is_logged_in(fleet.query()).await?, "the login is over");
    ensure!(fleet.query().run(&["user", "list"]).await? == users);
    // The log has one entry more, of the token of this fleet.
    ensure!(fleet.query().run(&["audit"]).await?.ends_with(&audit));
    let sound = fleet.query().run(&["rollup", "verify"]).await?;
    ensure!(sound.contains("are as their events say"), "{sound}");

    // What a browser sends once more is known, and what is new comes beside it.
    fleet.track(&beacon("anna", &ids[..3])).await?;
    fleet.track(&beacon("eve", &self::ids(1))).await?;
    let books = fleet.at_rest().await?;
    ensure!(
        (books.accepted, books.stored, books.duplicate) == (4, 1, 3),
        "{books:?}"
    );
    fleet.has_rows(13).await
}

/// A move in the background, to be killed.
fn start(directory: &Path, database: &PostgresDatabase) -> Result<Child> {
    let log = std::fs::File::create(directory.join("move.log"))?;
    Command::new(hgpixel_binary()?)
        .args(["migrate-store", "--to", &database.url()])
        // Settings of the tests are none of the program's.
        .env_clear()
        .env("HGPIXEL_DATA_DIR", "data")
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("start hgpixel")
}

/// Sessions do not arrive before the gate is open.
const CLOSE_GATE: &str = "create table gate (is_open boolean);
    create function wait_at_gate() returns trigger language plpgsql as
    'begin while not exists (select 1 from gate) loop perform pg_sleep(0.02); end loop; return null; end';
    create trigger wait_at_gate before insert on sessions for each statement execute function wait_at_gate()";
const OPEN_GATE: &str = "insert into gate values (true)";

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_goes_on() -> Result<()> {
    let database = PostgresDatabase::create().await?;
    let old = Stack::embedded().await?;
    let process = old.ingest();
    old.track(&beacon("anna", &ids(30))).await?;
    old.at_rest().await?;
    let seen = log_in(process).await?;
    let before = seen.of(process).await?;
    process.terminate().await?;

    // The tables, on which the gate stands.
    let new = HgpixelProcess::serve().env("HGPIXEL_STORE__URL", database.url());
    let new = new.prepare()?;
    new.run(&["migrate"]).await?;
    database.query(CLOSE_GATE).await?;
    let mut moving = start(process.directory(), &database)?;
    let is_at_gate = async || {
        let moved = database.query("select moved from hgpixel_transfer where name = 'visits'");
        moved.await.is_ok_and(|moved| moved == "1")
    };
    let waited = wait_until("the arrival of visits", SOON, is_at_gate).await;
    moving.kill()?;
    moving.wait()?;
    waited.with_context(|| {
        std::fs::read_to_string(process.directory().join("move.log")).unwrap_or_default()
    })?;
    // The half of it is nobody's.
    let refused = new.try_run(&["serve"]).await?;
    ensure!(
        refused.code == 1 && refused.stderr.contains("has not arrived wholly"),
        "{}",
        refused.stderr
    );

    database.query(OPEN_GATE).await?;
    let said = process
        .try_run(&["migrate-store", "--to", &database.url()])
        .await?;
    ensure!(
        said.code == 0 && said.stderr.contains("going on behind them"),
        "{}{}",
        said.stdout,
        said.stderr
    );
    new.restart().await?;
    ensure!(seen.of(&new).await? == before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_in_the_queue_are_not_left_behind() -> Result<()> {
    let database = PostgresDatabase::create().await?;
    let collector = HgpixelProcess::role("ingest").prepare()?;
    collector.run(&["migrate"]).await?;
    collector.restart().await?;
    let sent = client()?
        .post(format!("{}/track", collector.url()))
        .body(beacon("anna", &ids(3)).to_string())
        .send()
        .await?;
    ensure!(sent.status() == 204, "{}", sent.status());
    collector.terminate().await?;
    let data = collector.data_dir();
    let data = data.to_str().context("a path in UTF-8")?;
    let move_it = ["migrate-store", "--to", &database.url()];
    let refused = collector.try_run(&move_it).await?;
    ensure!(
        refused.code == 1 && refused.stderr.contains("1 batches of events wait in"),
        "{}",
        refused.stderr
    );
    // The settings may be the fleet's already: the queue lies beside the store.
    let fleet = HgpixelProcess::serve()
        .env("HGPIXEL_STORE__URL", database.url())
        .env("HGPIXEL_QUEUE__URL", "amqp://hg:s3cret@broker.example/hg")
        .prepare()?;
    let from = format!("sqlite:{data}/hgpixel.db");
    let move_from = ["migrate-store", "--from", &from];
    let refused = fleet.try_run(&move_from).await?;
    ensure!(
        refused.code == 1 && refused.stderr.contains("events wait in"),
        "{}",
        refused.stderr
    );

    // A server stores what waits.
    let serving = HgpixelProcess::serve()
        .env("HGPIXEL_DATA_DIR", data)
        .start()
        .await?;
    let is_empty = async || {
        let waiting = serving.metric("hgpixel_queue_depth_batches").await;
        let stored = serving.metric("hgpixel_events_stored_total").await;
        waiting.is_ok_and(|waiting| waiting == 0.0) && stored.is_ok_and(|stored| stored >= 3.0)
    };
    wait_until("the end of the queue", SOON, is_empty).await?;
    serving.terminate().await?;
    fleet.run(&move_from).await?;
    ensure!(database.query("select count(*) from events").await? == "3");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_one_line_without_a_password() -> Result<()> {
    let process = HgpixelProcess::serve().prepare()?;
    let check = async |arguments: &[&str], code: i32, said: &str| -> Result<()> {
        let arguments: Vec<&str> = [&["migrate-store"], arguments].concat();
        let refused = process.try_run(&arguments).await?;
        let last = refused.stderr.trim().lines().last().unwrap_or_default();
        ensure!(
            refused.code == code && last.contains(said),
            "{arguments:?}: {} {}",
            refused.code,
            refused.stderr
        );
        ensure!(!refused.stderr.contains("s3cret"), "{}", refused.stderr);
        Ok(())
    };
    let postgres = "postgres://hg:s3cret@127.0.0.1:1/hg";
    check(&["--to", postgres], 1, "there is no such file").await?;
    check(&[], 2, "no other way").await?;
    check(
        &["--from", postgres, "--to", "sqlite:x.db"],
        2,
        "no other way",
    )
    .await?;
    check(&["--to", "mysql://hg:s3cret@db/hg"], 2, "--to: expected").await?;
    process.run(&["migrate"]).await?;
    check(&["--to", postgres], 1, "cannot serve now").await?;
    Ok(())
}
