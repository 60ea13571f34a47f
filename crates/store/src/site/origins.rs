//! The pages that may send for a site, by their origins.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::error::StoreError;

/// Origins such as `https://example.com`; `https://*.example.com` stands for every host below. An empty list allows every page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// A snapshot is read each second, and every beacon is compared with all of a site's origins.
    pub const MAX: usize = 50;

    /// Whether every page may send.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a page of this origin may send, as browsers write it in `Origin`. `null`, the origin of files and of frames that are cut off
    /// from theirs, is in no list.
    pub fn allows(&self, origin: &str) -> bool {
        self.is_any() || self.0.iter().any(|allowed| matches(allowed, origin))
    }

    pub(super) fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("a list of texts is JSON")
    }
}

/// One a line (or with spaces or commas between).
impl FromStr for AllowedOrigins {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let mut origins = Vec::new();
        for word in text.split(|separator: char| separator.is_whitespace() || separator == ',') {
            if !word.is_empty() {
                let origin = parse(word)?;
                if !origins.contains(&origin) {
                    origins.push(origin);
                }
            }
        }
        if origins.len() > Self::MAX {
            let problem = format!("a site may have {} allowed origins", Self::MAX);
            return Err(StoreError::Invalid(problem));
        }
        Ok(Self(origins))
    }
}

impl fmt::Display for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// An origin as browsers write it: lowercase, without a standard port or a slash at the end.
fn parse(text: &str) -> Result<String, StoreError> {
    let unusable = || {
        StoreError::Invalid(format!(
            "{text:?} is no origin: write one as https://example.com, or https://*.example.com for all hosts below"
        ))
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(unusable)?;
    let (below, host) = match rest.strip_prefix("*.") {
        Some(host) => ("*.", host),
        None => ("", rest),
    };
    let url = Url::parse(&format!("{scheme}://{host}")).map_err(|_| unusable())?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !url.host_str().is_some_and(|host| host.contains('*'));
    if !is_origin {
        return Err(unusable());
    }
    let origin = url.origin().ascii_serialization();
    let (scheme, host) = origin.split_once("://").ok_or_else(unusable)?;
    Ok(format!("{scheme}://{below}{host}"))
}

fn matches(allowed: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = allowed.split_once("://*") else {
        return allowed == origin;
    };
    let host = origin
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"));
    // The domain begins with its dot here, so that the host before it is whole, and not empty.
    host.and_then(|host| host.strip_suffix(domain))
        .is_some_and(|below| !below.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        let check = |text: &str, shown: &str| {
            let origins: AllowedOrigins = text.parse().unwrap();
            assert_eq!(origins.to_string(), shown, "{text}");
            assert_eq!(
                AllowedOrigins::from_json(&origins.to_json()).unwrap(),
                origins
            );
        };
        check("", "");
        check(" \n", "");
        check("https://Example.com:443/", "https://example.com");
        check(
            "http://localhost:8080, https://bücher.example\nhttp://localhost:8080",
            "http://localhost:8080\nhttps://xn--bcher-kva.example",
        );
        check("https://*.example.com", "https://*.example.com");
        check("https://[::1]:3000", "https://[::1]:3000");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "example.com",
            "null",
            "*",
            "https://",
            "https://*",
            "https://*.",
            "https://a.*.example.com",
            "https://example.com/path",
            "https://example.com?x",
            "https://user@example.com",
            "ftp://example.com",
        ] {
            let error = text.parse::<AllowedOrigins>().unwrap_err();
            assert!(error.to_string().contains("is no origin"), "{text}");
        }
        let many: Vec<String> = (0..51).map(|n| format!("https://{n}.example")).collect();
        assert!(many.join(" ").parse::<AllowedOrigins>().is_err());
    }

    #[test]
    fn an_origin_is_allowed_whole() {
        let allowed: AllowedOrigins = "https://shop.example https://*.blog.example"
            .parse()
            .unwrap();
        for origin in [
            "https://shop.example",
            "https://a.blog.example",
            "https://a.b.blog.example",
        ] {
            assert!(allowed.allows(origin), "{origin}");
        }
        for origin in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example.evil.example",
            "https://evilshop.example",
            "https://blog.example",
            "https://evilblog.example",
            "http://a.blog.example",
            "null",
            "",
        ] {
            assert!(!allowed.allows(origin), "{origin}");
        }
        assert!(AllowedOrigins::default().allows("null"));
    }
}
