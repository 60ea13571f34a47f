//! Every command, as a person at a terminal uses it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{HgpixelProcess, PostgresDatabase, wait_until};
use serde_json::{Value, json};

use crate::stack::{Stack, client};

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_used_are_one_line_and_exit_2() -> Result<()> {
    let check = async |name: &str, value: &str, part: &str| -> Result<()> {
        let process = HgpixelProcess::serve().env(name, value).prepare()?;
        let finished = process.try_run(&["serve"]).await?;
        ensure!(
            finished.code == 2,
            "{name}={value}: {}: {}",
            finished.code,
            finished.stderr
        );
        ensure!(
            finished.stderr.trim().lines().count() == 1,
            "{}",
            finished.stderr
        );
        ensure!(
            finished.stderr.contains(part),
            "{} lacks {part}",
            finished.stderr
        );
        Ok(())
    };
    check("HGPIXEL_LISTNE", "127.0.0.1:1", "HGPIXEL_LISTNE").await?;
    check("HGPIXEL_HTTP__CONNECTIONS_MAX", "0", "http.connections_max").await?;
    check("HGPIXEL_STORE__URL", "mysql://secret@host/db", "store.url").await?;
    let process = HgpixelProcess::serve().prepare()?;
    ensure!(process.try_run(&["no-such-command"]).await?.code == 2);
    ensure!(
        process
            .try_run(&["--config", "missing.toml", "check-config"])
            .await?
            .code
            == 2
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn check_config_shows_the_settings_without_their_passwords() -> Result<()> {
    let process = HgpixelProcess::serve()
        .env("HGPIXEL_STORE__URL", "postgres://hg:s3cret@db/hg")
        .prepare()?;
    let shown = process.run(&["check-config"]).await?;
    ensure!(
        shown.contains("postgres://hg:") && !shown.contains("s3cret"),
        "{shown}"
    );
    let defaults = process.run(&["check-config", "--defaults"]).await?;
    ensure!(defaults.contains("trusted_proxies = []"), "{defaults}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_made_ready_used_and_asked_by_commands_alone() -> Result<()> {
    let database = PostgresDatabase::create().await?;
    for store in [None, Some(database.url())] {
        let mut builder = HgpixelProcess::serve();
        if let Some(url) = store {
            builder = builder.env("HGPIXEL_STORE__URL", url);
        }
        let process = builder.prepare()?;
        process.run(&["migrate"]).await?;
        process
            .run(&["site", "add", "example.com", "--name", "Our site"])
            .await?;
        process.run(&["site", "add", "example.com"]).await?;
        let listed = process.run(&["site", "list"]).await?;
        ensure!(
            listed.lines().count() == 1 && listed.contains("Our site"),
            "{listed}"
        );
        ensure!(process.try_run(&["healthcheck"]).await?.code == 1);
        process.restart().await?;
        process.run(&["healthcheck"]).await?;
        let token = process
            .run(&[
                "token",
                "create",
                "--scope",
                "read",
                "--site",
                "example.com",
            ])
            .await?;
        ensure!(
            token.lines().count() == 1 && token.trim().len() > 40,
            "{token}"
        );
        ensure!(
            process
                .try_run(&["token", "create", "--scope", "read", "--site", "unknown"])
                .await?
                .code
                == 1
        );
        ensure!(
            process.log().contains("/login?link="),
            "no link at the first start: {}",
            process.log()
        );
        check_login_link(&process).await?;
        process.terminate().await?;
        process.restart().await?;
        let greetings = process.log().matches("/login?link=").count();
        ensure!(
            greetings == 1,
            "{greetings} links after a login: {}",
            process.log()
        );
    }
    Ok(())
}

/// A link logs its first user in, and nobody after.
async fn check_login_link(process: &HgpixelProcess) -> Result<()> {
    let link = process.run(&["login-link"]).await?;
    let token = link
        .trim()
        .split_once("link=")
        .context("a link")?
        .1
        .to_owned();
    let client = client()?;
    let redeem = async || {
        let form = client
            .post(format!("{}/login", process.url()))
            .header("origin", process.url());
        form.header("content-type", "application/x-www-form-urlencoded")
            .body(format!("link={token}"))
            .send()
            .await
    };
    let first = redeem().await?;
    let cookie = first
        .headers()
        .get("set-cookie")
        .context("a cookie")?
        .to_str()?
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let view = client
        .get(format!("{}/view-data", process.url()))
        .header("accept", "text/html");
    let page = view.header("cookie", &cookie).send().await?;
    ensure!(page.status() == 200, "{}", page.status());
    let second = redeem().await?;
    ensure!(
        second.headers().get("set-cookie").is_none(),
        "a link worked twice: {}",
        second.status()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_people_and_tokens_are_looked_after_by_commands_alone() -> Result<()> {
    let process = HgpixelProcess::serve().prepare()?;
    process.run(&["site", "add", "shop"]).await?;
    let set = process
        .run(&[
            "site",
            "set",
            "shop",
            "--time-zone",
            "europe/vienna",
            "--retention-days",
            "90",
            "--drop-rule",
            "path /staging",
            "--drop-rule",
            "agent Uptime",
        ])
        .await?;
    for line in [
        "time_zone\tEurope/Vienna",
        "retention_days\t90",
        "drop_rules\tpath /staging, agent Uptime",
    ] {
        ensure!(set.contains(line), "{line} is not in {set}");
    }
    ensure!(process.run(&["site", "show", "shop"]).await? == set);
    let wrong = process
        .try_run(&["site", "set", "shop", "--time-zone", "Vienna"])
        .await?;
    ensure!(
        wrong.code == 2 && wrong.stderr.contains("Europe/Vienna"),
        "{}: {}",
        wrong.code,
        wrong.stderr
    );

    let anna = "anna@example.com";
    let link = process
        .run(&["user", "add", anna, "--site", "shop", "--role", "editor"])
        .await?;
    ensure!(
        link.lines().count() == 1 && link.contains("/invitation?link="),
        "{link}"
    );
    let listed = async || process.run(&["user", "list"]).await;
    ensure!(listed().await?.trim_end().ends_with("invited\tshop=editor"));
    process
        .run(&["user", "role", anna, "--site", "shop", "--role", "owner"])
        .await?;
    ensure!(listed().await?.contains("shop=owner"));
    ensure!(process.run(&["user", "reset-link", anna]).await? != link);
    process.run(&["user", "remove", anna]).await?;
    ensure!(listed().await?.is_empty());
    ensure!(process.try_run(&["user", "remove", anna]).await?.code == 1);

    process
        .run(&[
            "token", "create", "--scope", "read", "--name", "Export", "--days", "9",
        ])
        .await?;
    let tokens = process.run(&["token", "list"]).await?;
    ensure!(tokens.trim_end().ends_with("Export"), "{tokens}");
    let id = tokens.split('\t').next().context("a number")?;
    process.run(&["token", "revoke", id]).await?;
    ensure!(process.run(&["token", "list"]).await?.is_empty());
    ensure!(process.try_run(&["token", "revoke", id]).await?.code == 1);

    let erased = process
        .run(&["erase", "--site", "shop", "--user-id", "7"])
        .await?;
    ensure!(erased.trim() == "erased 0 events in 0 sessions", "{erased}");
    let log = process.run(&["audit", "--site", "shop"]).await?;
    ensure!(
        log.contains("\"old\":\"UTC\"") && log.contains("\"action\":\"erase\""),
        "{log}"
    );
    ensure!(!log.contains(anna), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_letter_queue_is_listed_replayed_and_purged_in_both_modes() -> Result<()> {
    for stack in [Stack::embedded().await?, Stack::fleet().await?] {
        ensure!(
            stack
                .worker()
                .run(&["dlq", "list"])
                .await?
                .trim()
                .is_empty()
        );
        stack.worker().run(&["dlq", "replay"]).await?;
        stack.worker().run(&["dlq", "purge", "--yes"]).await?;
        ensure!(stack.worker().try_run(&["dlq", "purge"]).await?.code == 2);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_full_and_alive_within_a_minute() -> Result<()> {
    let demo = HgpixelProcess::role("demo")
        .arg("--events")
        .arg("2000")
        .start()
        .await?;
    let stored = async || {
        demo.metric("hgpixel_events_stored_total")
            .await
            .is_ok_and(|stored| stored >= 2_000.0)
    };
    wait_until("2,000 events of the demo", Duration::from_mins(1), stored).await?;
    let before = demo.metric("hgpixel_events_stored_total").await?;
    let more = async || {
        demo.metric("hgpixel_events_stored_total")
            .await
            .is_ok_and(|stored| stored > before)
    };
    wait_until("a living demo", Duration::from_secs(30), more).await?;
    let folder = demo.data_dir().join("demo");
    ensure!(folder.is_dir());

    // Its past is of days that are over.
    let beside = HgpixelProcess::role("query")
        .env("HGPIXEL_DATA_DIR", folder.display().to_string())
        .prepare()?;
    let counted = beside.run(&["rollup", "rebuild"]).await?;
    let days = counted.trim().strip_prefix("counted ");
    let (days, _) = days.and_then(|rest| rest.split_once(' ')).context("days")?;
    ensure!(days.parse::<u32>()? > 40, "{counted}");
    let checked = beside.run(&["rollup", "verify"]).await?;
    let expected = format!("{days} days are as their events say, 0 are waiting to be counted");
    ensure!(checked.trim() == expected, "{checked}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_fills_a_running_server_with_varied_traffic() -> Result<()> {
    let stack = Stack::embedded_with(&[("HGPIXEL_INGEST__TRUSTED_PROXIES", "127.0.0.1")]).await?;
    stack
        .ingest()
        .run(&["demo", "--url", &stack.ingest().url(), "--events", "1500"])
        .await?;
    stack.at_rest().await?;
    let rows = stack.export().await?;
    ensure!(rows.len() >= 1_500, "{} rows", rows.len());
    let distinct = |of: &dyn Fn(&Value) -> Value| {
        rows.iter()
            .map(|row| of(row).to_string())
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    };
    for (key, least) in [
        ("clientID", 3),
        ("eventType", 8),
        ("browser", 4),
        ("os", 4),
        ("language", 8),
        ("sessionId", 100),
    ] {
        let found = distinct(&|row| row[key].clone());
        ensure!(found >= least, "{found} of {key}: {}", rows[0]);
    }
    ensure!(
        rows.iter()
            .any(|row| !row["bot"].is_null() && row["bot"] != json!("")),
        "no bot is marked: {}",
        rows[0]
    );
    Ok(())
}
