//! Control characters written as escapes.

use std::fmt::{self, Debug, Write as _};
use std::io;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// Writes the debug form of `value` with every control character (C0, DEL, C1) as an escape.
pub(super) fn escape_controls(to: &mut dyn fmt::Write, value: &dyn Debug) -> fmt::Result {
    write!(Escaping(to), "{value:?}")
}

struct Escaping<'a>(&'a mut dyn fmt::Write);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = text;
        while let Some(at) = plain.find(char::is_control) {
            let (before, rest) = plain.split_at(at);
            let mut after = rest.chars();
            self.0.write_str(before)?;
            if let Some(control) = after.next() {
                write!(self.0, "{}", control.escape_default())?;
            }
            plain = after.as_str();
        }
        self.0.write_str(plain)
    }
}

/// A writer of JSON lines which escapes what JSON lets pass: DEL and the C1 controls, some of which terminals obey.
/// In JSON all of these can only stand inside a string, where `\u009b` means the same.
#[derive(Debug)]
pub(super) struct EscapedControls<W>(pub(super) W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for EscapedControls<W> {
    type Writer = EscapedWriter<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        EscapedWriter(self.0.make_writer())
    }

    fn make_writer_for(&'w self, meta: &Metadata<'_>) -> Self::Writer {
        EscapedWriter(self.0.make_writer_for(meta))
    }
}

#[derive(Debug)]
pub(super) struct EscapedWriter<W>(W);

impl<W: io::Write> io::Write for EscapedWriter<W> {
    /// The formatter writes each event whole, so a character is never cut in two here.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) if text.contains(is_late_control) => {
                self.0.write_all(with_escapes(text).as_bytes())?;
            }
            _ => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn is_late_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

fn with_escapes(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_late_control(c) {
            write!(escaped, "\\u{:04x}", u32::from(c)).expect("a String takes every text");
        } else {
            escaped.push(c);
        }
    }
    escaped
}
