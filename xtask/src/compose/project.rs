//! A Compose project with a name, ports and a network of its own, so that it meets no other on the machine; and the commands on it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hgpixel_testkit::free_port;
use tokio::process::Command;
use uuid::Uuid;

use super::commands::{asks, read, run, succeeds};
use super::until::until;
use crate::shell::root;

/// What is brought up by name; the rest is needed by these. Grafana is added where its image is.
const SERVICES: [&str; 6] = [
    "balancer",
    "ingest",
    "worker",
    "query",
    "postgres-exporter",
    "redis-exporter",
];
/// What runs for as long as the fleet does, but for replicas.
const SINGLE: [&str; 7] = [
    "balancer",
    "rabbitmq",
    "postgres",
    "redis",
    "prometheus",
    "postgres-exporter",
    "redis-exporter",
];
/// A first start makes the data of all servers.
const HEALTHY_LIMIT: Duration = Duration::from_mins(4);
/// Lines of each log that are shown after a failure.
const LOG_LINES: &str = "40";

#[derive(Clone, Debug)]
pub(super) struct Project {
    program: &'static [&'static str],
    name: String,
    subnet: String,
    pub(super) port: u16,
    pub(super) prometheus_port: u16,
    grafana_port: u16,
    /// Whether Grafana's image is here; known when the images are.
    pub(super) has_grafana: bool,
}

/// How many of each role run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replicas {
    pub(super) ingest: usize,
    pub(super) worker: usize,
    pub(super) query: usize,
}

