//! `GET /openapi.json`: the interfaces for programs, described in OpenAPI 3.1. Kept by hand beside what it describes; tests compare it with
//! the routes and with the words of the language of figures.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

const DOCUMENT: &str = include_str!("openapi.json");

pub(crate) async fn show() -> Response {
    let mut response = DOCUMENT.into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::names;
    use serde_json::Value;

    /// The words of a list in the document.
    fn words(schema: &str) -> Vec<String> {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let list = document["components"]["schemas"][schema]["enum"].clone();
        serde_json::from_value(list).unwrap()
    }

    #[test]
    fn it_names_every_metric_and_dimension() {
        assert_eq!(words("Metric"), names::metrics().collect::<Vec<_>>());
        assert_eq!(words("Dimension"), names::dimensions().collect::<Vec<_>>());
        assert_eq!(words("Time"), names::times().collect::<Vec<_>>());
    }

    #[test]
    fn every_reference_in_it_leads_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut rest = DOCUMENT;
        let mut references = 0;
        while let Some((_, after)) = rest.split_once("\"$ref\": \"#") {
            let (pointer, after) = after.split_once('"').unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
            references += 1;
            rest = after;
        }
        assert!(references > 10, "{references}");
    }
}
