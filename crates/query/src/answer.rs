//! How a request is refused, and which form of an answer it wants.

use axum::response::{IntoResponse, Response};
use hgpixel_store::StoreError;
use hgpixel_telemetry::Problem;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, StatusCode};

/// A handler's refusal.
pub(crate) type Refusal = Problem;

/// The store failed: logged here, once; the client learns that it may come back.
pub(crate) fn store_failed(error: &StoreError) -> Refusal {
    tracing::warn!(error = %error, code = error.code(), "the store could not answer a page");
    Problem::unavailable("the database does not answer right now; try again in a moment")
}

pub(crate) fn bad_request(detail: impl Into<String>) -> Refusal {
    Problem::new(StatusCode::BAD_REQUEST, detail.into())
}

/// Any path that is not there.
pub(crate) async fn not_found() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path").into_response()
}

/// Whether the client is a browser that wants a page: it names `text/html`, which scripts and tools do not.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    weight(headers, &ACCEPT, "text/html") > 0
}

/// How much the client wants `kind` by the field `accept…`, in which it must name it: 0 (not named, or refused) to 1000. Wildcards are
/// nobody's wish.
pub(crate) fn weight(headers: &HeaderMap, field: &HeaderName, kind: &str) -> u16 {
    headers
        .get_all(field)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|range| weight_in(range, kind))
        .max()
        .unwrap_or(0)
}

fn weight_in(range: &str, kind: &str) -> Option<u16> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(kind) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let Some(quality) = quality else {
        return Some(1_000);
    };
    thousandths(quality)
}

/// `0`, `1` or `0.` and up to three digits, as RFC 9110 has it.
fn thousandths(quality: &str) -> Option<u16> {
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    let whole: u16 = whole.parse().ok()?;
    let decimals: u16 = format!("{decimals:0<3}").get(..3)?.parse().ok()?;
    Some(
        whole
            .checked_mul(1_000)?
            .saturating_add(decimals)
            .min(1_000),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn weight_of(accept: &'static str, kind: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        weight(&headers, &ACCEPT, kind)
    }

    #[test]
    fn a_kind_weighs_what_its_quality_says() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert_eq!(weight_of(browser, "text/html"), 1_000);
        assert_eq!(weight_of(browser, "application/xml"), 900);
        assert_eq!(weight_of(browser, "application/json"), 0);
        assert_eq!(
            weight_of("TEXT/html; charset=utf-8; q=0.25", "text/html"),
            250
        );
        assert_eq!(weight_of("text/html;q=0", "text/html"), 0);
        assert_eq!(weight_of("text/html;q=banana", "text/html"), 0);
        assert_eq!(weight_of("text/html;q=65.9", "text/html"), 1_000);
        assert_eq!(weight_of("*/*", "text/html"), 0);
    }
}
