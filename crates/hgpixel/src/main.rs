//! The program: reads settings, builds what a command needs, runs until told to stop.
//!
//! Exit 0 on success, 2 on bad usage or settings (one clear line on stderr), 1 otherwise.

mod backup;
mod cli;
mod commands;
mod demo;
mod process;
mod say;

use std::process::ExitCode;

use clap::Parser;
use hgpixel_config::{Settings, SettingsError};
use hgpixel_store::StoreError;

use backup::NotEmbedded;
use cli::{Cli, Command};
use process::Role;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            say::error(&error);
            ExitCode::from(if is_the_callers(&error) { 2 } else { 1 })
        }
    }
}

/// Settings that cannot be used, and values that make no sense, are the caller's to mend, like a wrong option.
fn is_the_callers(error: &anyhow::Error) -> bool {
    error.is::<SettingsError>()
        || error.is::<NotEmbedded>()
        || matches!(error.downcast_ref(), Some(StoreError::Invalid(_)))
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(cli.config.as_deref(), std::env::vars())?;
    // One provider of cryptography for every TLS client in the process; two tries to install one would be a bug.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ending = runtime.block_on(dispatch(cli.command.unwrap_or(Command::Serve), settings));
    // Whatever still runs after a late or impatient end must not hold the exit.
    runtime.shutdown_background();
    ending
}

async fn dispatch(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => process::run(settings, Role::ALL).await,
        Command::Ingest => process::run(settings, &[Role::Ingest]).await,
        Command::Worker => process::run(settings, &[Role::Worker]).await,
        Command::Query => process::run(settings, &[Role::Query]).await,
        Command::Demo(args) => commands::demo::run(settings, args).await,
        Command::Migrate => done(commands::store::migrate(&settings).await),
        Command::Site { command } => done(commands::site::run(&settings, command).await),
        Command::Token { command } => done(commands::token::run(&settings, command).await),
        Command::User { command } => done(commands::user::run(&settings, command).await),
        Command::Audit { site, limit } => {
            done(commands::store::audit(&settings, site, limit).await)
        }
        Command::Bots { command } => done(commands::bots::run(&settings, command).await),
        Command::Rollup { command } => done(commands::rollup::run(&settings, command).await),
        Command::Erase(args) => done(commands::erase::run(&settings, args).await),
        Command::LoginLink => done(commands::store::login_link(&settings).await),
        Command::Dlq { command } => done(commands::dlq::run(&settings, command).await),
        Command::Backup { to } => done(commands::backup::backup(&settings, &to).await),
        Command::Restore { from, replace } => {
            done(commands::backup::restore(&settings, &from, replace).await)
        }
        Command::MigrateStore(args) => done(commands::migrate_store::run(settings, args).await),
        Command::CheckConfig { defaults } => done(commands::check_config(&settings, defaults)),
        Command::Healthcheck => commands::healthcheck::run(&settings).await,
    }
}

fn done(result: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}
