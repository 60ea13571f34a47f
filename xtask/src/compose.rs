//! `cargo xtask compose`: docker-compose.yml, run end to end.
//!
//! The promise: it brings the whole fleet up from nothing, grows it, ends parts of it and brings them back, all under load; and
//! succeeds only if every accepted event is stored exactly once, the books balance, no client saw anything but 2xx or a 503 that a
//! retry mended, Prometheus sees everything, and every question of every panel is answered, with data unless it asks which alerts
//! fire. It leaves no container, network or volume behind, and no daemon that was started for it, whether it succeeds, fails, or is
//! interrupted; images stay.
//!
//! It is not a bench: the image is compiled for a short build (the profile `rehearsal`), and the load leaves room. Nobody looks at the
//! pages of Grafana. It needs Linux: networks in use are read from its table of routes.

mod checks;
mod commands;
mod figures;
mod images;
mod load;
mod project;
mod steps;
mod until;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};

use figures::Figures;
use images::Daemon;
use project::Project;
use steps::rehearse;

/// How it is run.
#[derive(Args, Debug)]
pub(crate) struct Compose {
    /// Makes the images where no registry can be reached: a program that gets the compose file's path, and gives each image that it can
    /// make the name that stands there. It may start Docker's daemon, which is stopped at the end then.
    #[arg(long, value_name = "PROGRAM")]
    images: Option<PathBuf>,
}

/// Prints the figures.
#[expect(clippy::print_stdout, reason = "the table is the result")]
pub(crate) fn run(options: &Compose) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start a runtime")?;
    let result = runtime.block_on(LocalSet::new().run_until(whole(options)));
    // A request that has no answer yet is no reason to wait.
    runtime.shutdown_background();
    println!("\n{}", result?);
    Ok(())
}

/// Whatever comes of it, a daemon that was started for it is stopped.
async fn whole(options: &Compose) -> Result<Figures> {
    let daemon = Daemon::look().await;
    let result = unless_interrupted(prepare(options, &daemon)).await;
    let result = match result {
        Ok((project, figures)) => removed_after(project, figures).await,
        Err(error) => Err(error),
    };
    let left = daemon.leave().await;
    let figures = result?;
    left?;
    Ok(figures)
}

/// Sees to the images; how long that takes is the first that is found.
async fn prepare(options: &Compose, daemon: &Daemon) -> Result<(Project, Figures)> {
    let program = options.images.as_deref();
    let mut figures = Figures::default();
    let began = Instant::now();
    daemon.with_images_of(program).await?;
    let mut project = Project::new().await?;
    images::fetch(&project, program).await?;
    figures.add("seconds to images of others", began.elapsed().as_secs());
    let began = Instant::now();
    images::build().await?;
    figures.add("seconds to our image", began.elapsed().as_secs());
    project.look_for_grafana().await?;
    Ok((project, figures))
}

/// Removes the project whether the rehearsal succeeds, fails, panics or is interrupted.
async fn removed_after(project: Project, figures: Figures) -> Result<Figures> {
    let mut task = JoinSet::new();
    task.spawn_local(rehearse(project.clone(), figures));
    let work = async {
        let ended = task.join_next().await.context("a rehearsal")?;
        ended.context("the rehearsal")?
    };
    let result = unless_interrupted(work).await;
    task.shutdown().await;
    if let Err(error) = &result {
        eprintln!("\nerror: {error:#}");
        if !error.is::<Interrupted>() {
            project.show_logs().await;
        }
    }
    let down = project.down().await;
    let figures = result?;
    down?;
    Ok(figures)
}

/// Drops the work, and with it the programs that it waits for, at Ctrl-C and its like.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(Interrupted.into()),
        _ = terminate.recv() => Err(Interrupted.into()),
        _ = hangup.recv() => Err(Interrupted.into()),
    }
}

/// Somebody wants no more of it; logs would tell nothing.
#[derive(Debug)]
struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
