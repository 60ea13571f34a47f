//! `cargo xtask test`: everything that the tests need, then the tests.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::{cargo, output};
use crate::{servers, setup, shell};

/// Runs all tests, or those that `arguments` for nextest select.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    setup::programs()?;
    setup::axe()?;
    setup::nextest()?;
    setup::deb()?;
    shell::run(&mut cargo("build --package hgpixel"))?;
    // nextest does not run documentation tests. They come first, so that a log ends with nextest's summary.
    if arguments.is_empty() {
        shell::run(&mut cargo("test --workspace --doc --quiet"))?;
    }
    // The compiler should neither compete with the servers nor fail after they have been started.
    shell::run(&mut nextest("--no-run", arguments))?;
    let mut tests = nextest("--no-fail-fast", arguments);
    tests.env("HGPIXEL_BIN", binary("debug")?);
    servers::with(|environment| shell::run(tests.envs(environment.iter().cloned())))
}

fn nextest(option: &str, arguments: &[String]) -> Command {
    let mut command = cargo(&format!("nextest run {option}"));
    if !names_packages(arguments) {
        command.arg("--workspace");
    }
    command.args(arguments);
    command
}

fn names_packages(arguments: &[String]) -> bool {
    arguments
        .iter()
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

/// Where cargo puts the program in a profile's folder.
pub(crate) fn binary(profile: &str) -> Result<PathBuf> {
    let metadata = output(&mut cargo("metadata --no-deps --format-version=1"))?;
    let metadata: Value = serde_json::from_str(&metadata).context("read cargo's metadata")?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo's metadata without a target directory")?;
    Ok(PathBuf::from(target).join(profile).join("hgpixel"))
}
