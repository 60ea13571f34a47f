//! What a command says to the person who called it. Logs go elsewhere: these lines are the command's answer.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// A line on stdout. A reader that has gone away (`| head`) is no error of ours.
pub(crate) fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A line on stderr, about how it goes.
pub(crate) fn note(text: impl std::fmt::Display) {
    // Who has closed stderr does not want to know.
    writeln!(io::stderr(), "{text}").ok();
}

/// What went wrong, and why, in one line on stderr.
pub(crate) fn error(error: &anyhow::Error) {
    let text = format!("{error:#}").replace('\n', " ");
    // Nobody is left to tell when stderr is gone.
    writeln!(io::stderr(), "hgpixel: {text}").ok();
}

/// How far something is, of which there is so much, on stderr where that is a terminal.
pub(crate) fn progress(doing: &'static str, amount: u64, of: &str) -> ProgressBar {
    bar(
        doing,
        amount,
        &format!("{{human_pos}}/{{human_len}} {of}  {{per_sec}}"),
    )
}

/// The same of so many bytes.
pub(crate) fn progress_bytes(doing: &'static str, bytes: u64) -> ProgressBar {
    bar(
        doing,
        bytes,
        "{decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}",
    )
}

fn bar(doing: &'static str, amount: u64, figures: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template(&format!("  {{msg}}  {{bar:36}} {figures}  {{eta}} left"))
            .expect("the template is a constant of ours");
    ProgressBar::new(amount)
        .with_style(style)
        .with_message(doing)
}
