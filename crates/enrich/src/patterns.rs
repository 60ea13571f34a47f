//! A table of patterns of which the first that matches wins, searched without trying them all.
//!
//! Upstream's lists hold two thousand regular expressions; compiled, they fill 26 MB and take 150 ms to build. So each row also
//! carries the texts of which every match must contain one. One pass of an Aho-Corasick automaton over the user agent finds the
//! few rows that can match, those are tried in order, and a pattern is compiled when it is first tried. Real traffic needs a few
//! dozen of them. Whoever sends a user agent for each of the rest makes the table as large as it would have been anyway.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Captures, Regex};

/// A table of `data/`, whose first column holds the needed texts, the second the pattern, the others its fields.
pub(crate) struct PatternTable {
    rows: Vec<Row>,
    texts: AhoCorasick,
    /// The row of each text, by its place in the automaton.
    row_of_text: Vec<usize>,
    /// The rows without a text, which are candidates always.
    unconditional: Vec<usize>,
}

struct Row {
    pattern: &'static str,
    compiled: OnceLock<Regex>,
    fields: Vec<&'static str>,
}

/// The first row that matched.
pub(crate) struct Match<'table, 'text> {
    captures: Captures<'text>,
    fields: &'table [&'static str],
}

impl PatternTable {
    /// Reads an embedded table. Panics when it is malformed, which a test excludes.
    pub(crate) fn new(table: &'static str) -> Self {
        let (mut rows, mut texts) = (Vec::new(), Vec::new());
        let (mut row_of_text, mut unconditional) = (Vec::new(), Vec::new());
        for line in table.lines() {
            let mut cells = line.split('\t');
            let (needed, pattern) = cells
                .next()
                .zip(cells.next())
                .expect("a row has texts and a pattern");
            if needed.is_empty() {
                unconditional.push(rows.len());
            } else {
                texts.extend(needed.split('|'));
                row_of_text.resize(texts.len(), rows.len());
            }
            rows.push(Row {
                pattern,
                compiled: OnceLock::new(),
                fields: cells.collect(),
            });
        }
        // The contiguous automaton takes a tenth of the memory of the fastest kind and is fast enough: 1 ns a byte.
        let texts = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(texts)
            .expect("the texts are few and short");
        Self {
            rows,
            texts,
            row_of_text,
            unconditional,
        }
    }

    /// The first row whose pattern is found in `text`. `lowercase` is the same text in small ASCII letters.
    pub(crate) fn first_match<'text>(
        &self,
        text: &'text str,
        lowercase: &str,
    ) -> Option<Match<'_, 'text>> {
        self.candidates(lowercase).into_iter().find_map(|row| {
            let row = &self.rows[row];
            let captures = row.regex().captures(text)?;
            Some(Match {
                captures,
                fields: &row.fields,
            })
        })
    }

    /// The rows that can match, in the table's order.
    fn candidates(&self, lowercase: &str) -> Vec<usize> {
        let mut rows = self.unconditional.clone();
        let found = self.texts.find_overlapping_iter(lowercase);
        rows.extend(found.map(|text| self.row_of_text[text.pattern().as_usize()]));
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

impl Row {
    fn regex(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            Regex::new(self.pattern).expect("a test compiles every embedded pattern")
        })
    }
}

impl Match<'_, '_> {
    /// The text of field `index`, as it stands in the table; empty when there is none.
    pub(crate) fn field(&self, index: usize) -> &'static str {
        self.fields.get(index).copied().unwrap_or_default()
    }

    /// The field with its `$1` replaced by what was found; an empty field stands for the group after it (field 0 for group 1).
    pub(crate) fn resolve(&self, index: usize) -> String {
        let template = self.field(index);
        if template.is_empty() {
            return self
                .captures
                .get(index + 1)
                .map_or(String::new(), |group| group.as_str().to_owned());
        }
        let mut resolved = String::new();
        self.captures.expand(template, &mut resolved);
        resolved
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const TABLE: &str =
        "foo\t(?i)foo/([0-9]+)\tFoo\nbar|baz\tba[rz]-(x*)\t\t$1!\n\t^([0-9]+)$\tDigits\n";

    fn check(text: &str, expected: &str) {
        let table = PatternTable::new(TABLE);
        let found = table.first_match(text, &text.to_ascii_lowercase());
        let shown = found.map_or("-".into(), |found| {
            format!("{} {}", found.resolve(0), found.resolve(1))
        });
        assert_eq!(shown, expected, "of {text:?}");
    }

    #[test]
    fn the_first_matching_row_wins() {
        check("FOO/12", "Foo ");
        check("baz-xx foo/1", "Foo ");
        check("baz-xx foo", "xx xx!");
        check("bar-", " !");
        check("123", "Digits ");
        check("nothing", "-");
    }

    /// What the automaton leaves out would not have matched: the row that is found is the one that trying every row finds.
    pub(crate) fn check_candidates(table: &PatternTable, text: &str) {
        let expected = table.rows.iter().position(|row| row.regex().is_match(text));
        let candidates = table.candidates(&text.to_ascii_lowercase());
        let found = candidates
            .into_iter()
            .find(|row| table.rows[*row].regex().is_match(text));
        assert_eq!(found, expected, "of {text:?}");
    }

    /// Compiles every pattern: none is refused.
    pub(crate) fn check_patterns(table: &PatternTable, rows: usize) {
        assert_eq!(table.rows.len(), rows);
        for row in &table.rows {
            row.regex();
        }
    }
}
