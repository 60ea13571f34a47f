//! A page's address, as it is stored: absolute, http or https, without user info and fragment.
//!
//! It is written the way browsers write `location.href` (the WHATWG URL standard), so that what a browser sends stays as it is and
//! what a third party sends meets it.

use hgpixel_event::limits::URL_BYTES_MAX;
use url::Url;

use crate::beacon::Invalid;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageUrl {
    /// At most [`URL_BYTES_MAX`] bytes of ASCII.
    pub(crate) text: String,
    /// Without port, in lower case, IDNs in Punycode.
    pub(crate) host: String,
    pub(crate) cut: bool,
}

impl PageUrl {
    /// Reads an address; `None` for an empty text.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, Invalid> {
        if text.is_empty() {
            return Ok(None);
        }
        let mut url = Url::parse(text).map_err(|_| not_a_page())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(not_a_page());
        }
        let host = url.host_str().ok_or_else(not_a_page)?.to_owned();
        if url.has_authority() && (!url.username().is_empty() || url.password().is_some()) {
            // Both can fail only for addresses without a host, which are refused above.
            url.set_username("").map_err(|()| not_a_page())?;
            url.set_password(None).map_err(|()| not_a_page())?;
        }
        if url.fragment().is_some() {
            url.set_fragment(None);
        }
        let mut text = String::from(url);
        let cut = text.len() > URL_BYTES_MAX;
        if cut {
            text.truncate(whole_escapes(&text, URL_BYTES_MAX));
        }
        Ok(Some(Self { text, host, cut }))
    }
}

/// The path of an address as [`PageUrl`] writes it.
pub(crate) fn path(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let rest = &url[after_scheme..];
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let end = path.find(['?', '#']).unwrap_or(path.len());
    &path[..end]
}

fn not_a_page() -> Invalid {
    Invalid::new("`url` must be an absolute http or https address")
}

/// The length up to which no percent escape is cut in two. The text is ASCII.
fn whole_escapes(text: &str, bytes_max: usize) -> usize {
    let last_two = &text.as_bytes()[bytes_max - 2..bytes_max];
    match last_two {
        [b'%', _] => bytes_max - 2,
        [_, b'%'] => bytes_max - 1,
        _ => bytes_max,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_what_stands_between_host_and_query() {
        assert_eq!(path("https://a.example/x/y?z=/q"), "/x/y");
        assert_eq!(path("https://a.example/"), "/");
        assert_eq!(path("https://a.example:8080/%20"), "/%20");
        assert_eq!(path(""), "");
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(PageUrl::parse(text).unwrap().unwrap().text, expected);
    }

    #[test]
    fn what_a_browser_sends_stays_as_it_is() {
        for text in [
            "https://example.com/",
            "http://localhost:8080/a/b?c=d&e=%20#"
                .strip_suffix('#')
                .unwrap(),
            "https://xn--bcher-kva.example/%C3%A4?q=%27x%27|y",
            "http://[2001:db8::1]/",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn user_info_and_fragment_go() {
        check(
            "https://anna:secret@example.com/a#token=1",
            "https://example.com/a",
        );
        check("https://anna@example.com", "https://example.com/");
        check("https://example.com/#", "https://example.com/");
        check(
            "HTTPS://EXAMPLE.com:443/ä b",
            "https://example.com/%C3%A4%20b",
        );
    }

    #[test]
    fn anything_but_an_absolute_web_address_is_refused() {
        for text in [
            "/relative",
            "//example.com/",
            "example.com",
            "about:blank",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "chrome-extension://abc/page.html",
            "http://",
            "https://exa mple.com/",
            "https://example.com:99999/",
            "🙂",
        ] {
            assert!(PageUrl::parse(text).is_err(), "{text}");
        }
        assert_eq!(PageUrl::parse(""), Ok(None));
    }

    #[test]
    fn an_address_is_cut_at_its_limit_and_between_escapes() {
        let base = "https://example.com/";
        let fits = format!("{base}{}", "a".repeat(URL_BYTES_MAX - base.len()));
        check(&fits, &fits);
        assert!(!PageUrl::parse(&fits).unwrap().unwrap().cut);
        let long = PageUrl::parse(&format!("{fits}b")).unwrap().unwrap();
        assert_eq!((long.text, long.cut), (fits.clone(), true));
        for kept in 0..3 {
            let whole = &fits[..URL_BYTES_MAX - kept];
            let url = PageUrl::parse(&format!("{whole}%20x")).unwrap().unwrap();
            assert_eq!(url.text, whole, "{kept} bytes before the limit");
        }
    }

    #[test]
    fn the_host_has_no_port() {
        let host = |text: &str| PageUrl::parse(text).unwrap().unwrap().host;
        assert_eq!(host("https://Example.com:8443/"), "example.com");
        assert_eq!(host("https://bücher.example/"), "xn--bcher-kva.example");
        assert_eq!(host("http://[::1]:80/"), "[::1]");
    }

    proptest! {
        #[test]
        fn never_panics_and_never_exceeds_its_limit(text in any::<String>()) {
            drop(PageUrl::parse(&text));
            let long = format!("https://e.example/{}{text}", "é".repeat(1_000));
            let url = PageUrl::parse(&long).unwrap().unwrap();
            prop_assert!(url.text.len() <= URL_BYTES_MAX && url.text.is_ascii());
        }

        #[test]
        fn a_stored_address_reads_back_the_same(path in "[a-zA-Z0-9/?&=%#.~ ]{0,80}") {
            let once = PageUrl::parse(&format!("https://example.com/{path}")).unwrap().unwrap();
            let twice = PageUrl::parse(&once.text).unwrap().unwrap();
            prop_assert_eq!(once, twice);
        }
    }
}
