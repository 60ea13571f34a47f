//! The commands that answer and end.

pub(crate) mod backup;
pub(crate) mod bots;
pub(crate) mod demo;
pub(crate) mod dlq;
pub(crate) mod erase;
pub(crate) mod healthcheck;
pub(crate) mod migrate_store;
pub(crate) mod rollup;
pub(crate) mod site;
pub(crate) mod store;
pub(crate) mod token;
pub(crate) mod user;

use hgpixel_config::{DEFAULT_TOML, Settings};

use crate::say;

/// The settings were read and checked before any command runs; what is left is to say so.
pub(crate) fn check_config(settings: &Settings, defaults: bool) -> anyhow::Result<()> {
    if defaults {
        return say::line(DEFAULT_TOML.trim_end());
    }
    say::line("the settings can be used:")?;
    say::line(format!("{settings:#?}"))
}
