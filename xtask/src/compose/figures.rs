//! What a rehearsal has found, as a table.

use std::fmt;

/// Rows in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<(&'static str, String)>);

impl Figures {
    pub(super) fn add(&mut self, name: &'static str, value: impl fmt::Display) {
        self.0.push((name, value.to_string()));
    }

    pub(super) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |of: fn(&(&str, String)) -> usize| self.0.iter().map(of).max().unwrap_or(0);
        let width = widest(|(name, _)| name.len());
        let value_width = widest(|(_, value)| value.len());
        for (name, value) in &self.0 {
            writeln!(f, "{name:width$}  {value:>value_width$}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_stand_in_columns() {
        let mut figures = Figures::default();
        figures.add("events sent", 20_000);
        figures.add("panels", "7 of 7");
        let expected = "events sent   20000\npanels       7 of 7\n";
        assert_eq!(figures.to_string(), expected);
    }
}
