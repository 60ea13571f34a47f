//! Every metric of the leader.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

/// The leader's work, piece by piece.
const TASKS: [&str; 5] = [
    "rotate_salts",
    "prepare_partitions",
    "prune",
    "apply_retention",
    "apply_verdicts",
];

pub(crate) struct Metrics {
    leader: IntGauge,
    tasks: IntCounterVec,
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
        };
        for task in TASKS {
            for result in ["ok", "error"] {
                metrics.tasks.with_label_values(&[task, result]);
            }
        }
        registry.register(Box::new(metrics.leader.clone()))?;
        registry.register(Box::new(metrics.tasks.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    pub(crate) fn count(&self, task: &str, is_ok: bool) {
        let result = if is_ok { "ok" } else { "error" };
        self.tasks.with_label_values(&[task, result]).inc();
    }
}
