//! Whence: the place that a visitor came from, by a name and a kind that people recognise.
//!
//! Only the host of a referrer counts. Browsers send nothing else across sites nowadays, search engines no longer send the
//! words that were searched for, and a path could name a person.

use std::net::IpAddr;

use url::Url;

use crate::campaign::{Campaign, ClickId};

mod known;

use known::Known;

/// Where a visit came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// "Google", `ChatGPT`; for other sites the registrable domain; empty when the visit is direct.
    /// At most [`Source::NAME_BYTES_MAX`] bytes.
    pub name: String,
    pub medium: Medium,
    /// The host as the referrer has it, in small letters and Punycode; for an Android app its package. Empty when direct.
    pub host: String,
}

/// The kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    Search,
    Social,
    Video,
    Shopping,
    /// An assistant that answers with a language model.
    Ai,
    Email,
    /// Any other site.
    Referral,
    /// No referrer: typed, bookmarked, or withheld.
    Direct,
    /// The site itself.
    Internal,
}

impl Medium {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Search,
        Self::Social,
        Self::Video,
        Self::Shopping,
        Self::Ai,
        Self::Email,
        Self::Referral,
        Self::Direct,
        Self::Internal,
    ];

    /// The stable name, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Social => "social",
            Self::Video => "video",
            Self::Shopping => "shopping",
            Self::Ai => "ai",
            Self::Email => "email",
            Self::Referral => "referral",
            Self::Direct => "direct",
            Self::Internal => "internal",
        }
    }

    /// The kind of that stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|medium| medium.as_str() == text)
    }
}

/// The place that `referrer` names, for a page on `page_host` (with or without a port).
///
/// Internal when both have the same registrable domain: `docs.example.com` and `example.com` are one site, two users of
/// `github.io` are two. Anything that is no web address, nor that of an Android app, counts as no referrer.
pub fn source(referrer: &str, page_host: &str) -> Source {
    let Some(host) = referring_host(referrer) else {
        return Source::direct();
    };
    let own_host = without_port(page_host)
        .trim_end_matches('.')
        .to_ascii_lowercase();
    let domain = registrable_domain(&host);
    if domain == registrable_domain(&own_host) {
        return Source {
            name: domain.to_owned(),
            medium: Medium::Internal,
            host,
        };
    }
    match Known::by_host(&host) {
        Some(known) => Source {
            name: known.name.to_owned(),
            medium: known.medium,
            host,
        },
        None => Source {
            name: domain.to_owned(),
            medium: Medium::Referral,
            host,
        },
    }
}

impl Source {
    /// A name in DNS has at most 253 bytes; a campaign's source is cut to less.
    pub const NAME_BYTES_MAX: usize = 255;

    /// No referrer.
    pub fn direct() -> Self {
        Self {
            name: String::new(),
            medium: Medium::Direct,
            host: String::new(),
        }
    }

    /// The place with the campaign's word taken first: what the link says of itself is surer than what the browser may or may
    /// not send. A click id speaks only where nobody else does. The host stays the referrer's.
    #[must_use]
    pub fn attributed(&self, campaign: Option<&Campaign>) -> Self {
        let Some(campaign) = campaign else {
            return self.clone();
        };
        if let Some(named) = &campaign.source {
            let known = Known::by_campaign_source(named);
            let (name, medium) = known.map_or((named.as_str(), Medium::Referral), |known| {
                (known.name, known.medium)
            });
            return Self {
                name: name.to_owned(),
                medium,
                host: self.host.clone(),
            };
        }
        let unnamed = matches!(self.medium, Medium::Direct | Medium::Internal);
        let network = campaign.click_id.filter(|_| unnamed).map(ClickId::network);
        match network.and_then(Known::by_campaign_source) {
            Some(known) => Self {
                name: known.name.to_owned(),
                medium: known.medium,
                host: self.host.clone(),
            },
            None => self.clone(),
        }
    }
}

/// The host of a referrer that counts. Some scripts leave out the scheme: `example.com/path` is taken for a web address.
fn referring_host(referrer: &str) -> Option<String> {
    let referrer = referrer.trim();
    let referrer = &referrer[..referrer.floor_char_boundary(REFERRER_BYTES_MAX)];
    let url = match Url::parse(referrer) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "android-app") => url,
        Err(url::ParseError::RelativeUrlWithoutBase) if looks_like_host(referrer) => {
            Url::parse(&format!("https://{referrer}")).ok()?
        }
        _ => return None,
    };
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    (1..=HOST_BYTES_MAX).contains(&host.len()).then_some(host)
}

/// Only the start of a referrer is read: its host is there.
const REFERRER_BYTES_MAX: usize = 2_000;
const HOST_BYTES_MAX: usize = 253;

fn looks_like_host(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('.') && !host.starts_with('.') && !host.contains([' ', '@', '\\', '%'])
}

fn without_port(host: &str) -> &str {
    match host.find(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// What one may register: `example.co.uk` of `www.example.co.uk`. An address, and a name without a public suffix, is its own.
fn registrable_domain(host: &str) -> &str {
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    if is_address {
        host
    } else {
        psl::domain_str(host).unwrap_or(host)
    }
}

#[cfg(test)]
mod tests;
