//! The Rust end of `guard.sh`: one helper process per server, which outlives this process by a moment.
//!
//! Promise: when the [`Guard`] is dropped, or this process ends in any way (return, panic, abort, SIGKILL), all processes of
//! the server are killed and its directory is removed. `Drop` waits for that; after a SIGKILL it takes some milliseconds.
//!
//! A guard in shell needs no second binary (cargo does not build one for the tests of another crate) and no `unsafe` (which
//! `PR_SET_PDEATHSIG` would). Its calls block for some milliseconds, the time of a look through `/proc`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

const SCRIPT: &str = include_str!("guard.sh");

/// What to start, and how to part from it.
pub(crate) struct Charge {
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// User and group to run as; `None` is our own.
    pub(crate) identity: Option<(u32, u32)>,
    /// A signal that lets the server clean up what is outside of its directory.
    pub(crate) farewell: Option<&'static str>,
    /// A shell command, run in the directory when the last process is gone.
    pub(crate) epilogue: Option<&'static str>,
}

/// The state of the guarded main process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    NeverStarted,
    Running,
    /// The exit code, or 128 + the signal that ended it.
    Ended(i32),
}

#[derive(Debug)]
pub(crate) struct Guard {
    directory: PathBuf,
    helper: Mutex<Helper>,
}

#[derive(Debug)]
struct Helper {
    process: Child,
    /// `None` only while the guard is being dropped.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Starts the helper, which makes a new directory; the server itself is not started yet.
    pub(crate) fn new(charge: &Charge) -> Result<Self> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let directory = std::env::temp_dir().join(format!("hgpixel-test-{}", &id[..12]));
        let mut process = command(charge, &id, &directory)
            .spawn()
            .context("start a guard (sh)")?;
        let requests = process
            .stdin
            .take()
            .context("the guard's standard input is a pipe")?;
        let answers = BufReader::new(
            process
                .stdout
                .take()
                .context("the guard's standard output is a pipe")?,
        );
        let mut helper = Helper {
            process,
            requests: Some(requests),
            answers,
        };
        let ready = helper
            .answer()
            .with_context(|| format!("make the directory {}", directory.display()))?;
        if ready != "ready" {
            bail!("the guard said {ready:?}");
        }
        Ok(Self {
            directory,
            helper: Mutex::new(helper),
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn start(&self) -> Result<()> {
        self.ask("start").map(drop)
    }

    pub(crate) fn status(&self) -> Result<Status> {
        self.ask("status")
    }

    /// Sends a signal, such as `TERM`, to the main process only.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        self.ask(&format!("signal {name}")).map(drop)
    }

    /// SIGSTOP to every process of the server; returns when all have been told.
    pub(crate) fn pause(&self) -> Result<()> {
        self.ask("pause").map(drop)
    }

    pub(crate) fn resume(&self) -> Result<()> {
        self.ask("resume").map(drop)
    }

    /// SIGKILL to every process of the server; returns when none is left.
    pub(crate) fn kill(&self) -> Result<()> {
        self.ask("kill").map(drop)
    }

    fn ask(&self, request: &str) -> Result<Status> {
        // A panic in another thread cannot leave a request half asked: the lines are short and written at once.
        let mut helper = self.helper.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = helper.requests.as_mut().context("the guard is gone")?;
        writeln!(requests, "{request}").with_context(|| format!("ask the guard to {request}"))?;
        let answer = helper.answer()?;
        Ok(match answer.as_str() {
            "never" => Status::NeverStarted,
            "running" => Status::Running,
            code => Status::Ended(
                code.parse()
                    .with_context(|| format!("the guard said {code:?}"))?,
            ),
        })
    }
}

impl Helper {
    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .context("read the guard's answer")?;
        if line.is_empty() {
            bail!("the guard ended unexpectedly");
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let helper = self
            .helper
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        helper.requests = None;
        // An error would mean that somebody else has waited for our child; there is nothing left to do either way.
        drop(helper.process.wait());
    }
}

fn command(charge: &Charge, id: &str, directory: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", SCRIPT, "guard"])
        .arg(directory)
        .args(&charge.command)
        .envs(charge.env.iter().map(|(name, value)| (name, value)))
        .env("TESTKIT_GUARD", id)
        .env("TESTKIT_FAREWELL", charge.farewell.unwrap_or_default())
        .env("TESTKIT_EPILOGUE", charge.epilogue.unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // A signal to the test runner's group (Ctrl-C, a time limit) must not take the guard along.
        .process_group(0);
    for name in own_variables() {
        if !charge.env.iter().any(|(given, _)| *given == name) {
            command.env_remove(name);
        }
    }
    if let Some((user, group)) = charge.identity {
        command.uid(user).gid(group);
    }
    command
}

/// Our caller's `HGPIXEL_*` variables: a tested hgpixel must read none of them that the test has not given.
fn own_variables() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("HGPIXEL_"))
        .collect()
}
