//! No other site may act in a visitor's name: every request with an unsafe method must come from our own pages or from no page at
//! all.
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site`, and older ones in `Origin`; both are out of a page's reach. A
//! client that sends neither is no browser, or a very old one: then it must not carry our cookie, which is all that could be abused.
//! The cookie's `SameSite=Lax` stands beside this.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hgpixel_telemetry::Problem;
use http::header::{COOKIE, HOST, ORIGIN};
use http::{HeaderMap, StatusCode};

use crate::state::App;

/// Wraps every route, so that a new one cannot be forgotten.
pub(crate) async fn refuse_foreign(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() || is_our_own(request.headers(), app.public_url.origin()) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "this request was begun by a page of another site",
    )
    .into_response()
}

fn is_our_own(headers: &HeaderMap, public_origin: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match (text(SEC_FETCH_SITE.clone()), text(ORIGIN)) {
        // "none": typed, or from a bookmark.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            origin == public_origin || text(HOST).is_some_and(|host| is_origin_of(origin, host))
        }
        (None, None) => !headers.contains_key(COOKIE),
    }
}

/// Whether `origin` is `host` under either scheme: a proxy may have taken TLS off, and then we cannot tell which.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let rest = origin
        .strip_prefix("https://")
        .or(origin.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

static SEC_FETCH_SITE: http::HeaderName = http::HeaderName::from_static("sec-fetch-site");

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(headers: &[(&'static str, &'static str)], is_ours: bool) {
        let map = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(
            is_our_own(&map, "https://stats.example.com"),
            is_ours,
            "{headers:?}"
        );
    }

    #[test]
    fn only_our_own_pages_and_no_page_at_all() {
        check(
            &[("sec-fetch-site", "same-origin"), ("cookie", "a=b")],
            true,
        );
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://stats.example.com"),
            ],
            false,
        );
        check(&[("origin", "https://stats.example.com")], true);
        check(
            &[("origin", "https://stats.example.com.evil.example")],
            false,
        );
        check(
            &[
                ("origin", "http://127.0.0.1:5000"),
                ("host", "127.0.0.1:5000"),
            ],
            true,
        );
        check(
            &[
                ("origin", "https://evil.example"),
                ("host", "127.0.0.1:5000"),
            ],
            false,
        );
        check(&[("origin", "null"), ("host", "127.0.0.1:5000")], false);
        check(&[], true);
        check(&[("cookie", "a=b")], false);
    }
}
