//! With what: browser, operating system and kind of device, from the user agent and the client hints.
//!
//! Names are the ones that people use ("Safari", not "Mobile Safari UI/WKWebView"), since the device says the rest. Versions
//! have one or two numbers: more would tell persons apart and no figure needs them. Where a browser hides the truth (macOS
//! "10.15.7", Android "10; K"), the version is empty rather than wrong, unless a hint tells it.
//!
//! What is absent: the make and model of the device, for the same two reasons.

use std::sync::Arc;

use moka::sync::Cache;

use crate::bot::BotReason;
use crate::hints::ClientHints;

mod browser;
mod device;
mod system;

pub use device::DeviceClass;

/// What a user agent says. Unknown parts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// "Chrome", "Safari", "Firefox"; for a bot the name that it gives itself. At most [`Agent::NAME_BYTES_MAX`] bytes.
    pub browser: String,
    /// "140", "17.4".
    pub browser_version: String,
    /// "Windows", "macOS", "iOS", "Android", "Linux", `ChromeOS`. At most [`Agent::NAME_BYTES_MAX`] bytes.
    pub os: String,
    /// "11", "17.4".
    pub os_version: String,
    pub device: DeviceClass,
    pub bot: Option<BotReason>,
}

impl Agent {
    /// A name or version is cut at this many bytes.
    pub const NAME_BYTES_MAX: usize = 64;
    /// What follows in a longer user agent is not looked at. In-app browsers reach 400.
    pub const USER_AGENT_BYTES_MAX: usize = 512;
}

/// Parses user agents and remembers the answers.
///
/// Cheap until the first parse, which reads the tables; see the module `patterns` for what they cost. Share one by reference or
/// behind an `Arc`: all methods take `&self`, and none blocks for longer than a parse.
pub struct AgentParser {
    /// Keyed by the user agent and the hints together; the key of an agent without hints is the user agent itself.
    cache: Cache<Box<str>, Arc<Agent>>,
}

impl AgentParser {
    /// Remembers about `cache_entries` of the agents that come most often, each in less than 1 kB. 0 remembers none.
    pub fn new(cache_entries: u64) -> Self {
        Self {
            cache: Cache::new(cache_entries),
        }
    }

    /// Reads `user_agent` with `hints`. Never fails: what cannot be read is empty.
    pub fn parse(&self, user_agent: &str, hints: &ClientHints<'_>) -> Arc<Agent> {
        let user_agent = bounded(user_agent);
        if hints.is_empty() {
            return self.remembered(user_agent, || parse(user_agent, hints));
        }
        let hints = hints.bounded();
        let mobile = if hints.mobile { "1" } else { "0" };
        let key = [
            user_agent,
            hints.brands,
            hints.platform,
            hints.platform_version,
            mobile,
        ]
        .join("\n");
        self.remembered(&key, || parse(user_agent, &hints))
    }

    /// Two threads may parse the same agent at once; that costs less than making one wait for the other.
    fn remembered(&self, key: &str, parse: impl FnOnce() -> Agent) -> Arc<Agent> {
        if let Some(known) = self.cache.get(key) {
            return known;
        }
        let agent = Arc::new(parse());
        self.cache.insert(key.into(), Arc::clone(&agent));
        agent
    }
}

fn parse(user_agent: &str, hints: &ClientHints<'_>) -> Agent {
    let lowercase = user_agent.to_ascii_lowercase();
    let bot = BotReason::of_parts(user_agent, &lowercase).or_else(|| hints.bot());
    let (browser, browser_version) = browser::browser(user_agent, &lowercase, hints);
    let (os, os_version) = system::system(user_agent, &lowercase, hints);
    let device = match bot {
        Some(_) => DeviceClass::Bot,
        None => device::device(&lowercase, &os, hints),
    };
    Agent {
        browser,
        browser_version,
        os,
        os_version,
        device,
        bot,
    }
}

/// The part of a user agent that is looked at.
pub(crate) fn bounded(user_agent: &str) -> &str {
    &user_agent[..user_agent.floor_char_boundary(Agent::USER_AGENT_BYTES_MAX)]
}

/// A name for a report: bounded, and without characters that would disturb it.
fn clean(name: &str) -> String {
    let cut = &name[..name.floor_char_boundary(Agent::NAME_BYTES_MAX)];
    cut.chars()
        .filter(|character| !character.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// `17.4` from `17` and `4`; a second number of 0 is left out. Empty when the first is no number.
fn version(major: &str, minor: &str) -> String {
    if !is_short_number(major) {
        return String::new();
    }
    match minor {
        "0" => major.to_owned(),
        minor if is_short_number(minor) => format!("{major}.{minor}"),
        _ => major.to_owned(),
    }
}

fn is_short_number(text: &str) -> bool {
    (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `17.4` from `17.4.1`.
fn short_version(version_text: &str) -> String {
    let mut parts = version_text.split('.');
    version(
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests;
