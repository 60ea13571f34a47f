//! Finding programs and running them to their end.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Where Debian keeps daemons that are not in an ordinary user's `PATH`; `*` stands for one folder, the newest by name wins.
const ALSO: [&str; 4] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/rabbitmq/bin",
    "/usr/sbin",
    "/usr/local/sbin",
];

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The path of a program, from Debian's folders for daemons or from `PATH`.
///
/// # Errors
/// When it is not installed; the message says what installs it.
pub fn find_program(name: &str) -> Result<PathBuf> {
    let path = path_variable();
    ALSO.iter()
        .flat_map(|pattern| folders(pattern))
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("{name} is not installed; `cargo xtask setup` installs it"))
}

/// Runs a program to its end without blocking the test's runtime.
///
/// # Errors
/// When it cannot be started, or ends with another code than 0; the message carries what it said.
pub async fn run(mut command: Command) -> Result<Finished> {
    tokio::task::spawn_blocking(move || run_blocking(&mut command))
        .await
        .context("the thread that ran a command")?
}

/// The same for places that cannot wait asynchronously, `Drop` above all.
pub(crate) fn run_blocking(command: &mut Command) -> Result<Finished> {
    let finished = run_to_end(command)?;
    if finished.code != 0 {
        bail!(
            "{command:?} ended with {}: {}{}",
            finished.code,
            finished.stdout,
            finished.stderr
        );
    }
    Ok(finished)
}

/// Runs a program to its end; its exit code is for the caller to judge.
pub(crate) fn run_to_end(command: &mut Command) -> Result<Finished> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {command:?}"))?;
    Ok(Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "where programs are is not a setting of hgpixel"
)]
fn path_variable() -> String {
    std::env::var("PATH").unwrap_or_default()
}

fn folders(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let Ok(entries) = std::fs::read_dir(before) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    found
        .into_iter()
        .map(|folder| folder.join(after.trim_start_matches('/')))
        .collect()
}

/// `/usr/lib/postgresql/15` before `/usr/lib/postgresql/9.6`.
fn version(folder: &Path) -> u32 {
    let name = folder
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    name.split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_the_cure() {
        let error = find_program("no-such-program").unwrap_err().to_string();
        assert_eq!(
            error,
            "no-such-program is not installed; `cargo xtask setup` installs it"
        );
    }

    #[tokio::test]
    async fn a_failing_program_tells_what_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo why >&2; exit 3"]);
        let error = run(command).await.unwrap_err().to_string();
        assert!(
            error.contains("ended with 3") && error.contains("out") && error.contains("why"),
            "{error}"
        );
    }
}
