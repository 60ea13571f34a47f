//! One PostgreSQL, one RabbitMQ and one Redis for many tests.
//!
//! nextest runs each test in a process of its own, and a RabbitMQ takes 8 s to start. So `cargo xtask test` starts the three
//! once ([`Servers`]) and names them in the environment of the tests. Without that (plain `cargo test -p …`) a process starts
//! its own on first use and keeps it to its end.

use anyhow::{Result, bail};
use tokio::sync::OnceCell;

use crate::{Postgres, Rabbitmq, Redis};

const POSTGRES: &str = "HGPIXEL_TEST_POSTGRES";
const RABBITMQ: &str = "HGPIXEL_TEST_RABBITMQ";
const MANAGEMENT: &str = "HGPIXEL_TEST_RABBITMQ_MANAGEMENT";
const REDIS: &str = "HGPIXEL_TEST_REDIS";

/// The shared servers of one test run; dropping this ends them.
#[derive(Debug)]
pub struct Servers {
    postgres: Postgres,
    rabbitmq: Rabbitmq,
    redis: Redis,
}

impl Servers {
    /// Starts all three at once; takes as long as RabbitMQ does.
    ///
    /// # Errors
    /// When one of them is not installed or does not come up.
    pub async fn start() -> Result<Self> {
        let (postgres, rabbitmq, redis) =
            tokio::try_join!(Postgres::start(), Rabbitmq::start(), Redis::start())?;
        Ok(Self {
            postgres,
            rabbitmq,
            redis,
        })
    }

    /// The variables by which test processes find them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            (POSTGRES, self.postgres.url()),
            (RABBITMQ, self.rabbitmq.url()),
            (MANAGEMENT, self.rabbitmq.management_url()),
            (REDIS, self.redis.url()),
        ]
    }
}

/// The URL of the shared PostgreSQL's maintenance database. Most tests want [`crate::PostgresDatabase::create`] instead.
///
/// # Errors
/// When none is given and none can be started.
pub async fn shared_postgres() -> Result<String> {
    static OWN: OnceCell<Postgres> = OnceCell::const_new();
    match variable(POSTGRES) {
        Some(url) => Ok(url),
        None => Ok(OWN.get_or_try_init(Postgres::start).await?.url()),
    }
}

/// The URLs of the shared RabbitMQ's default vhost and of its management API. Most tests want [`crate::RabbitVhost::create`].
///
/// # Errors
/// When none is given and none can be started.
pub async fn shared_rabbitmq() -> Result<(String, String)> {
    static OWN: OnceCell<Rabbitmq> = OnceCell::const_new();
    match (variable(RABBITMQ), variable(MANAGEMENT)) {
        (Some(url), Some(management_url)) => Ok((url, management_url)),
        (None, None) => {
            let own = OWN.get_or_try_init(Rabbitmq::start).await?;
            Ok((own.url(), own.management_url()))
        }
        _ => bail!("{RABBITMQ} and {MANAGEMENT} go together"),
    }
}

/// The URL of the shared Redis; keep to keys that begin with a [`redis_prefix`] of your own.
///
/// # Errors
/// When none is given and none can be started.
pub async fn shared_redis() -> Result<String> {
    static OWN: OnceCell<Redis> = OnceCell::const_new();
    match variable(REDIS) {
        Some(url) => Ok(url),
        None => Ok(OWN.get_or_try_init(Redis::start).await?.url()),
    }
}

/// A prefix for keys that no other test has.
pub fn redis_prefix() -> String {
    format!("t-{}:", uuid::Uuid::new_v4().simple())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test run is set up is not a setting of hgpixel"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
