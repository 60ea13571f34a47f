//! `cargo xtask bench`: figures of the release build, on this machine.

use anyhow::Result;
use clap::ValueEnum;

use crate::shell::cargo;
use crate::test::binary;
use crate::{servers, setup, shell};

/// What can be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Bench {
    /// What an accepted event costs, how fast a whole system takes events, and how long a POST takes.
    Ingest,
    /// How long the questions of the dashboard and of `/view-data` take, of 1 M and 10 M events in both databases: half an hour.
    Queries,
}

/// Builds the measuring example, and the program where that is measured, and runs it with `arguments` beside the servers.
pub(crate) fn run(bench: Bench, arguments: &[String]) -> Result<()> {
    setup::programs()?;
    let (package, example) = match bench {
        Bench::Ingest => {
            shell::run(&mut cargo("build --release --package hgpixel"))?;
            ("hgpixel-tests", "ingest_speed")
        }
        Bench::Queries => ("hgpixel-store", "query_speed"),
    };
    let example = format!("--release --package {package} --example {example}");
    shell::run(&mut cargo(&format!("build {example}")))?;
    let mut measuring = cargo(&format!("run --quiet {example} --"));
    measuring
        .args(arguments)
        .env("HGPIXEL_BIN", binary("release")?);
    servers::with(|environment| shell::run(measuring.envs(environment.iter().cloned())))
}
