//! `hgpixel backup`, which may run beside a serving process, and `hgpixel restore`, which may not.

use std::path::Path;

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_event::Clock;
use hgpixel_telemetry::Signals;

use crate::backup::{self, EmbeddedFiles};
use crate::say;

pub(crate) async fn backup(settings: &Settings, to: &Path) -> anyhow::Result<()> {
    let files = EmbeddedFiles::of(settings)?;
    let clock = Clock::system();
    // A signal drops what is under way, and with it what was written so far.
    let mut signals = Signals::install().context("listen for signals")?;
    let manifest = tokio::select! {
        _ = signals.next() => anyhow::bail!("stopped: there is no backup {}", to.display()),
        taken = backup::take(&files, to, &clock) => taken?,
    };
    say::line(format!("{}: {manifest}", to.display()))
}

pub(crate) async fn restore(settings: &Settings, from: &Path, replace: bool) -> anyhow::Result<()> {
    let files = EmbeddedFiles::of(settings)?;
    let restored = backup::restore(&files, from, replace, &Clock::system()).await?;
    for aside in &restored.aside {
        say::line(format!("moved aside: {}", aside.display()))?;
    }
    say::line(format!("restored {}", restored.manifest))
}
