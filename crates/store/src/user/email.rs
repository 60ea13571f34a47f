//! The address of mail by which a person logs in.

use std::fmt;
use std::str::FromStr;

use crate::error::StoreError;

/// An address of mail, in lower case so that people need not remember how they wrote it. No mail is ever sent: it is a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The longest that a mail server takes (RFC 5321).
    pub const BYTES_MAX: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Email {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\",;".contains(c);
        let is_address = text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if is_address && text.len() <= Self::BYTES_MAX && text.chars().all(is_plain) {
            return Ok(Self(text.to_lowercase()));
        }
        Err(StoreError::Invalid(
            "this is no email address: write one such as anna@example.com".to_owned(),
        ))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for (text, kept) in [
            ("anna@example.com", "anna@example.com"),
            (" Anna@Example.COM ", "anna@example.com"),
            ("a+b@localhost", "a+b@localhost"),
        ] {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), kept);
        }
        let long = format!("{}@example.com", "a".repeat(254));
        for text in [
            "",
            "anna",
            "@example.com",
            "anna@",
            "a b@example.com",
            "<a@b>",
            "a@b\nc",
            &long,
        ] {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
    }
}
