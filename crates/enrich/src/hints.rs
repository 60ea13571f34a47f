//! What a browser says of itself beside its user agent: the `Sec-CH-UA` headers.
//!
//! Chromium froze its user agent: every Android is "10; K", every Windows "NT 10.0", every macOS `10_15_7`. The hints are the
//! only truth left about the platform, and the only place where Brave and Opera on Chromium say their names. They are as
//! untrusted as the rest, so the parser takes what it understands and ignores what it does not.

use crate::bot::BotReason;

/// The client hints of one request. Empty texts mean that the browser sent none, as Firefox and Safari do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHints<'a> {
    /// `Sec-CH-UA` or `Sec-CH-UA-Full-Version-List`: a list of brands with versions.
    pub brands: &'a str,
    /// `Sec-CH-UA-Platform`, with or without its quotation marks: `"Windows"`.
    pub platform: &'a str,
    /// `Sec-CH-UA-Platform-Version`, with or without its quotation marks: `"15.0.0"`.
    pub platform_version: &'a str,
    /// `Sec-CH-UA-Mobile`: `?1`.
    pub mobile: bool,
}

/// A browser by the name that people use, and its version as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Brand<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
}

impl<'a> ClientHints<'a> {
    /// Whether the browser sent none that could tell anything.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same, each text cut to what a browser may need: the hints are part of a cache's key.
    pub(crate) fn bounded(&self) -> Self {
        let cut = |text: &'a str| &text[..text.floor_char_boundary(HINT_BYTES_MAX)];
        let (brands, platform, platform_version) = (
            cut(self.brands),
            cut(self.platform),
            cut(self.platform_version),
        );
        Self {
            brands,
            platform,
            platform_version,
            mobile: self.mobile,
        }
    }

    /// Chrome's headless mode hides its name in the user agent more easily than here.
    pub(crate) fn bot(&self) -> Option<BotReason> {
        let headless = brands(self.brands).any(|brand| brand.name.contains("Headless"));
        headless.then_some(BotReason::Headless)
    }

    /// The brand that tells most: one that is neither a decoy ("Not;A=Brand") nor the engine, if there is one.
    pub(crate) fn brand(&self) -> Option<Brand<'a>> {
        let real = || brands(self.brands).filter(|brand| !is_decoy(brand.name));
        let own = real().find(|brand| !brand.name.eq_ignore_ascii_case("Chromium"));
        own.or_else(|| real().next()).map(common_name)
    }

    /// The operating system by the name that people use; `None` when it is not said.
    pub(crate) fn os(&self) -> Option<&'a str> {
        match unquoted(self.platform) {
            "" | "Unknown" => None,
            "macOS" | "Mac OS X" => Some("macOS"),
            "Chrome OS" | "Chromium OS" => Some("ChromeOS"),
            other => Some(other),
        }
    }

    /// The system's version as people know it. Windows counts its own way: 13 and above is Windows 11.
    pub(crate) fn os_version(&self) -> Option<&'a str> {
        let version = unquoted(self.platform_version);
        if version.is_empty() {
            return None;
        }
        if self.os() != Some("Windows") {
            return Some(version);
        }
        let major: u32 = version.split('.').next()?.parse().ok()?;
        match major {
            13.. => Some("11"),
            1.. => Some("10"),
            0 => None,
        }
    }
}

/// A full version list with four brands has about 150 bytes.
const HINT_BYTES_MAX: usize = 256;

/// A list has four entries at most in practice; the rest of a longer one is not read.
const BRANDS_MAX: usize = 16;

/// The entries of a structured list of strings with parameters: `"Chromium";v="140", "Not/A)Brand";v="8"`.
///
/// A name may hold commas, semicolons and escaped quotation marks, which is what the decoys are for. An entry that is not a
/// string ends the list.
fn brands(header: &str) -> impl Iterator<Item = Brand<'_>> {
    let mut rest = header;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (name, after) = quoted(rest)?;
        let (version, after) = version(after);
        rest = after;
        Some(Brand { name, version })
    })
    .take(BRANDS_MAX)
}

/// The text between the quotation marks at the start, escapes left as they are, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    for (index, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((&inner[..index], &inner[index + 1..])),
            _ => {}
        }
    }
    None
}

