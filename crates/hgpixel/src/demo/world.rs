//! The small world of the demo: its sites, their pages, where people come from and with what.
//!
//! Every name under `.example` is reserved (RFC 2606), so nothing here points at somebody's site.

/// A site of the demo.
pub(super) struct Site {
    pub(super) key: &'static str,
    /// How much of the traffic is this site's.
    pub(super) weight: u32,
    pub(super) pages: &'static [Page],
    /// What its visitors do besides looking, as (type, data as JSON, chance in a thousand per page view).
    pub(super) actions: &'static [(&'static str, &'static str, u32)],
    /// What some go on to do after looking around, each step by fewer of those who took the one before.
    pub(super) funnel: &'static [Step],
}

/// A step of a funnel.
pub(super) struct Step {
    pub(super) page: Page,
    /// How many of a hundred who got here take it.
    pub(super) per_hundred: u32,
    /// What happens on its page: type and data as JSON.
    pub(super) action: (&'static str, &'static str),
}

/// A page of a site, more or less popular.
pub(super) struct Page {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) weight: u32,
}

const fn page(path: &'static str, title: &'static str, weight: u32) -> Page {
    Page {
        path,
        title,
        weight,
    }
}

pub(super) const SITES: &[Site] = &[
    Site {
        key: "shop.example",
        weight: 5,
        pages: &[
            page("/", "Bergkiosk · honest gear for the hills", 30),
            page("/tents", "Tents", 14),
            page("/tents/lodge-2", "Lodge 2, a tent for two", 9),
            page("/boots", "Boots", 12),
            page("/boots/ridge", "Ridge boots", 8),
            page("/stoves/ember", "Ember stove", 5),
            page("/sale", "Autumn sale", 11),
        ],
        actions: &[
            (
                "button_click",
                r#"{"buttonText":"Add to cart","buttonId":"add"}"#,
                120,
            ),
            ("form_submit", r#"{"formId":"newsletter"}"#, 15),
            (
                "outbound_link",
                r#"{"linkText":"Care guide","linkUrl":"https://wool.example/care"}"#,
                20,
            ),
        ],
        funnel: &[
            Step {
                page: page("/cart", "Your cart", 0),
                per_hundred: 26,
                action: (
                    "add_to_cart",
                    r#"{"product":"ridge-boots","price":149.9,"currency":"EUR"}"#,
                ),
            },
            Step {
                page: page("/checkout", "Checkout", 0),
                per_hundred: 52,
                action: ("checkout", r#"{"items":2}"#),
            },
            Step {
                page: page("/thanks", "Thank you!", 0),
                per_hundred: 64,
                action: ("purchase", r#"{"total":189.4,"currency":"EUR","items":2}"#),
            },
        ],
    },
    Site {
        key: "blog.example",
        weight: 3,
        pages: &[
            page("/", "Slow Letters", 16),
            page("/2026/sourdough-in-winter", "Sourdough in winter", 14),
            page("/2026/why-i-left-the-feed", "Why I left the feed", 22),
            page("/2026/a-week-without-a-map", "A week without a map", 9),
            page("/2025/on-keeping-bees", "On keeping bees", 6),
            page("/about", "About", 5),
        ],
        actions: &[
            ("click", r#"{"element":"IMG"}"#, 140),
            (
                "outbound_link",
                r#"{"linkText":"the study","linkUrl":"https://journal.example/bees"}"#,
                60,
            ),
            ("read_to_end", r#"{"minutes":7}"#, 220),
            ("form_submit", r#"{"formId":"subscribe"}"#, 25),
        ],
        funnel: &[],
    },
    Site {
        key: "docs.example",
        weight: 2,
        pages: &[
            page("/", "Documentation", 12),
            page("/install", "Install", 16),
            page("/guide/first-steps", "First steps", 12),
            page("/guide/deploy", "Deploy", 8),
            page("/reference/settings", "Settings", 10),
            page("/reference/api?version=2", "API reference", 9),
            page("/changelog", "Changelog", 3),
        ],
        actions: &[
            ("click", r#"{"element":"CODE"}"#, 200),
            ("search", r#"{"query":"install","results":12}"#, 90),
            (
                "search",
                r#"{"query":"Zeitüberschreitung","results":0}"#,
                15,
            ),
            ("copy_code", r#"{"language":"bash"}"#, 130),
        ],
        funnel: &[],
    },
];

/// Where a visit comes from: referrer, the query that its first page carries, and how often.
pub(super) const ARRIVALS: &[(&str, &str, u32)] = &[
    ("", "", 34),
    ("https://www.google.com/", "", 24),
    ("https://duckduckgo.com/", "", 5),
    ("https://www.bing.com/", "", 4),
    ("https://www.ecosia.org/", "", 2),
    ("https://chatgpt.com/", "utm_source=chatgpt.com", 5),
    ("https://www.perplexity.ai/", "", 2),
    ("https://news.ycombinator.com/", "", 5),
    ("https://www.reddit.com/", "", 4),
    ("https://bsky.app/", "", 2),
    ("https://hiking.example/best-boots", "", 4),
    (
        "",
        "utm_source=newsletter&utm_medium=email&utm_campaign=october",
        6,
    ),
    (
        "https://www.google.com/",
        "utm_source=google&utm_medium=cpc&utm_campaign=boots&gclid=Cj0demo",
        4,
    ),
    (
        "https://www.instagram.com/",
        "utm_source=instagram&utm_medium=paid_social&utm_campaign=autumn",
        3,
    ),
];

/// A device: user agent, screen, and how often.
pub(super) const DEVICES: &[(&str, &str, u32)] = &[
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "1920x1080",
        22,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "393x852",
        20,
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
        "412x915",
        20,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        "1512x982",
        10,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "1728x1117",
        7,
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "2560x1440",
        6,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "1920x1080",
        5,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        "1536x864",
        6,
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36",
        "1848x1152",
        2,
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "820x1180",
        2,
    ),
];

/// Machines that run scripts on pages, so that it is seen how they are marked.
pub(super) const BOTS: &[&str] = &[
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
    "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.0.0 Safari/537.36",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
];

/// A source and a query that arrive in great numbers on one day, `days` before today: somebody else found a page worth a look, or the
/// newsletter went out.
pub(super) struct Crowd {
    pub(super) days: i64,
    /// Which of [`SITES`].
    pub(super) site: usize,
    pub(super) referrer: &'static str,
    pub(super) query: &'static str,
}

pub(super) const CROWDS: &[Crowd] = &[
    Crowd {
        days: 11,
        site: 1,
        referrer: "https://news.ycombinator.com/",
        query: "",
    },
    Crowd {
        days: 3,
        site: 0,
        referrer: "",
        query: "utm_source=newsletter&utm_medium=email&utm_campaign=november",
    },
];

/// Favourite colours, and how often.
pub(super) const COLOURS: &[(&str, u32)] = &[
    ("#1c7ed6", 24),
    ("#2f9e44", 17),
    ("#e03131", 14),
    ("#7048e8", 12),
    ("#f08c00", 9),
    ("#c2255c", 8),
    ("#0c8599", 7),
    ("#212529", 5),
    ("#ffd43b", 4),
];

/// What goes wrong on pages: message, source and line.
pub(super) const ERRORS: &[(&str, &str, u32)] = &[
    (
        "TypeError: Cannot read properties of undefined (reading 'price')",
        "/assets/shop.js",
        214,
    ),
    ("ResizeObserver loop limit exceeded", "", 0),
    ("ReferenceError: gtag is not defined", "/assets/app.js", 17),
];

/// Languages with their time zone, and how often. Each has its place in `PLACES`.
pub(super) const LANGUAGES: &[(&str, &str, u32)] = &[
    ("en-US", "America/New_York", 30),
    ("de-AT", "Europe/Vienna", 16),
    ("de-DE", "Europe/Berlin", 14),
    ("en-GB", "Europe/London", 11),
    ("fr-FR", "Europe/Paris", 8),
    ("es-MX", "America/Mexico_City", 6),
    ("ja-JP", "Asia/Tokyo", 5),
    ("pt-BR", "America/Sao_Paulo", 4),
    ("pl-PL", "Europe/Warsaw", 3),
    ("hi-IN", "Asia/Kolkata", 3),
];

/// Where those who speak a language are: country, region and city, four of each.
pub(super) const PLACES: [[(&str, &str, &str); 4]; 10] = [
    [
        ("US", "New York", "New York"),
        ("US", "California", "San Francisco"),
        ("US", "Texas", "Austin"),
        ("CA", "Ontario", "Toronto"),
    ],
    [
        ("AT", "Vienna", "Vienna"),
        ("AT", "Styria", "Graz"),
        ("AT", "Tyrol", "Innsbruck"),
        ("CH", "Zurich", "Zurich"),
    ],
    [
        ("DE", "Land Berlin", "Berlin"),
        ("DE", "Bavaria", "Munich"),
        ("DE", "Hamburg", "Hamburg"),
        ("DE", "Saxony", "Leipzig"),
    ],
    [
        ("GB", "England", "London"),
        ("GB", "Scotland", "Edinburgh"),
        ("IE", "Leinster", "Dublin"),
        ("AU", "Victoria", "Melbourne"),
    ],
    [
        ("FR", "Île-de-France", "Paris"),
        ("FR", "Auvergne-Rhône-Alpes", "Lyon"),
        ("BE", "Brussels Capital", "Brussels"),
        ("CA", "Quebec", "Montreal"),
    ],
    [
        ("MX", "Mexico City", "Mexico City"),
        ("ES", "Catalonia", "Barcelona"),
        ("AR", "Buenos Aires F.D.", "Buenos Aires"),
        ("CO", "Bogota D.C.", "Bogotá"),
    ],
    [
        ("JP", "Tokyo", "Tokyo"),
        ("JP", "Ōsaka", "Osaka"),
        ("JP", "Kyoto", "Kyoto"),
        ("JP", "Hokkaido", "Sapporo"),
    ],
    [
        ("BR", "São Paulo", "São Paulo"),
        ("BR", "Rio de Janeiro", "Rio de Janeiro"),
        ("BR", "Bahia", "Salvador"),
        ("PT", "Lisbon", "Lisbon"),
    ],
    [
        ("PL", "Mazovia", "Warsaw"),
        ("PL", "Lesser Poland", "Krakow"),
        ("PL", "Pomerania", "Gdańsk"),
        ("PL", "Silesia", "Katowice"),
    ],
    [
        ("IN", "Karnataka", "Bengaluru"),
        ("IN", "Maharashtra", "Mumbai"),
        ("IN", "National Capital Territory of Delhi", "Delhi"),
        ("IN", "Tamil Nadu", "Chennai"),
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_carries_a_json_object_and_every_site_key_is_one() {
        for site in SITES {
            assert!(
                site.key.parse::<hgpixel_event::SiteKey>().is_ok(),
                "{}",
                site.key
            );
            let steps = site
                .funnel
                .iter()
                .map(|step| (&step.action.0, &step.action.1));
            let actions = site.actions.iter().map(|(kind, data, _)| (kind, data));
            for (kind, data) in actions.chain(steps) {
                let data: serde_json::Value = serde_json::from_str(data).expect(kind);
                assert!(data.is_object(), "{kind}");
            }
        }
    }
}
