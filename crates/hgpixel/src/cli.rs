//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hgpixel_event::SiteKey;
use hgpixel_store::Email;

/// Homegrown web pixel: self-hosted web analytics.
///
/// Without a command it serves everything in one process and keeps its files in ./data.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = false)]
pub(crate) struct Cli {
    /// A settings file (TOML), instead of the one that `HGPIXEL_CONFIG` names. Every key is documented in default.toml: see `hgpixel check-config --defaults`.
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
    /// Add, list and set up sites.
    Site {
        #[command(subcommand)]
        command: SiteCommand,
    },
    /// Create, list and revoke tokens for the API.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Invite and list people, and say what they may do.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Say who is a bot on a site, and who is none.
    Bots {
        #[command(subcommand)]
        command: BotsCommand,
    },
    /// Print a link that logs its first user in as an owner of the server.
    LoginLink,
    /// Print who changed what, newest first, one line of JSON each.
    Audit {
        /// Of this site alone.
        #[arg(long, value_name = "KEY")]
        site: Option<SiteKey>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Erase everything that is stored of a user id or a visitor.
    Erase(EraseArgs),
    /// Look after the figures of days that are over, which are counted once.
    Rollup {
        #[command(subcommand)]
        command: RollupCommand,
    },
    /// Look after events that could not be stored.
    Dlq {
        #[command(subcommand)]
        command: DlqCommand,
    },
    /// Copy everything that the embedded mode keeps into a new folder, while it serves.
    Backup {
        /// The folder to make. It holds secrets: keep it as safe as the data folder.
        to: PathBuf,
    },
    /// Put a backup into the data folder, while nothing serves from there.
    Restore {
        /// The folder that `hgpixel backup` made.
        from: PathBuf,
        /// Where there are a store and a queue already, move them aside; they are never deleted.
        #[arg(long)]
        replace: bool,
    },
    /// Move the store of one process, a SQLite file, to an empty PostgreSQL database, from which a fleet can serve.
    ///
    /// Stop `hgpixel serve` first. Everything goes along; every row is read back and compared; the file stays as it is. A move that was
    /// stopped or killed goes on where it was when the same command is run again. Until all has arrived, no process opens the database.
    MigrateStore(MigrateStoreArgs),
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
    /// Print what is set of a site: a line for each setting.
    Show {
        /// Its key.
        key: SiteKey,
    },
    /// Change what is set of a site; what is not named stays.
    Set(SiteSetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SiteSetArgs {
    /// Its key, which never changes.
    pub(crate) key: SiteKey,
    #[command(flatten)]
    pub(crate) settings: SiteSettings,
}

// Each as a text, which the store reads: the same words as in the site's settings page.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct SiteSettings {
    /// What people call it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The host of its pages, to show; may be empty.
    #[arg(long, value_name = "HOST")]
    pub(crate) domain: Option<String>,
    /// In which its days begin and end: a name of the IANA's, such as Europe/Vienna.
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// The pages that may send for it, with commas between; empty is every page.
    #[arg(long, value_name = "ORIGINS")]
    pub(crate) allowed_origins: Option<String>,
    /// After how many days its events are forgotten; 0 is never.
    #[arg(long, value_name = "DAYS")]
    pub(crate) retention_days: Option<String>,
    /// What opt-out signals do: anonymous, drop or ignore; empty is what the server's settings say.
    #[arg(long, value_name = "RULE")]
    pub(crate) opt_out: Option<String>,
    /// Whose hits are left out: `network 192.0.2.0/24`, `path /staging` or `agent name`. May be given several times; once and empty is
    /// nobody's.
    #[arg(long = "drop-rule", value_name = "RULE")]
    pub(crate) drop_rules: Option<Vec<String>>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Invite a person, and print the link by which they set name and password, alone on one line.
    Add {
        /// By which they will log in.
        email: Email,
        /// The site on which they get a role; the whole server, as an owner, where not given.
        #[arg(long, value_name = "KEY", requires = "role")]
        site: Option<SiteKey>,
        /// What they may do on the site.
        #[arg(long, value_enum, requires = "site")]
        role: Option<Role>,
    },
    /// List people: number, address, name, whether they have come in, and what they may do.
    List,
    /// Change what a person may do.
    Role {
        /// By which they log in.
        email: Email,
        /// Where; on the whole server where not given.
        #[arg(long, value_name = "KEY")]
        site: Option<SiteKey>,
        /// What they may do there; on the whole server there are owner and none.
        #[arg(long, value_enum)]
        role: RoleOrNone,
    },
    /// Remove a person, and end all their sessions.
    Remove {
        /// By which they log in.
        email: Email,
    },
    /// Print a link by which a person sets another password, alone on one line.
    ResetLink {
        /// By which they log in.
        email: Email,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BotsCommand {
    /// List who was taken for a bot (reason, name, visits, events, when last), and what was said about whom.
    List {
        #[arg(long, value_name = "KEY")]
        site: SiteKey,
        /// Of so many days up to now.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3_650))]
        days: u16,
    },
    /// Say that these are people: their visits count, those of the past too.
    Restore {
        #[arg(long, value_name = "KEY")]
        site: SiteKey,
        #[command(flatten)]
        suspect: SuspectArgs,
    },
    /// Say that whoever sends this user agent is a bot: their visits do not count, those of the past neither.
    Teach {
        #[arg(long, value_name = "KEY")]
        site: SiteKey,
        /// Exactly as it is sent.
        #[arg(long, value_name = "TEXT")]
        user_agent: String,
    },
    /// Take back what was said: what was seen holds again.
    Forget {
        #[arg(long, value_name = "KEY")]
        site: SiteKey,
        #[command(flatten)]
        suspect: SuspectArgs,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SuspectArgs {
    /// The bot's name, such as `GPTBot`.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The user agent, exactly as it is sent.
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Viewer,
    Editor,
    Owner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleOrNone {
    None,
    Viewer,
    Editor,
    Owner,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RollupCommand {
    /// Count every day once more, and compare; ends with 1 if one differs.
    Verify {
        /// Of this site alone.
        #[arg(long, value_name = "KEY")]
        site: Option<SiteKey>,
    },
    /// Count every day anew.
    Rebuild {
        /// Of this site alone.
        #[arg(long, value_name = "KEY")]
        site: Option<SiteKey>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    /// On which site.
    #[arg(long, value_name = "KEY")]
    pub(crate) site: SiteKey,
    #[command(flatten)]
    pub(crate) whom: WhomArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhomArgs {
    /// The user id, as the site's pages sent it.
    #[arg(long, value_name = "ID")]
    pub(crate) user_id: Option<String>,
    /// The visitor, as 16 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub(crate) visitor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateStoreArgs {
    /// The file, as `sqlite:PATH`; the one that the settings name where not given.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// The database, as `postgres://USER:PASSWORD@HOST/DATABASE`; the one that the settings name where not given, which keeps the password
    /// out of the list of processes.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Throw away what an earlier move that did not come to its end has brought to the database, and begin anew.
    #[arg(long)]
    pub(crate) start_over: bool,
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
        /// For what it is, to know it by in lists.
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
        /// After how many days it ends; when it is revoked, where not given.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List tokens: number, scope, site, when made, used and ending, and name.
    List,
    /// End a token, and the sessions that it opened.
    Revoke {
        /// Its number, as `token list` shows it.
        id: i64,
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
            &["hgpixel", "backup"],
            &["hgpixel", "restore"],
            &["hgpixel", "site", "set", "shop"],
            &["hgpixel", "user", "add", "anna"],
            &["hgpixel", "user", "add", "a@b.c", "--role", "viewer"],
            &["hgpixel", "user", "role", "a@b.c"],
            &["hgpixel", "erase", "--site", "shop"],
            &["hgpixel", "bots", "restore", "--site", "shop"],
            &["hgpixel", "bots", "teach", "--site", "shop", "--name", "x"],
        ] {
            assert_eq!(
                Cli::try_parse_from(wrong).unwrap_err().exit_code(),
                2,
                "{wrong:?}"
            );
        }
    }
}
