//! The places that have a name: search engines, networks, assistants, mail programs, shops.
//!
//! `data/sources.tsv` has a line for each: kind, name, and the hosts and words by which it is known.
//!
//! | written | means |
//! | --- | --- |
//! | `kagi.com` | this host (also `www.` and `m.`), or the package of an Android app |
//! | `.reddit.com` | this host and every one below it |
//! | `google.*` | this name under any public suffix; `.amazon.*` also every host below it |
//! | `=fb` | a word that campaigns use as their source |
//!
//! A great house has many doors: `docs.google.com` is no search engine. So a name holds for the hosts that are listed, and the
//! most exact entry wins.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Medium;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) medium: Medium,
}

impl Known {
    /// The place of a host in small letters.
    pub(super) fn by_host(host: &str) -> Option<Self> {
        let bare = ["www.", "m.", "mobile.", "amp."]
            .iter()
            .find_map(|prefix| host.strip_prefix(prefix))
            .unwrap_or(host);
        let exact = LIST.hosts.get(host).or_else(|| LIST.hosts.get(bare));
        exact
            .copied()
            .or_else(|| Self::by_parent(host))
            .or_else(|| Self::by_any_suffix(host, bare))
    }

    /// The place that a campaign calls its source: by a word, by its name, or by its host.
    pub(super) fn by_campaign_source(source: &str) -> Option<Self> {
        let source = source.trim().to_ascii_lowercase();
        let word = LIST.words.get(source.as_str()).copied();
        word.or_else(|| Self::by_host(&source).filter(|_| source.contains('.')))
    }

    /// The nearest entry above: `a.b.example.com`, then `b.example.com`, then `example.com`.
    fn by_parent(host: &str) -> Option<Self> {
        let mut rest = host;
        loop {
            if let Some(known) = LIST.parents.get(rest) {
                return Some(*known);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// The same with the public suffix (`com`, `co.uk`) replaced by `*`.
    fn by_any_suffix(host: &str, bare: &str) -> Option<Self> {
        let known = LIST.hosts.get(starred(bare)?.as_str()).copied();
        known.or_else(|| Self::by_parent(&starred(host)?))
    }
}

/// Suffixes that a company lets to its users do not count: anybody may be `google.github.io`.
fn starred(host: &str) -> Option<String> {
    let suffix =
        psl::suffix(host.as_bytes()).filter(|suffix| suffix.typ() == Some(psl::Type::Icann))?;
    let stem = &host[..host.len() - suffix.as_bytes().len()];
    Some(format!("{}.*", stem.strip_suffix('.')?))
}

struct List {
    hosts: HashMap<&'static str, Known>,
    parents: HashMap<&'static str, Known>,
    words: HashMap<String, Known>,
}

static LIST: LazyLock<List> = LazyLock::new(|| List::new(include_str!("../../data/sources.tsv")));

impl List {
    /// Reads the embedded list. Panics when it is malformed, which a test excludes.
    fn new(table: &'static str) -> Self {
        let mut list = Self {
            hosts: HashMap::new(),
            parents: HashMap::new(),
            words: HashMap::new(),
        };
        for line in table.lines() {
            let mut cells = line.split('\t');
            let medium = cells
                .next()
                .and_then(Medium::parse)
                .expect("a line begins with a kind");
            let (name, keys) = cells
                .next()
                .zip(cells.next())
                .expect("a line has a name and keys");
            let known = Known { name, medium };
            // A search engine and a mail program may share a name: the first keeps the word.
            list.words.entry(name.to_ascii_lowercase()).or_insert(known);
            for key in keys.split(' ') {
                list.add(key, known);
            }
        }
        list
    }

    fn add(&mut self, key: &'static str, known: Known) {
        if let Some(word) = key.strip_prefix('=') {
            self.words.insert(word.to_owned(), known);
        } else if let Some(parent) = key.strip_prefix('.') {
            self.parents.insert(parent, known);
        } else {
            self.hosts.insert(key, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_well_formed() {
        let mut seen = HashMap::new();
        for line in include_str!("../../data/sources.tsv").lines() {
            let cells: Vec<_> = line.split('\t').collect();
            assert_eq!(cells.len(), 3, "{line}");
            for key in cells[2].split(' ') {
                assert!(
                    !key.is_empty() && key == key.to_ascii_lowercase() && !key.contains('/'),
                    "{key:?} in {line}"
                );
                assert_eq!(seen.insert(key, cells[1]), None, "{key} is listed twice");
            }
        }
    }

    #[test]
    fn every_entry_finds_its_own_line() {
        for line in include_str!("../../data/sources.tsv").lines() {
            let cells: Vec<_> = line.split('\t').collect();
            for key in cells[2].split(' ') {
                let found = match key.strip_prefix('=') {
                    Some(word) => Known::by_campaign_source(word),
                    None => Known::by_host(&key.trim_start_matches('.').replace('*', "co.uk")),
                };
                assert_eq!(found.map(|known| known.name), Some(cells[1]), "of {key}");
            }
        }
    }
}
