//! Readiness: named conditions, each unready until someone proves otherwise.
//!
//! Liveness needs no state: that `/livez` answers is the proof. Whether the process is draining is not a condition either,
//! the [`Lifecycle`](crate::Lifecycle) knows.

use serde::Serialize;
use tokio::sync::watch;

/// The conditions of one process. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub struct Health {
    conditions: watch::Sender<Vec<ConditionReport>>,
}

/// The handle with which the owner of one condition keeps it true. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Condition {
    conditions: watch::Sender<Vec<ConditionReport>>,
    index: usize,
}

/// All conditions at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub conditions: Vec<ConditionReport>,
}

/// One condition at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionReport {
    pub name: &'static str,
    pub ready: bool,
    /// Why it is unready, for people. Empty when ready.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Health {
    pub fn new() -> Self {
        Self {
            conditions: watch::Sender::new(Vec::new()),
        }
    }

    /// Adds a condition, unready for now. Two conditions of the same name are two conditions.
    pub fn condition(&self, name: &'static str) -> Condition {
        let mut index = 0;
        self.conditions.send_modify(|conditions| {
            index = conditions.len();
            conditions.push(ConditionReport {
                name,
                ready: false,
                reason: "not proven yet".to_owned(),
            });
        });
        Condition {
            conditions: self.conditions.clone(),
            index,
        }
    }

    pub fn report(&self) -> Report {
        Report {
            conditions: self.conditions.borrow().clone(),
        }
    }

    /// Tells of every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<Vec<ConditionReport>> {
        self.conditions.subscribe()
    }

    /// Resolves when every condition is ready, which none at all is. Cancel safe.
    pub async fn ready(&self) {
        self.conditions
            .subscribe()
            .wait_for(|conditions| conditions.iter().all(|one| one.ready))
            .await
            .expect("self holds a sender, so the channel is open");
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Condition {
    pub fn set_ready(&self) {
        self.set(true, String::new());
    }

    /// The reason is shown to whoever may read the private listener: name no secret in it.
    pub fn set_unready(&self, reason: impl Into<String>) {
        self.set(false, reason.into());
    }

    /// Logs changes of readiness only: a condition may be set as often as its owner looks.
    fn set(&self, ready: bool, reason: String) {
        self.conditions.send_if_modified(|conditions| {
            let condition = &mut conditions[self.index];
            let turned = condition.ready != ready;
            if turned && ready {
                tracing::info!(condition = condition.name, "ready");
            } else if turned {
                tracing::warn!(condition = condition.name, reason, "not ready");
            }
            let changed = turned || condition.reason != reason;
            condition.ready = ready;
            condition.reason = reason;
            changed
        });
    }
}

impl Report {
    pub fn is_ready(&self) -> bool {
        self.conditions.iter().all(|condition| condition.ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_unready_until_proven() {
        let health = Health::new();
        let queue = health.condition("queue");
        assert!(!health.report().is_ready());
        queue.set_ready();
        assert!(health.report().is_ready());
    }

    #[test]
    fn one_unready_condition_is_enough() {
        let health = Health::new();
        health.condition("queue").set_ready();
        let store = health.condition("store");
        store.set_ready();
        store.set_unready("no answer");
        let report = health.report();
        assert!(!report.is_ready());
        assert_eq!(report.conditions[1].reason, "no answer");
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_the_last_condition() {
        let health = Health::new();
        let first = health.condition("first");
        let second = health.condition("second");
        first.set_ready();
        let mut waiting = std::pin::pin!(health.ready());
        assert!(
            tokio::time::timeout(std::time::Duration::from_millis(20), &mut waiting)
                .await
                .is_err()
        );
        second.set_ready();
        waiting.await;
    }
}
