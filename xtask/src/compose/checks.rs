//! What has to hold when all is back: every event is stored once, the books balance, everything is watched, every panel has an answer.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hgpixel_testkit::{Expression, PrometheusApi, dashboards, rules};
use uuid::Uuid;

use super::load::Seen;
use super::project::{Project, Replicas};
use super::until::until;

const STORED_LIMIT: Duration = Duration::from_mins(3);
/// Prometheus looks every 10 s, and finds replicas within 5 s.
const WATCHED_LIMIT: Duration = Duration::from_mins(2);
/// What watches one thing each: balancer, broker, its queues, PostgreSQL, Redis, Prometheus.
const SINGLE_TARGETS: usize = 6;

/// What the database has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stored {
    /// Different events.
    pub(super) events: usize,
    /// Rows beyond the first of an event.
    pub(super) duplicates: usize,
    /// What came a second time and was not stored again, by the books.
    pub(super) came_again: usize,
}

/// Waits until every accepted event is stored, and compares the ids, and the books that the store keeps.
pub(super) async fn stored_once(project: &Project, seen: &Seen) -> Result<Stored> {
    let accepted = seen.accepted.len();
    until(
        "the storing of every accepted event",
        STORED_LIMIT,
        async || {
            let rows: usize = project
                .sql("select count(*) from events")
                .await?
                .trim()
                .parse()?;
            Ok(if rows >= accepted {
                Ok(())
            } else {
                Err(format!("{rows} of {accepted}"))
            })
        },
    )
    .await?;
    let rows = project.sql("select event_id from events").await?;
    let rows: Vec<Uuid> = rows
        .lines()
        .map(|id| {
            id.parse()
                .with_context(|| format!("an id in the store: {id}"))
        })
        .collect::<Result<_>>()?;
    let events = each_once(&rows, seen)?;
    let booked = booked(project, "account = 'stored'").await?;
    ensure!(
        booked == rows.len(),
        "the books say that {booked} were stored, and there are {}",
        rows.len()
    );
    let dead = booked_dead(project).await?;
    ensure!(dead == 0, "{dead} events are in the dead letters");
    let came_again = self::booked(project, "account = 'duplicate'").await?;
    Ok(Stored {
        events,
        duplicates: rows.len() - events,
        came_again,
    })
}

/// Every accepted id is there, once, and no other. Gives the number of different ones.
fn each_once(rows: &[Uuid], seen: &Seen) -> Result<usize> {
    let different: BTreeSet<Uuid> = rows.iter().copied().collect();
    let duplicates = rows.len() - different.len();
    ensure!(
        duplicates == 0,
        "{duplicates} rows are of an event that is stored already"
    );
    let missing: Vec<_> = seen.accepted.difference(&different).collect();
    ensure!(
        missing.is_empty(),
        "{} events were accepted and are not stored, {} the first",
        missing.len(),
        missing[0]
    );
    let strange: Vec<_> = different.difference(&seen.accepted).collect();
    // A client that gave up may have been heard.
    ensure!(
        strange.is_empty() || seen.errors > 0,
        "{} events are stored and were never accepted, {} the first",
        strange.len(),
        strange[0]
    );
    Ok(different.len())
}

async fn booked_dead(project: &Project) -> Result<usize> {
    booked(project, "account like 'dead\\_lettered.%'").await
}

/// The sum of the store's own books, which are written with the events.
async fn booked(project: &Project, accounts: &str) -> Result<usize> {
    let question = format!("select coalesce(sum(events), 0) from books where {accounts}");
    Ok(project.sql(&question).await?.trim().parse()?)
}

/// The counters of all processes that run, as Prometheus has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Books {
    accepted: f64,
    uncertain: f64,
    /// Stored, known already, or given up.
    finished: f64,
}

impl Books {
    /// Waits until Prometheus has asked every process since now. Nothing may be under way.
    pub(super) async fn read(api: &PrometheusApi) -> Result<Self> {
        let now = number(api, "vector(time())").await?;
        let oldest = "min(timestamp(up{job=~\"ingest|worker\"}))";
        until("a scrape of every process", WATCHED_LIMIT, async || {
            let asked = number(api, oldest).await?;
            Ok(if asked > now {
                Ok(())
            } else {
                Err(format!("the oldest is of {asked}, and it was {now}"))
            })
        })
        .await?;
        let sum = async |metric: &str| number(api, &format!("sum({metric}) or vector(0)")).await;
        Ok(Self {
            accepted: sum("hgpixel_events_accepted_total").await?,
            uncertain: sum("hgpixel_events_uncertain_total").await?,
            finished: sum("hgpixel_events_stored_total").await?
                + sum("hgpixel_events_duplicate_total").await?
                + sum("hgpixel_events_dead_lettered_total").await?,
        })
    }

    /// Everything accepted since `before` has come to its end, and nothing else but what was uncertain.
    pub(super) fn balance_since(self, before: Self, events: usize) -> Result<()> {
        let accepted = self.accepted - before.accepted;
        let uncertain = self.uncertain - before.uncertain;
        let finished = self.finished - before.finished;
        ensure!(
            (accepted..=accepted + uncertain).contains(&finished),
            "the books do not balance: {accepted} accepted, {uncertain} uncertain, {finished} finished"
        );
        let events: f64 = u32::try_from(events)?.into();
        ensure!(
            accepted >= events,
            "clients had {events} events accepted, and ingest has counted {accepted}"
        );
        Ok(())
    }
}

