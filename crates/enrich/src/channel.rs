//! Whence, in one word: the channel by which a visit came, as marketing people group them.
//!
//! The place and kind are those of [`Source::attributed`]: a campaign's own source, else the referrer. The first rule that
//! holds decides:
//!
//! 1. The campaign's name says "cross-network": Cross-network.
//! 2. The click id is of the display network: Display.
//! 3. It was paid for (the medium is `cpc`, `ppc`, `retargeting`, `paid…` and the like, or the click id is one that only
//!    advertisements carry), and the kind of place is known: Paid Shopping (also when the campaign's name says "shop" or
//!    "shopping"), Paid Search, Paid Social, Paid Video.
//! 4. The medium is `display`, `banner`, `interstitial`, `expandable` or `cpm`: Display.
//! 5. It was paid for: Paid Other.
//! 6. The medium is one of the common words: Email, Affiliates, SMS, Audio, Mobile Push Notifications, Organic Social, Organic
//!    Video, Organic Search, Organic Shopping, AI, Referral.
//! 7. By the kind of place: Organic Search, Organic Social, Organic Video, Organic Shopping, AI, Email, Referral.
//! 8. A campaign says nothing of the above, and there is no referrer: Unassigned.
//! 9. Direct. A visit that begins on the site itself is the continuation of one that was forgotten, and counts here too.

use crate::campaign::{Campaign, ClickId};
use crate::referrer::{Medium, Source};

