//! A hit: what a request says beside its beacon. It holds the client's address, so it lives in memory, for one request.

use std::borrow::Cow;

use hgpixel_telemetry::http::Client;
use http::header::{ACCEPT_LANGUAGE, DNT, ORIGIN, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName};

const SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");
const SEC_CH_UA: HeaderName = HeaderName::from_static("sec-ch-ua");
const SEC_CH_UA_MOBILE: HeaderName = HeaderName::from_static("sec-ch-ua-mobile");
const SEC_CH_UA_PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");

/// A request's client, time and headers.
#[derive(Clone, Copy)]
pub(crate) struct Hit<'a> {
    pub(crate) client: Client,
    /// When the server received it, in milliseconds since 1970 UTC.
    pub(crate) received_ms: i64,
    headers: &'a HeaderMap,
}

impl<'a> Hit<'a> {
    pub(crate) fn new(client: Client, received_ms: i64, headers: &'a HeaderMap) -> Self {
        Self {
            client,
            received_ms,
            headers,
        }
    }

    pub(crate) fn user_agent(&self) -> Cow<'a, str> {
        self.text(&USER_AGENT)
    }

    pub(crate) fn accept_language(&self) -> Cow<'a, str> {
        self.text(&ACCEPT_LANGUAGE)
    }

    pub(crate) fn referer(&self) -> Cow<'a, str> {
        self.text(&REFERER)
    }

    /// Where the page is that sends: its origin, or, for what browsers send without one (a picture), that of the referrer. Empty if
    /// neither is told.
    pub(crate) fn origin(&self) -> String {
        match self.headers.get(ORIGIN) {
            Some(origin) => String::from_utf8_lossy(origin.as_bytes()).into_owned(),
            None => url::Url::parse(&self.referer())
                .map(|referer| referer.origin().ascii_serialization())
                .unwrap_or_default(),
        }
    }

    pub(crate) fn brands(&self) -> Cow<'a, str> {
        self.text(&SEC_CH_UA)
    }

    pub(crate) fn platform(&self) -> Cow<'a, str> {
        self.text(&SEC_CH_UA_PLATFORM)
    }

    pub(crate) fn is_mobile(&self) -> bool {
        self.is(&SEC_CH_UA_MOBILE, "?1")
    }

    /// Whether the browser says, by Global Privacy Control or Do Not Track, that its user opted out.
    pub(crate) fn opted_out(&self) -> bool {
        self.is(&SEC_GPC, "1") || self.is(&DNT, "1")
    }

    /// Whether the browser fetches ahead of a visit that may never happen.
    pub(crate) fn is_prefetch(&self) -> bool {
        const HEADERS: [HeaderName; 3] = [
            HeaderName::from_static("sec-purpose"),
            HeaderName::from_static("purpose"),
            HeaderName::from_static("x-moz"),
        ];
        HEADERS
            .iter()
            .any(|name| self.text(name).starts_with("prefetch"))
    }

    fn is(&self, name: &HeaderName, value: &str) -> bool {
        self.headers.get(name).is_some_and(|found| found == value)
    }

    /// Some clients send bytes beyond ASCII; what is no UTF-8 becomes U+FFFD.
    fn text(&self, name: &HeaderName) -> Cow<'a, str> {
        let value = self.headers.get(name);
        value.map_or(Cow::Borrowed(""), |value| {
            String::from_utf8_lossy(value.as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value).unwrap();
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    fn check(pairs: &[(&'static str, &[u8])], read: impl Fn(Hit<'_>) -> bool) {
        let headers = headers(pairs);
        let client = Client {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            unlimited: true,
        };
        assert!(read(Hit::new(client, 0, &headers)), "{pairs:?}");
    }

    #[test]
    fn an_opt_out_is_exactly_one() {
        check(&[("sec-gpc", b"1")], |hit| hit.opted_out());
        check(&[("dnt", b"1")], |hit| hit.opted_out());
        check(&[("dnt", b"0"), ("sec-gpc", b"0")], |hit| !hit.opted_out());
        check(&[("dnt", b"unspecified")], |hit| !hit.opted_out());
        check(&[], |hit| !hit.opted_out());
    }

    #[test]
    fn a_page_is_known_by_its_origin_or_by_its_referrer() {
        let origin: &[u8] = b"https://shop.example";
        check(
            &[("origin", origin), ("referer", b"https://x.example/")],
            |hit| hit.origin() == "https://shop.example",
        );
        check(&[("referer", b"https://shop.example/cart?a=b")], |hit| {
            hit.origin() == "https://shop.example"
        });
        check(&[("origin", b"null"), ("referer", origin)], |hit| {
            hit.origin() == "null"
        });
        check(&[("referer", b"cart")], |hit| hit.origin().is_empty());
        check(&[], |hit| hit.origin().is_empty());
    }

    #[test]
    fn headers_that_are_no_text_do_no_harm() {
        check(&[("user-agent", b"A\xff")], |hit| {
            hit.user_agent() == "A\u{FFFD}"
        });
        check(&[("user-agent", "Ä".as_bytes())], |hit| {
            hit.user_agent() == "Ä"
        });
        check(&[], |hit| hit.user_agent().is_empty());
    }

    #[test]
    fn a_prefetch_says_so_in_one_of_three_ways() {
        check(&[("sec-purpose", b"prefetch;prerender")], |hit| {
            hit.is_prefetch()
        });
        check(&[("purpose", b"prefetch")], |hit| hit.is_prefetch());
        check(&[("x-moz", b"prefetch")], |hit| hit.is_prefetch());
        check(&[], |hit| !hit.is_prefetch());
    }
}
