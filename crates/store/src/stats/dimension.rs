//! Dimensions, and the one place that says where the value of each lies.

use super::statement::Statement;

/// By what events are grouped and filtered.
///
/// Every value is a text that is not empty: what is not known has the dimension's [`Dimension::nothing`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The event's type.
    EventName,
    /// The path of the event's page.
    Page,
    /// The host of the event's page.
    Hostname,
    /// The title of the event's page.
    Title,
    /// A value of the event's data, by its key: a text, or a number or boolean as JSON writes it.
    Property(String),
    /// The colour of an event of the type `favourite_colour`.
    FavouriteColour,
    /// The path of the visit's first page.
    EntryPage,
    /// The path of the visit's last page.
    ExitPage,
    /// The host of the visit's first page.
    EntryHostname,
    /// The address of the visit's referrer.
    Referrer,
    /// The name of the place that the visit came from.
    Source,
    /// The visit's marketing channel.
    Channel,
    /// The source that the visit's campaign names.
    UtmSource,
    /// The medium that it names.
    UtmMedium,
    /// Its name.
    UtmCampaign,
    /// The term that it names.
    UtmTerm,
    /// The content that it names.
    UtmContent,
    /// The kind of the visit's click id.
    ClickId,
    /// The visit's country, ISO 3166-1 alpha-2.
    Country,
    /// Its subdivision.
    Region,
    /// Its city.
    City,
    /// The kind of device.
    Device,
    /// The browser's name.
    Browser,
    /// The browser's version.
    BrowserVersion,
    /// The operating system's name.
    Os,
    /// The operating system's version.
    OsVersion,
    /// The visit's language.
    Language,
    /// The screen's size as `WxH`.
    Screen,
    /// Whether the visitor prefers light or dark pages.
    ColourScheme,
    /// The user agent, as it was sent.
    UserAgent,
    /// Why the visit is taken for a bot's.
    BotReason,
    /// The bot's name.
    BotName,
    /// The time of the event, in buckets. Only to group by.
    Time,
}

/// A table of texts, as seen from an event or from a session. The name of its variant is the alias under which it is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dictionary {
    Kinds,
    Pages,
    EntryPages,
    ExitPages,
    Referrers,
    Campaigns,
    Clients,
    Places,
    Channels,
}

/// Where a value lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// In a column of a dictionary.
    Column(Dictionary, &'static str),
    /// Under a key of a dictionary's column of JSON text.
    Json(Dictionary, &'static str, &'static str),
    /// Under a key of the event's data.
    Data(String),
    /// Under a key of the data of an event of this kind.
    DataOf(&'static str, &'static str),
    /// In its time.
    Time,
}

/// Whose a value is: each event's own, or its visit's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Event,
    Visit,
}

impl Dimension {
    pub(super) fn home(&self) -> Home {
        use Dictionary::{
            Campaigns, Channels, Clients, EntryPages, ExitPages, Kinds, Pages, Places, Referrers,
        };
        match self {
            Self::EventName => Home::Column(Kinds, "name"),
            Self::Page => Home::Column(Pages, "path"),
            Self::Hostname => Home::Column(Pages, "host"),
            Self::Title => Home::Column(Pages, "title"),
            Self::Property(key) => Home::Data(key.clone()),
            Self::FavouriteColour => Home::DataOf("favourite_colour", "colour"),
            Self::EntryPage => Home::Column(EntryPages, "path"),
            Self::ExitPage => Home::Column(ExitPages, "path"),
            Self::EntryHostname => Home::Column(EntryPages, "host"),
            Self::Referrer => Home::Column(Referrers, "url"),
            Self::Source => Home::Column(Referrers, "source"),
            Self::Channel => Home::Column(Channels, "name"),
            Self::UtmSource => Home::Column(Campaigns, "source"),
            Self::UtmMedium => Home::Column(Campaigns, "medium"),
            Self::UtmCampaign => Home::Column(Campaigns, "name"),
            Self::UtmTerm => Home::Column(Campaigns, "term"),
            Self::UtmContent => Home::Column(Campaigns, "content"),
            Self::ClickId => Home::Column(Campaigns, "click_id"),
            Self::Country => Home::Column(Places, "country"),
            Self::Region => Home::Column(Places, "region"),
            Self::City => Home::Column(Places, "city"),
            Self::Device => Home::Column(Clients, "device"),
            Self::Browser => Home::Column(Clients, "browser"),
            Self::BrowserVersion => Home::Column(Clients, "browser_version"),
            Self::Os => Home::Column(Clients, "os"),
            Self::OsVersion => Home::Column(Clients, "os_version"),
            Self::Language => Home::Column(Clients, "language"),
            Self::Screen => Home::Column(Clients, "screen"),
            Self::ColourScheme => Home::Json(Clients, "device_info", "colorScheme"),
            Self::UserAgent => Home::Column(Clients, "user_agent"),
            Self::BotReason => Home::Column(Clients, "bot_reason"),
            Self::BotName => Home::Column(Clients, "bot_name"),
            Self::Time => Home::Time,
        }
    }

