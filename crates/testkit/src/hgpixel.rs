//! The real `hgpixel` program, run as its users run it.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{Finished, run_to_end};
use crate::{Process, ProcessBuilder, Ready, free_port, http, parse_metrics};

/// A running `hgpixel` in one of its roles, with its own ports and data directory.
///
/// A restart (after a kill or without one) keeps the ports, the settings and the data.
#[derive(Debug)]
pub struct HgpixelProcess {
    process: Process,
    binary: PathBuf,
    env: Vec<(String, String)>,
    port: u16,
    admin_port: u16,
}

/// How to start an `hgpixel`. Settings that are not given have their defaults, but for the addresses and the data directory.
#[derive(Debug)]
#[must_use = "nothing is started before `start`"]
pub struct HgpixelBuilder {
    binary: Option<PathBuf>,
    arguments: Vec<String>,
    env: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl HgpixelProcess {
    /// All roles in one process, embedded unless settings say otherwise.
    pub fn serve() -> HgpixelBuilder {
        Self::role("serve")
    }

    /// One role: `ingest`, `worker`, `query`, `demo`.
    pub fn role(subcommand: &str) -> HgpixelBuilder {
        HgpixelBuilder {
            binary: None,
            arguments: vec![subcommand.to_owned()],
            env: Vec::new(),
            files: Vec::new(),
        }
    }

    /// `http://127.0.0.1:PORT`, the public listener.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`, the private listener with `/metrics`, `/livez` and `/readyz`.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// The public listener's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The data directory (`HGPIXEL_DATA_DIR`).
    pub fn data_dir(&self) -> PathBuf {
        self.directory().join("data")
    }

    /// What `/metrics` says now, by name and labels as they stand in the text.
    ///
    /// # Errors
    /// When the private listener does not answer 200.
    pub async fn metrics(&self) -> Result<BTreeMap<String, f64>> {
        Ok(parse_metrics(
            &http::get(&format!("{}/metrics", self.admin_url())).await?,
        ))
    }

    /// The sum of a metric over all its labels; 0 when it is not there.
    ///
    /// # Errors
    /// When the private listener does not answer 200.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let is_one = |key: &str| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        };
        let samples = self.metrics().await?;
        let own = samples.iter().filter(|(key, _)| is_one(key));
        // Not `sum()`, which is -0 for nothing.
        Ok(own.fold(0.0, |sum, (_, value)| sum + value))
    }

    /// The same for a counter of events, which can be compared exactly.
    ///
    /// # Errors
    /// When the private listener does not answer 200, or the sum is no whole number.
    pub async fn counter(&self, name: &str) -> Result<u64> {
        let sum = self.metric(name).await?;
        // Written out and read back: a cast would hide a fraction, a negative number and infinity.
        format!("{sum:.3}")
            .trim_end_matches(".000")
            .parse()
            .with_context(|| format!("{name} is {sum}"))
    }

    /// Runs another subcommand with the same settings to its end: `run(&["token", "create", "--scope", "read"])`.
    ///
    /// # Errors
    /// When its exit code is not 0; the message carries what it said.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let finished = self.try_run(arguments).await?;
        if finished.code != 0 {
            bail!(
                "hgpixel {} ended with {}: {}{}",
                arguments.join(" "),
                finished.code,
                finished.stdout,
                finished.stderr
            );
        }
        Ok(finished.stdout)
    }

    /// The same for an exit code that the test judges.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn try_run(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.directory());
        forget_own_settings(&mut command);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        tokio::task::spawn_blocking(move || run_to_end(&mut command))
            .await
            .context("the thread that ran hgpixel")?
    }
}

/// The program is its process and two addresses: kill, pause, restart, terminate and the log are the process'.
impl Deref for HgpixelProcess {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl HgpixelBuilder {
    /// Runs another build than [`hgpixel_binary`], the release build for one.
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Sets a variable: `env("HGPIXEL_STORE__URL", database.url())`.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Appends an argument to the subcommand.
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Writes a file into the working directory before the start, a settings file for `--config` for one.
    pub fn file(mut self, name: &str, text: impl Into<String>) -> Self {
        self.files.push((name.to_owned(), text.into()));
        self
    }

    /// Starts it and waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// When the program has not been built, ends, or is not ready within 120 s; the message carries the end of its log.
    pub async fn start(self) -> Result<HgpixelProcess> {
        let started = self.prepare()?;
        started.restart().await?;
        Ok(started)
    }

    /// Everything but the start, which is `restart()`: so that subcommands can run before, `migrate` or `site add` for example.
    ///
    /// # Errors
    /// When the program has not been built.
    pub fn prepare(self) -> Result<HgpixelProcess> {
        let binary = built(&self.binary.map_or_else(hgpixel_binary, Ok)?)?;
        let (port, admin_port) = (free_port(), free_port());
        let mut env = vec![
            ("HGPIXEL_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
            (
                "HGPIXEL_ADMIN_LISTEN".to_owned(),
                format!("127.0.0.1:{admin_port}"),
            ),
            // Relative to the working directory, which is the process' own.
            ("HGPIXEL_DATA_DIR".to_owned(), "data".to_owned()),
        ];
        env.extend(self.env);
        let mut builder: ProcessBuilder =
            Process::builder(binary.to_string_lossy()).ready(Ready::http(admin_port, "/readyz"));
        for argument in self.arguments {
            builder = builder.arg(argument);
        }
        for (name, value) in &env {
            builder = builder.env(name, value);
        }
        for (name, text) in self.files {
            builder = builder.file(&name, text);
        }
        Ok(HgpixelProcess {
            process: builder.prepare()?,
            binary,
            env,
            port,
            admin_port,
        })
    }
}

/// The program that this checkout has built: named by `HGPIXEL_BIN`, or beside the tests in cargo's target directory.
///
/// # Errors
/// When this is no test and the variable is not set.
pub fn hgpixel_binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HGPIXEL_BIN") {
        return Ok(PathBuf::from(named));
    }
    let test = std::env::current_exe().context("find this test's own program")?;
    // A test is target/PROFILE/deps/NAME, an example target/PROFILE/examples/NAME.
    let profile = test
        .ancestors()
        .nth(2)
        .context("the folder of this test's profile")?;
    Ok(profile.join("hgpixel"))
}

/// The absolute path, for the program starts in a directory of its own.
fn built(binary: &Path) -> Result<PathBuf> {
    if !binary.is_file() {
        bail!(
            "{} is not there; `cargo xtask test` builds it, and so does `cargo build -p hgpixel`",
            binary.display()
        );
    }
    std::path::absolute(binary).with_context(|| format!("find {}", binary.display()))
}

/// Settings in our own environment are not the tested program's.
fn forget_own_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("HGPIXEL_"))
        {
            command.env_remove(name);
        }
    }
}
