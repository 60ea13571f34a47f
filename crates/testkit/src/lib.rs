//! Real, private servers.
mod browser;
mod command;
mod guard;
mod http;
mod ports;
mod postgres;
mod process;
mod rabbitmq;
mod redis;
mod shared;
mod wait;

pub use browser::BROWSERS;
pub use command::{Finished, find_program, run};
pub use ports::free_port;
pub use postgres::{Postgres, PostgresDatabase};
pub use process::{Process, ProcessBuilder, Ready};
pub use rabbitmq::{RabbitVhost, Rabbitmq};
pub use redis::Redis;
pub use shared::{Servers, redis_prefix, shared_postgres, shared_rabbitmq, shared_redis};
pub use wait::wait_until;
