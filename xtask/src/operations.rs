//! The files of a fleet, read by the programs that will read them: Prometheus' rules with their tests, and HAProxy's configuration.

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::find_program;

use crate::setup;
use crate::shell::{command, root, run};

/// Where the tests of rules are.
const RULE_TESTS: &str = "deploy/prometheus/tests";

/// Fails at the first file that is not accepted, and at the first alert that does not fire as its test says.
pub(crate) fn check() -> Result<()> {
    setup::programs()?;
    let promtool = find_program("promtool")?;
    run(&mut command(
        &promtool,
        &["check", "config", "prometheus.yml"],
    ))?;
    let tests = rule_tests()?;
    run(command(&promtool, &["test", "rules"]).args(tests))?;
    let haproxy = find_program("haproxy")?;
    // What docker-compose.yml gives it.
    run(
        command(haproxy, &["-c", "-q", "-f", "deploy/haproxy/haproxy.cfg"])
            .env("INNER_NETWORK", "10.213.71.0/24")
            .env("OUTER_PROXY", "127.0.0.1/32"),
    )
}

fn rule_tests() -> Result<Vec<String>> {
    let folder = std::fs::read_dir(root().join(RULE_TESTS))
        .with_context(|| format!("read the folder {RULE_TESTS}"))?;
    let mut files = Vec::new();
    for entry in folder {
        files.push(format!("{RULE_TESTS}/{}", entry?.file_name().display()));
    }
    ensure!(!files.is_empty(), "{RULE_TESTS} is empty");
    files.sort();
    Ok(files)
}
