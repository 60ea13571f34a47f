use proptest::prelude::*;

use super::*;
use crate::patterns::tests::{check_candidates, check_patterns};

fn check(user_agent: &str, expected: Option<BotReason>) {
    assert_eq!(BotReason::of(user_agent), expected, "of {user_agent:?}");
}

fn check_ai(user_agent: &str, name: &str) {
    check(user_agent, Some(BotReason::AiCrawler));
    assert_eq!(bot_name(user_agent, "Chrome"), name, "of {user_agent:?}");
}

#[test]
fn search_engines() {
    for user_agent in [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.7204.49 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    ] {
        check(user_agent, Some(BotReason::Crawler));
        assert_eq!(bot_name(user_agent, "As it was read"), "As it was read");
    }
}

#[test]
fn a_bot_in_the_clothes_of_a_browser_has_no_browsers_name() {
    let other = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 (compatible; GoogleOther)";
    assert_eq!(bot_name(other, "Chrome"), "GoogleOther");
    let ads = "Mozilla/5.0 (iPhone; CPU iPhone OS 14_7 like Mac OS X) Safari/604.1 (compatible; AdsBot-Google)";
    // The list has a pattern there.
    assert_eq!(bot_name(ads, "Safari"), "");
    let unknown = "Mozilla/5.0 (compatible; what is this? +https://example.com/) Chrome/125.0.0.0";
    assert_eq!(bot_name(unknown, "Chrome"), "");
    assert_eq!(bot_name(unknown, "Headless Chrome"), "Headless Chrome");
}

#[test]
fn ai_crawlers_and_their_names() {
    check_ai(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "GPTBot",
    );
    check_ai(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
        "ChatGPT-User",
    );
    check_ai(
        "Mozilla/5.0 (compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)",
        "OAI-SearchBot",
    );
    check_ai(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        "ClaudeBot",
    );
    check_ai(
        "Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
        "Claude-User",
    );
    check_ai(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
        "PerplexityBot",
    );
    check_ai(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)",
        "Perplexity-User",
    );
    check_ai("CCBot/2.0 (https://commoncrawl.org/faq/)", "CCBot");
    check_ai(
        "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
        "meta-externalagent",
    );
    check_ai(
        "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
        "Bytespider",
    );
    check_ai(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 (Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot)",
        "Amazonbot",
    );
    check_ai(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots)",
        "MistralAI-User",
    );
}

#[test]
fn watchers_and_previews() {
    check(
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        Some(BotReason::Monitor),
    );
    check(
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        Some(BotReason::Preview),
    );
    check(
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        Some(BotReason::Preview),
    );
    check("TelegramBot (like TwitterBot)", Some(BotReason::Preview));
}

#[test]
fn browsers_run_by_programs() {
    for user_agent in [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
        "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3",
    ] {
        check(user_agent, Some(BotReason::Headless));
    }
}

#[test]
fn libraries_and_tools() {
    for user_agent in [
        "curl/8.5.0",
        "Wget/1.21.4",
        "python-requests/2.32.3",
        "Python/3.12 aiohttp/3.9.5",
        "Go-http-client/2.0",
        "okhttp/4.12.0",
        "axios/1.7.2",
        "node",
        "undici",
        "Java/17.0.9",
        "Apache-HttpClient/4.5.14 (Java/17.0.9)",
        "PostmanRuntime/7.39.0",
        "GuzzleHttp/7",
        "Ruby",
        "reqwest/0.12.4",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4522",
    ] {
        check(user_agent, Some(BotReason::HttpLibrary));
    }
}

#[test]
fn crawlers_that_no_list_knows_yet() {
    for user_agent in [
        "Mozilla/5.0 (compatible; BrandNewBot/0.1)",
        "Mozilla/5.0 (compatible; example-crawler)",
        "Mozilla/5.0 (compatible; Examplespider/2)",
        "Mozilla/5.0 (compatible; Unheard/1.0; +https://unheard.example/)",
        "Unheard/1.0 (someone@unheard.example)",
        "bot",
    ] {
        check(user_agent, Some(BotReason::Crawler));
    }
}

#[test]
fn empty_and_absurd() {
    check("", Some(BotReason::EmptyAgent));
    check(" \t", Some(BotReason::EmptyAgent));
    for user_agent in [
        "-",
        "12345",
        "日本",
        "Mozilla/5.0",
        "Mozilla/5.0 (compatible)",
        "<script>alert(1)</script>",
        "${jndi:ldap}",
        "a\nb",
    ] {
        check(user_agent, Some(BotReason::AbsurdAgent));
    }
}

#[test]
fn people() {
    for user_agent in [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.43 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 Viber/22.6.0.2",
        "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Safari/537.36 SE 2.X MetaSr 1.0",
        "Opera/9.80 (Android; Opera Mini/36.2.2254/191.256; U; en) Presto/2.12.423 Version/12.16",
        "Mozilla/5.0 (Mobile; LYF/F300B/LYF-F300B-001-01-15-130718-i; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.8962",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 MicroMessenger/8.0.49(0x1800312c) NetType/WIFI Language/zh_CN",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.38.125 Chrome/124.0.6367.243 Electron/30.1.0 Safari/537.36",
    ] {
        check(user_agent, None);
    }
}

#[test]
fn reasons_are_known_by_their_names() {
    for reason in BotReason::ALL {
        assert_eq!(BotReason::parse(reason.as_str()), Some(*reason));
    }
    assert_eq!(BotReason::parse("Crawler"), None);
}

#[test]
fn every_pattern_compiles_and_has_a_reason() {
    check_patterns(
        &CRAWLERS,
        include_str!("../../data/crawlers.tsv").lines().count(),
    );
    for line in include_str!("../../data/crawlers.tsv").lines() {
        let cells: Vec<_> = line.split('\t').collect();
        assert!(
            BotReason::parse(cells[2]).is_some() && !cells[3].is_empty(),
            "{line}"
        );
    }
}

#[test]
fn no_crawler_that_would_match_is_left_out() {
    for line in include_str!("../../data/samples.tsv").lines() {
        check_candidates(&CRAWLERS, line.split('\t').next().unwrap());
    }
}

proptest! {
    #[test]
    fn never_panics(user_agent in "\\PC{0,600}") {
        BotReason::of(&user_agent);
        bot_name(&user_agent, "");
    }

    #[test]
    fn an_agent_without_a_letter_is_never_a_person(user_agent in "[^a-zA-Z]{0,40}") {
        prop_assert!(BotReason::of(&user_agent).is_some());
    }
}
