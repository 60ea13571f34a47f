//! The guard before the parser: bounded nesting, and no text that a store cannot keep.
//!
//! `\u0000` and lone surrogates are valid in JSON's grammar. PostgreSQL refuses the first, `serde_json` the second, and either
//! would cost everything that was sent along with it. Both become U+FFFD here, in keys too, before anything is typed. The
//! nesting is bounded before the parser's recursion meets it.

use std::borrow::Cow;

use hgpixel_event::limits::JSON_DEPTH_MAX;

use crate::beacon::Invalid;

/// A text that may be parsed.
#[derive(Debug)]
pub(crate) struct Guarded<'a> {
    pub(crate) text: Cow<'a, str>,
    /// An escape was replaced by U+FFFD.
    pub(crate) repaired: bool,
}

/// Checks and repairs a body. Costs one pass, and a copy only where there is something to repair.
pub(crate) fn guard(body: &[u8]) -> Result<Guarded<'_>, Invalid> {
    let text = str::from_utf8(body).map_err(|_| Invalid::new("the body is not valid UTF-8"))?;
    let escapes = unstorable_escapes(body)?;
    if escapes.is_empty() {
        return Ok(Guarded {
            text: Cow::Borrowed(text),
            repaired: false,
        });
    }
    Ok(Guarded {
        text: Cow::Owned(replace(text, &escapes)),
        repaired: true,
    })
}

/// `\u0000` and `\ufffd` are equally long, so nothing moves.
fn replace(text: &str, escapes: &[usize]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for &at in escapes {
        bytes[at..at + ESCAPE_LEN].copy_from_slice(br"\ufffd");
    }
    String::from_utf8(bytes).expect("ASCII was replaced by ASCII")
}

const ESCAPE_LEN: usize = br"\u0000".len();

/// Where the escapes begin that no store keeps.
fn unstorable_escapes(bytes: &[u8]) -> Result<Vec<usize>, Invalid> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = after_string(bytes, at, &mut found),
            b'{' | b'[' => {
                depth += 1;
                if depth > JSON_DEPTH_MAX {
                    return Err(Invalid::new(format!(
                        "the body is nested more than {JSON_DEPTH_MAX} levels deep"
                    )));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(found)
}

/// The index after the string whose content begins at `at`.
fn after_string(bytes: &[u8], mut at: usize, found: &mut Vec<usize>) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at = after_escape(bytes, at, found),
            _ => at += 1,
        }
    }
    at
}

/// The index after the escape (or the pair of surrogates) that begins at `at`.
fn after_escape(bytes: &[u8], at: usize, found: &mut Vec<usize>) -> usize {
    let Some(unit) = code_unit(bytes, at) else {
        // `\"`, `\\`, `\n` … or nonsense, which is the parser's to refuse.
        return at + 2;
    };
    let next = at + ESCAPE_LEN;
    let is_pair = HIGH_SURROGATES.contains(&unit)
        && code_unit(bytes, next).is_some_and(|unit| LOW_SURROGATES.contains(&unit));
    if is_pair {
        return next + ESCAPE_LEN;
    }
    if unit == 0 || HIGH_SURROGATES.contains(&unit) || LOW_SURROGATES.contains(&unit) {
        found.push(at);
    }
    next
}

const HIGH_SURROGATES: std::ops::RangeInclusive<u16> = 0xD800..=0xDBFF;
const LOW_SURROGATES: std::ops::RangeInclusive<u16> = 0xDC00..=0xDFFF;

/// The code unit of a `\uXXXX` escape at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + ESCAPE_LEN)?;
    let digits = escape.strip_prefix(br"\u")?;
    // `from_str_radix` would take a sign.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(body: &str, expected: &str) {
        let guarded = guard(body.as_bytes()).unwrap();
        assert_eq!(guarded.text, expected);
        assert_eq!(guarded.repaired, body != expected, "{body}");
    }

    #[test]
    fn nul_and_lone_surrogates_become_the_replacement_character() {
        check(r#"{"a":"plain \n \u00e9"}"#, r#"{"a":"plain \n \u00e9"}"#);
        check(r#"{"a\u0000":"\u0000"}"#, r#"{"a\ufffd":"\ufffd"}"#);
        check(r#""\ud83d\ude00""#, r#""\ud83d\ude00""#);
        check(r#""\uD83D""#, r#""\ufffd""#);
        check(r#""\ude00""#, r#""\ufffd""#);
        check(r#""\ud83dx""#, r#""\ufffdx""#);
        check(r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#);
        check(r#""\ud83d\u0041""#, r#""\ufffd\u0041""#);
        check(r#""\ud83d\u0000""#, r#""\ufffd\ufffd""#);
    }

    #[test]
    fn an_escaped_backslash_is_no_escape() {
        check(r#""\\u0000""#, r#""\\u0000""#);
        check(r#""\\\u0000""#, r#""\\\ufffd""#);
        check(r#""\u00""#, r#""\u00""#);
        check(r#""\u+000""#, r#""\u+000""#);
        check(r#""\u000"#, r#""\u000"#);
        check("\"\\", "\"\\");
    }

    #[test]
    fn nesting_is_bounded_and_brackets_in_strings_do_not_count() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(guard(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
        assert!(guard(nested(JSON_DEPTH_MAX + 1).as_bytes()).is_err());
        assert!(guard("[".repeat(60_000).as_bytes()).is_err());
        assert!(guard(format!("\"{}\"", "[".repeat(60)).as_bytes()).is_ok());
        assert!(guard(format!("\"\\\"{}\"", "[".repeat(60)).as_bytes()).is_ok());
        assert!(guard("]]]]".as_bytes()).is_ok());
    }

    #[test]
    fn a_body_must_be_utf8() {
        assert!(guard(b"{\"a\":\"\xff\"}").is_err());
        // A surrogate that was encoded as if it were a character.
        assert!(guard(b"\"\xed\xa0\x80\"").is_err());
    }

    proptest! {
        #[test]
        fn what_the_guard_lets_through_has_no_nul_and_parses_as_before(text in any::<String>()) {
            let body = serde_json::to_string(&text).unwrap();
            let guarded = guard(body.as_bytes()).unwrap();
            let read: String = serde_json::from_str(&guarded.text).unwrap();
            prop_assert_eq!(read, text.replace('\0', "\u{FFFD}"));
        }

        #[test]
        fn any_escapes_at_all_leave_a_readable_string(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            use std::fmt::Write as _;
            let escapes = units.iter().fold(String::new(), |mut text, unit| {
                write!(text, "\\u{unit:04x}").unwrap();
                text
            });
            let body = format!("\"{escapes}\"");
            let guarded = guard(body.as_bytes()).unwrap();
            let read: String = serde_json::from_str(&guarded.text).unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&units).replace('\0', "\u{FFFD}"));
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(guard(&body));
        }
    }
}
