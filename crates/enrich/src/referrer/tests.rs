use proptest::prelude::*;

use super::*;
use crate::campaign::campaign;

/// "Google search www.google.com".
fn shown(source: &Source) -> String {
    format!("{} {} {}", source.name, source.medium.as_str(), source.host)
        .trim()
        .to_owned()
}

fn check(referrer: &str, expected: &str) {
    assert_eq!(
        shown(&source(referrer, "www.example.com")),
        expected,
        "of {referrer:?}"
    );
}

#[test]
fn search_engines() {
    check("https://www.google.com/", "Google search www.google.com");
    check(
        "https://www.google.co.uk/search?q=secret",
        "Google search www.google.co.uk",
    );
    check("https://google.de", "Google search google.de");
    check("https://www.bing.com/", "Bing search www.bing.com");
    check(
        "https://duckduckgo.com/",
        "DuckDuckGo search duckduckgo.com",
    );
    check(
        "https://html.duckduckgo.com/",
        "DuckDuckGo search html.duckduckgo.com",
    );
    check(
        "https://de.search.yahoo.com/",
        "Yahoo search de.search.yahoo.com",
    );
    check("https://yandex.ru/", "Yandex search yandex.ru");
    check(
        "https://search.brave.com/",
        "Brave Search search search.brave.com",
    );
    check("https://www.ecosia.org/", "Ecosia search www.ecosia.org");
    check("https://m.baidu.com/", "Baidu search m.baidu.com");
}

#[test]
fn networks_and_video() {
    check(
        "https://l.facebook.com/l.php?u=x",
        "Facebook social l.facebook.com",
    );
    check("https://m.facebook.com/", "Facebook social m.facebook.com");
    check("https://t.co/abc", "X social t.co");
    check(
        "https://old.reddit.com/r/rust",
        "Reddit social old.reddit.com",
    );
    check(
        "https://news.ycombinator.com/item?id=1",
        "Hacker News social news.ycombinator.com",
    );
    check(
        "https://www.linkedin.com/feed",
        "LinkedIn social www.linkedin.com",
    );
    check("https://lnkd.in/x", "LinkedIn social lnkd.in");
    check(
        "https://www.pinterest.fr/pin",
        "Pinterest social www.pinterest.fr",
    );
    check(
        "https://www.youtube.com/watch",
        "YouTube video www.youtube.com",
    );
    check("https://bsky.app/", "Bluesky social bsky.app");
}

#[test]
fn assistants_mail_and_shops() {
    check("https://chatgpt.com/", "ChatGPT ai chatgpt.com");
    check("https://claude.ai/chat/1", "Claude ai claude.ai");
    check(
        "https://www.perplexity.ai/",
        "Perplexity ai www.perplexity.ai",
    );
    check(
        "https://gemini.google.com/app",
        "Gemini ai gemini.google.com",
    );
    check(
        "https://copilot.microsoft.com/",
        "Copilot ai copilot.microsoft.com",
    );
    check(
        "https://mail.google.com/mail/u/0",
        "Gmail email mail.google.com",
    );
    check(
        "https://outlook.live.com/mail",
        "Outlook email outlook.live.com",
    );
    check(
        "https://smile.amazon.co.uk/dp/1",
        "Amazon shopping smile.amazon.co.uk",
    );
}

#[test]
fn a_great_house_has_many_doors() {
    check(
        "https://docs.google.com/document",
        "google.com referral docs.google.com",
    );
    check(
        "https://developer.yahoo.com/",
        "yahoo.com referral developer.yahoo.com",
    );
    check(
        "https://music.yandex.ru/",
        "yandex.ru referral music.yandex.ru",
    );
}

#[test]
fn a_name_does_not_make_a_search_engine() {
    check(
        "https://google.github.io/",
        "google.github.io referral google.github.io",
    );
    check(
        "https://www.google.com.evil.example/",
        "evil.example referral www.google.com.evil.example",
    );
    check(
        "https://notgoogle.com/",
        "notgoogle.com referral notgoogle.com",
    );
    check(
        "https://facebook.com.evil.org/",
        "evil.org referral facebook.com.evil.org",
    );
    check("https://myx.com/", "myx.com referral myx.com");
}

