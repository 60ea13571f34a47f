//! The kind of device, from the few words that tell it.
//!
//! An iPad asks for desktop pages and calls itself a Macintosh: it is counted as a desktop. Only its touch points betray it,
//! and those the server does not see.

use crate::hints::ClientHints;

/// What a page is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    Desktop,
    Mobile,
    Tablet,
    Tv,
    /// Not a device: the visit was a machine's.
    Bot,
    /// Game consoles, watches, readers, cars, and what cannot be told.
    Other,
}

impl DeviceClass {
    /// Every class.
    pub const ALL: &[Self] = &[
        Self::Desktop,
        Self::Mobile,
        Self::Tablet,
        Self::Tv,
        Self::Bot,
        Self::Other,
    ];

    /// The stable name, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Tv => "tv",
            Self::Bot => "bot",
            Self::Other => "other",
        }
    }

    /// The class of that stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|class| class.as_str() == text)
    }
}

/// The order matters: a television's user agent also says "Android" or "Linux", a console's "Windows".
pub(super) fn device(lowercase: &str, os: &str, hints: &ClientHints<'_>) -> DeviceClass {
    let says = |words: &[&str]| words.iter().any(|word| lowercase.contains(word));
    if says(TV) || is_fire_tv(lowercase) {
        return DeviceClass::Tv;
    }
    if says(OTHER) {
        return DeviceClass::Other;
    }
    if says(TABLET) {
        return DeviceClass::Tablet;
    }
    if hints.mobile || says(MOBILE) {
        return DeviceClass::Mobile;
    }
    // An Android that is not mobile is a tablet: that is how Google tells makers to mark them.
    if lowercase.contains("android") || os == "Android" {
        return DeviceClass::Tablet;
    }
    if says(DESKTOP) || matches!(os, "Windows" | "macOS" | "Linux" | "ChromeOS") {
        return DeviceClass::Desktop;
    }
    DeviceClass::Other
}

const TV: &[&str] = &[
    "smart-tv",
    "smarttv",
    "smart tv",
    "googletv",
    "google tv",
    "android tv",
    "appletv",
    "apple tv",
    "hbbtv",
    "netcast",
    "web0s",
    "webos.tv",
    "roku",
    "bravia",
    "viera",
    "crkey",
    "opera tv",
    "philipstv",
    "vidaa",
    "tizen tv",
    "; tv",
    "dtv",
    "aquos-tv",
];

const OTHER: &[&str] = &[
    "playstation",
    "xbox",
    "nintendo",
    "apple watch",
    "applewatch",
    "watchos",
    "wear os",
    "oculusbrowser",
    "tesla/",
    "qtcarbrowser",
    "kobo touch",
];

const TABLET: &[&str] = &[
    "ipad",
    "tablet",
    "kindle",
    "playbook",
    "silk-accelerated",
    "nexus 7",
    "nexus 9",
    "nexus 10",
    "sm-t",
    "sm-x",
    "gt-p",
    "kftt",
    "kfot",
    "kfso",
    "kfth",
    "kfap",
    "kfau",
    "kftr",
    "mediapad",
    "matepad",
    "mipad",
    "xoom",
];

const MOBILE: &[&str] = &[
    "iphone",
    "ipod",
    "mobile",
    "windows phone",
    "opera mini",
    "opera mobi",
    "blackberry",
    "bb10",
    "webos/",
    "symbian",
    "kaios",
    "ucweb",
    "series60",
    "fennec",
    "iemobile",
];

const DESKTOP: &[&str] = &[
    "windows nt",
    "win64",
    "macintosh",
    "x11",
    "cros ",
    "linux x86_64",
    "freebsd",
    "openbsd",
    "netbsd",
    "sunos",
    "haiku",
];

/// Amazon's televisions and sticks have models that begin with AFT: `AFTMM`, `AFTSSS`.
fn is_fire_tv(lowercase: &str) -> bool {
    lowercase.contains("; aft")
}
