//! The lines of the page's tables, as they are printed.

use hgpixel_store::{Suspect, TaughtVerdict, Verdict};

use super::figures::{Counts, Kind, Seen};
use super::known;
use crate::time;

/// How much, and when last, in words.
pub(super) struct Amount {
    pub(super) visits: String,
    pub(super) events: String,
    /// Empty where it is not known.
    pub(super) last: String,
    pub(super) last_iso: String,
}

pub(super) struct ReasonLine {
    pub(super) title: String,
    pub(super) meaning: &'static str,
    pub(super) amount: Amount,
}

pub(super) struct BotLine {
    /// Empty where it has none.
    pub(super) name: String,
    /// Who runs it and what for, and otherwise why it was marked.
    pub(super) about: String,
    pub(super) amount: Amount,
}

pub(super) struct AgentLine {
    /// Empty where it is.
    pub(super) agent: String,
    /// Why it was marked, and its name; empty for people.
    pub(super) about: String,
    pub(super) is_bot: bool,
    /// A verdict on this very user agent is in force.
    pub(super) is_taught: bool,
    pub(super) amount: Amount,
}

pub(super) struct VerdictLine {
    pub(super) about: &'static str,
    pub(super) subject: String,
    pub(super) is_bot: bool,
    pub(super) actor: String,
    pub(super) when: String,
    pub(super) when_iso: String,
    /// How many visits count by it in the range, where that is known.
    pub(super) visits: Option<String>,
}

impl Counts {
    /// Visits and events.
    pub(super) fn in_words(self) -> (String, String) {
        (grouped(self.visits), grouped(self.events))
    }
}

impl Amount {
    fn of(counts: Counts, last_ms: Option<i64>, now_ms: i64) -> Self {
        let (visits, events) = counts.in_words();
        Self {
            visits,
            events,
            last: last_ms.map_or_else(String::new, |last_ms| time::ago(last_ms, now_ms)),
            last_iso: last_ms.map_or_else(String::new, time::iso),
        }
    }
}

pub(super) fn reasons(seen: &Seen, now_ms: i64) -> Vec<ReasonLine> {
    let line = |kind: &Kind| {
        let known = known::reason(&kind.reason);
        ReasonLine {
            title: title(&kind.reason),
            meaning: known.map_or("", |known| known.meaning),
            amount: Amount::of(kind.counts, seen.last_of_reason(&kind.reason), now_ms),
        }
    };
    seen.reasons.iter().map(line).collect()
}

/// AI crawlers, and all others that have a name.
pub(super) fn bots(seen: &Seen, now_ms: i64) -> (Vec<BotLine>, Vec<BotLine>) {
    let line = |kind: &Kind| BotLine {
        name: kind.text.clone(),
        about: who(kind),
        amount: Amount::of(kind.counts, seen.last_of_bot(kind), now_ms),
    };
    let (ai, others): (Vec<&Kind>, Vec<&Kind>) = seen
        .bots
        .iter()
        .partition(|kind| kind.reason == "ai_crawler");
    let lines = |kinds: Vec<&Kind>| kinds.into_iter().map(line).collect();
    (lines(ai), lines(others))
}

pub(super) fn agents(seen: &Seen, now_ms: i64) -> Vec<AgentLine> {
    let line = |kind: &Kind| {
        let is_it = |taught: &&TaughtVerdict| matches!(&taught.suspect, Suspect::UserAgent(agent) if *agent == kind.text);
        let name = seen.name_of_agent(kind);
        let about = match (kind.reason.as_str(), name) {
            ("", "") => String::new(),
            ("", name) => format!("{name}, restored"),
            (reason, "") => title(reason),
            (reason, name) => format!("{}: {name}", title(reason)),
        };
        AgentLine {
            agent: kind.text.clone(),
            about,
            is_bot: !kind.reason.is_empty(),
            is_taught: seen.verdicts.iter().any(|taught| is_it(&taught)),
            amount: Amount::of(kind.counts, seen.last_of_agent(kind), now_ms),
        }
    };
    seen.agents.iter().map(line).collect()
}

pub(super) fn verdicts(seen: &Seen, now_ms: i64) -> Vec<VerdictLine> {
    let line = |taught: &TaughtVerdict| {
        let restored = seen.restored.iter();
        let mut restored = restored.filter(|kind| match &taught.suspect {
            Suspect::Name(name) => *name == kind.text,
            Suspect::UserAgent(_) => false,
        });
        VerdictLine {
            about: taught.suspect.kind(),
            subject: taught.suspect.text().to_owned(),
            is_bot: taught.verdict == Verdict::Bot,
            actor: taught.actor.clone(),
            when: time::ago(taught.at_ms, now_ms),
            when_iso: time::iso(taught.at_ms),
            visits: restored.next().map(|kind| grouped(kind.counts.visits)),
        }
    };
    seen.verdicts.iter().map(line).collect()
}

fn who(kind: &Kind) -> String {
    match known::bot(&kind.text, &kind.reason) {
        Some(bot) if bot.purpose.is_empty() => bot.operator.to_owned(),
        Some(bot) => format!("{}: {}", bot.operator, bot.purpose),
        None => title(&kind.reason),
    }
}

fn title(reason: &str) -> String {
    known::reason(reason).map_or_else(|| reason.to_owned(), |known| known.title.to_owned())
}

/// Thousands apart by a narrow space, which no language takes for a decimal point.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202F}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(
            texts,
            ["0", "999", "1\u{202F}000", "1\u{202F}234\u{202F}567"]
        );
    }
}
