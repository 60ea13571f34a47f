//! `cargo xtask check`: what can be said about the checkout without running it.

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, command, output, root, succeeds};
use crate::{kubernetes, operations, setup, shell};

/// Folders with a `package.json` whose `npm run build` makes files that are committed, and whose `npm run check`, where there is one,
/// tests them.
const BUILT_BY_NODE: [&str; 2] = ["pixeljs", "crates/query/ui"];

/// Runs every check and fails at the first that fails.
pub(crate) fn run() -> Result<()> {
    shell::run(&mut cargo("fmt --all --check"))?;
    shell::run(&mut cargo(
        "clippy --workspace --all-targets --quiet -- --deny warnings",
    ))?;
    shell::run(
        cargo("doc --workspace --no-deps --document-private-items --quiet")
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    dependencies()?;
    for folder in BUILT_BY_NODE {
        built_files_are_fresh(folder)?;
    }
    operations::check()?;
    kubernetes::check()
}

/// The advisory database comes from GitHub, which a build machine may not reach; the rest needs no network.
fn dependencies() -> Result<()> {
    setup::deny()?;
    shell::run(&mut cargo(
        "deny --workspace check --hide-inclusion-graph bans licenses sources",
    ))?;
    if succeeds(&mut cargo("deny --workspace fetch db")) {
        shell::run(&mut cargo("deny --workspace check advisories"))
    } else {
        eprintln!(
            "NOT CHECKED: security advisories, for the advisory database could not be fetched"
        );
        Ok(())
    }
}

/// Builds them again: nothing that git knows, or would take up, may change by that.
fn built_files_are_fresh(folder: &str) -> Result<()> {
    if !root().join(folder).join("package.json").exists() {
        return Ok(());
    }
    setup::programs()?;
    let before = state_of_the_tree()?;
    shell::run(
        command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(root().join(folder)),
    )?;
    shell::run(command("npm", &["run", "build"]).current_dir(root().join(folder)))?;
    shell::run(command("npm", &["run", "check", "--if-present"]).current_dir(root().join(folder)))?;
    if state_of_the_tree()? != before {
        bail!("{folder}: the committed files are not what `npm run build` makes; see `git diff`");
    }
    Ok(())
}

fn state_of_the_tree() -> Result<(String, String)> {
    let changes = output(&mut command("git", &["diff", "HEAD"])).context("ask git for changes")?;
    let files = output(&mut command(
        "git",
        &["status", "--porcelain", "--untracked-files=all"],
    ))
    .context("ask git for files")?;
    Ok((changes, files))
}
