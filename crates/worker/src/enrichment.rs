//! From an event as queued to an event as stored: what its user agent, addresses and languages mean.

use hgpixel_enrich::{
    AgentParser, BotReason, ClientHints, bot_name, campaign, channel, language, source,
};
use hgpixel_event::{Event, Marks};
use hgpixel_store::{Campaign, Enriched, NewEvent};
use serde_json::Value;
use url::Url;

/// The enrichment of events, with its cache of user agents.
pub struct Enrichment {
    agents: AgentParser,
}

impl Enrichment {
    /// With room for so many parsed user agents.
    pub fn new(agent_cache_entries: u64) -> Self {
        Self {
            agents: AgentParser::new(agent_cache_entries),
        }
    }

    /// What a worker would store of the event.
    pub fn enrich(&self, event: Event) -> NewEvent {
        let mut enriched = Enriched::default();
        self.with_what(&event, &mut enriched);
        whence(&event, &mut enriched);
        let device = serde_json::from_str(&event.device).unwrap_or(Value::Null);
        enriched.language = language(said_language(&event, &device)).unwrap_or_default();
        enriched.screen = screen(&device).unwrap_or_default();
        NewEvent { event, enriched }
    }

    fn with_what(&self, event: &Event, enriched: &mut Enriched) {
        let hints = ClientHints {
            brands: &event.hints.brands,
            platform: &event.hints.platform,
            platform_version: "",
            mobile: event.hints.mobile,
        };
        let agent = self.agents.parse(&event.user_agent, &hints);
        enriched.browser.clone_from(&agent.browser);
        enriched.browser_version.clone_from(&agent.browser_version);
        enriched.os.clone_from(&agent.os);
        enriched.os_version.clone_from(&agent.os_version);
        agent.device.as_str().clone_into(&mut enriched.device);
        let from_server = event.marks.contains(Marks::FROM_SERVER);
        // A browser has a user agent; what a server tells of a visitor need not have one.
        let bot = agent
            .bot
            .filter(|reason| !(from_server && *reason == BotReason::EmptyAgent));
        if let Some(reason) = bot {
            reason.as_str().clone_into(&mut enriched.bot_reason);
            bot_name(&event.user_agent, &agent.browser).clone_into(&mut enriched.bot_name);
        } else if event.automated {
            let reason = BotReason::Webdriver.as_str();
            reason.clone_into(&mut enriched.bot_reason);
        }
    }
}

fn whence(event: &Event, enriched: &mut Enriched) {
    let page = Url::parse(&event.url).ok();
    let host = page.as_ref().and_then(Url::host_str).unwrap_or_default();
    let referrer = source(&event.referrer, host);
    let named = page.as_ref().and_then(Url::query).and_then(campaign);
    channel(&referrer, named.as_ref())
        .as_str()
        .clone_into(&mut enriched.channel);
    let attributed = referrer.attributed(named.as_ref());
    host.clone_into(&mut enriched.host);
    page.as_ref()
        .map_or("", Url::path)
        .clone_into(&mut enriched.path);
    enriched.referrer_host = referrer.host;
    enriched.source = attributed.name;
    attributed.medium.as_str().clone_into(&mut enriched.medium);
    enriched.campaign = named.map(|named| Campaign {
        source: named.source.unwrap_or_default(),
        medium: named.medium.unwrap_or_default(),
        name: named.name.unwrap_or_default(),
        term: named.term.unwrap_or_default(),
        content: named.content.unwrap_or_default(),
        click_id: named
            .click_id
            .map(|kind| kind.as_str().to_owned())
            .unwrap_or_default(),
    });
}

/// The page's own word for its browser's language is better than the request's header; the old script puts it among the device's data.
fn said_language<'a>(event: &'a Event, device: &'a Value) -> &'a str {
    let told = device
        .get("browserLanguage")
        .or_else(|| device.get("language"))
        .and_then(Value::as_str);
    told.filter(|told| !told.is_empty())
        .unwrap_or(&event.language)
}

/// `WxH`, as our pixel and the old script send it; anything else is left to the raw device data.
fn screen(device: &Value) -> Option<String> {
    let text = device
        .get("screen")
        .or_else(|| device.get("screenResolution"))?
        .as_str()?;
    let (width, height) = text.split_once('x')?;
    let (width, height): (u16, u16) = (width.parse().ok()?, height.parse().ok()?);
    Some(format!("{width}x{height}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrich(event: Event) -> Enriched {
        Enrichment::new(10).enrich(event).enriched
    }

    #[test]
    fn an_old_page_view_tells_agent_source_campaign_screen_and_language() {
        let enriched = enrich(Event {
            url: "https://shop.example.com/boots?utm_source=newsletter&utm_medium=email".into(),
            referrer: "https://www.google.com/".into(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
                .into(),
            language: "fr-FR".into(),
            device: r#"{"screenResolution":"1920x1080","browserLanguage":"de-AT"}"#.into(),
            ..Event::default()
        });
        assert_eq!(
            (enriched.host.as_str(), enriched.path.as_str()),
            ("shop.example.com", "/boots")
        );
        assert_eq!(
            (enriched.browser.as_str(), enriched.os.as_str()),
            ("Firefox", "Linux")
        );
        assert_eq!(
            (enriched.screen.as_str(), enriched.language.as_str()),
            ("1920x1080", "de-AT")
        );
        assert_eq!(enriched.referrer_host, "www.google.com");
        assert_eq!(enriched.channel, "Email");
        assert_eq!(enriched.campaign.expect("a campaign").source, "newsletter");
        assert_eq!(enriched.bot_reason, "");
    }

    #[test]
    fn a_crawler_is_marked_with_its_name() {
        let enriched = enrich(Event {
            user_agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)".into(),
            ..Event::default()
        });
        assert_eq!(enriched.bot_name, "GPTBot");
        assert_ne!(enriched.bot_reason, "");
    }

    #[test]
    fn a_browser_that_a_program_runs_is_marked_unless_its_agent_says_more() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
        let reason = |user_agent: &str, automated| {
            let user_agent = user_agent.into();
            let event = Event {
                user_agent,
                automated,
                ..Event::default()
            };
            enrich(event).bot_reason
        };
        assert_eq!(reason(firefox, false), "");
        assert_eq!(reason(firefox, true), "webdriver");
        assert_eq!(reason("GPTBot/1.2", true), "ai_crawler");
    }

    #[test]
    fn only_a_browser_must_have_a_user_agent() {
        let reason = |marks| {
            let event = Event {
                marks,
                ..Event::default()
            };
            enrich(event).bot_reason
        };
        assert_eq!(reason(Marks::default()), "empty_agent");
        assert_eq!(reason(Marks::FROM_SERVER), "");
    }

    #[test]
    fn an_event_without_anything_is_enriched_with_nothing_that_is_wrong() {
        let enriched = enrich(Event {
            device: "not json".into(),
            url: "nonsense".into(),
            ..Event::default()
        });
        assert_eq!(
            (
                enriched.host.as_str(),
                enriched.screen.as_str(),
                enriched.language.as_str()
            ),
            ("", "", "")
        );
        assert_eq!(enriched.campaign, None);
    }
}
