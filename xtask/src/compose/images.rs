//! The images of the fleet: those of others, and ours of a rehearsal's profile; and the daemon, if it was started for them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::commands::{asks, run};
use super::project::{Project, docker_answers, need_docker};
use super::until::until;

/// Where Docker's daemon writes its process id, before it answers.
const PID_FILE: &str = "/var/run/docker.pid";
/// One that has been started a moment ago has not written it yet.
const START_LIMIT: Duration = Duration::from_secs(2);
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// A daemon that runs since before, or one that was started for us and goes with us.
#[derive(Debug)]
pub(super) struct Daemon {
    ran_before: bool,
}

impl Daemon {
    pub(super) async fn look() -> Self {
        Self {
            ran_before: docker_answers().await || process().is_some(),
        }
    }

    /// Lets `program` make the images of others, if there is one, and with it whatever Docker needs.
    pub(super) async fn with_images_of(&self, program: Option<&Path>) -> Result<()> {
        if let Some(program) = program {
            let program = std::path::absolute(program).context("the program that makes images")?;
            run(asks(&program.to_string_lossy(), &[]).arg("docker-compose.yml")).await?;
        }
        need_docker().await
    }

    /// Ends it if it runs and did not before, whether it answers yet or not.
    pub(super) async fn leave(self) -> Result<()> {
        if self.ran_before {
            return Ok(());
        }
        // Without the file it runs elsewhere, and is not ours; or there is none.
        let starts = until("a daemon", START_LIMIT, async || {
            Ok(process().ok_or_else(String::new))
        });
        let Ok(pid) = starts.await else {
            return Ok(());
        };
        run(asks("kill", &[&pid]).process_group(0)).await?;
        until("the end of Docker's daemon", STOP_LIMIT, async || {
            Ok(if is_daemon(&pid) {
                Err("it runs".to_owned())
            } else {
                Ok(())
            })
        })
        .await
    }
}

/// The daemon's process. The file may be of one that has ended.
fn process() -> Option<String> {
    let pid = std::fs::read_to_string(PID_FILE).ok()?;
    Some(pid.trim().to_owned()).filter(|pid| is_daemon(pid))
}

/// Whether this process is a daemon of Docker's, and runs: what has ended has no command line.
fn is_daemon(pid: &str) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("dockerd")
}

/// Builds ours. A release takes twelve minutes on two cores, this one nine.
pub(super) async fn build() -> Result<()> {
    let build = [
        "build",
        "--file=deploy/Dockerfile",
        "--build-arg=PROFILE=rehearsal",
        "--tag=hgpixel:rehearsal",
        ".",
    ];
    run(&mut asks("docker", &build)).await
}

/// Fetches those of others, where no program has made them.
pub(super) async fn fetch(project: &Project, program: Option<&Path>) -> Result<()> {
    if program.is_none() {
        project.pull().await.context(
            "fetch the images (where no registry can be reached, `--images PROGRAM` names a program that makes them)",
        )?;
    }
    Ok(())
}
