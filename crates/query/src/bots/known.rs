//! Words about bots: what a reason means, and who runs a bot and what for.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A reason in plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) title: &'static str,
    pub(super) meaning: &'static str,
}

/// What a stored reason means; `None` for one that a later version wrote.
pub(super) fn reason(stored: &str) -> Option<Reason> {
    let (title, meaning) = match stored {
        "ai_crawler" => (
            "AI crawlers",
            "The user agent names one that collects for a language model, or fetches for somebody who asks one.",
        ),
        "crawler" => (
            "Other crawlers",
            "The user agent names a crawler, or calls itself a bot.",
        ),
        "monitor" => ("Monitors", "A service that watches whether the site is up."),
        "preview" => (
            "Link previews",
            "A messenger or network that draws the preview of a link.",
        ),
        "headless" => (
            "Browsers without a window",
            "The user agent is that of a browser that a program runs.",
        ),
        "http_library" => (
            "Programs and libraries",
            "The user agent is that of a tool that fetches, such as curl, and of no browser.",
        ),
        "empty_agent" => (
            "No user agent",
            "Every browser sends one; this one did not.",
        ),
        "absurd_agent" => (
            "Impossible user agents",
            "A text that no program sends in good faith, such as a piece of markup.",
        ),
        "webdriver" => (
            "Automated browsers",
            "The browser told the page that a program drives it.",
        ),
        "taught" => ("Taught", "Somebody here said so of the user agent."),
        _ => return None,
    };
    Some(Reason { title, meaning })
}

/// Who runs a bot, and what for; or what it is, without a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bot {
    pub(super) operator: &'static str,
    pub(super) purpose: &'static str,
}

const TABLE: &str = include_str!("known.tsv");

static BOTS: LazyLock<HashMap<String, Bot>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().expect("a row has three cells");
        let (name, operator, purpose) = (cell(), cell(), cell());
        let purpose = purpose_in_words(purpose).expect("a purpose that there is");
        (name.to_ascii_lowercase(), Bot { operator, purpose })
    })
    .collect()
});

fn purpose_in_words(purpose: &str) -> Option<&'static str> {
    Some(match purpose {
        "training" => "trains AI models",
        "ai_search" => "AI search",
        "assistant" => "fetches what people ask an AI assistant for",
        "ai" => "AI",
        "data" => "data sets, also for AI",
        "scraping" => "scraping, also for AI",
        "search" => "search engine",
        "seo" => "search engine optimisation",
        "ads" => "advertising",
        "monitor" => "monitoring",
        "preview" => "link previews",
        "archive" => "archive of the web",
        "feed" => "feed reader",
        "other" => "other purposes",
        "-" => "",
        _ => return None,
    })
}

/// Who is known under this name.
pub(super) fn bot(name: &str, reason: &str) -> Option<Bot> {
    // Of the user agent `facebookexternalhit` the same name is read.
    let name = match (name, reason) {
        ("FacebookBot", "preview") => "facebookexternalhit",
        _ => name,
    };
    let name = name.to_ascii_lowercase();
    let begins = |end: usize| BOTS.get(&name[..end]).copied();
    let ends = name
        .char_indices()
        .filter(|(_, letter)| !letter.is_alphanumeric())
        .map(|(end, _)| end);
    begins(name.len()).or_else(|| ends.rev().find_map(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, reason: &str, operator: Option<&str>) {
        let found = bot(name, reason).map(|bot| bot.operator);
        assert_eq!(found, operator, "{name}");
    }

    #[test]
    fn a_bot_is_known_by_its_name_and_by_what_that_begins_with() {
        check("GPTBot", "ai_crawler", Some("OpenAI"));
        check("SEMrushBot", "crawler", Some("Semrush"));
        check("Googlebot-Image", "crawler", Some("Google"));
        check("Slackbot-LinkExpanding", "preview", Some("Slack"));
        check(
            "archive.org_bot +http://archive.org/",
            "crawler",
            Some("Internet Archive"),
        );
        check("Googlebotanist", "crawler", None);
        check("", "webdriver", None);
        check("Bögli-Bot", "crawler", None);
    }

    #[test]
    fn facebook_has_two_bots_of_one_name() {
        let purpose = |reason| bot("FacebookBot", reason).map(|bot| bot.purpose);
        assert_eq!(purpose("preview"), Some("link previews"));
        assert_eq!(purpose("ai_crawler"), Some("trains AI models"));
    }

    #[test]
    fn every_reason_has_words_and_every_row_a_purpose() {
        for known in hgpixel_enrich::BotReason::ALL {
            assert!(reason(known.as_str()).is_some(), "{known:?}");
        }
        assert!(reason("taught").is_some());
        assert!(BOTS.len() > 100, "{}", BOTS.len());
    }

    /// A name that is misspelt here would never be found.
    #[test]
    fn every_ai_crawler_of_the_table_is_one_that_is_marked_under_its_name() {
        let ai = [
            "training",
            "ai_search",
            "assistant",
            "ai",
            "data",
            "scraping",
        ];
        for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = row.split('\t').collect();
            assert_eq!(cells.len(), 3, "{row}");
            if ai.contains(&cells[2]) {
                let agent = format!("Mozilla/5.0 (compatible; {}/1.0)", cells[0]);
                let reason = hgpixel_enrich::BotReason::of(&agent);
                assert_eq!(reason, Some(hgpixel_enrich::BotReason::AiCrawler), "{row}");
                assert_eq!(hgpixel_enrich::bot_name(&agent, ""), cells[0]);
            }
        }
    }
}
