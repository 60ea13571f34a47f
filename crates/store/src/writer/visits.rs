//! Sessions: the events of one visitor with gaps under 30 minutes.
//!
//! A batch's events of one visitor fall into *runs* without such a gap. Each run is offered to the visitor's row in `visits`, in one
//! statement that locks the row and answers at once: the session goes on, begins earlier, or is over and this run begins
//! another. A run from before the current session (a worker was late, a browser was offline) leaves it alone and becomes a session of
//! its own.

use std::collections::HashMap;

use hgpixel_event::limits::SESSION_GAP_MS;

use super::bulk;
use super::rows::VisitRow;
use crate::error::StoreError;
use crate::pool::Transaction;

/// A session lasts no longer, so that its duration fits four bytes: only a program is never away for half an hour.
const SESSION_MS_MAX: i64 = 14 * 24 * 3_600_000;

/// An event as this module sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) site: i32,
    pub(super) visitor: i64,
    pub(super) time_ms: i64,
    /// Its place in the batch.
    pub(super) index: usize,
}

/// Events of one visitor without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    site: i32,
    visitor: i64,
    first_ms: i64,
    last_ms: i64,
    indexes: Vec<usize>,
}

/// Which session each event belongs to.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// Pairs of an event's place in the batch and its session.
    pub(super) sessions: Vec<(usize, i64)>,
    /// The sessions that may have had events before this batch, with their sites, sorted.
    pub(super) continued: Vec<(i32, i64)>,
}

/// Finds the session of each event. `new_session` numbers a session by its start.
pub(super) async fn assign(
    transaction: &mut Transaction,
    seen: Vec<Seen>,
    mut new_session: impl FnMut(i64) -> i64,
) -> Result<Assigned, StoreError> {
    let mut assigned = Assigned::default();
    for round in rounds(runs(seen)) {
        let offers: Vec<VisitRow> = round
            .iter()
            .map(|run| offer(run, new_session(run.first_ms)))
            .collect();
        let answers = bulk::upsert_visits(transaction, &offers).await?;
        let answers: HashMap<(i32, i64), VisitRow> = answers
            .into_iter()
            .map(|row| ((row.site, row.visitor), row))
            .collect();
        for (run, offer) in round.iter().zip(&offers) {
            let answer = answers.get(&(run.site, run.visitor)).ok_or_else(|| {
                StoreError::unavailable("visits", "the database did not answer for every visitor")
            })?;
            let session = match verdict(run, offer, answer) {
                Verdict::Continued => {
                    assigned.continued.push((run.site, answer.session));
                    answer.session
                }
                // Where the run stands apart, the offered number was not taken and is free.
                Verdict::New | Verdict::Apart => offer.session,
            };
            assigned
                .sessions
                .extend(run.indexes.iter().map(|index| (*index, session)));
        }
    }
    assigned.continued.sort_unstable();
    assigned.continued.dedup();
    Ok(assigned)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The visitor's current session is now this run's.
    New,
    /// The run belongs to the current session.
    Continued,
    /// The run is from before the current session, which stays as it was.
    Apart,
}

fn verdict(run: &Run, offer: &VisitRow, answer: &VisitRow) -> Verdict {
    if answer.session == offer.session {
        Verdict::New
    } else if answer.started_ms <= run.first_ms && run.last_ms <= answer.last_ms {
        Verdict::Continued
    } else {
        Verdict::Apart
    }
}

fn offer(run: &Run, session: i64) -> VisitRow {
    VisitRow {
        site: run.site,
        visitor: run.visitor,
        session,
        started_ms: run.first_ms,
        last_ms: run.last_ms,
    }
}

fn runs(mut seen: Vec<Seen>) -> Vec<Run> {
    seen.sort_unstable_by_key(|event| (event.site, event.visitor, event.time_ms, event.index));
    let mut runs: Vec<Run> = Vec::new();
    for event in seen {
        match runs.last_mut() {
            Some(run) if run.takes(&event) => {
                run.last_ms = event.time_ms;
                run.indexes.push(event.index);
            }
            _ => runs.push(Run {
                site: event.site,
                visitor: event.visitor,
                first_ms: event.time_ms,
                last_ms: event.time_ms,
                indexes: vec![event.index],
            }),
        }
    }
    runs
}

impl Run {
    fn takes(&self, event: &Seen) -> bool {
        (self.site, self.visitor) == (event.site, event.visitor)
            && event.time_ms - self.last_ms < SESSION_GAP_MS
            && event.time_ms - self.first_ms < SESSION_MS_MAX
    }
}

/// The first run of each visitor, then the second of those that have one, and so on: one statement can touch a row only once.
/// Every round keeps the order of site and visitor, so that two workers wait for each other's rows in one order.
fn rounds(runs: Vec<Run>) -> Vec<Vec<Run>> {
    let mut rounds: Vec<Vec<Run>> = Vec::new();
    let mut previous = None;
    let mut nth = 0;
    for run in runs {
        let visitor = (run.site, run.visitor);
        nth = if previous == Some(visitor) {
            nth + 1
        } else {
            0
        };
        previous = Some(visitor);
        if rounds.len() == nth {
            rounds.push(Vec::new());
        }
        rounds[nth].push(run);
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(events: &[(i64, i64)]) -> Vec<Seen> {
        let event = |(index, &(visitor, time_ms)): (usize, &(i64, i64))| Seen {
            site: 1,
            visitor,
            time_ms,
            index,
        };
        events.iter().enumerate().map(event).collect()
    }

    fn check(events: &[(i64, i64)], expected: &[&[&[usize]]]) {
        let found: Vec<Vec<Vec<usize>>> = rounds(runs(seen(events)))
            .into_iter()
            .map(|round| round.into_iter().map(|run| run.indexes).collect())
            .collect();
        assert_eq!(found, expected, "{events:?}");
    }

    #[test]
    fn the_statement_knows_the_same_limits() {
        let statement = include_str!("../../sql/visits.upsert.sql");
        for limit in [SESSION_GAP_MS, SESSION_MS_MAX] {
            assert!(statement.contains(&format!("+ {limit}")), "{limit}");
        }
    }

    #[test]
    fn a_gap_of_half_an_hour_ends_a_run() {
        check(&[], &[]);
        check(&[(1, 5), (1, 0)], &[&[&[1, 0]]]);
        check(&[(1, 0), (1, SESSION_GAP_MS - 1)], &[&[&[0, 1]]]);
        check(&[(1, 0), (1, SESSION_GAP_MS)], &[&[&[0]], &[&[1]]]);
    }

    #[test]
    fn each_visitor_has_one_run_a_round() {
        let far = 3 * SESSION_GAP_MS;
        check(
            &[(2, 0), (1, far), (1, 0), (3, 0)],
            &[&[&[2], &[0], &[3]], &[&[1]]],
        );
    }

    #[test]
    fn a_run_without_any_gap_still_ends() {
        let step = SESSION_GAP_MS - 1;
        let count = SESSION_MS_MAX / step + 2;
        let events: Vec<(i64, i64)> = (0..count).map(|n| (1, n * step)).collect();
        assert_eq!(runs(seen(&events)).len(), 2);
    }
}
