//! The developer's commands: `cargo xtask setup`, `check`, `test`, `servers`, `bench`, `compose`.
//!
//! They are Rust, not scripts: they work from any folder of the checkout, say what they run, and end with an honest exit code.
#![expect(
    clippy::print_stderr,
    reason = "a tool for a terminal says what it does"
)]

mod bench;
mod check;
mod compose;
#[cfg(test)]
mod crates;
mod kubernetes;
mod operations;
#[cfg(test)]
mod packages;
mod servers;
mod setup;
mod shell;
mod test;

use clap::Parser;

/// Commands for working on hgpixel.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Installs what the tests need (Debian, Ubuntu), or says what is missing.
    Setup,
    /// Looks without running: format, lints, documentation, licences, whether built files are fresh, and what watches and balances a
    /// fleet.
    Check,
    /// Makes the rules for Kubernetes' Prometheus operator of those in deploy/prometheus.
    KubernetesRules,
    /// Builds, starts the servers that tests share, and runs every test.
    Test {
        /// Goes to `cargo nextest run` as it is: `cargo xtask test -p hgpixel-queue redelivery`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Starts the servers that tests share and runs a command with them, or keeps them until Ctrl-C.
    Servers {
        /// The command: `cargo xtask servers cargo nextest run -p hgpixel-store`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Measures the release build; the machine should do nothing else.
    Bench {
        what: bench::Bench,
        /// Goes to the measuring program: `cargo xtask bench ingest 60` sends for 60 s at a time.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs docker-compose.yml end to end: up, a load through the balancer, growing, parts that end and come back; then every event is
    /// stored once and everything is watched.
    Compose(compose::Compose),
}

fn main() -> std::process::ExitCode {
    let result = match Command::parse() {
        Command::Setup => setup::everything(),
        Command::Check => check::run(),
        Command::KubernetesRules => kubernetes::write_rules(),
        Command::Test { arguments } => test::run(&arguments),
        Command::Servers { command } => servers::run(&command),
        Command::Bench { what, arguments } => bench::run(what, &arguments),
        Command::Compose(options) => compose::run(&options),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
