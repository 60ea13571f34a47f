//! Every metric of the leader.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

/// The leader's work, piece by piece.
const TASKS: [&str; 6] = [
    "rotate_salts",
    "prepare_partitions",
    "prune",
    "apply_retention",
    "apply_verdicts",
    "roll_up",
];

pub(crate) struct Metrics {
    leader: IntGauge,
    tasks: IntCounterVec,
    days_waiting: IntGauge,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            leader: IntGauge::new(
                "hgpixel_leader",
                "Whether this process leads (1) or not (0).",
            )?,
            tasks: IntCounterVec::new(
                Opts::new(
                    "hgpixel_leader_tasks_total",
                    "Pieces of the leader's work, by task and result.",
                ),
                &["task", "result"],
            )?,
            days_waiting: IntGauge::new(
                "hgpixel_rollup_days_waiting",
                "Days of sites whose figures are still to be counted, after the leader's last round.",
            )?,
        };
        for task in TASKS {
            for result in ["ok", "error"] {
                metrics.tasks.with_label_values(&[task, result]);
            }
        }
        registry.register(Box::new(metrics.leader.clone()))?;
        registry.register(Box::new(metrics.tasks.clone()))?;
        registry.register(Box::new(metrics.days_waiting.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    pub(crate) fn waits(&self, days: usize) {
        self.days_waiting
            .set(i64::try_from(days).unwrap_or(i64::MAX));
    }

    pub(crate) fn count(&self, task: &str, is_ok: bool) {
        let result = if is_ok { "ok" } else { "error" };
        self.tasks.with_label_values(&[task, result]).inc();
    }
}
