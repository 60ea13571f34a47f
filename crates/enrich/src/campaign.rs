//! Whence, as the link itself says it: the `utm_` parameters and the click ids of advertising networks.
//!
//! Only the *kind* of a click id is kept. Its value names one click of one person to the network that made it; to us it would
//! be a foreign key into somebody else's files.

use url::form_urlencoded;

/// What a link's query says about the campaign that it belongs to. At least one field is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// `utm_source`, or else `ref` or `source`, which many newsletters and sites append instead.
    pub source: Option<String>,
    /// `utm_medium`.
    pub medium: Option<String>,
    /// `utm_campaign`.
    pub name: Option<String>,
    /// `utm_term`.
    pub term: Option<String>,
    /// `utm_content`.
    pub content: Option<String>,
    pub click_id: Option<ClickId>,
}

impl Campaign {
    /// A longer value is cut at this many bytes, at the boundary of a character.
    pub const VALUE_BYTES_MAX: usize = 255;
}

/// Reads the campaign from the query of a page's address, with or without its question mark. `None` when there is none.
///
/// The first of repeated parameters counts; names are compared without regard to case. Only the first 256 parameters are read.
pub fn campaign(url_query: &str) -> Option<Campaign> {
    let query = url_query.strip_prefix('?').unwrap_or(url_query);
    let mut campaign = Campaign::default();
    let mut plain_source = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()).take(PARAMETERS_MAX) {
        if value.is_empty() {
            continue;
        }
        match name.to_ascii_lowercase().as_str() {
            "utm_source" => set(&mut campaign.source, &value),
            "utm_medium" => set(&mut campaign.medium, &value),
            "utm_campaign" => set(&mut campaign.name, &value),
            "utm_term" => set(&mut campaign.term, &value),
            "utm_content" => set(&mut campaign.content, &value),
            "ref" | "source" => set(&mut plain_source, &value),
            other => campaign.click_id = campaign.click_id.or_else(|| ClickId::parse(other)),
        }
    }
    campaign.source = campaign.source.or(plain_source);
    (campaign != Campaign::default()).then_some(campaign)
}

const PARAMETERS_MAX: usize = 256;

/// Control characters are dropped and white space at the ends too: a value is shown, grouped by and exported.
fn set(field: &mut Option<String>, value: &str) {
    if field.is_some() {
        return;
    }
    let cut = &value[..value.floor_char_boundary(Campaign::VALUE_BYTES_MAX)];
    let clean: String = cut
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let trimmed = clean.trim();
    if !trimmed.is_empty() {
        *field = Some(trimmed.to_owned());
    }
}

macro_rules! click_ids {
    ($($variant:ident $parameter:literal $network:literal $paid:literal)*) => {
        /// Which network marked the click, by the name of the parameter that it appends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ClickId { $($variant),* }

        impl ClickId {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The parameter's name in small letters, as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $parameter),* }
            }

            /// The network as people call it; a name that [`crate::referrer`] knows.
            pub const fn network(self) -> &'static str {
                match self { $(Self::$variant => $network),* }
            }

            /// Whether only advertisements carry it. Facebook, for one, also marks links in ordinary posts.
            pub const fn is_paid(self) -> bool {
                match self { $(Self::$variant => $paid),* }
            }
        }
    };
}

click_ids! {
    Gclid "gclid" "Google" true
    Gbraid "gbraid" "Google" true
    Wbraid "wbraid" "Google" true
    Dclid "dclid" "Google" true
    Msclkid "msclkid" "Bing" true
    Fbclid "fbclid" "Facebook" false
    Igshid "igshid" "Instagram" false
    Ttclid "ttclid" "TikTok" true
    Twclid "twclid" "X" true
    LiFatId "li_fat_id" "LinkedIn" true
    RdtCid "rdt_cid" "Reddit" true
    Epik "epik" "Pinterest" true
    ScCid "sccid" "Snapchat" true
    Yclid "yclid" "Yandex" true
}

impl ClickId {
    /// The kind of that name, in small letters.
    pub fn parse(parameter: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == parameter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(field: Option<&String>) -> String {
        field.cloned().unwrap_or("-".into())
    }

    /// Source, medium, name, term, content, click id; `-` for each that is absent.
    fn check(query: &str, expected: [&str; 6]) {
        let Some(found) = campaign(query) else {
            assert_eq!(["-"; 6], expected, "of {query:?}");
            return;
        };
        let fields = [
            &found.source,
            &found.medium,
            &found.name,
            &found.term,
            &found.content,
        ];
        let mut fields: Vec<_> = fields.map(|field| text(field.as_ref())).into();
        fields.push(
            found
                .click_id
                .map_or("-".into(), |kind| kind.as_str().into()),
        );
        assert_eq!(fields, expected, "of {query:?}");
    }

    #[test]
    fn all_five_parameters_and_a_click_id() {
        check(
            "?utm_source=Google&utm_medium=cpc&utm_campaign=Spring+Sale&utm_term=a%2Bb&utm_content=z&gclid=Cj0K",
            ["Google", "cpc", "Spring Sale", "a+b", "z", "gclid"],
        );
    }

    #[test]
    fn the_first_of_repeated_parameters_counts() {
        check(
            "utm_source=a&utm_source=b&fbclid=1&gclid=2",
            ["a", "-", "-", "-", "-", "fbclid"],
        );
    }

    #[test]
    fn plain_sources_count_only_without_a_utm_source() {
        check("ref=producthunt", ["producthunt", "-", "-", "-", "-", "-"]);
        check(
            "ref=producthunt&UTM_Source=mail",
            ["mail", "-", "-", "-", "-", "-"],
        );
    }

    #[test]
    fn an_ordinary_query_is_no_campaign() {
        for query in [
            "",
            "?",
            "q=shoes&page=2",
            "utm_source=",
            "utm_source=%20%0a",
            "gclid=",
            "&&&===",
        ] {
            check(query, ["-"; 6]);
        }
    }

    #[test]
    fn control_characters_are_dropped() {
        check("utm_source=%00a%0Ab%20", ["ab", "-", "-", "-", "-", "-"]);
    }

    #[test]
    fn click_ids_are_known_by_their_names() {
        for kind in ClickId::ALL {
            assert_eq!(ClickId::parse(kind.as_str()), Some(*kind));
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_bounded(query in "(utm_source=|&|ref=)?\\PC{0,400}") {
            let source = campaign(&query).and_then(|campaign| campaign.source);
            prop_assert!(source.unwrap_or_default().len() <= Campaign::VALUE_BYTES_MAX);
        }
    }
}
