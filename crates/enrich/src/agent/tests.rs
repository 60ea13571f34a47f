use proptest::prelude::*;

use super::*;
use crate::patterns::PatternTable;
use crate::patterns::tests::{check_candidates, check_patterns};

/// "Chrome 140 | Windows 10 | desktop", and the reason for a bot at the end.
fn shown(agent: &Agent) -> String {
    let with_version = |name: &str, version: &str| format!("{name} {version}").trim().to_owned();
    let browser = with_version(&agent.browser, &agent.browser_version);
    let os = with_version(&agent.os, &agent.os_version);
    let bot = agent
        .bot
        .map_or(String::new(), |reason| format!(" | {}", reason.as_str()));
    format!("{browser} | {os} | {}{bot}", agent.device.as_str())
}

fn check(user_agent: &str, expected: &str) {
    check_hinted(user_agent, &ClientHints::default(), expected);
}

fn check_hinted(user_agent: &str, hints: &ClientHints<'_>, expected: &str) {
    let agent = AgentParser::new(8).parse(user_agent, hints);
    assert_eq!(shown(&agent), expected, "of {user_agent:?} with {hints:?}");
}

const WINDOWS_CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const ANDROID_CHROME: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

#[test]
fn desktop_browsers() {
    check(WINDOWS_CHROME, "Chrome 140 | Windows 10 | desktop");
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
        "Chrome 139 | macOS | desktop",
    );
    check(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Chrome 140 | Linux | desktop",
    );
    check(
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Chrome 138 | ChromeOS 14541 | desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "Firefox 143 | Windows 10 | desktop",
    );
    check(
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Firefox 128 | Ubuntu | desktop",
    );
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0",
        "Firefox 143 | macOS | desktop",
    );
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Safari 18.5 | macOS | desktop",
    );
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.2 Safari/605.1.15",
        "Safari 13.1 | macOS 10.13 | desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
        "Edge 140 | Windows 10 | desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0",
        "Opera 122 | Windows 10 | desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Vivaldi/7.5.3735.54",
        "Vivaldi 7.5 | Windows 10 | desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 YaBrowser/25.6.0.0 Safari/537.36",
        "Yandex Browser 25.6 | Windows 10 | desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "IE 11 | Windows 7 | desktop",
    );
    check(
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; .NET CLR 3.5.30729; Tablet PC 2.0)",
        "IE 8 | Windows 7 | desktop",
    );
}

#[test]
fn telephones() {
    check(ANDROID_CHROME, "Chrome 140 | Android | mobile");
    check(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.113 Mobile Safari/537.36",
        "Chrome 125 | Android 14 | mobile",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Safari 18.5 | iOS 18.5 | mobile",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1",
        "Chrome 138 | iOS 18.5 | mobile",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
        "Firefox 140 | iOS 17.4 | mobile",
    );
    check(
        "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
        "Firefox 140 | Android 15 | mobile",
    );
    check(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet 28 | Android | mobile",
    );
    check(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0",
        "Edge 140 | Android | mobile",
    );
    check(
        "Mozilla/5.0 (Linux; Android 13; CUBOT P80 Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.43 Mobile Safari/537.36",
        "Android WebView 120 | Android 13 | mobile",
    );
}

#[test]
fn browsers_inside_applications_are_people() {
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 330.0.3.29.90 (iPhone14,5; iOS 17_5; en_US; en; scale=3.00; 1170x2532; 598808566)",
        "Instagram 330 | iOS 17.5 | mobile",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/20G75 [FBAN/FBIOS;FBAV/425.0.0.29.66;FBBV/496612111;FBDV/iPhone12,1;FBMD/iPhone;FBSN/iOS;FBSV/16.6;FBSS/2;FBID/phone;FBLC/de_DE;FBOP/5]",
        "Facebook 425 | iOS 16.6 | mobile",
    );
    check(
        "Mozilla/5.0 (Linux; Android 13; SM-S911B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/467.0.0.49.110;]",
        "Facebook 467 | Android 13 | mobile",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Safari WebView | iOS 18 | mobile",
    );
    check(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/372.0.761331233 Mobile/15E148 Safari/604.1",
        "Google 372 | iOS 17 | mobile",
    );
}

