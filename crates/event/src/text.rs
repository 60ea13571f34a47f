//! Text that every store, log and page can hold.

use std::borrow::Cow;

/// A text that was made safe to store, and what that took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// It was longer than its limit.
    pub cut: bool,
    /// Characters were replaced or removed.
    pub changed: bool,
}

/// Makes `text` storable in at most `bytes_max` bytes.
///
/// NUL becomes U+FFFD (PostgreSQL's `text` refuses it, and one such event would cost its whole batch); a tab becomes a space; the
/// other C0 and C1 controls and DEL are removed, so that no stored text can forge a log line or drive a terminal. The cut is
/// at a character boundary.
pub fn clean(text: &str, bytes_max: usize) -> Cleaned<'_> {
    if text.len() <= bytes_max && !has_controls(text) {
        return Cleaned {
            text: Cow::Borrowed(text),
            cut: false,
            changed: false,
        };
    }
    let mut kept = String::with_capacity(text.len().min(bytes_max));
    let mut changed = false;
    for character in text.chars() {
        let Some(stored) = storable(character) else {
            changed = true;
            continue;
        };
        if kept.len() + stored.len_utf8() > bytes_max {
            return Cleaned {
                text: Cow::Owned(kept),
                cut: true,
                changed,
            };
        }
        changed |= stored != character;
        kept.push(stored);
    }
    Cleaned {
        text: Cow::Owned(kept),
        cut: false,
        changed,
    }
}

fn storable(character: char) -> Option<char> {
    match character {
        '\0' => Some('\u{FFFD}'),
        '\t' => Some(' '),
        _ if character.is_control() => None,
        _ => Some(character),
    }
}

fn has_controls(text: &str) -> bool {
    // C1 controls are two bytes, C2 80 to C2 9F; looking for the first byte alone is cheap, and only costs the slow path.
    text.bytes()
        .any(|byte| byte < 0x20 || byte == 0x7F || byte == 0xC2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, bytes_max: usize, expected: &str, cut: bool, changed: bool) {
        let cleaned = clean(text, bytes_max);
        assert_eq!(
            (cleaned.text.as_ref(), cleaned.cut, cleaned.changed),
            (expected, cut, changed),
            "{text:?}"
        );
    }

    #[test]
    fn controls_go_and_long_texts_are_cut_between_characters() {
        check("plain", 10, "plain", false, false);
        check("", 0, "", false, false);
        check("a\0b", 10, "a\u{FFFD}b", false, true);
        check("a\tb", 10, "a b", false, true);
        check("a\r\n\u{1b}[31mb\u{7f}\u{85}", 10, "a[31mb", false, true);
        check("© 2026", 10, "© 2026", false, false);
        check("aé", 2, "a", true, false);
        check("aé", 3, "aé", false, false);
        check("abc", 3, "abc", false, false);
        check("abcd", 3, "abc", true, false);
        check("ab\0", 4, "ab", true, false);
    }

    proptest! {
        #[test]
        fn a_cleaned_text_fits_and_stays_as_it_is(text in any::<String>(), bytes_max in 0_usize..40) {
            let cleaned = clean(&text, bytes_max);
            prop_assert!(cleaned.text.len() <= bytes_max);
            prop_assert!(!cleaned.text.chars().any(char::is_control));
            let again = clean(&cleaned.text, bytes_max);
            prop_assert_eq!(again.text, cleaned.text.clone());
        }
    }
}
