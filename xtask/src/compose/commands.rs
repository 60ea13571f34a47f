//! Running other programs, so that they end when this one is told to.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::shell;

/// The longest that is run is the first build of the image: nine minutes on two cores that do nothing else. A script that runs more than
/// this command should still learn of the rest.
const LIMIT: Duration = Duration::from_mins(30);

/// A command in the root of the checkout, which dies with whoever waits for it.
pub(super) fn asks(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::from(shell::command(program, arguments));
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// Says what runs, and runs it with our own output.
pub(super) async fn run(command: &mut Command) -> Result<()> {
    let line = shell::line(command.as_std());
    eprintln!("\n==> {line}");
    let status = tokio::time::timeout(LIMIT, command.status())
        .await
        .with_context(|| format!("{line}: not done after {LIMIT:?}"))?
        .with_context(|| format!("start {line}"))?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    Ok(())
}

/// The standard output of a command that has to succeed.
pub(super) async fn read(command: &mut Command) -> Result<String> {
    let line = shell::line(command.as_std());
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .with_context(|| format!("{line}: not done after {LIMIT:?}"))?
        .with_context(|| format!("start {line}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("{line}: {}: {}", output.status, why.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("read the output of {line}"))
}

/// Whether a command can be started and succeeds; what it says is not shown.
pub(super) async fn succeeds(mut command: Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().await.is_ok_and(|status| status.success())
}