#[test]
fn other_sites_go_by_their_domain() {
    check(
        "https://blog.rust-lang.org/2026/",
        "rust-lang.org referral blog.rust-lang.org",
    );
    check(
        "http://www.bbc.co.uk:8080/news",
        "bbc.co.uk referral www.bbc.co.uk",
    );
    check(
        "https://alice.github.io/",
        "alice.github.io referral alice.github.io",
    );
    check("http://localhost:3000/", "localhost referral localhost");
    check("http://192.0.2.7/", "192.0.2.7 referral 192.0.2.7");
    check(
        "http://[2001:db8::1]/",
        "[2001:db8::1] referral [2001:db8::1]",
    );
    check(
        "https://BÜCHER.example/",
        "xn--bcher-kva.example referral xn--bcher-kva.example",
    );
    check(
        "blog.rust-lang.org/2026",
        "rust-lang.org referral blog.rust-lang.org",
    );
}

#[test]
fn applications() {
    check(
        "android-app://com.google.android.gm/",
        "Gmail email com.google.android.gm",
    );
    check(
        "android-app://com.google.android.googlequicksearchbox/",
        "Google search com.google.android.googlequicksearchbox",
    );
    check(
        "android-app://com.reddit.frontpage",
        "Reddit social com.reddit.frontpage",
    );
    check(
        "android-app://org.telegram.messenger/",
        "Telegram social org.telegram.messenger",
    );
}

#[test]
fn no_referrer_is_direct() {
    for referrer in [
        "",
        " ",
        "about:blank",
        "data:text/html,x",
        "file:///home/a",
        "javascript:1",
        "/path",
        "null",
        "https://",
        "a b.c",
        "mailto:a@b.c",
    ] {
        check(referrer, "direct");
    }
}

#[test]
fn the_own_domain_is_internal() {
    check("https://example.com/", "example.com internal example.com");
    check(
        "https://docs.example.com./a",
        "example.com internal docs.example.com",
    );
    assert_eq!(
        source("http://localhost:3000/a", "localhost:5000").medium,
        Medium::Internal
    );
    assert_eq!(
        source("http://[::1]:1/", "[::1]:2").medium,
        Medium::Internal
    );
    assert_eq!(
        source("https://bob.github.io/", "alice.github.io").medium,
        Medium::Referral
    );
    assert_eq!(
        source("https://www.google.com/", "docs.google.com").medium,
        Medium::Internal
    );
    assert_eq!(
        source("http://192.0.2.7/", "192.0.2.8").medium,
        Medium::Referral
    );
}

fn check_attributed(referrer: &str, query: &str, expected: &str) {
    let attributed = source(referrer, "www.example.com").attributed(campaign(query).as_ref());
    assert_eq!(
        shown(&attributed),
        expected,
        "of {referrer:?} with {query:?}"
    );
}

#[test]
fn the_campaign_speaks_first() {
    check_attributed(
        "https://www.google.com/",
        "",
        "Google search www.google.com",
    );
    check_attributed(
        "https://www.google.com/",
        "utm_source=Newsletter",
        "Newsletter email www.google.com",
    );
    check_attributed(
        "https://www.google.com/",
        "utm_source=Partner-42",
        "Partner-42 referral www.google.com",
    );
    check_attributed("", "utm_source=chatgpt.com", "ChatGPT ai");
    check_attributed("", "utm_source=facebook", "Facebook social");
    check_attributed(
        "https://example.com/",
        "utm_source=GOOGLE",
        "Google search example.com",
    );
}

#[test]
fn a_click_id_speaks_where_nobody_else_does() {
    check_attributed("", "gclid=1", "Google search");
    check_attributed(
        "https://blog.rust-lang.org/",
        "gclid=1",
        "rust-lang.org referral blog.rust-lang.org",
    );
    for click in ClickId::ALL {
        let known = Known::by_campaign_source(click.network());
        assert_eq!(known.map(|known| known.name), Some(click.network()));
    }
}

#[test]
fn kinds_are_known_by_their_names() {
    for medium in Medium::ALL {
        assert_eq!(Medium::parse(medium.as_str()), Some(*medium));
    }
}

proptest! {
    #[test]
    fn never_panics_and_stays_bounded(referrer in "(https?://|android-app://)?\\PC{0,300}", host in "\\PC{0,60}", query in "(utm_source=)?\\PC{0,300}") {
        let attributed = source(&referrer, &host).attributed(campaign(&query).as_ref());
        prop_assert!(attributed.name.len() <= Source::NAME_BYTES_MAX);
        prop_assert!(attributed.host.len() <= 253);
        crate::channel(&attributed, campaign(&query).as_ref());
    }

    #[test]
    fn hosts_never_panic(host in "[a-z0-9.-]{1,40}(:[0-9]{1,3})?") {
        source(&format!("https://{host}/"), &host);
    }
}
