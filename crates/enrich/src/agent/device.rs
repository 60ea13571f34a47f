//! The kind of device, from the few words that tell it.
//!
//! An iPad asks for desktop pages and calls itself a Macintosh: it is counted as a desktop. Only its touch points betray it,
//! and those the server does not see.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

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

/// The class of the first line of [`WORDS`] of which a word is found; a hint is as good as a word for mobile.
pub(super) fn device(lowercase: &str, os: &str, hints: &ClientHints<'_>) -> DeviceClass {
    let (words, line_of_word) = &*AUTOMATON;
    let found = words.find_overlapping_iter(lowercase);
    let lines = found.map(|word| line_of_word[word.pattern().as_usize()]);
    let hinted = hints.mobile.then_some(MOBILE_LINE);
    if let Some(line) = lines.chain(hinted).min() {
        return WORDS[line].0;
    }
    match os {
        "Android" => DeviceClass::Tablet,
        "Windows" | "macOS" | "Linux" | "ChromeOS" => DeviceClass::Desktop,
        _ => DeviceClass::Other,
    }
}

/// The words of each class, separated by commas. The order matters: a television's user agent also says "Android" or "Linux",
/// a console's "Windows". "Tablet PC" is what Windows 7 said of any computer with a touch screen. The models of Amazon's
/// televisions begin with "AFT". An Android that is not mobile is a tablet: that is how Google tells makers to mark them.
const WORDS: &[(DeviceClass, &str)] = &[
    (
        DeviceClass::Tv,
        "smart-tv,smarttv,smart tv,googletv,google tv,android tv,appletv,apple tv,opera tv,philipstv,tizen tv",
    ),
    (
        DeviceClass::Tv,
        "hbbtv,netcast,web0s,webos.tv,roku,bravia,viera,crkey,vidaa,; tv,dtv,aquos-tv,; aft",
    ),
    (
        DeviceClass::Other,
        "playstation,xbox,nintendo,applewatch,apple watch,watchos,wear os,oculusbrowser,tesla/,qtcarbrowser",
    ),
    (DeviceClass::Desktop, "tablet pc"),
    (
        DeviceClass::Tablet,
        "ipad,tablet,kindle,playbook,silk-accelerated,nexus 7,nexus 9,nexus 10,xoom",
    ),
    (
        DeviceClass::Tablet,
        "sm-t,sm-x,gt-p,kftt,kfot,kfso,kfth,kfap,kfau,kftr,mediapad,matepad,mipad",
    ),
    (
        DeviceClass::Mobile,
        "iphone,ipod,mobile,windows phone,opera mini,opera mobi,blackberry,bb10,webos/,symbian,ucweb,series60",
    ),
    (DeviceClass::Tablet, "android"),
    (
        DeviceClass::Desktop,
        "windows nt,win64,macintosh,x11,cros ,linux x86_64,freebsd,openbsd,netbsd,sunos,haiku",
    ),
];
const MOBILE_LINE: usize = 6;

/// The words of all lines, and the line of each.
static AUTOMATON: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
    let lines = WORDS.iter().enumerate();
    let words = lines.flat_map(|(line, (_, words))| words.split(',').map(move |word| (word, line)));
    let (words, line_of_word): (Vec<_>, Vec<_>) = words.unzip();
    (
        AhoCorasick::new(words).expect("the words are few and short"),
        line_of_word,
    )
});
