//! A private PostgreSQL.

mod database;

use std::ops::Deref;
use std::process::Command;

use anyhow::{Context, Result};

pub use database::PostgresDatabase;

use crate::{Process, Ready, find_program, free_port, run};

/// Settings of a server that tests use. `fsync` may be off, for a killed *process* loses nothing that the kernel already has;
/// `synchronous_commit` stays on, for without it a killed process does. DSM segments and sockets stay in the data directory
/// or are not made, so that nothing is left elsewhere after a kill.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'
unix_socket_directories = ''
dynamic_shared_memory_type = mmap
max_connections = 300
shared_buffers = 64MB
max_wal_size = 2GB
fsync = off
full_page_writes = off
autovacuum_naptime = 10s
log_line_prefix = '%m [%p] %d '
";

/// PostgreSQL's small System V segment survives a SIGKILL; its id is the second number of line 7 of the lock file.
const REMOVE_SHARED_MEMORY: &str =
    "[ -f data/postmaster.pid ] && ipcrm -m \"$(sed -n '7s/.* //p' data/postmaster.pid)\"";

/// A running PostgreSQL server. Superuser `postgres`, no password, UTF-8, collation C.UTF-8.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
}

impl Postgres {
    /// Starts one with settings for speed; takes about a second.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not come up.
    pub async fn start() -> Result<Self> {
        Self::start_with("").await
    }

    /// Starts one with more lines for `postgresql.conf`, which win over the defaults: `"fsync = on\nmax_connections = 20"`.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not come up.
    pub async fn start_with(settings: &str) -> Result<Self> {
        let port = free_port();
        let mut builder = Process::builder("postgres")
            .args(&["-D", "data"])
            .ready(accepts_logins(port));
        builder.identity = identity()?;
        // TERM would wait for all clients to leave; INT sends them away. QUIT is as INT, without a checkpoint.
        builder.stop_signal = "INT";
        builder.farewell = Some("QUIT");
        builder.epilogue = Some(REMOVE_SHARED_MEMORY);
        let identity = builder.identity;
        let process = builder.prepare()?;
        initialise(&process, identity).await?;
        let file = process.directory().join("data/postgresql.auto.conf");
        std::fs::write(&file, format!("{SETTINGS}port = {port}\n{settings}\n"))
            .context("write PostgreSQL's settings")?;
        process.restart().await?;
        Ok(Self { process, port })
    }

    /// The URL of the maintenance database, for a superuser: `postgres://postgres@127.0.0.1:PORT/postgres`
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A server is its process and an address: kill, pause, restart and the rest are the process'.
impl Deref for Postgres {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

async fn initialise(process: &Process, identity: Option<(u32, u32)>) -> Result<()> {
    let mut initdb = Command::new(find_program("initdb")?);
    initdb
        .args([
            "-D",
            "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ])
        .current_dir(process.directory());
    if let Some((user, group)) = identity {
        std::os::unix::process::CommandExt::uid(&mut initdb, user);
        std::os::unix::process::CommandExt::gid(&mut initdb, group);
    }
    run(initdb).await.map(drop)
}

/// A startup message (protocol 3.0) for user and database `postgres`; "R" begins the answer of a server that takes logins,
/// "E" that of one that is still starting.
fn accepts_logins(port: u16) -> Ready {
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(parameters.len() + 8).expect("a short message");
    let mut question = length.to_be_bytes().to_vec();
    question.extend(196_608_u32.to_be_bytes());
    question.extend(parameters);
    Ready {
        port,
        question,
        answer: b"R".to_vec(),
    }
}

/// PostgreSQL refuses to run as root: then it runs as its package's user, or as `nobody`.
fn identity() -> Result<Option<(u32, u32)>> {
    use std::os::unix::fs::MetadataExt;

    let own = std::fs::metadata("/proc/self")
        .context("read /proc/self")?
        .uid();
    if own != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
    let found = ["postgres", "nobody"]
        .iter()
        .find_map(|name| user(&users, name));
    found
        .map(Some)
        .context("running as root, and there is neither a user postgres nor nobody")
}

fn user(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
