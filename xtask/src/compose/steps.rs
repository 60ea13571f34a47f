//! What is done to the fleet, and under which load.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use hgpixel_testkit::PrometheusApi;

use super::checks::{Books, panels_with_data, stored_once, targets_up};
use super::commands::run;
use super::figures::Figures;
use super::load::{Load, Seen};
use super::project::{Project, Replicas, container};

/// Five parts of the load: while it grows, while parts of it end, while they come back; and two with nobody disturbing.
const EVENTS_OF_A_STEP: usize = 4_000;
const AT_FIRST: Replicas = Replicas {
    ingest: 3,
    worker: 2,
    query: 2,
};
const GROWN: Replicas = Replicas {
    ingest: 5,
    worker: 4,
    query: 2,
};

/// Brings it up, disturbs it under load, and checks what is left. What was found until a failure is shown too.
pub(super) async fn rehearse(project: Project, mut figures: Figures) -> Result<Figures> {
    let load = Load::new(&project.url());
    let mut checked = Figures::default();
    let result = find(&project, &load, &mut checked).await;
    let seen = load.seen();
    figures.add("events sent", seen.sent);
    figures.add("events accepted", seen.accepted.len());
    figures.add("answers of 503, tried again", seen.unavailable);
    figures.add("client errors", seen.errors);
    figures.append(checked);
    let clients = no_errors(&seen);
    if result.is_err() || clients.is_err() {
        eprintln!("\nuntil it failed:\n{figures}");
    }
    clients.and(result)?;
    Ok(figures)
}

fn no_errors(seen: &Seen) -> Result<()> {
    ensure!(
        seen.errors == 0,
        "clients saw {} errors: {:#?}",
        seen.errors,
        seen.examples
    );
    Ok(())
}

async fn find(project: &Project, load: &Arc<Load>, figures: &mut Figures) -> Result<()> {
    if !project.has_grafana {
        figures.add("Grafana", "left out, no image");
    }
    let began = Instant::now();
    project.up(AT_FIRST).await?;
    project.healthy(AT_FIRST).await?;
    figures.add("seconds to healthy", began.elapsed().as_secs());

    step("a load with nobody disturbing");
    load.during(EVENTS_OF_A_STEP, async { Ok(()) }).await?;
    step("growing under load");
    load.during(EVENTS_OF_A_STEP, async {
        project.up(GROWN).await?;
        project.healthy(GROWN).await
    })
    .await?;
    disturb(project, load).await?;

    step("every event stored once");
    stored_once(project, &load.seen()).await?;
    let api = PrometheusApi::at(project.prometheus_port);
    let targets = targets_up(&api, GROWN).await?;
    figures.add("scrape targets up", targets);
    step("the books of a load with nobody disturbing");
    let (before, seen_before) = (Books::read(&api).await?, load.seen());
    load.during(EVENTS_OF_A_STEP, async { Ok(()) }).await?;
    let seen = load.seen();
    let stored = stored_once(project, &seen).await?;
    figures.add("events stored", stored.events);
    figures.add("duplicates", stored.duplicates);
    figures.add("came again, not stored again", stored.came_again);
    let new = seen.accepted.len() - seen_before.accepted.len();
    Books::read(&api).await?.balance_since(before, new)?;
    step("data in every panel");
    let answers = panels_with_data(&api).await?;
    figures.add("questions of panels answered", answers.all);
    figures.add("of them with data", answers.with_data);
    figures.add("seconds of the rehearsal", began.elapsed().as_secs());
    Ok(())
}

/// One ingest is stopped, as in an update; a worker is killed with what it has in its hands; the cache is stopped. Then they come back.
async fn disturb(project: &Project, load: &Arc<Load>) -> Result<()> {
    let ingest = project.one("ingest").await?;
    let worker = project.one("worker").await?;
    let redis = project.one("redis").await?;
    step("one ingest, one worker and Redis end under load");
    load.during(EVENTS_OF_A_STEP, async {
        run(&mut container("stop", &ingest)).await?;
        run(&mut container("kill", &worker)).await?;
        run(&mut container("stop", &redis)).await?;
        let less = Replicas {
            ingest: GROWN.ingest - 1,
            worker: GROWN.worker - 1,
            ..GROWN
        };
        let runs =
            project.containers("ingest").await?.len() + project.containers("worker").await?.len();
        ensure!(
            runs == less.ingest + less.worker,
            "{runs} of ingest and worker run, not {less:?}"
        );
        Ok(())
    })
    .await?;
    step("they come back under load");
    load.during(EVENTS_OF_A_STEP, async {
        for id in [&redis, &worker, &ingest] {
            run(&mut container("start", id)).await?;
        }
        project.healthy(GROWN).await
    })
    .await
}

fn step(what: &str) {
    eprintln!("\n==> {what}");
}