/// Waits until every target is up, and gives their number.
pub(super) async fn targets_up(api: &PrometheusApi, replicas: Replicas) -> Result<usize> {
    let expected = replicas.ingest + replicas.worker + replicas.query + SINGLE_TARGETS;
    until("every target of Prometheus up", WATCHED_LIMIT, async || {
        let targets = api.targets().await?;
        let down = targets.iter().find(|target| target["health"] != "up");
        Ok(match down {
            Some(target) => Err(format!("{}: {}", target["scrapeUrl"], target["lastError"])),
            None if targets.len() == expected => Ok(expected),
            None => Err(format!("{} targets, not {expected}", targets.len())),
        })
    })
    .await
}

/// How the questions of dashboards were answered: all of them, without an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answers {
    pub(super) all: usize,
    /// Those that have to have data, and have.
    pub(super) with_data: usize,
}

/// Asks every expression of dashboards and rules, and waits until each has data that has to have some.
pub(super) async fn panels_with_data(api: &PrometheusApi) -> Result<Answers> {
    let panels = dashboards()?;
    for question in rules()?.iter().chain(&panels) {
        api.ask(&question.filled_in())
            .await
            .with_context(|| question.to_string())?;
    }
    let have_data: Vec<_> = panels
        .iter()
        .filter(|panel| !may_be_empty(&panel.text))
        .collect();
    let answers = Answers {
        all: panels.len(),
        with_data: have_data.len(),
    };
    data_in(api, have_data, WATCHED_LIMIT).await?;
    Ok(answers)
}

async fn data_in(
    api: &PrometheusApi,
    mut waiting: Vec<&Expression>,
    limit: Duration,
) -> Result<()> {
    until("data in every panel", limit, async || {
        waiting = empty_of(api, &waiting).await?;
        let reason: Vec<String> = waiting.iter().map(ToString::to_string).collect();
        Ok(if waiting.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "{} are empty:\n{}",
                waiting.len(),
                reason.join("\n")
            ))
        })
    })
    .await
}

async fn empty_of<'a>(
    api: &PrometheusApi,
    panels: &[&'a Expression],
) -> Result<Vec<&'a Expression>> {
    let mut empty = Vec::new();
    for panel in panels {
        if api.ask(&panel.filled_in()).await?.is_empty() {
            empty.push(*panel);
        }
    }
    Ok(empty)
}

/// Alerts that fire: none do when all is well, and then there is no series.
fn may_be_empty(expression: &str) -> bool {
    expression.contains("ALERTS") && !expression.contains("or vector(0)")
}

async fn number(api: &PrometheusApi, expression: &str) -> Result<f64> {
    let result = api.ask(expression).await?;
    match result.first() {
        Some(series) => {
            let text = series["value"][1].as_str().context("a value")?;
            text.parse()
                .with_context(|| format!("{expression}: {text}"))
        }
        None => bail!("{expression} has no answer"),
    }
}

#[cfg(test)]
mod tests {
    use hgpixel_testkit::free_port;

    use super::*;

    #[test]
    fn a_lost_a_doubled_and_a_strange_event_are_found() {
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let seen = Seen {
            accepted: ids.iter().copied().collect(),
            ..Seen::default()
        };
        let error = |rows: &[Uuid]| each_once(rows, &seen).unwrap_err().to_string();
        assert!(each_once(&ids, &seen).is_ok());
        assert!(error(&ids[1..]).starts_with("1 events were accepted"));
        assert!(error(&[ids.clone(), vec![ids[0]]].concat()).starts_with("1 rows are"));
        assert!(
            error(&[ids.clone(), vec![Uuid::now_v7()]].concat())
                .starts_with("1 events are stored and")
        );
    }

    #[test]
    fn the_books_show_what_is_lost_and_what_is_too_much() {
        let before = Books {
            accepted: 10.0,
            uncertain: 0.0,
            finished: 9.0,
        };
        let after = |finished: f64, uncertain: f64| Books {
            accepted: 20.0,
            uncertain,
            finished,
        };
        assert!(after(19.0, 0.0).balance_since(before, 10).is_ok());
        assert!(after(20.0, 1.0).balance_since(before, 10).is_ok());
        assert!(after(18.0, 0.0).balance_since(before, 10).is_err());
        assert!(after(20.0, 0.0).balance_since(before, 10).is_err());
        assert!(after(19.0, 0.0).balance_since(before, 11).is_err());
    }
    #[test]
    fn only_who_asks_for_alerts_may_have_no_answer() {
        assert!(may_be_empty(
            "max by (alertname) (ALERTS{alertstate=\"firing\"})"
        ));
        assert!(!may_be_empty("count(ALERTS) or vector(0)"));
        assert!(!may_be_empty("up"));
    }

    #[tokio::test]
    async fn a_question_without_an_answer_is_not_forgotten() {
        let panels = dashboards().unwrap();
        let api = PrometheusApi::at(free_port());
        // Long enough to ask twice.
        let limit = Duration::from_millis(1_200);
        assert!(data_in(&api, panels.iter().collect(), limit).await.is_err());
    }
}
