//! The cookie of a login: the value of a session, which the store knows.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::public_url::PublicUrl;

/// The store lets no session live longer.
const LIFETIME_S: u32 = 7 * 24 * 60 * 60;

pub(crate) fn read_cookie<'a>(headers: &'a HeaderMap, url: &PublicUrl) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == cookie_name(url))
        .map(|(_, value)| value)
}

/// `None` for a value that no cookie can carry, which ours never are.
pub(crate) fn login_cookie(value: &str, url: &PublicUrl) -> Option<HeaderValue> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().all(is_plain).then_some(())?;
    HeaderValue::from_str(&cookie(value, LIFETIME_S, url)).ok()
}

pub(crate) fn cleared_cookie(url: &PublicUrl) -> HeaderValue {
    HeaderValue::from_str(&cookie("", 0, url)).expect("a cookie's attributes are ASCII")
}

fn cookie(value: &str, lifetime_s: u32, url: &PublicUrl) -> String {
    let name = cookie_name(url);
    let secure = if url.wants_secure_cookies() {
        "; Secure"
    } else {
        ""
    };
    format!("{name}={value}; Path=/; Max-Age={lifetime_s}; HttpOnly; SameSite=Lax{secure}")
}

/// The prefix makes browsers refuse the cookie unless it is Secure and of this very host.
fn cookie_name(url: &PublicUrl) -> &'static str {
    if url.wants_secure_cookies() {
        "__Host-hgpixel"
    } else {
        "hgpixel"
    }
}
