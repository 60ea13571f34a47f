//! A guarded daemon: any program that listens on a port.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::guard::{Charge, Guard, Status};
use crate::{find_program, wait_until};

/// A daemon may be slow on a loaded machine (RabbitMQ takes 8 s on an idle one); this is the limit of patience, not a wait.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// How long a daemon may take to obey a request to end.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// A running daemon with a directory of its own.
///
/// Dropping it kills all its processes and removes the directory, and waits for both. When the process that owns it dies
/// without dropping (SIGKILL, `abort`), the same happens within a moment.
#[derive(Debug)]
pub struct Process {
    name: String,
    guard: Arc<Guard>,
    ready: Vec<Ready>,
    stop_signal: &'static str,
}

/// A question to a port and the beginning of the answer that means "ready".
#[derive(Clone, Debug)]
pub struct Ready {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The bytes to send; may be empty.
    pub question: Vec<u8>,
    /// What the answer has to begin with; empty: being able to connect is enough.
    pub answer: Vec<u8>,
}

impl Ready {
    /// The port accepts connections.
    pub fn port(port: u16) -> Self {
        Self {
            port,
            question: Vec::new(),
            answer: Vec::new(),
        }
    }

    /// `GET path` answers 200.
    pub fn http(port: u16, path: &str) -> Self {
        let question =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Self {
            port,
            question: question.into_bytes(),
            answer: b"HTTP/1.1 200".to_vec(),
        }
    }
}

/// How to start a daemon. The command runs in the daemon's own directory, where its files are.
#[derive(Debug)]
pub struct ProcessBuilder {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    files: Vec<(String, String)>,
    ready: Vec<Ready>,
    pub(crate) identity: Option<(u32, u32)>,
    pub(crate) stop_signal: &'static str,
    pub(crate) farewell: Option<&'static str>,
    pub(crate) epilogue: Option<&'static str>,
}

impl Process {
    /// Describes a daemon by its program's name (looked up by [`find_program`]) or path.
    pub fn builder(program: impl Into<String>) -> ProcessBuilder {
        ProcessBuilder {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            files: Vec::new(),
            ready: Vec::new(),
            identity: None,
            stop_signal: "TERM",
            farewell: None,
            epilogue: None,
        }
    }

    /// Its own directory: working directory, configuration, data and `log`.
    pub fn directory(&self) -> &Path {
        self.guard.directory()
    }

    /// All that it has written to standard output and standard error, over all its starts.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.directory().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Kills every process of it with SIGKILL, and returns when none is left. Data stays for a [`Process::restart`].
    pub async fn kill(&self) -> Result<()> {
        self.ask(Guard::kill).await
    }

    /// Asks it to end in its orderly way and waits for that; answers the exit code (128 + n for signal n).
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn terminate(&self) -> Result<i32> {
        self.signal(self.stop_signal)?;
        let code = self.wait().await?;
        // Helpers that the daemon has left behind must not disturb the next start.
        self.ask(Guard::kill).await?;
        Ok(code)
    }

    /// Sends a signal (`TERM`, `HUP`, …) to its main process, and does not wait for an effect.
    ///
    /// # Errors
    /// When the guard cannot be asked. A process that has already ended is not an error.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.guard.signal(name)
    }

    /// Waits until it has ended by itself; answers the exit code (128 + n for signal n).
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn wait(&self) -> Result<i32> {
        wait_until("the end of the process", STOP_LIMIT, async || {
            !self.is_running()
        })
        .await
        .with_context(|| format!("wait for {}:\n{}", self.name, self.end_of_log()))?;
        match self.guard.status()? {
            Status::Ended(code) => Ok(code),
            other => bail!("{} is {other:?} after its end", self.name),
        }
    }

    /// Freezes every process of it (SIGSTOP): connections stay open and nothing answers.
    pub async fn pause(&self) -> Result<()> {
        self.ask(Guard::pause).await
    }

    /// Undoes [`Process::pause`].
    pub async fn resume(&self) -> Result<()> {
        self.ask(Guard::resume).await
    }

    /// Starts it again with the same ports, settings and data, and waits until it is ready. Kills it first if it runs.
    ///
    /// # Errors
    /// When it ends, or is not ready within 120 s; the message carries the end of its log.
    pub async fn restart(&self) -> Result<()> {
        self.ask(Guard::kill).await?;
        self.guard.start()?;
        self.until_ready().await
    }

    /// Whether its main process lives (a paused one does).
    pub fn is_running(&self) -> bool {
        matches!(self.guard.status(), Ok(Status::Running))
    }

    async fn until_ready(&self) -> Result<()> {
        for ready in &self.ready {
            wait_until("readiness", READY_LIMIT, async || {
                !self.is_running() || answers(ready).await
            })
            .await
            .with_context(|| format!("start {}:\n{}", self.name, self.end_of_log()))?;
        }
        match self.guard.status()? {
            Status::Running => Ok(()),
            other => bail!(
                "start {}: it is {other:?}:\n{}",
                self.name,
                self.end_of_log()
            ),
        }
    }

    /// Looking for a family of processes takes some milliseconds, too long for a test's runtime to stand still.
    async fn ask(&self, request: fn(&Guard) -> Result<()>) -> Result<()> {
        let guard = Arc::clone(&self.guard);
        tokio::task::spawn_blocking(move || request(&guard))
            .await
            .context("the thread that asked a guard")?
    }

    fn end_of_log(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl ProcessBuilder {
    /// Appends an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Sets an environment variable. The rest is inherited, but for `HGPIXEL_*`.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Writes a file into the directory before the start.
    #[must_use]
    pub fn file(mut self, name: &str, text: impl Into<String>) -> Self {
        self.files.push((name.to_owned(), text.into()));
        self
    }

    /// Adds a condition of being ready.
    #[must_use]
    pub fn ready(mut self, ready: Ready) -> Self {
        self.ready.push(ready);
        self
    }

    /// Starts the daemon and waits until it is ready.
    ///
    /// # Errors
    /// When the program is not installed, ends, or is not ready within 120 s; the message carries the end of its log.
    pub async fn start(self) -> Result<Process> {
        let process = self.prepare()?;
        process.guard.start()?;
        process.until_ready().await?;
        Ok(process)
    }

    /// Makes the directory and its files, and starts nothing yet; [`Process::restart`] is the first start.
    pub(crate) fn prepare(self) -> Result<Process> {
        let program = if self.program.contains('/') {
            PathBuf::from(&self.program)
        } else {
            find_program(&self.program)?
        };
        let mut command = vec![program.to_string_lossy().into_owned()];
        command.extend(self.args);
        let charge = Charge {
            command,
            env: self.env,
            identity: self.identity,
            farewell: self.farewell,
            epilogue: self.epilogue,
        };
        let guard = Guard::new(&charge)?;
        for (name, text) in &self.files {
            let file = guard.directory().join(name);
            std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
        }
        Ok(Process {
            name: self.program,
            guard: Arc::new(guard),
            ready: self.ready,
            stop_signal: self.stop_signal,
        })
    }
}

/// One try, within a second: a daemon that accepts and stays silent is not ready.
async fn answers(ready: &Ready) -> bool {
    matches!(
        tokio::time::timeout(Duration::from_secs(1), try_answer(ready)).await,
        Ok(Ok(true))
    )
}

async fn try_answer(ready: &Ready) -> std::io::Result<bool> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", ready.port)).await?;
    stream.write_all(&ready.question).await?;
    let mut answer = vec![0; ready.answer.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer == ready.answer)
}
