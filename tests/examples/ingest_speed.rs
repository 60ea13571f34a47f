//! What an accepted event costs, and how fast a whole system takes events: the figures P1, P2 and P9.
//!
//! ```text
//! cargo xtask bench ingest [SECONDS]
//! ```
//!
//! - **cost**: CPU (user and system) of the ingest process for each POST of one event over 64 keep-alive connections, durable in a quorum
//!   queue, against a bare axum handler that reads the body and answers 204. Both run in turns, three times.
//! - **whole**: events accepted and stored while 64 connections send as fast as they are answered, with everything, the load too, on
//!   this machine; the CPU of all processes but the load for each stored event; and the age of events when they are stored.
//! - **latency**: how long a POST takes at 2,000 events/s, measured from when it was due, so that a server that stalls hides nothing.
//!
//! Figures are for the release build (`HGPIXEL_BIN`) and for this machine while it does nothing else.
#![expect(
    clippy::print_stdout,
    reason = "its figures are what this program is for"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "the figures are rounded, and the numbers small"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{
    HgpixelBuilder, HgpixelProcess, PostgresDatabase, Process, RabbitVhost, Ready, free_port,
    wait_until,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

const CONNECTIONS: u32 = 64;
const ROUNDS: usize = 3;
const PACED_EVENTS_PER_S: u32 = 2_000;

/// A page view as the pixel sends it.
const BODY: &str = r#"{"v":1,"site":"bench","url":"https://bench.example/pricing?plan=pro","title":"Pricing","referrer":"https://search.example/","language":"de-AT","device":{"screen":"1920x1080","viewport":"1400x900","timeZone":"Europe/Vienna","colorScheme":"dark"},"events":[{"type":"pageview","age":12}]}"#;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, port] = &arguments[..]
        && role == "yardstick"
    {
        return yardstick(port.parse()?).await;
    }
    let seconds = arguments.first().map_or(Ok(10), |text| text.parse())?;
    let lasting = Duration::from_secs(seconds);
    let fleet = Fleet::start().await?;
    cost(&fleet, lasting).await?;
    println!("fleet (RabbitMQ, PostgreSQL):");
    whole(&fleet.ingest, &fleet.worker, lasting).await?;
    latency(&fleet.ingest, lasting).await?;
    drop(fleet);
    println!("embedded (local queue, SQLite):");
    let process = unlimited(HgpixelProcess::serve()).start().await?;
    whole(&process, &process, lasting).await?;
    latency(&process, lasting).await
}

/// A bare server: what receiving a POST costs at the least.
async fn yardstick(port: u16) -> Result<()> {
    let handler = async |_body: axum::body::Bytes| axum::http::StatusCode::NO_CONTENT;
    let app = axum::Router::new()
        .route("/track", axum::routing::post(handler))
        .route("/readyz", axum::routing::get(async || ""));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, app).await?)
}

struct Fleet {
    ingest: HgpixelProcess,
    worker: HgpixelProcess,
    _servers: (PostgresDatabase, RabbitVhost),
}

impl Fleet {
    async fn start() -> Result<Self> {
        let (database, vhost) = (
            PostgresDatabase::create().await?,
            RabbitVhost::create().await?,
        );
        let part = |role: &str| {
            unlimited(HgpixelProcess::role(role))
                .env("HGPIXEL_STORE__URL", database.url())
                .env("HGPIXEL_QUEUE__URL", vhost.url())
        };
        let worker = part("worker").prepare()?;
        worker.run(&["migrate"]).await?;
        worker.restart().await?;
        Ok(Self {
            ingest: part("ingest").start().await?,
            worker,
            _servers: (database, vhost),
        })
    }
}

/// Loopback is not limited by address; nothing else is changed.
fn unlimited(builder: HgpixelBuilder) -> HgpixelBuilder {
    builder.env("HGPIXEL_LOG__LEVEL", "warn")
}

async fn cost(fleet: &Fleet, lasting: Duration) -> Result<()> {
    let port = free_port();
    let program = std::env::current_exe()?;
    let bare = Process::builder(program.to_string_lossy())
        .arg("yardstick")
        .arg(port.to_string())
        .ready(Ready::http(port, "/readyz"))
        .start()
        .await?;
    println!("CPU of a POST, µs        bare  ingest  ratio");
    for _ in 0..ROUNDS {
        let of_bare = cpu_of_a_post(&bare, port, lasting).await?;
        let of_ingest = cpu_of_a_post(&fleet.ingest, fleet.ingest.port(), lasting).await?;
        println!(
            "                       {of_bare:6.1}  {of_ingest:6.1}  {:5.2}",
            of_ingest / of_bare
        );
        drained(&fleet.ingest, &fleet.worker).await?;
    }
    Ok(())
}

async fn cpu_of_a_post(process: &Process, port: u16, lasting: Duration) -> Result<f64> {
    let before = cpu_within(process.directory())?;
    let posts = hurried(port, lasting).await?;
    Ok((cpu_within(process.directory())? - before) / posts as f64 * 1e6)
}

async fn whole(ingest: &HgpixelProcess, worker: &HgpixelProcess, lasting: Duration) -> Result<()> {
    let stored = async || worker.counter("hgpixel_events_stored_total").await;
    let (stored_before, begun) = (stored().await?, Instant::now());
    let (all_before, own_before) = (cpu_of_all()?, cpu_of(std::process::id())?);
    let accepted = hurried(ingest.port(), lasting).await?;
    let sending = begun.elapsed().as_secs_f64();
    let waiting = accepted - (stored().await? - stored_before);
    drained(ingest, worker).await?;
    let whole = begun.elapsed().as_secs_f64();
    let stored = stored().await? - stored_before;
    let others = (cpu_of_all()? - all_before) - (cpu_of(std::process::id())? - own_before);
    ensure!(stored == accepted, "{stored} stored of {accepted} accepted");
    println!(
        "  accepted {:.0}/s, stored {:.0}/s until the last one ({waiting} waited when the load ended), {:.0} µs of CPU an event, stored within {} (p99)",
        accepted as f64 / sending,
        stored as f64 / whole,
        others / stored as f64 * 1e6,
        age_p99(worker).await?,
    );
    Ok(())
}

