//! The address at which people reach hgpixel, and what follows from it for cookies and snippets.

use std::borrow::Cow;
use std::net::IpAddr;

use anyhow::Context as _;
use hgpixel_config::Settings;
use http::HeaderMap;
use http::header::HOST;
use url::{Host, Url};

#[derive(Clone, Debug)]
pub(crate) struct PublicUrl {
    /// Whether it was set; else it is made from the listen address, which may be no address that a browser can go to.
    is_set: bool,
    /// Without a slash at the end.
    text: String,
    /// As browsers send it in `Origin`.
    origin: String,
    is_https: bool,
    is_loopback: bool,
}

impl PublicUrl {
    pub(crate) fn of(settings: &Settings) -> anyhow::Result<Self> {
        if settings.public_url.is_empty() {
            let made = Self::parse(&format!("http://{}", settings.listen))?;
            return Ok(Self {
                is_set: false,
                // Nobody said that it is reached over a network: whoever gets here decides.
                is_loopback: true,
                ..made
            });
        }
        Self::parse(&settings.public_url)
    }

    /// The address to show to whoever sent `headers`: as set, or as they themselves got here.
    pub(crate) fn as_seen_by(&self, headers: &HeaderMap) -> Cow<'_, str> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        match host {
            Some(host) if !self.is_set => format!("http://{host}").into(),
            _ => Cow::from(&self.text),
        }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let url =
            Url::parse(text).with_context(|| format!("public_url: {text:?} is no address"))?;
        anyhow::ensure!(
            matches!(url.scheme(), "http" | "https"),
            "public_url: {text:?} is neither http nor https"
        );
        Ok(Self {
            is_set: true,
            text: url.as_str().trim_end_matches('/').to_owned(),
            origin: url.origin().ascii_serialization(),
            is_https: url.scheme() == "https",
            is_loopback: url.host().is_some_and(|host| is_loopback(&host)),
        })
    }

    /// Without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }

    /// Cookies go without `Secure` on loopback only, where nobody listens in between.
    pub(crate) fn wants_secure_cookies(&self) -> bool {
        self.is_https || !self.is_loopback
    }

    /// Plain http over a network: the browser would not send a Secure cookie back.
    pub(crate) fn is_unusable_for_logins(&self) -> bool {
        !self.is_https && !self.is_loopback
    }
}

/// Any address (0.0.0.0) counts as loopback: it is what a browser on the same machine ends up at, and no name of a network host.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => is_local(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_local(IpAddr::V6(*address)),
    }
}

fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secure_cookies_everywhere_but_on_loopback() {
        let check = |text: &str, secure: bool, unusable: bool| {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!(url.wants_secure_cookies(), secure, "{text}");
            assert_eq!(url.is_unusable_for_logins(), unusable, "{text}");
        };
        check("https://stats.example.com", true, false);
        check("https://127.0.0.1:8443/", true, false);
        check("http://127.0.0.1:5000", false, false);
        check("http://[::1]:5000", false, false);
        check("http://localhost:5000", false, false);
        check("http://stats.localhost", false, false);
        check("http://stats.example.com", true, true);
        check("http://10.0.0.1", true, true);
    }

    #[test]
    fn the_text_has_no_slash_at_its_end_and_the_origin_no_path() {
        let url = PublicUrl::parse("https://Example.com:443/stats/").unwrap();
        assert_eq!(url.as_str(), "https://example.com/stats");
        assert_eq!(url.origin(), "https://example.com");
        assert!(PublicUrl::parse("ftp://example.com").is_err());
        assert!(PublicUrl::parse("example.com").is_err());
    }
}