    /// The value of what is not known.
    pub fn nothing(&self) -> &'static str {
        match self {
            Self::Source | Self::Referrer => "Direct / None",
            Self::Channel => "Direct",
            _ => "(none)",
        }
    }

    /// Whether rows without a known value are worth showing: to come from nowhere says something, as to send no user agent does; to have no
    /// campaign does not.
    pub fn shows_nothing(&self) -> bool {
        matches!(
            self,
            Self::Source | Self::Referrer | Self::Channel | Self::UserAgent
        )
    }

    /// Whether it is a property of each event, and not of the visit as a whole.
    pub fn is_of_event(&self) -> bool {
        self.home().owner() == Owner::Event
    }

    /// Whether it tells people from bots: a question that names it is about both.
    pub(super) fn asks_for_bots(&self) -> bool {
        matches!(self, Self::BotReason | Self::BotName)
    }
}

impl Home {
    pub(super) fn owner(&self) -> Owner {
        match self {
            Self::Column(dictionary, _) | Self::Json(dictionary, _, _) => dictionary.owner(),
            Self::Data(_) | Self::DataOf(..) | Self::Time => Owner::Event,
        }
    }

    pub(super) fn dictionary(&self) -> Option<Dictionary> {
        match self {
            Self::Column(dictionary, _) | Self::Json(dictionary, _, _) => Some(*dictionary),
            Self::Data(_) | Self::DataOf(..) | Self::Time => None,
        }
    }

    /// Appends the value where `alias` is a row of the dictionary; null or empty where it is not known.
    pub(super) fn push_value(&self, statement: &mut Statement, alias: &str) {
        match self {
            Self::Column(_, column) => {
                statement.push(alias).push(".").push(column);
            }
            Self::Json(_, column, key) => {
                statement.json_value(&format!("{alias}.{column}"), key);
            }
            Self::Data(_) | Self::DataOf(..) | Self::Time => {}
        }
    }
}

impl Dictionary {
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Kinds => "kinds",
            Self::Pages | Self::EntryPages | Self::ExitPages => "pages",
            Self::Referrers => "referrers",
            Self::Campaigns => "campaigns",
            Self::Clients => "clients",
            Self::Places => "places",
            Self::Channels => "channels",
        }
    }

    /// The name under which it is joined.
    pub(super) const fn alias(self) -> &'static str {
        match self {
            Self::Kinds => "kind",
            Self::Pages => "page",
            Self::EntryPages => "entry_page",
            Self::ExitPages => "exit_page",
            Self::Referrers => "referrer",
            Self::Campaigns => "campaign",
            Self::Clients => "client",
            Self::Places => "place",
            Self::Channels => "channel",
        }
    }

    /// Where the number of its row stands in an event or a session. A kind's may stand elsewhere in the event: see `kinds`.
    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::Kinds => "e.kind",
            Self::Pages => "e.page",
            Self::EntryPages => "s.entry_page",
            Self::ExitPages => "s.exit_page",
            Self::Referrers => "s.referrer",
            Self::Campaigns => "s.campaign",
            Self::Clients => "s.client",
            Self::Places => "s.place",
            Self::Channels => "s.channel",
        }
    }

    pub(super) const fn owner(self) -> Owner {
        match self {
            Self::Kinds | Self::Pages => Owner::Event,
            _ => Owner::Visit,
        }
    }

    /// Whether its rows belong to a site each.
    pub(super) const fn is_of_site(self) -> bool {
        matches!(self, Self::Pages | Self::EntryPages | Self::ExitPages)
    }
}