/// Waits until everything that was accepted is stored.
async fn drained(ingest: &HgpixelProcess, worker: &HgpixelProcess) -> Result<()> {
    let is_drained = async || {
        let accepted = ingest.counter("hgpixel_events_accepted_total").await;
        let stored = worker.counter("hgpixel_events_stored_total").await;
        matches!((accepted, stored), (Ok(accepted), Ok(stored)) if accepted == stored)
    };
    wait_until(
        "the queue to be drained",
        Duration::from_mins(5),
        is_drained,
    )
    .await
}

/// The bucket that holds the 99th percentile of receipt → commit.
async fn age_p99(worker: &HgpixelProcess) -> Result<String> {
    let metrics = worker.metrics().await?;
    let count = metrics.get("hgpixel_event_age_seconds_count");
    let wanted = count.context("ages are measured")? * 0.99;
    let bound = |key: &str| {
        let rest = key.strip_prefix("hgpixel_event_age_seconds_bucket{le=\"")?;
        rest.strip_suffix("\"}")?.parse::<f64>().ok()
    };
    let mut bounds: Vec<(f64, f64)> = metrics
        .iter()
        .filter_map(|(key, count)| Some((bound(key)?, *count)))
        .collect();
    bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let p99 = bounds.iter().find(|(_, count)| *count >= wanted);
    Ok(p99.map_or_else(|| "?".to_owned(), |(bound, _)| format!("{bound} s")))
}

async fn latency(process: &HgpixelProcess, lasting: Duration) -> Result<()> {
    let mut connections = JoinSet::new();
    let pause = Duration::from_secs(1) * CONNECTIONS / PACED_EVENTS_PER_S;
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(process.port()).await?;
        let first = Instant::now() + pause * number / CONNECTIONS;
        connections.spawn(async move {
            let (mut due, mut took) = (first, Vec::new());
            while due < first + lasting {
                tokio::time::sleep_until(due).await;
                connection.post().await?;
                took.push(due.elapsed());
                due += pause;
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(ended) = connections.join_next().await {
        took.extend(ended??);
    }
    took.sort_unstable();
    let quantile = |thousandths: usize| took[(took.len() - 1) * thousandths / 1_000];
    println!(
        "  at {PACED_EVENTS_PER_S} events/s a POST takes {:.1?} (p50), {:.1?} (p99), {:.1?} (p99.9)",
        quantile(500),
        quantile(990),
        quantile(999)
    );
    Ok(())
}

/// Posts over all connections as fast as they are answered. How many were accepted.
async fn hurried(port: u16, lasting: Duration) -> Result<u64> {
    let accepted = Arc::new(AtomicU64::new(0));
    let until = Instant::now() + lasting;
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(port).await?;
        let accepted = Arc::clone(&accepted);
        connections.spawn(async move {
            while Instant::now() < until {
                connection.post().await?;
                accepted.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = connections.join_next().await {
        ended??;
    }
    Ok(accepted.load(Ordering::Relaxed))
}

/// A keep-alive connection that costs as little as it can, so that the load leaves the machine to the server.
struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
}

impl Connection {
    async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "POST /track HTTP/1.1\r\nhost: bench\r\nuser-agent: Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0\r\ncontent-type: text/plain;charset=UTF-8\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        Ok(Self {
            stream,
            request: request.into_bytes(),
        })
    }

    /// One event, accepted.
    async fn post(&mut self) -> Result<()> {
        self.stream.write_all(&self.request).await?;
        let (mut answer, mut held) = ([0_u8; 2_048], 0);
        // A 204 has no body: its head is all of it.
        while !answer[..held].ends_with(b"\r\n\r\n") {
            let read = self.stream.read(&mut answer[held..]).await?;
            ensure!(read > 0, "closed after {held} bytes of an answer");
            held += read;
        }
        let answer = String::from_utf8_lossy(&answer[..held]);
        ensure!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        Ok(())
    }
}

/// Linux counts CPU in hundredths of a second.
const TICKS_PER_S: f64 = 100.0;

/// Seconds of CPU that the processes have used which work in a directory, as every process of the testkit does in its own.
fn cpu_within(directory: &Path) -> Result<f64> {
    let directory = directory.canonicalize()?;
    let mut seconds = 0.0;
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // Others' processes may not be looked into, and may end meanwhile.
        if std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == directory) {
            seconds += cpu_of(pid)?;
        }
    }
    Ok(seconds)
}

/// Seconds of CPU that a process has used (proc(5): `utime` and `stime` of `/proc/PID/stat`).
fn cpu_of(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, the second field, is in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(") ").context("a name in parentheses")?;
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_S)
}

/// Seconds of CPU that all processes have used (proc(5): the first line of `/proc/stat` without `idle`, `iowait` and `steal`).
fn cpu_of_all() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("a line of all processors")?;
    let ticks = line.split_whitespace().skip(1).take(7);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    let [user, nice, system, _idle, _iowait, irq, softirq] = ticks[..] else {
        anyhow::bail!("unexpected: {line}");
    };
    Ok((user + nice + system + irq + softirq) / TICKS_PER_S)
}