macro_rules! channels {
    ($($variant:ident $text:literal)*) => {
        /// The channel of a visit. A bounded set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Channel { $($variant),* }

        impl Channel {
            /// Every channel.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name, as it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

channels! {
    Direct "Direct"
    OrganicSearch "Organic Search"
    PaidSearch "Paid Search"
    OrganicSocial "Organic Social"
    PaidSocial "Paid Social"
    OrganicVideo "Organic Video"
    PaidVideo "Paid Video"
    OrganicShopping "Organic Shopping"
    PaidShopping "Paid Shopping"
    Ai "AI"
    Email "Email"
    Referral "Referral"
    Display "Display"
    Affiliates "Affiliates"
    CrossNetwork "Cross-network"
    Audio "Audio"
    Sms "SMS"
    MobilePush "Mobile Push Notifications"
    PaidOther "Paid Other"
    Unassigned "Unassigned"
}

impl Channel {
    /// The channel of that stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|channel| channel.as_str() == text)
    }
}

/// The channel of a visit that came from `source` (the referrer's, not yet attributed) by a link of `campaign`.
pub fn channel(source: &Source, campaign: Option<&Campaign>) -> Channel {
    let place = source.attributed(campaign).medium;
    let Some(campaign) = campaign else {
        return by_place(place).unwrap_or(Channel::Direct);
    };
    by_campaign(campaign, place).unwrap_or(Channel::Unassigned)
}

/// Rules 1 to 7.
fn by_campaign(campaign: &Campaign, place: Medium) -> Option<Channel> {
    let lower = |field: &Option<String>| field.as_deref().unwrap_or_default().to_ascii_lowercase();
    let (medium, name) = (lower(&campaign.medium), lower(&campaign.name));
    if name.contains("cross-network") {
        return Some(Channel::CrossNetwork);
    }
    if campaign.click_id == Some(ClickId::Dclid) {
        return Some(Channel::Display);
    }
    let paid = is_paid(&medium) || campaign.click_id.is_some_and(ClickId::is_paid);
    if let Some(channel) = paid_channel(place, &name).filter(|_| paid) {
        return Some(channel);
    }
    if DISPLAY.contains(&medium.as_str()) {
        return Some(Channel::Display);
    }
    if paid {
        return Some(Channel::PaidOther);
    }
    by_medium(&medium).or_else(|| by_place(place))
}

fn is_paid(medium: &str) -> bool {
    PAID.contains(&medium) || medium.starts_with("paid")
}

const PAID: &[&str] = &[
    "cpc",
    "cpm",
    "cpv",
    "cpa",
    "cpp",
    "cpl",
    "ppc",
    "ads",
    "ad",
    "sem",
    "retargeting",
    "remarketing",
];
const DISPLAY: &[&str] = &["display", "banner", "interstitial", "expandable", "cpm"];

/// Rule 3, for what was paid.
fn paid_channel(place: Medium, campaign_name: &str) -> Option<Channel> {
    let mut words = campaign_name.split(|character: char| !character.is_alphanumeric());
    if place == Medium::Shopping || words.any(|word| word == "shop" || word == "shopping") {
        return Some(Channel::PaidShopping);
    }
    match place {
        Medium::Search => Some(Channel::PaidSearch),
        Medium::Social => Some(Channel::PaidSocial),
        Medium::Video => Some(Channel::PaidVideo),
        _ => None,
    }
}

/// Rule 6.
fn by_medium(medium: &str) -> Option<Channel> {
    let channel = match medium {
        "email" | "e-mail" | "e_mail" | "e mail" | "mail" | "newsletter" => Channel::Email,
        "affiliate" | "affiliates" => Channel::Affiliates,
        "sms" => Channel::Sms,
        "audio" | "podcast" => Channel::Audio,
        "social" | "social-network" | "social-media" | "social_media" | "sm" | "social network"
        | "social media" => Channel::OrganicSocial,
        "video" => Channel::OrganicVideo,
        "organic" => Channel::OrganicSearch,
        "shopping" => Channel::OrganicShopping,
        "ai" | "llm" => Channel::Ai,
        "referral" | "app" | "link" => Channel::Referral,
        "mobile" | "notification" => Channel::MobilePush,
        other if other.ends_with("push") => Channel::MobilePush,
        _ => return None,
    };
    Some(channel)
}

/// Rule 7.
fn by_place(place: Medium) -> Option<Channel> {
    match place {
        Medium::Search => Some(Channel::OrganicSearch),
        Medium::Social => Some(Channel::OrganicSocial),
        Medium::Video => Some(Channel::OrganicVideo),
        Medium::Shopping => Some(Channel::OrganicShopping),
        Medium::Ai => Some(Channel::Ai),
        Medium::Email => Some(Channel::Email),
        Medium::Referral => Some(Channel::Referral),
        Medium::Direct | Medium::Internal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::campaign;
    use crate::referrer::source;

    fn check(referrer: &str, query: &str, expected: Channel) {
        let source = source(referrer, "www.example.com");
        assert_eq!(
            channel(&source, campaign(query).as_ref()),
            expected,
            "of {referrer:?} with {query:?}"
        );
    }

    #[test]
    fn without_a_campaign_the_place_decides() {
        check("", "", Channel::Direct);
        check("https://example.com/", "", Channel::Direct);
        check("https://www.google.com/", "", Channel::OrganicSearch);
        check("https://www.reddit.com/r/rust", "", Channel::OrganicSocial);
        check("https://youtu.be/1", "", Channel::OrganicVideo);
        check("https://www.amazon.de/", "", Channel::OrganicShopping);
        check("https://chatgpt.com/", "", Channel::Ai);
        check("https://mail.google.com/", "", Channel::Email);
        check("https://blog.rust-lang.org/", "", Channel::Referral);
    }

    #[test]
    fn what_was_paid_for_is_paid() {
        check("https://www.google.com/", "gclid=1", Channel::PaidSearch);
        check("", "gclid=1", Channel::PaidSearch);
        check("", "utm_source=google&utm_medium=cpc", Channel::PaidSearch);
        check(
            "",
            "utm_source=facebook&utm_medium=paid_social",
            Channel::PaidSocial,
        );
        check("", "utm_source=fb&utm_medium=CPM", Channel::PaidSocial);
        check("", "ttclid=1", Channel::PaidSocial);
        check("", "utm_source=youtube&utm_medium=cpv", Channel::PaidVideo);
        check(
            "",
            "utm_source=google&utm_medium=cpc&utm_campaign=summer_shopping",
            Channel::PaidShopping,
        );
        check(
            "",
            "utm_source=google&utm_medium=cpc&utm_campaign=workshops",
            Channel::PaidSearch,
        );
        check(
            "",
            "utm_source=somewhere&utm_medium=cpc",
            Channel::PaidOther,
        );
        check("", "utm_source=somewhere&utm_medium=cpm", Channel::Display);
        check("", "utm_source=google&utm_medium=display", Channel::Display);
        check("https://www.google.com/", "dclid=1", Channel::Display);
        check("", "utm_campaign=Cross-Network+1", Channel::CrossNetwork);
    }

    #[test]
    fn a_click_id_on_ordinary_posts_is_not_paid() {
        check(
            "https://l.facebook.com/",
            "fbclid=1",
            Channel::OrganicSocial,
        );
        check("", "fbclid=1", Channel::OrganicSocial);
    }

    #[test]
    fn the_medium_speaks_before_the_place() {
        check(
            "https://www.google.com/",
            "utm_medium=email",
            Channel::Email,
        );
        check(
            "",
            "utm_source=weekly&utm_medium=newsletter",
            Channel::Email,
        );
        check(
            "",
            "utm_source=partner&utm_medium=affiliate",
            Channel::Affiliates,
        );
        check("", "utm_medium=sms", Channel::Sms);
        check("", "utm_medium=web_push", Channel::MobilePush);
        check(
            "",
            "utm_source=partner&utm_medium=social",
            Channel::OrganicSocial,
        );
        check("", "utm_medium=podcast", Channel::Audio);
    }

    #[test]
    fn the_source_of_a_campaign_is_a_place() {
        check("", "utm_source=chatgpt.com", Channel::Ai);
        check("", "utm_source=newsletter", Channel::Email);
        check(
            "https://example.com/",
            "utm_source=bing",
            Channel::OrganicSearch,
        );
        check("", "ref=producthunt.com", Channel::OrganicSocial);
        check("", "ref=somewhere.example", Channel::Referral);
        check("", "utm_medium=qr", Channel::Unassigned);
        check("", "utm_campaign=spring", Channel::Unassigned);
        check(
            "https://duckduckgo.com/",
            "utm_campaign=spring",
            Channel::OrganicSearch,
        );
    }

    #[test]
    fn channels_are_known_by_their_names() {
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Some(*channel));
        }
        assert_eq!(Channel::parse("direct"), None);
    }
}
