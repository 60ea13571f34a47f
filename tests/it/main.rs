//! The whole system from outside: real processes, real servers, a real browser.
#![cfg(test)]

mod backup;
mod bad_input;
mod bots;
mod commands;
mod dashboard;
mod exactly_once;
mod idle;
mod lifecycle;
mod migrate_store;
mod old_page;
mod pixel;
mod privacy;
mod stack;
mod tls;
mod traffic;
mod view_data_page;
mod watching;

/// Runs a scenario in both modes: one process with SQLite and a local queue, and a fleet on PostgreSQL and RabbitMQ.
macro_rules! in_both_modes {
    ($($scenario:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $scenario() -> anyhow::Result<()> {
                super::$scenario(crate::stack::Stack::embedded().await?).await
            })*
        }
        mod fleet {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $scenario() -> anyhow::Result<()> {
                super::$scenario(crate::stack::Stack::fleet().await?).await
            })*
        }
    };
}
pub(crate) use in_both_modes;
