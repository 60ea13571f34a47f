//! The operating system: from the table, with the frozen versions left out, and the better word of a hint.

use std::sync::LazyLock;

use super::{clean, short_version, version};
use crate::hints::ClientHints;
use crate::patterns::PatternTable;

pub(super) static SYSTEMS: LazyLock<PatternTable> =
    LazyLock::new(|| PatternTable::new(include_str!("../../data/systems.tsv")));

/// Name and version. The fields of the table are the system, the major and the minor version.
pub(super) fn system(
    user_agent: &str,
    lowercase: &str,
    hints: &ClientHints<'_>,
) -> (String, String) {
    let (name, found_version) = match SYSTEMS.first_match(user_agent, lowercase) {
        Some(found) => {
            let name = clean(common_name(&found.resolve(0)));
            (name, os_version(&found.resolve(1), &found.resolve(2)))
        }
        None => (String::new(), String::new()),
    };
    let found_version = if is_frozen(lowercase) {
        String::new()
    } else {
        found_version
    };
    let Some(hinted) = hints.os() else {
        return (name, found_version);
    };
    // "Linux" is what a hint says of every distribution; the user agent may name the one.
    if hinted == "Linux" && is_distribution(&name) {
        return (name, found_version);
    }
    let hinted_version = hints.os_version().map(short_version);
    let same = hinted == name;
    let kept = if same { found_version } else { String::new() };
    (
        clean(hinted),
        hinted_version
            .filter(|text| !text.is_empty())
            .unwrap_or(kept),
    )
}

fn common_name(system: &str) -> &str {
    match system {
        "Mac OS X" | "Mac OS" => "macOS",
        "Chrome OS" => "ChromeOS",
        "Web0S" => "webOS",
        "Other" => "",
        other => other,
    }
}

/// Windows has versions without a number, such as "XP" and "Vista".
fn os_version(major: &str, minor: &str) -> String {
    match major {
        "XP" | "Vista" | "ME" | "NT" | "RT" | "CE" => major.to_owned(),
        "" => String::new(),
        _ => version(major, minor),
    }
}

/// The versions at which browsers stopped telling: macOS 10.15.7 since 2020, Android 10 of the model "K" since 2023.
fn is_frozen(lowercase: &str) -> bool {
    [
        "mac os x 10_15_7",
        "mac os x 10.15;",
        "mac os x 10.15)",
        "android 10; k)",
    ]
    .iter()
    .any(|frozen| lowercase.contains(frozen))
}

fn is_distribution(system: &str) -> bool {
    !matches!(
        system,
        "" | "Windows" | "macOS" | "iOS" | "Android" | "ChromeOS"
    )
}
