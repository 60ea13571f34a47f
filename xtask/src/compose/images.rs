//! The images of the fleet: those of others, and ours of a rehearsal's profile; and the daemon, if it was started for them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::commands::{asks, run};
use super::project::{Project, docker_answers, need_docker};
use super::until::until;

/// Where Docker's daemon writes its process id.
const PID_FILE: &str = "/var/run/docker.pid";
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// A daemon that runs since before, or one that was started for us and goes with us.
#[derive(Debug)]
pub(super) struct Daemon {
    ran_before: bool,
}

impl Daemon {
    pub(super) async fn look() -> Self {
        Self {
            ran_before: docker_answers().await,
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

    /// Ends it if it answers and did not before.
    pub(super) async fn leave(self) -> Result<()> {
        if self.ran_before || !docker_answers().await {
            return Ok(());
        }
        // Without the file it runs elsewhere, and is not ours.
        let Ok(pid) = std::fs::read_to_string(PID_FILE) else {
            return Ok(());
        };
        run(asks("kill", &[pid.trim()]).process_group(0)).await?;
        until("the end of Docker's daemon", STOP_LIMIT, async || {
            let runs = Path::new(PID_FILE).exists();
            Ok(if runs {
                Err("it runs".to_owned())
            } else {
                Ok(())
            })
        })
        .await
    }
}

/// Builds ours. A release takes ten minutes and more; this one is compiled in a few.
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