/// The `v` parameter before the next comma, and what follows it. Other parameters are skipped.
fn version(mut rest: &str) -> (&str, &str) {
    let mut version = "";
    while let Some(parameter) = rest.trim_start().strip_prefix(';') {
        let end = parameter.find([',', ';', '=']).unwrap_or(parameter.len());
        let (name, after) = parameter.split_at(end);
        rest = after;
        let Some(value) = after.strip_prefix('=') else {
            continue;
        };
        let (value, after) = quoted(value)
            .unwrap_or_else(|| value.split_at(value.find([',', ';']).unwrap_or(value.len())));
        if name.trim() == "v" {
            version = value;
        }
        rest = after;
    }
    (version, rest)
}

/// Decoys are random in their punctuation, not in their words: "Not A Brand", "Not;A=Brand", "Not/A)Brand".
fn is_decoy(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    let letters = letters.to_ascii_lowercase();
    letters.is_empty() || (letters.starts_with("not") && letters.contains("brand"))
}

fn common_name(brand: Brand<'_>) -> Brand<'_> {
    let name = match brand.name {
        "Google Chrome" => "Chrome",
        "Microsoft Edge" => "Edge",
        "Microsoft Edge WebView2" => "Edge WebView2",
        "YaBrowser" | "Yandex" => "Yandex Browser",
        other => other,
    };
    Brand { name, ..brand }
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// "Chrome 140", or "-".
    fn check(header: &str, expected: &str) {
        let hints = ClientHints {
            brands: header,
            ..ClientHints::default()
        };
        let shown = hints.brand().map_or("-".into(), |brand| {
            format!("{} {}", brand.name, brand.version)
        });
        assert_eq!(shown, expected, "of {header:?}");
    }

    #[test]
    fn the_brand_that_tells_most() {
        check(
            r#""Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140""#,
            "Chrome 140",
        );
        check(
            r#""Not)A;Brand";v="8", "Chromium";v="138", "Brave";v="138""#,
            "Brave 138",
        );
        check(
            r#""Microsoft Edge";v="140", "Chromium";v="140", "Not:A-Brand";v="99""#,
            "Edge 140",
        );
        check(r#"" Not A;Brand";v="99", "Chromium";v="96""#, "Chromium 96");
        check(
            r#""Google Chrome";v="140.0.7339.81", "Chromium";v="140.0.7339.81""#,
            "Chrome 140.0.7339.81",
        );
        check(r#""Opera GX";v="120""#, "Opera GX 120");
    }

    #[test]
    fn decoys_hold_every_separator() {
        check(
            r#""Not\\A,\"Brand;v=\"1";v="8", "Google Chrome";v="140""#,
            "Chrome 140",
        );
        check(
            r#""Not;A=Brand";x=1;v="8" ,	"Google Chrome" ; v="140";y"#,
            "Chrome 140",
        );
        check(r#""(Not(A:Brand";v="8""#, "-");
    }

    #[test]
    fn what_is_broken_ends_the_list() {
        for header in ["", "Chrome", "\"", "\"Chrome", "v=1", ",,,", "\"\";v=\"1\""] {
            check(header, "-");
        }
        check(r#""Google Chrome""#, "Chrome ");
        check(r#""Google Chrome";v=140, "Other";v="1""#, "Chrome 140");
        check(r#""Google Chrome";v="140", Other;v="1""#, "Chrome 140");
    }

    #[test]
    fn windows_counts_its_own_way() {
        let version = |version| {
            let hints = ClientHints {
                platform: "\"Windows\"",
                platform_version: version,
                ..ClientHints::default()
            };
            hints.os_version().unwrap_or("-")
        };
        assert_eq!(version("\"15.0.0\""), "11");
        assert_eq!(version("13"), "11");
        assert_eq!(version("10.0.0"), "10");
        assert_eq!(version("0.3.0"), "-");
        assert_eq!(version(""), "-");
        assert_eq!(version("x"), "-");
    }

    proptest! {
        #[test]
        fn never_panics(brands in "[\";v=, \\\\A-Za-zé0-9]{0,80}", platform in "\\PC{0,20}") {
            let hints = ClientHints { brands: &brands, platform: &platform, platform_version: &platform, mobile: false };
            let hints = hints.bounded();
            let _ = (hints.brand(), hints.os(), hints.os_version(), hints.bot());
        }
    }
}
