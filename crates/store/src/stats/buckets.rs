//! In which bucket of time an event is: a few divisions instead of a comparison with each bucket.
//!
//! Buckets are given as edges, since days have 23 to 25 hours and months differ. Neighbours of one length are a *run*: a year of days has
//! a handful, the shifts of its clock between them.

use super::statement::Statement;

/// Neighbouring buckets of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The number of its first bucket.
    first: i64,
    from_ms: i64,
    until_ms: i64,
    bucket_ms: i64,
}

/// The buckets of a question.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    runs: Vec<Run>,
}

impl Buckets {
    /// From ascending edges; two equal ones have nothing between them, and no bucket there.
    pub(super) fn of(edges_ms: &[i64]) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for (index, edge) in edges_ms.windows(2).enumerate() {
            let (from_ms, until_ms) = (edge[0], edge[1]);
            let bucket_ms = until_ms - from_ms;
            match runs.last_mut() {
                Some(run) if run.bucket_ms == bucket_ms => run.until_ms = until_ms,
                _ => runs.push(Run {
                    first: i64::try_from(index).unwrap_or(i64::MAX),
                    from_ms,
                    until_ms,
                    bucket_ms,
                }),
            }
        }
        runs.retain(|run| run.bucket_ms > 0);
        Self { runs }
    }

    /// Appends the number of the bucket in which `e.time_ms` is. The time must be within the edges.
    pub(super) fn push(&self, statement: &mut Statement) {
        statement.push("case");
        for run in &self.runs {
            statement.push(" when e.time_ms < ").number(run.until_ms);
            statement.push(" then ").number(run.first);
            statement.push(" + (e.time_ms - ").number(run.from_ms);
            statement.push(") / ").number(run.bucket_ms);
        }
        statement.push(" else ").number(-1).push(" end");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_length_are_one_run() {
        let run = |first, from_ms, until_ms, bucket_ms| Run {
            first,
            from_ms,
            until_ms,
            bucket_ms,
        };
        let check = |edges: &[i64], runs: &[Run]| assert_eq!(Buckets::of(edges).runs, runs);
        check(&[], &[]);
        check(&[5], &[]);
        check(
            &[0, 24, 48, 71, 95, 119],
            &[run(0, 0, 48, 24), run(2, 48, 71, 23), run(3, 71, 119, 24)],
        );
        check(&[0, 24, 24, 48], &[run(0, 0, 24, 24), run(2, 24, 48, 24)]);
    }
}
