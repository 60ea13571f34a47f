//! Reading what Prometheus would read.

use std::collections::BTreeMap;

/// Samples of the text exposition format by name and labels as they stand: `hgpixel_http_requests_total{route="/track",status="204"}`.
///
/// Comments and lines that are no sample are left out.
pub fn parse_metrics(text: &str) -> BTreeMap<String, f64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(sample)
        .collect()
}

/// The value is what follows the last brace or, without labels, the first blank; a time stamp may follow it.
fn sample(line: &str) -> Option<(String, f64)> {
    let end = line
        .rfind('}')
        .map(|brace| brace + 1)
        .or_else(|| line.find(' '))?;
    let value = line[end..].split_whitespace().next()?.parse().ok()?;
    Some((line[..end].to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_by_name_and_labels() {
        let found = parse_metrics(
            "# HELP a Is a.\n# TYPE a counter\na 3\nb{path=\"a b } c\",le=\"+Inf\"} 2.5e3 1700000000000\n\nc +Inf\nnonsense\n",
        );
        let expected = [
            ("a", 3.0),
            ("b{path=\"a b } c\",le=\"+Inf\"}", 2500.0),
            ("c", f64::INFINITY),
        ];
        assert_eq!(
            found,
            expected
                .map(|(name, value)| (name.to_owned(), value))
                .into()
        );
    }
}
