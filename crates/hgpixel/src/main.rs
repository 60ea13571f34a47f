//! The program: reads settings, builds what a command needs, runs until told to stop.
//!
//! Exit 0 on success, 2 on bad usage or settings (one clear line on stderr), 1 otherwise.

mod cli;
mod commands;
mod demo;
mod process;
mod say;

use std::process::ExitCode;

use clap::Parser;
use hgpixel_config::{Settings, SettingsError};

use cli::{Cli, Command};
use process::Role;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            say::error(&error);
            // Settings that cannot be used are the caller's to mend, like a wrong option.
            ExitCode::from(if error.is::<SettingsError>() { 2 } else { 1 })
        }
    }
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
        Command::Site { command } => done(commands::store::site(&settings, command).await),
        Command::Token { command } => done(commands::store::token(&settings, command).await),
        Command::LoginLink => done(commands::store::login_link(&settings).await),
        Command::Dlq { command } => done(commands::dlq::run(&settings, command).await),
        Command::CheckConfig { defaults } => done(commands::check_config(&settings, defaults)),
        Command::Healthcheck => commands::healthcheck::run(&settings).await,
    }
}

fn done(result: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}
