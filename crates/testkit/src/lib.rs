//! Real, private servers for tests: PostgreSQL, RabbitMQ, Redis, any other daemon, the `hgpixel` binary itself, and Chromium.
//!
//! Each is started on free ports with a temporary directory of its own. Dropping one leaves nothing behind, neither a process
//! nor a file, and neither does a test process that is killed: see [`Process`].
//!
//! Two ways to get a server:
//!
//! - `Postgres::start()` and its like make a private one. Take it when the test kills or pauses the server.
//! - [`PostgresDatabase::create`], [`RabbitVhost::create`] and [`redis_prefix`] give a corner of a shared one. `cargo xtask test`
//!   starts one of each for its whole run; a test that runs without it starts one for its own process.
//!
//! A program that is not installed is an error that names `cargo xtask setup`. Nothing is ever skipped.
//!
//! Beside them: what dashboards and rules ask of a Prometheus ([`dashboards`], [`rules`], [`PrometheusApi`]), which `cargo xtask compose` needs too.
//!
//! What is absent: mocks, containers, and any knowledge of hgpixel's other crates.

mod browser;
mod command;
mod expressions;
mod guard;
mod hgpixel;
mod http;
mod metrics;
mod ports;
mod postgres;
mod process;
mod prometheus;
mod proxy;
mod rabbitmq;
mod redis;
mod shared;
mod wait;
mod webdriver;

pub use browser::{BROWSERS, Browser, Tab};
pub use command::{Finished, find_program, run};
pub use expressions::{Expression, dashboard_files, dashboards, metrics_of, recorded, rules};
pub use hgpixel::{HgpixelBuilder, HgpixelProcess, hgpixel_binary};
pub use http::{Answer, Request, send};
pub use metrics::parse_metrics;
pub use ports::free_port;
pub use postgres::{Postgres, PostgresDatabase};
pub use process::{Process, ProcessBuilder, Ready};
pub use prometheus::PrometheusApi;
pub use proxy::TcpProxy;
pub use rabbitmq::{RabbitVhost, Rabbitmq};
pub use redis::Redis;
pub use shared::{Servers, redis_prefix, shared_postgres, shared_rabbitmq, shared_redis};
pub use wait::wait_until;
