//! Was it a machine: the reasons that a user agent gives to think so.
//!
//! A bot is marked and kept, never dropped here, so a false alarm can be seen and undone. Most of them say their names; for
//! those that do not, a few signs are left that no browser shows. What is absent: guesses from behaviour or from the network.

use std::sync::LazyLock;

use regex::Regex;

use crate::patterns::PatternTable;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $text:literal)*) => {
        /// Why a visit is taken for a machine's. A bounded set: it is stored, and a label of a metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BotReason { $($(#[$doc])* $variant),* }

        impl BotReason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name, as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

reasons! {
    /// The user agent names a crawler, or calls itself a bot.
    Crawler "crawler"
    /// The user agent names a crawler that feeds a language model, or fetches for one.
    AiCrawler "ai_crawler"
    /// A service that watches whether the site is up.
    Monitor "monitor"
    /// A messenger or network that draws the preview of a link.
    Preview "preview"
    /// A browser that is run by a program.
    Headless "headless"
    /// A library or tool that fetches, and no browser.
    HttpLibrary "http_library"
    /// No user agent at all; every browser sends one.
    EmptyAgent "empty_agent"
    /// A user agent that no program sends in good faith, such as a piece of markup.
    AbsurdAgent "absurd_agent"
    /// The page's script saw that the browser is automated (`navigator.webdriver`). Never derived from the user agent.
    Webdriver "webdriver"
}

impl BotReason {
    /// The reason of that stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == text)
    }

    /// The reason to take the sender of this user agent for a machine, if there is one.
    ///
    /// At most [`crate::Agent::USER_AGENT_BYTES_MAX`] bytes are looked at. Costs a few microseconds:
    /// [`crate::AgentParser::parse`] gives the same answer, remembered.
    pub fn of(user_agent: &str) -> Option<Self> {
        let user_agent = crate::agent::bounded(user_agent);
        Self::of_parts(user_agent, &user_agent.to_ascii_lowercase())
    }

    pub(crate) fn of_parts(user_agent: &str, lowercase: &str) -> Option<Self> {
        if user_agent.trim().is_empty() {
            return Some(Self::EmptyAgent);
        }
        if let Some(found) = CRAWLERS.first_match(user_agent, lowercase) {
            return Some(Self::parse(found.field(REASON)).unwrap_or(Self::Crawler));
        }
        if HEADLESS.is_match(lowercase) {
            return Some(Self::Headless);
        }
        if LIBRARY.is_match(lowercase) {
            return Some(Self::HttpLibrary);
        }
        if CRAWLER.is_match(lowercase) {
            return Some(Self::Crawler);
        }
        ABSURD.is_match(lowercase).then_some(Self::AbsurdAgent)
    }
}

/// The name under which to keep a bot: an AI crawler's, or what its user agent was read as (`browser`). Where that is a browser of
/// people, which some bots put on, it is the name by which the list knew the bot, or none.
pub fn bot_name<'a>(user_agent: &str, browser: &'a str) -> &'a str {
    let user_agent = crate::agent::bounded(user_agent);
    let found = CRAWLERS.first_match(user_agent, &user_agent.to_ascii_lowercase());
    let listed = found.map(|found| (found.field(REASON), found.field(NAME)));
    match listed {
        Some((reason, name)) if reason == BotReason::AiCrawler.as_str() => name,
        _ if !BROWSERS_OF_PEOPLE.contains(&browser) => browser,
        Some((_, name)) if !name.contains(NO_NAME) => name,
        _ => "",
    }
}

/// As [`crate::Agent`] names them.
const BROWSERS_OF_PEOPLE: [&str; 9] = [
    "Chrome",
    "Safari",
    "Safari WebView",
    "Android WebView",
    "Firefox",
    "Edge",
    "Opera",
    "Samsung Internet",
    "IE",
];

/// Some names in the list are parts of patterns.
const NO_NAME: [char; 7] = ['(', ')', '[', ']', '|', '$', ';'];

const REASON: usize = 0;
const NAME: usize = 1;

pub(crate) static CRAWLERS: LazyLock<PatternTable> =
    LazyLock::new(|| PatternTable::new(include_str!("../data/crawlers.tsv")));

/// What the list cannot know: crawlers that are younger than it, but call themselves what they are. An address in a user agent
/// is where its owner explains himself. `cubot` is a maker of telephones.
static CRAWLER: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?-u:\b)(?:[a-z]*[-_]?crawl(?:er|ing)?|spider|scraper|slurp|robot)(?-u:\b)|(?:^|[^u]|[^c]u)bot(?-u:\b)|[a-z]spider(?-u:\b)|https?://|(?-u:\b)[a-z0-9.]+@[a-z0-9-]+\.[a-z]",
    )
});

static HEADLESS: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"headless|phantomjs|slimerjs|(?-u:\b)(?:jsdom|happydom|zombie\.js|cypress|webdriver|splash|htmlunit)(?-u:\b)",
    )
});

/// Browsers begin with `Mozilla/` or `Opera/`, these with their own name.
static LIBRARY: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"^(?:curl|wget|libcurl|python|pycurl|urllib|httpie|http_request|go-http|go-resty|java|okhttp|apache-|axios|node|undici|bun|deno|ruby|",
        r"faraday|typhoeus|php|guzzle|guzzlehttp|lwp|perl|dart|reqwest|ureq|hyper|isahc|insomnia|postman|postmanruntime|bruno|powershell|dotnet|restsharp|",
        r"libwww|lua-|elixir|hackney|finch|mint|clojure|scala|akka|vertx|jersey|jakarta|rest-client|got|superagent|needle|k6|",
        r"oha|wrk|hey|ab|apachebench|vegeta|siege|jmeter|gatling|locust)(?:[ /_(-]|$)",
        r"|python-requests|powershell/",
    ))
});

/// No letter at all; control characters; markup and template injections; or nothing but the words that all browsers share.
static ABSURD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"^[^a-z]*$|[\x00-\x1f<>]|\$\{|\{\{|(?-u:\b)(?:union|select)(?-u:\b).*(?-u:\b)from(?-u:\b)|^mozilla(?:/[0-9.]*)?(?: \(compatible;?\))?$|^["']"#,
    )
});

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a test compiles every fixed pattern")
}

#[cfg(test)]
mod tests;
