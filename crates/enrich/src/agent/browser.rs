//! The browser: its family from the table, its common name, and the better word of a hint.

use std::sync::LazyLock;

use super::{clean, short_version, version};
use crate::hints::ClientHints;
use crate::patterns::PatternTable;

pub(super) static BROWSERS: LazyLock<PatternTable> =
    LazyLock::new(|| PatternTable::new(include_str!("../../data/browsers.tsv")));

/// Name and version. The fields of the table are the family, the major and the minor version.
pub(super) fn browser(
    user_agent: &str,
    lowercase: &str,
    hints: &ClientHints<'_>,
) -> (String, String) {
    let (family, found_version) = match BROWSERS.first_match(user_agent, lowercase) {
        Some(found) => (
            found.resolve(0),
            version(&found.resolve(1), &found.resolve(2)),
        ),
        None => (String::new(), String::new()),
    };
    // Only where the user agent says no more than "some Chromium" can a hint know better: an in-app browser's own name is
    // in the user agent alone.
    let vague = matches!(family.as_str(), "" | "Chrome" | "Chrome Mobile");
    if let Some(brand) = hints.brand().filter(|_| vague) {
        return (clean(brand.name), short_version(brand.version));
    }
    (clean(common_name(&family)), found_version)
}

/// The device is a field of its own, so "Mobile" says nothing here.
fn common_name(family: &str) -> &str {
    match family {
        "Chrome Mobile" | "Chrome Mobile iOS" => "Chrome",
        "Mobile Safari" => "Safari",
        "Mobile Safari UI/WKWebView" => "Safari WebView",
        "Chrome Mobile WebView" => "Android WebView",
        "Firefox Mobile" | "Firefox iOS" => "Firefox",
        "Edge Mobile" => "Edge",
        "Opera Mobile" => "Opera",
        "DuckDuckGo Mobile" => "DuckDuckGo",
        "Brave Mobile" => "Brave",
        "HeadlessChrome" => "Headless Chrome",
        other => other,
    }
}
