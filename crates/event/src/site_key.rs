//! The public name by which a page says which site it belongs to.

use std::fmt;
use std::str::FromStr;

use crate::limits::SITE_KEY_BYTES_MAX;

/// A site's key: 1 to 64 of `A-Z a-z 0-9 . _ -`. It is printed in every page, so it is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteKey(String);

/// The text is no site key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a site key is 1 to 64 letters, digits, dots, underscores or hyphens")]
pub struct InvalidSiteKey;

impl SiteKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteKey {
    type Err = InvalidSiteKey;

    fn from_str(text: &str) -> Result<Self, InvalidSiteKey> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = (1..=SITE_KEY_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSiteKey)
        }
    }
}

impl fmt::Display for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for SiteKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_to_sixty_four_plain_characters() {
        let check = |text: &str, valid: bool| {
            assert_eq!(text.parse::<SiteKey>().is_ok(), valid, "{text:?}");
        };
        check("UNIQUE_CLIENT_ID", true);
        check("example.com", true);
        check("0190b5a4-7a54-7c3e-8d35-111111111111", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("", false);
        check("a b", false);
        check("a/b", false);
        check("é", false);
        check("a\0", false);
    }
}
