use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(level: &str, format: LogFormat, act: impl FnOnce()) -> String {
    let sink = Sink::default();
    let writer = sink.clone();
    let settings = Log {
        level: level.to_owned(),
        format,
    };
    let subscriber = subscriber(&settings, false, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, act);
    String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
}

const HOSTILE: &str = "a\nERROR forged\r\u{1b}[2J\u{9b}1m\u{7f}\u{0}b";

fn hostile_event() {
    tracing::info!(shown = %HOSTILE, debugged = ?HOSTILE, taken = HOSTILE, "{HOSTILE}");
}

#[test]
fn text_stays_one_line_whatever_a_field_holds() {
    let line = logged("info", LogFormat::Text, hostile_event);
    let (body, rest) = line.split_once('\n').unwrap();
    assert_eq!(rest, "");
    assert!(!body.contains(char::is_control), "{body:?}");
    assert!(body.contains(r"a\nERROR forged\r\u{1b}[2J"), "{body}");
    assert!(body.contains("shown="), "{body}");
}

#[test]
fn json_stays_one_line_and_keeps_the_value() {
    let line = logged("info", LogFormat::Json, hostile_event);
    let (body, rest) = line.split_once('\n').unwrap();
    assert_eq!(rest, "");
    assert!(!body.contains(char::is_control), "{body:?}");
    let event: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(event["taken"], HOSTILE);
    assert_eq!(event["message"], HOSTILE);
    assert_eq!(event["level"], "INFO");
}

#[test]
fn fields_stand_apart_in_text() {
    let line = logged("info", LogFormat::Text, || {
        tracing::warn!(events = 3, wait_ms = 20, "held");
    });
    assert!(line.ends_with("held events=3 wait_ms=20\n"), "{line}");
}

#[test]
fn the_level_is_a_filter_directive() {
    let lines = logged("warn,hgpixel_telemetry=debug", LogFormat::Text, || {
        tracing::debug!("ours");
        tracing::info!(target: "other", "theirs");
    });
    assert!(
        lines.contains("ours") && !lines.contains("theirs"),
        "{lines}"
    );
}

#[test]
fn a_bad_directive_is_named() {
    let settings = Log {
        level: "info,hgpixel=loud".to_owned(),
        format: LogFormat::Text,
    };
    let Err(error) = subscriber(&settings, false, std::io::sink) else {
        panic!("the directive was taken");
    };
    let error = error.to_string();
    assert!(
        error.starts_with(r#"log.level: cannot read "info,hgpixel=loud": "#),
        "{error}"
    );
    assert!(!error.contains('\n'));
}

/// Panics under our hook and hands back what was logged.
fn logged_panic(level: &str) -> String {
    logged(level, LogFormat::Text, || {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let visitor = "visitor@example.org";
        let caught = std::panic::catch_unwind(|| panic!("cannot slice {visitor}"));
        std::panic::set_hook(usual);
        assert!(caught.is_err());
    })
}

#[test]
fn a_panic_is_logged_by_its_place() {
    let line = logged_panic("info");
    assert!(
        line.contains("ERROR") && line.contains("panicked place="),
        "{line}"
    );
    assert!(line.contains("logs/tests.rs:"), "{line}");
    assert!(!line.contains("visitor"), "{line}");
    assert!(logged_panic("debug").contains("visitor@example.org"));
}
