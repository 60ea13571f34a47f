//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hgpixel_event::SiteKey;

/// Homegrown web pixel: self-hosted web analytics.
///
/// Without a command it serves everything in one process and keeps its files in ./data.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = false)]
pub(crate) struct Cli {
    /// A settings file (TOML). Every key is documented in default.toml: see `hgpixel check-config --defaults`.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve all roles in one process (the default).
    Serve,
    /// Serve the collector alone: takes beacons and queues their events.
    Ingest,
    /// Run a worker alone: stores what is queued, and takes part in the leader's election.
    Worker,
    /// Serve the pages and the API alone.
    Query,
    /// Bring the store's tables up to date.
    Migrate,
    /// Add and list sites.
    Site {
        #[command(subcommand)]
        command: SiteCommand,
    },
    /// Create tokens for the API.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Print a link that logs its first user in.
    LoginLink,
    /// Look after events that could not be stored.
    Dlq {
        #[command(subcommand)]
        command: DlqCommand,
    },
    /// Serve like `serve`, in a data folder of its own, filled with realistic traffic and kept lively.
    Demo(DemoArgs),
    /// Read the settings and say whether they can be used.
    CheckConfig {
        /// Print the documented defaults instead.
        #[arg(long)]
        defaults: bool,
    },
    /// Ask the running process whether it is ready: exit 0 if it is, 1 if not.
    Healthcheck,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// Add a site; adding it again changes nothing.
    Add {
        /// The key that its pages send: 1 to 64 letters, digits, dots, underscores or hyphens.
        key: SiteKey,
        /// What people call it; the key where not given.
        #[arg(long)]
        name: Option<String>,
    },
    /// List the sites: number, key and name.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Print a new token, alone on one line. It is shown this once.
    Create {
        /// What the token may do.
        #[arg(long, value_enum)]
        scope: Scope,
        /// The one site it is good for; all where not given.
        #[arg(long, value_name = "KEY")]
        site: Option<SiteKey>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    Read,
    Write,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// List dead letters, oldest first, one line of JSON each.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Queue dead letters again.
    Replay {
        /// At most so many.
        #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
        limit: usize,
    },
    /// Delete all dead letters.
    Purge {
        /// Needed, because what is deleted here is gone.
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// Send the traffic to this running server instead of serving, and stop when it is sent.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// How many events of the past week to send. A demo of its own also writes six times as many of the seven weeks before.
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) events: u64,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_is_allowed_and_bad_usage_is_refused() {
        assert!(Cli::try_parse_from(["hgpixel"]).unwrap().command.is_none());
        for wrong in [
            &["hgpixel", "sevre"][..],
            &["hgpixel", "site", "add", "a b"],
            &["hgpixel", "token", "create"],
            &["hgpixel", "token", "create", "--scope", "root"],
            &["hgpixel", "demo", "--events", "0"],
            &["hgpixel", "dlq", "purge"],
        ] {
            assert_eq!(
                Cli::try_parse_from(wrong).unwrap_err().exit_code(),
                2,
                "{wrong:?}"
            );
        }
    }
}
