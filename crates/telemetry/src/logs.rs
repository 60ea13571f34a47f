//! One line per event on stderr, for people (text) or for machines (JSON).
//!
//! Whatever a field holds, an event stays one line and steers no terminal: control characters are written as escapes, in both
//! forms. Stdout stays free for what a command answers. No file is written and nothing is rotated: that is the supervisor's.

mod escape;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use hgpixel_config::{Log, LogFormat};
use tracing::Subscriber;
use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::{Layer, registry};

use self::escape::{EscapedControls, escape_controls};

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("log.level: cannot read {directive:?}: {source}")]
    Level {
        directive: String,
        source: ParseError,
    },
    #[error("logging was begun twice in one process")]
    Twice,
}

/// Begins logging for the whole process, panics included. Call it once.
///
/// A panic is logged by its place alone. Its text is kept back unless the level is `debug`, because messages such as that of
/// a text sliced in the middle of a character quote the text, which may be a visitor's.
///
/// # Errors
/// When `settings.level` is no filter directive, or when logging has begun already.
pub fn init_logs(settings: &Log) -> Result<(), LogError> {
    let ansi = std::io::stderr().is_terminal();
    let subscriber = subscriber(settings, ansi, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn subscriber<W>(
    settings: &Log,
    ansi: bool,
    writer: W,
) -> Result<impl Subscriber + Send + Sync, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(&settings.level)
        .map_err(|source| LogError::Level {
            directive: settings.level.clone(),
            source,
        })?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match settings.format {
        LogFormat::Text => Box::new(
            layer()
                .with_ansi(ansi)
                .fmt_fields(debug_fn(text_field).delimited(" "))
                .with_writer(writer),
        ),
        LogFormat::Json => Box::new(
            layer()
                .json()
                .flatten_event(true)
                .with_writer(EscapedControls(writer)),
        ),
    };
    Ok(registry().with(lines.with_filter(filter)))
}

/// `message` stands bare, every other field as `name=value`. The library's own form escapes some controls of the message and
/// none of a `%field`.
fn text_field(
    writer: &mut Writer<'_>,
    field: &Field,
    value: &dyn std::fmt::Debug,
) -> std::fmt::Result {
    match field.name() {
        "message" => escape_controls(writer, value),
        name => {
            write!(writer, "{}=", name.trim_start_matches("r#"))?;
            escape_controls(writer, value)
        }
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map(tracing::field::display);
    tracing::error!(place, thread, "panicked");
    if let Some(text) = panic.payload_as_str() {
        tracing::debug!(text, "the panic said");
    }
}

#[cfg(test)]
mod tests;
