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
}

/// Builds the program and the measuring example, and runs it with `arguments` beside the servers.
pub(crate) fn run(bench: Bench, arguments: &[String]) -> Result<()> {
    setup::programs()?;
    shell::run(&mut cargo("build --release --package hgpixel"))?;
    let (package, example) = match bench {
        Bench::Ingest => ("hgpixel-tests", "ingest_speed"),
    };
    let example = format!("--release --package {package} --example {example}");
    shell::run(&mut cargo(&format!("build {example}")))?;
    let mut measuring = cargo(&format!("run --quiet {example} --"));
    measuring
        .args(arguments)
        .env("HGPIXEL_BIN", binary("release")?);
    servers::with(|environment| shell::run(measuring.envs(environment.iter().cloned())))
}