impl Project {
    /// Needs the programs to be there; touches nothing yet.
    pub(super) async fn new() -> Result<Self> {
        let suffix = Uuid::new_v4().simple().to_string();
        Ok(Self {
            program: compose_program().await?,
            name: format!("hgpixel-rehearsal-{}", &suffix[..8]),
            subnet: free_subnet(&std::fs::read_to_string("/proc/net/route").unwrap_or_default())?,
            port: free_port(),
            prometheus_port: free_port(),
            grafana_port: free_port(),
            has_grafana: false,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A command of Compose on this project.
    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = asks(self.program[0], &self.program[1..]);
        command
            .args([
                "--project-name",
                &self.name,
                "--file",
                "docker-compose.yml",
                "--file",
                "deploy/compose/rehearsal.yml",
            ])
            .args(arguments)
            .env("HGPIXEL_PORT", self.port.to_string())
            .env("HGPIXEL_SUBNET", &self.subnet)
            .env("PROMETHEUS_PORT", self.prometheus_port.to_string())
            .env("GRAFANA_PORT", self.grafana_port.to_string())
            // Neither a setting of this machine's own fleet, nor a file `.env` of it.
            .env("HGPIXEL_PUBLIC_URL", "")
            .env("HGPIXEL_BIND", "127.0.0.1")
            .env("HGPIXEL_OUTER_PROXY", "127.0.0.1/32");
        command
    }

    /// Fetches what others have published.
    pub(super) async fn pull(&self) -> Result<()> {
        run(self.compose(&["pull", "setup", "grafana"]).args(SINGLE)).await
    }

    /// Looks which of the images that may be missing is there.
    pub(super) async fn look_for_grafana(&mut self) -> Result<()> {
        let file = std::fs::read_to_string(root().join("docker-compose.yml"))
            .context("read docker-compose.yml")?;
        let mut images = file
            .lines()
            .filter_map(|line| line.trim().strip_prefix("image: "));
        let grafana = images
            .find(|image| image.starts_with("grafana/"))
            .context("docker-compose.yml names no image of Grafana")?;
        self.has_grafana = succeeds(asks("docker", &["image", "inspect", grafana])).await;
        Ok(())
    }

    /// Brings up what is not up, with so many replicas.
    pub(super) async fn up(&self, replicas: Replicas) -> Result<()> {
        let (ingest, worker) = (
            format!("ingest={}", replicas.ingest),
            format!("worker={}", replicas.worker),
        );
        let options = ["up", "--detach", "--no-build", "--no-recreate"];
        let mut command = self.compose(&options);
        command.args(["--scale", &ingest, "--scale", &worker]);
        command.args(SERVICES).arg("prometheus");
        if self.has_grafana {
            command.arg("grafana");
        }
        run(&mut command).await
    }

    /// Waits until every container says that it is well.
    pub(super) async fn healthy(&self, replicas: Replicas) -> Result<()> {
        let mut expected: Vec<(&str, usize)> = SINGLE.map(|service| (service, 1)).to_vec();
        expected.extend([
            ("ingest", replicas.ingest),
            ("worker", replicas.worker),
            ("query", replicas.query),
        ]);
        if self.has_grafana {
            expected.push(("grafana", 1));
        }
        until("all containers healthy", HEALTHY_LIMIT, async || {
            for (service, count) in &expected {
                let healthy = self.healthy_of(service).await?;
                if healthy != *count {
                    return Ok(Err(format!("{healthy} of {count} {service} are healthy")));
                }
            }
            Ok(Ok(()))
        })
        .await
    }

    async fn healthy_of(&self, service: &str) -> Result<usize> {
        let containers = self.containers(service).await?;
        if containers.is_empty() {
            return Ok(0);
        }
        let format = ["inspect", "--format", "{{.State.Health.Status}}"];
        let states = read(asks("docker", &format).args(containers)).await?;
        Ok(states.lines().filter(|state| *state == "healthy").count())
    }

    /// Those of a service that run.
    pub(super) async fn containers(&self, service: &str) -> Result<Vec<String>> {
        let label = |name: &str, value: &str| format!("label=com.docker.compose.{name}={value}");
        let (project, service) = (label("project", &self.name), label("service", service));
        let ids = read(&mut asks(
            "docker",
            &["ps", "--quiet", "--filter", &project, "--filter", &service],
        ))
        .await?;
        Ok(ids.lines().map(str::to_owned).collect())
    }

    /// One container of a service that runs.
    pub(super) async fn one(&self, service: &str) -> Result<String> {
        let containers = self.containers(service).await?;
        let one = containers.into_iter().next();
        one.with_context(|| format!("no container of {service} runs"))
    }

    /// What the database answers to a question, a line a row.
    pub(super) async fn sql(&self, question: &str) -> Result<String> {
        let psql = [
            "exec",
            "-T",
            "postgres",
            "psql",
            "--dbname=hgpixel",
            "--no-align",
            "--tuples-only",
            "--command",
            question,
        ];
        read(&mut self.compose(&psql)).await
    }

    /// The end of every log; a log that cannot be had is no reason to stop.
    pub(super) async fn show_logs(&self) {
        let all = ["logs", "--no-color", "--tail", LOG_LINES];
        for arguments in [&["ps"][..], &all[..]] {
            if let Err(error) = run(&mut self.compose(arguments)).await {
                eprintln!("{error:#}");
            }
        }
    }

    /// Removes all of it: containers, volumes, networks. A second Ctrl-C does not reach it.
    pub(super) async fn down(&self) -> Result<()> {
        let all = ["down", "--volumes", "--remove-orphans", "--timeout", "5"];
        run(self.compose(&all).process_group(0))
            .await
            .with_context(|| format!("remove the project {}", self.name))
    }
}

/// Docker's plugin, or the program that was before it.
async fn compose_program() -> Result<&'static [&'static str]> {
    for program in [&["docker", "compose"][..], &["docker-compose"]] {
        let mut version = asks(program[0], &program[1..]);
        version.arg("version");
        if succeeds(version).await {
            return Ok(program);
        }
    }
    bail!(
        "neither `docker compose` nor `docker-compose` is here: install Docker's Compose plugin, or docker-compose 1.29"
    )
}

/// A network of 256 addresses that no route of this machine leads to.
fn free_subnet(routes: &str) -> Result<String> {
    let random = Uuid::new_v4().as_u128();
    for step in 0..256 {
        let third = (random + step) % 256;
        // The kernel writes destinations as they lie in memory, the last octet first.
        let destination = format!("00{third:02X}D60A");
        if !routes.contains(&destination) {
            return Ok(format!("10.214.{third}.0/24"));
        }
    }
    bail!(
        "this machine has a route to each network 10.214.x.0/24: remove networks that Docker does not use (`docker network prune`)"
    )
}

/// Whether a daemon answers.
pub(super) async fn docker_answers() -> bool {
    succeeds(asks("docker", &["info"])).await
}

/// Fails with advice when none does.
pub(super) async fn need_docker() -> Result<()> {
    ensure!(
        docker_answers().await,
        "no Docker daemon answers (`docker info`): install Docker and start it, or see whether you may use it; where no registry can be reached, \
         `--images PROGRAM` names a program that sees to both"
    );
    Ok(())
}

/// `start`, `stop` or `kill`.
pub(super) fn container(action: &str, id: &str) -> Command {
    asks("docker", &[action, id])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_in_use_is_not_taken() {
        let used = |third: u32| format!("br-1\t00{third:02X}D60A\t00000000\n");
        let all_but_7: String = (0..256).filter(|third| *third != 7).map(used).collect();
        assert_eq!(free_subnet(&all_but_7).unwrap(), "10.214.7.0/24");
        assert!(free_subnet(&(all_but_7 + &used(7))).is_err());
    }
}
