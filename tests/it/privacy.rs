//! No address leaves the process that received it, and an opt-out is honoured.

use std::path::Path;

use anyhow::{Result, ensure};
use hgpixel_testkit::{PostgresDatabase, RabbitVhost};
use serde_json::json;

use crate::in_both_modes;
use crate::stack::Stack;

/// Addresses that no other part of a test uses; documentation's own (RFC 5737, RFC 3849).
const ADDRESSES: [&str; 2] = ["203.0.113.77", "2001:db8:77::1"];
const PROXY: [(&str, &str); 1] = [("HGPIXEL_INGEST__TRUSTED_PROXIES", "127.0.0.1")];

in_both_modes!(a_visitor_who_opts_out_is_counted_and_not_recognised);

async fn a_visitor_who_opts_out_is_counted_and_not_recognised(stack: Stack) -> Result<()> {
    let beacon = json!({"clientID": "privacy.example", "eventType": "pageview", "url": "https://privacy.example/", "userId": "somebody-known", "sessionId": "some-session"});
    let request = stack.client.post(format!("{}/track", stack.ingest().url()));
    let answer = request
        .header("sec-gpc", "1")
        .body(beacon.to_string())
        .send()
        .await?;
    ensure!(answer.status() == 204);
    stack.has_rows(1).await?;
    let row = &stack.rows("").await?[0];
    ensure!(
        row["userId"].as_str().unwrap_or_default().is_empty(),
        "{row}"
    );
    ensure!(
        !row.to_string().contains("somebody-known") && !row.to_string().contains("some-session"),
        "{row}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_is_in_the_files_of_an_embedded_process() -> Result<()> {
    let stack = Stack::embedded_with(&PROXY).await?;
    visit_from_everywhere(&stack).await?;
    let process = stack.ingest();
    ensure!(
        process.log().contains("serves"),
        "the log is empty: {}",
        process.log()
    );
    check_text("the log", &process.log())?;
    process.terminate().await?;
    for file in std::fs::read_dir(process.data_dir())? {
        check_file(&file?.path())?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_is_in_the_database_or_the_logs_of_a_fleet() -> Result<()> {
    let (database, vhost) = (
        PostgresDatabase::create().await?,
        RabbitVhost::create().await?,
    );
    let stack = Stack::fleet_on(&database.url(), &vhost.url(), &PROXY).await?;
    visit_from_everywhere(&stack).await?;
    for process in stack.processes() {
        check_text("a log", &process.log())?;
    }
    let tables = database
        .query("select table_name from information_schema.tables where table_schema = 'public'")
        .await?;
    ensure!(tables.contains("events"), "{tables}");
    for table in tables.lines() {
        let rows = database
            .query(&format!("select t::text from \"{table}\" t"))
            .await?;
        check_text(table, &rows)?;
    }
    Ok(())
}

async fn visit_from_everywhere(stack: &Stack) -> Result<()> {
    for (number, address) in ADDRESSES.iter().enumerate() {
        let beacon = json!({"clientID": "privacy.example", "eventType": "pageview", "url": "https://privacy.example/"});
        let request = stack
            .client
            .post(format!("{}/track", stack.ingest().url()))
            .header("x-forwarded-for", *address);
        ensure!(request.body(beacon.to_string()).send().await?.status() == 204);
        stack.has_rows(number as u64 + 1).await?;
    }
    Ok(())
}

fn check_file(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    check_text(
        &path.display().to_string(),
        &String::from_utf8_lossy(&std::fs::read(path)?),
    )
}

fn check_text(what: &str, text: &str) -> Result<()> {
    for address in ADDRESSES {
        ensure!(!text.contains(address), "{what} holds {address}");
    }
    Ok(())
}