#[test]
fn tablets_televisions_and_consoles() {
    check(
        "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        "Safari 16.6 | iOS 16.7 | tablet",
    );
    check(
        "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Chrome 126 | Android 14 | tablet",
    );
    check(
        "Mozilla/5.0 (Linux; Android 9; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/126.2.1 like Chrome/126.0.6478.71 Safari/537.36",
        "Amazon Silk 126.2 | Android 9 | tablet",
    );
    check(
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.211 Safari/537.36 WebAppManager",
        "Chrome 108 | webOS | tv",
    );
    check(
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.5 TV Safari/537.36",
        "Safari | Tizen 6.5 | tv",
    );
    check(
        "Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7633; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0.5615.213 Mobile Safari/537.36",
        "Android WebView 112 | Android 9 | tv",
    );
    check(
        "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15",
        "Safari 15.4 |  | other",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edge/44.18363.8131",
        "Edge 44.18363 | Windows 10 | other",
    );
}

#[test]
fn bots_keep_their_names() {
    check(
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Googlebot 2.1 |  | bot | crawler",
    );
    check(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "GPTBot 1.2 |  | bot | ai_crawler",
    );
    check(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0 Safari/537.36",
        "Headless Chrome 138 | Linux | bot | headless",
    );
    check("curl/8.5.0", "curl 8.5 |  | bot | http_library");
    check("", " |  | bot | empty_agent");
}

#[test]
fn hints_tell_what_the_user_agent_hides() {
    let hints = ClientHints {
        brands: r#""Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140""#,
        platform: "\"Windows\"",
        platform_version: "\"15.0.0\"",
        mobile: false,
    };
    check_hinted(WINDOWS_CHROME, &hints, "Chrome 140 | Windows 11 | desktop");
    check_hinted(
        WINDOWS_CHROME,
        &ClientHints {
            platform_version: "10.0.0",
            ..hints
        },
        "Chrome 140 | Windows 10 | desktop",
    );
    let brave = ClientHints {
        brands: r#""Not)A;Brand";v="8", "Chromium";v="138", "Brave";v="138""#,
        ..hints
    };
    check_hinted(WINDOWS_CHROME, &brave, "Brave 138 | Windows 11 | desktop");
    let phone = ClientHints {
        platform: "\"Android\"",
        platform_version: "\"15.0.0\"",
        mobile: true,
        ..hints
    };
    check_hinted(ANDROID_CHROME, &phone, "Chrome 140 | Android 15 | mobile");
}

#[test]
fn a_telephone_that_asks_for_desktop_pages_is_known_by_its_hints() {
    let hints = ClientHints {
        platform: "\"Android\"",
        mobile: true,
        ..ClientHints::default()
    };
    let desktop_site = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    check_hinted(desktop_site, &hints, "Chrome 140 | Android | mobile");
}

#[test]
fn a_hint_does_not_hide_the_application() {
    let hints = ClientHints {
        brands: r#""Chromium";v="125", "Android WebView";v="125""#,
        mobile: true,
        ..ClientHints::default()
    };
    check_hinted(
        "Mozilla/5.0 (Linux; Android 13; SM-S911B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 Instagram 330.0.0.40.92 Android",
        &hints,
        "Instagram 330 | Android 13 | mobile",
    );
}

#[test]
fn a_linux_hint_keeps_the_distribution() {
    let hints = ClientHints {
        platform: "\"Linux\"",
        platform_version: "\"6.8.0\"",
        ..ClientHints::default()
    };
    let ubuntu = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    check_hinted(ubuntu, &hints, "Firefox 128 | Ubuntu | desktop");
}

