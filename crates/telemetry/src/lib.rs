//! Logs, metrics, lifecycle, and the HTTP server that every listener uses.
//!
//! - [`init_logs`]: one line per event on stderr, as text or JSON, in which no sent text can draw on a terminal.
//! - [`registry`]: where a process collects its metrics, begun with what the process itself costs.
//! - [`Lifecycle`]: every task is known; a stop has two steps, *draining* and *stopping*; a task that dies takes the process along.
//! - [`Health`]: the conditions of readiness, each unready until proven.
//! - [`ServiceManager`]: systemd, if it started the process, is told when that serves and when it stops.
//! - [`http`]: a server with a deadline on everything that a client can delay, and [`Problem`], the form of every refusal.
//! - [`admin_router`]: `/metrics`, `/livez` and `/readyz`, for the private listener.
//!
//! No traces are exported, nothing is pushed anywhere, and no metric has a label that a visitor chooses.

mod admin;
mod caught;
mod health;
pub mod http;
mod lifecycle;
mod logs;
mod metrics;
mod problem;
mod service_manager;
mod signals;

pub use admin::admin_router;
pub use health::{Condition, ConditionReport, Health, Report};
pub use lifecycle::{Ending, Lifecycle};
pub use logs::{LogError, init_logs};
pub use metrics::registry;
pub use problem::Problem;
pub use service_manager::ServiceManager;
pub use signals::{Signal, Signals};
