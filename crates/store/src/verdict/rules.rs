//! The verdicts of a site, as writers and sweeps ask them.

use std::collections::{HashMap, HashSet};

use super::{Suspect, Verdict, list};
use crate::error::StoreError;
use crate::pool::Pool;

/// The verdicts of one site, as they are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    /// These are people.
    names: HashSet<String>,
    agents: HashMap<String, Verdict>,
}

impl Rules {
    pub(crate) async fn read(pool: &Pool, site: i64) -> Result<Self, StoreError> {
        let mut rules = Self::default();
        for taught in list(pool, site).await? {
            match taught.suspect {
                Suspect::Name(name) => {
                    rules.names.insert(name);
                }
                Suspect::UserAgent(agent) => {
                    rules.agents.insert(agent, taught.verdict);
                }
            }
        }
        Ok(rules)
    }

    /// What is said against what was seen; `None` where that stands.
    pub(crate) fn against(&self, user_agent: &str, reason: &str, name: &str) -> Option<Verdict> {
        let by_name = || (!name.is_empty() && self.names.contains(name)).then_some(Verdict::People);
        let verdict = self.agents.get(user_agent).copied().or_else(by_name)?;
        (verdict.is_bot() == reason.is_empty()).then_some(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_on_the_user_agent_goes_before_one_on_the_name() {
        let rules = Rules {
            names: HashSet::from(["GPTBot".to_owned()]),
            agents: HashMap::from([
                ("GPTBot/2".to_owned(), Verdict::Bot),
                ("Mine/1".to_owned(), Verdict::Bot),
                (String::new(), Verdict::People),
            ]),
        };
        let people = Some(Verdict::People);
        for (agent, reason, name, expected) in [
            ("GPTBot/1", "ai_crawler", "GPTBot", people),
            // It is one already, so what was seen stands.
            ("GPTBot/2", "ai_crawler", "GPTBot", None),
            ("Other/1", "crawler", "Other", None),
            ("Mine/1", "", "", Some(Verdict::Bot)),
            ("Mine/1", "webdriver", "", None),
            ("", "empty_agent", "", people),
            // A server may send events without one, and they are people's.
            ("", "", "", None),
            ("Mozilla/5.0", "", "", None),
        ] {
            assert_eq!(rules.against(agent, reason, name), expected, "{agent}");
        }
    }
}
