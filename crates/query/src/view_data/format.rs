//! In which form `/view-data` answers.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::answer::weight;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Page,
    Json,
    Csv,
    NdJson,
}

impl Format {
    /// `?format=`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "html" => Self::Page,
            "json" => Self::Json,
            "csv" => Self::Csv,
            "ndjson" => Self::NdJson,
            _ => return None,
        })
    }

    /// The one that `Accept` names with the most weight; JSON when it names none, since only browsers name `text/html`.
    pub(crate) fn wanted_by(headers: &HeaderMap) -> Self {
        let kinds = [
            ("text/html", Self::Page),
            ("application/json", Self::Json),
            ("text/csv", Self::Csv),
            ("application/x-ndjson", Self::NdJson),
        ];
        let mut best = (0, Self::Json);
        for (kind, format) in kinds {
            let weight = weight(headers, &ACCEPT, kind);
            if weight > best.0 {
                best = (weight, format);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::ACCEPT;

    #[test]
    fn the_most_wanted_form_wins() {
        let check = |accept: &str, format: Format| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::wanted_by(&headers), format, "{accept}");
        };
        check(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Format::Page,
        );
        check(
            "application/json, text/javascript, */*; q=0.01",
            Format::Json,
        );
        check("text/csv", Format::Csv);
        check("text/html;q=0.5, application/x-ndjson", Format::NdJson);
        check("*/*", Format::Json);
        check("image/png", Format::Json);
        assert_eq!(Format::wanted_by(&HeaderMap::new()), Format::Json);
    }
}
