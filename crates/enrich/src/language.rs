//! In which language: the visitor's first choice, as a short BCP 47 tag.
//!
//! Kept: language, script, region (`zh-Hant-TW`). Dropped: variants, extensions and private parts. They are rare enough to
//! single a person out and say nothing that a figure needs; without them a tag has at most 11 bytes.

/// The preferred language of an `Accept-Language` header, or of a single tag such as `navigator.language` gives.
///
/// The highest `q` wins, the first of equals. `None` when nothing well-formed is there (`*`, an empty header, nonsense).
pub fn language(accept_language_or_tag: &str) -> Option<String> {
    let mut best: Option<(String, u16)> = None;
    for item in accept_language_or_tag.split(',').take(ITEMS_MAX) {
        let (tag, parameters) = item.split_once(';').unwrap_or((item, ""));
        let Some(quality) = quality(parameters) else {
            continue;
        };
        if quality == 0 || best.as_ref().is_some_and(|(_, best)| *best >= quality) {
            continue;
        }
        if let Some(tag) = normal_form(tag.trim()) {
            best = Some((tag, quality));
        }
    }
    best.map(|(tag, _)| tag)
}

/// Browsers send fewer than ten; the rest of a longer header is not worth the time.
const ITEMS_MAX: usize = 32;

/// `q` in thousandths, since it has at most three decimals. 1000 when absent, `None` when it is not a number in 0 to 1.
fn quality(parameters: &str) -> Option<u16> {
    let Some((name, value)) = parameters.split_once('=') else {
        return Some(1000);
    };
    if !name.trim().eq_ignore_ascii_case("q") {
        return Some(1000);
    }
    let value: f32 = value.trim().parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked in the same expression"
    )]
    (0.0..=1.0)
        .contains(&value)
        .then(|| (value * 1000.0).round() as u16)
}

/// `en_gb` → `en-GB`, `ZH-hant-tw-x-1` → `zh-Hant-TW`. `None` when the first part is not a language.
fn normal_form(tag: &str) -> Option<String> {
    let mut subtags = tag.split(['-', '_']);
    let language = subtags
        .next()
        .filter(|language| is_alphabetic(language, 2..=3))?;
    let mut normal = language.to_ascii_lowercase();
    let mut script = None;
    for subtag in subtags {
        if subtag.len() == 1 {
            break; // a singleton begins the extensions
        }
        if script.is_none() && is_alphabetic(subtag, 4..=4) {
            script = Some(subtag);
            normal.push('-');
            normal.push_str(&subtag[..1].to_ascii_uppercase());
            normal.push_str(&subtag[1..].to_ascii_lowercase());
        } else if is_region(subtag) {
            normal.push('-');
            normal.push_str(&subtag.to_ascii_uppercase());
            break;
        }
    }
    Some(normal)
}

fn is_alphabetic(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A country, or an area of the United Nations' list (`es-419`, Latin America).
fn is_region(subtag: &str) -> bool {
    is_alphabetic(subtag, 2..=2)
        || (subtag.len() == 3 && subtag.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(header: &str, expected: &str) {
        assert_eq!(
            language(header).as_deref().unwrap_or("-"),
            expected,
            "of {header:?}"
        );
    }

    #[test]
    fn a_single_tag_is_normalised() {
        check("en", "en");
        check("en-GB", "en-GB");
        check("en_gb", "en-GB");
        check("EN-us", "en-US");
        check("zh-hant-tw", "zh-Hant-TW");
        check("ZH-HANS", "zh-Hans");
        check("es-419", "es-419");
        check("fil-PH", "fil-PH");
        check("zh-yue-HK", "zh-HK");
        check("sl-rozaj-biske-SI", "sl-SI");
        check("de-DE-u-co-phonebk", "de-DE");
        check("de-DE-x-secret", "de-DE");
        check("en-u-hc-h12", "en");
    }

    #[test]
    fn the_highest_quality_wins_and_the_first_of_equals() {
        check("de-CH,de;q=0.9,en;q=0.8", "de-CH");
        check("en;q=0.5, fr;q=0.9 , de", "de");
        check("en;q=0.5,fr;Q=0.50", "en");
        check("en;q=0,fr;q=0.001", "fr");
        check("*, sv;q=0.7", "sv");
        check("en;q=2, sv;q=0.3", "sv");
    }

    #[test]
    fn nonsense_has_no_language() {
        for header in [
            "",
            " ",
            "*",
            "-",
            ",,;",
            "e",
            "engl",
            "12-34",
            "x-private",
            "en;q=0",
            "日本",
            "en;q=NaN",
        ] {
            check(header, "-");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_short(header in "\\PC{0,80}") {
            prop_assert!(language(&header).unwrap_or_default().len() <= 11);
        }

        #[test]
        fn a_normal_form_is_its_own(header in "[a-zA-Z]{2,3}([-_][a-zA-Z]{2,4}){0,3}") {
            let once = language(&header).unwrap();
            let twice = language(&once);
            prop_assert_eq!(twice, Some(once));
        }
    }
}
