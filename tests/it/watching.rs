//! Dashboards and rules ask for what is there: an expression with a misspelt metric is no error in Prometheus, but an empty panel or
//! an alert that never fires.

mod prometheus;

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{
    dashboard_files, dashboards, find_program, metrics_of, recorded, rules, run,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::stack::Stack;
use prometheus::Prometheus;

/// What other programs of the fleet export, as far as we ask for it: Prometheus, HAProxy, RabbitMQ's plugin, and the exporters of
/// PostgreSQL and Redis.
const OF_OTHERS: &[&str] = &[
    "ALERTS",
    "haproxy_backend_active_servers",
    "haproxy_backend_connection_errors_total",
    "haproxy_backend_current_queue",
    "haproxy_backend_redispatch_warnings_total",
    "haproxy_backend_response_errors_total",
    "haproxy_backend_retry_warnings_total",
    "haproxy_frontend_bytes_in_total",
    "haproxy_frontend_bytes_out_total",
    "haproxy_frontend_current_sessions",
    "haproxy_frontend_denied_connections_total",
    "haproxy_frontend_http_responses_total",
    "haproxy_frontend_requests_denied_total",
    "haproxy_server_current_sessions",
    "haproxy_server_http_responses_total",
    "haproxy_server_response_time_average_seconds",
    "haproxy_server_status",
    "pg_database_size_bytes",
    "pg_locks_count",
    "pg_settings_max_connections",
    "pg_stat_activity_count",
    "pg_stat_activity_max_tx_duration",
    "pg_stat_database_blks_hit",
    "pg_stat_database_blks_read",
    "pg_stat_database_deadlocks",
    "pg_stat_database_temp_files",
    "pg_stat_database_tup_deleted",
    "pg_stat_database_tup_fetched",
    "pg_stat_database_tup_inserted",
    "pg_stat_database_tup_returned",
    "pg_stat_database_tup_updated",
    "pg_stat_database_xact_commit",
    "pg_stat_database_xact_rollback",
    "pg_up",
    "rabbitmq_alarms_free_disk_space_watermark",
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_channels",
    "rabbitmq_connections",
    "rabbitmq_detailed_queue_consumers",
    "rabbitmq_detailed_queue_messages",
    "rabbitmq_detailed_queue_messages_ready",
    "rabbitmq_detailed_queue_messages_unacked",
    "rabbitmq_disk_space_available_bytes",
    "rabbitmq_disk_space_available_limit_bytes",
    "rabbitmq_erlang_processes_limit",
    "rabbitmq_erlang_processes_used",
    "rabbitmq_global_messages_acknowledged_total",
    "rabbitmq_global_messages_confirmed_total",
    "rabbitmq_global_messages_delivered_total",
    "rabbitmq_global_messages_received_total",
    "rabbitmq_global_messages_redelivered_total",
    "rabbitmq_global_messages_unroutable_returned_total",
    "rabbitmq_process_max_fds",
    "rabbitmq_process_open_fds",
    "rabbitmq_process_resident_memory_bytes",
    "rabbitmq_raft_entry_commit_latency_seconds",
    "rabbitmq_resident_memory_limit_bytes",
    "redis_commands_processed_total",
    "redis_connected_clients",
    "redis_db_keys",
    "redis_evicted_keys_total",
    "redis_expired_keys_total",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
    "redis_net_input_bytes_total",
    "redis_net_output_bytes_total",
    "redis_up",
    "redis_uptime_in_seconds",
    "up",
];

#[tokio::test(flavor = "multi_thread")]
async fn dashboards_and_rules_name_only_metrics_that_somebody_exports() -> Result<()> {
    let mut known = exported(&used(Stack::embedded().await?).await?).await?;
    known.extend(OF_OTHERS.iter().map(|&name| name.to_owned()));
    known.extend(recorded()?);
    let mut named = BTreeSet::new();
    for expression in dashboards()?.iter().chain(&rules()?) {
        let metrics = metrics_of(&expression.text);
        ensure!(!metrics.is_empty(), "{expression} asks for nothing");
        let unknown: Vec<_> = metrics.difference(&known).collect();
        ensure!(
            unknown.is_empty(),
            "{expression}: nobody exports {unknown:?}"
        );
        named.extend(metrics);
    }
    let is_unused = |name: &&&str| !named.contains(**name);
    let unused: Vec<_> = OF_OTHERS.iter().filter(is_unused).collect();
    ensure!(unused.is_empty(), "nobody asks for {unused:?} any more");
    Ok(())
}

/// Panels about the other programs need all of them: they are looked at where the whole fleet runs.
#[tokio::test(flavor = "multi_thread")]
async fn every_panel_about_our_own_processes_shows_something() -> Result<()> {
    let stack = used(Stack::fleet().await?).await?;
    let mut ours = exported(&stack).await?;
    ours.insert("up".to_owned());
    let prometheus = Prometheus::watching(&stack).await?;
    let mut shown = 0;
    for expression in dashboards()? {
        if metrics_of(&expression.text).is_subset(&ours) {
            let series = prometheus.ask(&expression.filled_in()).await?;
            ensure!(!series.is_empty(), "{expression} is empty");
            shown += 1;
        }
    }
    ensure!(
        shown > 80,
        "only {shown} expressions are about our own processes"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_can_read_the_expressions_of_every_panel() -> Result<()> {
    let rules: Vec<_> = dashboards()?
        .iter()
        .map(|expression| json!({"record": "panel", "expr": expression.filled_in()}))
        .collect();
    // JSON is YAML.
    let file = json!({"groups": [{"name": "panels", "rules": rules}]});
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("panels.yml");
    std::fs::write(&path, file.to_string())?;
    let mut promtool = Command::new(find_program("promtool")?);
    promtool.args(["check", "rules", "--lint=none"]).arg(&path);
    run(promtool).await?;
    Ok(())
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() -> Result<()> {
    let mut uids = BTreeSet::new();
    for (file, dashboard) in dashboard_files()? {
        ensure!(
            uids.insert(text(&dashboard, "/uid").to_owned()),
            "{file}: its uid is taken"
        );
        let panels = dashboard["panels"].as_array().context("panels")?;
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
        ensure!(ids.len() == panels.len(), "{file}: two panels have one id");
        for panel in panels.iter().filter(|panel| panel["type"] != "row") {
            let lacks = ["/title", "/description", "/fieldConfig/defaults/unit"]
                .into_iter()
                .find(|field| text(panel, field).is_empty());
            ensure!(
                lacks.is_none(),
                "{file}: {lacks:?} of {} is missing",
                panel["title"]
            );
            ensure!(
                text(panel, "/datasource/uid") == "prometheus",
                "{file}: {}",
                panel["title"]
            );
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value
        .pointer(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A stack whose every role has done something.
async fn used(stack: Stack) -> Result<Stack> {
    let beacon =
        json!({"clientID": "example.com", "eventType": "pageview", "url": "https://example.com/"});
    let answer = stack.post(beacon.to_string()).await?;
    ensure!(answer.status() == StatusCode::NO_CONTENT, "{answer:?}");
    stack.at_rest().await?;
    stack.has_rows(1).await?;
    Ok(stack)
}

/// The names of all that the processes of a stack export.
async fn exported(stack: &Stack) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for process in stack.processes() {
        for key in process.metrics().await?.into_keys() {
            let name = key.split('{').next().context("a sample without a name")?;
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}