#[test]
fn headless_chrome_is_known_by_its_hints() {
    let hints = ClientHints {
        brands: r#""HeadlessChrome";v="140", "Chromium";v="140""#,
        ..ClientHints::default()
    };
    let agent = AgentParser::new(0).parse(WINDOWS_CHROME, &hints);
    assert_eq!(
        (agent.bot, agent.device),
        (Some(BotReason::Headless), DeviceClass::Bot)
    );
}

#[test]
fn an_answer_is_remembered_by_agent_and_hints() {
    let parser = AgentParser::new(100);
    let plain = parser.parse(WINDOWS_CHROME, &ClientHints::default());
    assert!(Arc::ptr_eq(
        &plain,
        &parser.parse(WINDOWS_CHROME, &ClientHints::default())
    ));

    let hints = ClientHints {
        platform: "Windows",
        platform_version: "15",
        ..ClientHints::default()
    };
    let hinted = parser.parse(WINDOWS_CHROME, &hints);
    assert_eq!(
        (plain.os_version.as_str(), hinted.os_version.as_str()),
        ("10", "11")
    );
    assert!(Arc::ptr_eq(&hinted, &parser.parse(WINDOWS_CHROME, &hints)));
}

#[test]
fn what_follows_the_limit_is_not_looked_at() {
    let long = format!("{WINDOWS_CHROME} {}Googlebot/2.1", "é".repeat(400));
    check(&long, "Chrome 140 | Windows 10 | desktop");
}

#[test]
fn classes_are_known_by_their_names() {
    for class in DeviceClass::ALL {
        assert_eq!(DeviceClass::parse(class.as_str()), Some(*class));
    }
}

#[test]
fn every_pattern_compiles() {
    check_patterns(&browser::BROWSERS, 362);
    check_patterns(&system::SYSTEMS, 201);
}

/// The needed texts are computed by a script at another time; this holds them against the patterns themselves.
#[test]
fn no_row_that_would_match_is_left_out() {
    for line in include_str!("../../data/samples.tsv").lines() {
        let user_agent = line.split('\t').next().unwrap();
        check_candidates(&browser::BROWSERS, user_agent);
        check_candidates(&system::SYSTEMS, user_agent);
    }
}

/// Upstream's own tests hold.
#[test]
fn families_are_those_of_upstream() {
    for line in include_str!("../../data/samples.tsv").lines() {
        let cells: Vec<_> = line.split('\t').collect();
        let (user_agent, family, os) = (cells[0], cells[1], cells[2]);
        check_family(&browser::BROWSERS, user_agent, family);
        check_family(&system::SYSTEMS, user_agent, os);
    }
}

fn check_family(table: &PatternTable, user_agent: &str, expected: &str) {
    if expected != "-" {
        let found = table.first_match(user_agent, &user_agent.to_ascii_lowercase());
        assert_eq!(
            found.map_or("Other".into(), |found| found.resolve(0)),
            expected,
            "of {user_agent:?}"
        );
    }
}

proptest! {
    #[test]
    fn never_panics_and_stays_bounded(agent in "\\PC{0,600}", brands in "\\PC{0,300}", platform in "\\PC{0,30}", mobile: bool) {
        let hints = ClientHints { brands: &brands, platform: &platform, platform_version: &platform, mobile };
        let agent = AgentParser::new(1).parse(&agent, &hints);
        for name in [&agent.browser, &agent.browser_version, &agent.os, &agent.os_version] {
            prop_assert!(name.len() <= Agent::NAME_BYTES_MAX);
        }
    }

    #[test]
    fn no_row_that_would_match_is_left_out_of_mixtures(
        words in proptest::collection::vec("(Mozilla/5.0|\\(|\\)|;| |Chrome/|Safari/|Mobile|Android|iPhone OS |Edg/|OPR/|Version/|Firefox/|[0-9]{1,3}|[._])", 1..20),
    ) {
        let user_agent = words.concat();
        check_candidates(&browser::BROWSERS, &user_agent);
        check_candidates(&system::SYSTEMS, &user_agent);
    }
}
