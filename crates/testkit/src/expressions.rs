//! The expressions of Grafana's dashboards and of Prometheus' rules, as they stand in the repository.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A question to Prometheus, and where it stands.
pub struct Expression {
    place: String,
    /// As it stands there.
    pub text: String,
}

impl Expression {
    /// Grafana fills in its variables before it asks; here with all that there is, and a minute.
    pub fn filled_in(&self) -> String {
        let mut text = self.text.replace("$__rate_interval", "1m");
        for variable in ["$replica", "$server", "$queue", "$database"] {
            text = text.replace(variable, ".*");
        }
        text
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// The dashboards, by their files' names.
pub fn dashboard_files() -> Result<Vec<(String, Value)>> {
    let folder =
        std::fs::read_dir(root().join("grafana/dashboards")).context("read the dashboards")?;
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().display().to_string();
        let text = std::fs::read_to_string(&path)?;
        let dashboard = serde_json::from_str(&text).with_context(|| format!("read {name}"))?;
        Ok((name, dashboard))
    };
    folder.map(read).collect()
}

/// Those of every panel, variable and annotation.
pub fn dashboards() -> Result<Vec<Expression>> {
    let mut found = Vec::new();
    for (file, dashboard) in dashboard_files()? {
        collect(&dashboard, &file, &mut found);
    }
    Ok(found)
}

/// Goes down into everything; the last title that was passed names the place.
fn collect(value: &Value, place: &str, found: &mut Vec<Expression>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, place, found)),
        Value::Object(fields) => {
            let title = fields.get("title").and_then(Value::as_str);
            let place = title.map_or_else(|| place.to_owned(), |title| format!("{place}: {title}"));
            if let Some(text) = fields.get("expr").and_then(Value::as_str) {
                found.push(Expression {
                    place: place.clone(),
                    text: text.to_owned(),
                });
            }
            if let Some(variable) = fields.get("definition").and_then(Value::as_str) {
                let text = variable.trim_start_matches("label_values(");
                let text = text.rsplit_once(',').map_or(text, |(series, _)| series);
                found.push(Expression {
                    place: place.clone(),
                    text: text.to_owned(),
                });
            }
            fields
                .values()
                .for_each(|field| collect(field, &place, found));
        }
        _ => {}
    }
}

/// Those of alerts and of recording rules.
pub fn rules() -> Result<Vec<Expression>> {
    let mut found = Vec::new();
    for file in ["recording.yml", "alerts.yml"] {
        let text =
            std::fs::read_to_string(rule_file(file)).with_context(|| format!("read {file}"))?;
        let texts = expressions_of_rules(&text);
        let rules = text.matches("- record:").count() + text.matches("- alert:").count();
        ensure!(
            texts.len() == rules,
            "{file} has {rules} rules, and {} expressions were found",
            texts.len()
        );
        found.extend(texts.into_iter().map(|text| Expression {
            place: file.to_owned(),
            text,
        }));
    }
    Ok(found)
}

/// The names under which recording rules keep their results.
pub fn recorded() -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(rule_file("recording.yml")).context("read recording.yml")?;
    let names = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "));
    Ok(names.map(str::to_owned).collect())
}

/// What follows `expr:` on its line, or deeper on the next ones. promtool has read these files as YAML; this reads their shape.
fn expressions_of_rules(text: &str) -> Vec<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(first) = line.trim_start().strip_prefix("expr:") else {
            continue;
        };
        let mut expression = match first.trim() {
            ">-" | "|-" => String::new(),
            whole => whole.to_owned(),
        };
        while let Some(more) = lines.next_if(|next| depth(next) > depth(line)) {
            expression.push(' ');
            expression.push_str(more.trim());
        }
        found.push(expression);
    }
    found
}

/// The metrics that an expression asks for: the words that are neither functions, nor labels, nor words of the language.
pub fn metrics_of(expression: &str) -> BTreeSet<String> {
    const LANGUAGE: [&str; 10] = [
        "and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "inf",
    ];
    let bare = without_labels(expression);
    let mut metrics = BTreeSet::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find(|c: char| is_of_name(c)) {
        let word_and_more = &rest[start..];
        let end = word_and_more
            .find(|c: char| !is_of_name(c))
            .unwrap_or(word_and_more.len());
        let (word, more) = word_and_more.split_at(end);
        let next = more.trim_start();
        let is_function = ["(", "by()", "without()", "by ()", "without ()"]
            .iter()
            .any(|list| next.starts_with(list));
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        if !is_function && !is_number && !LANGUAGE.contains(&word) {
            metrics.insert(word.to_owned());
        }
        rest = more;
    }
    metrics
}

/// Without what stands in braces, brackets and quotes, and without the lists of labels after `by` and its like.
fn without_labels(expression: &str) -> String {
    let mut bare = String::new();
    let mut closing = None;
    for c in expression.chars() {
        match closing {
            Some(end) if c == end => closing = None,
            Some(_) => {}
            None => match c {
                '{' => closing = Some('}'),
                '[' => closing = Some(']'),
                '(' if is_list_of_labels(&bare) => {
                    closing = Some(')');
                    // What follows is no list any more.
                    bare.push_str("()");
                }
                c => bare.push(c),
            },
        }
    }
    bare
}

fn is_list_of_labels(before: &str) -> bool {
    let last = before.trim_end().rsplit(|c: char| !is_of_name(c)).next();
    matches!(last, Some("by" | "without" | "on" | "ignoring"))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn rule_file(name: &str) -> PathBuf {
    root().join("deploy/prometheus").join(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/testkit is a folder of the checkout")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, metrics: &[&str]) {
        let found: Vec<String> = metrics_of(expression).into_iter().collect();
        assert_eq!(found, metrics, "{expression}");
    }

    #[test]
    fn metrics_are_told_from_functions_labels_and_words() {
        check("up", &["up"]);
        check(
            "sum by (le, job) (rate(a_total{b=\"c{\",d=~\"e}\"}[5m])) / b:c > 0.5",
            &["a_total", "b:c"],
        );
        check(
            "max(a) == 0 and on () (b offset 1h < bool 5) or vector(0)",
            &["a", "b"],
        );
        check(
            "histogram_quantile(0.99, sum without (x) (rate(a_bucket[$__rate_interval])))",
            &["a_bucket"],
        );
    }

    #[test]
    fn expressions_of_rules_may_have_several_lines() {
        let text = "rules:\n  - record: a\n    expr: b\n  - alert: c\n    expr: >-\n      d\n      + e\n    for: 1m\n";
        assert_eq!(expressions_of_rules(text), ["b", " d + e"]);
    }
}
