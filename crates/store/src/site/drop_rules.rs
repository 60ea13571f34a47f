//! Whose hits a site does not count.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Rules by which ingest leaves hits out: the office's network, a staging area, a monitor. One that fits suffices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DropRules(Vec<DropRule>);

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DropRule {
    /// Hits from an address in this network.
    Network(IpNet),
    /// Pages whose path begins so, at a boundary or not: `/admin` is also `/administration`.
    Path(String),
    /// Browsers and programs whose user agent has this in it, whatever its case.
    Agent(String),
}

impl DropRules {
    /// Every beacon is compared with all of a site's rules.
    pub const MAX: usize = 50;
    /// Longer than any sensible path prefix or name of a program.
    const TEXT_BYTES_MAX: usize = 200;

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = &DropRule> {
        self.0.iter()
    }

    /// Whether a hit from this address by this program is left out, whatever its page.
    pub fn drop_client(&self, address: IpAddr, user_agent: &str) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|rule| match rule {
            DropRule::Network(network) => network.contains(&address),
            DropRule::Agent(part) => contains_ignoring_case(user_agent, part),
            DropRule::Path(_) => false,
        })
    }

    /// Whether hits on a page with this path are left out.
    pub fn drop_path(&self, path: &str) -> bool {
        let begins = |rule: &DropRule| matches!(rule, DropRule::Path(prefix) if path.starts_with(prefix.as_str()));
        self.0.iter().any(begins)
    }

    pub(super) fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("networks and texts are JSON")
    }
}

/// One a line: `network 192.0.2.0/24`, `path /staging`, `agent UptimeRobot`.
impl FromStr for DropRules {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let rules = lines.map(parse).collect::<Result<Vec<_>, _>>()?;
        if rules.len() > Self::MAX {
            let problem = format!("a site may have {} drop rules", Self::MAX);
            return Err(StoreError::Invalid(problem));
        }
        Ok(Self(rules))
    }
}

impl fmt::Display for DropRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            match rule {
                DropRule::Network(network) => write!(f, "{end}network {network}")?,
                DropRule::Path(prefix) => write!(f, "{end}path {prefix}")?,
                DropRule::Agent(part) => write!(f, "{end}agent {part}")?,
            }
        }
        Ok(())
    }
}

fn parse(line: &str) -> Result<DropRule, StoreError> {
    let (kind, value) = line
        .split_once(char::is_whitespace)
        .map_or((line, ""), |(kind, value)| (kind, value.trim()));
    let problem = match kind {
        _ if value.len() > DropRules::TEXT_BYTES_MAX => "is too long: 200 bytes at most",
        _ if value.chars().any(char::is_control) => "has a character that cannot be shown",
        "network" => match network(value) {
            Some(network) => return Ok(DropRule::Network(network)),
            None => "names no network such as 192.0.2.0/24 and no address",
        },
        "path" if value.starts_with('/') => return Ok(DropRule::Path(value.to_owned())),
        "path" => "needs a path that begins with a slash",
        "agent" if value.len() >= 3 => return Ok(DropRule::Agent(value.to_owned())),
        "agent" => "needs three characters or more of the user agent",
        _ => {
            "is no rule: write `network 192.0.2.0/24`, `path /staging` or `agent name`, one a line"
        }
    };
    Err(StoreError::Invalid(format!("{line:?} {problem}")))
}

/// A network, or an address as a network of one; without the bits that say nothing.
fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse::<IpNet>().ok().or_else(address)?;
    Some(network.trunc())
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    text.windows(part.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> DropRules {
        text.parse().unwrap()
    }

    #[test]
    fn rules_read_back_as_they_were_written() {
        let check = |text: &str, shown: &str| {
            let rules = rules(text);
            assert_eq!(rules.to_string(), shown);
            assert_eq!(DropRules::from_json(&rules.to_json()).unwrap(), rules);
        };
        check("", "");
        check(
            "network 192.0.2.77/24\n\n path  /staging \nagent Uptime Robot\nnetwork 2001:db8::1",
            "network 192.0.2.0/24\npath /staging\nagent Uptime Robot\nnetwork 2001:db8::1/128",
        );
    }

    #[test]
    fn a_line_that_is_no_rule_is_named() {
        for line in [
            "192.0.2.1",
            "network here",
            "network",
            "path staging",
            "agent x",
            "agent",
            "referrer x",
        ] {
            let error = line.parse::<DropRules>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{line:?}")), "{error}");
        }
        assert!(
            format!("path /{}", "a".repeat(200))
                .parse::<DropRules>()
                .is_err()
        );
        assert!("path /a\n".repeat(51).parse::<DropRules>().is_err());
    }

    #[test]
    fn one_rule_that_fits_suffices() {
        let rules = rules("network 192.0.2.0/24\npath /staging\nagent uptimerobot");
        let from = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(rules.drop_client(from("192.0.2.9"), ""));
        assert!(rules.drop_client(from("::ffff:192.0.2.9"), ""));
        assert!(!rules.drop_client(from("192.0.3.9"), "Mozilla/5.0"));
        assert!(rules.drop_client(
            from("198.51.100.1"),
            "Mozilla/5.0 (compatible; UptimeRobot/2.0)"
        ));
        assert!(rules.drop_path("/staging/a") && rules.drop_path("/staging"));
        assert!(!rules.drop_path("/") && !rules.drop_path("/a/staging"));
        assert!(!DropRules::default().drop_client(from("192.0.2.9"), "a"));
    }
}
