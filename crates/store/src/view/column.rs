//! The columns of `/view-data`: their names, where they are stored, and what may be asked of them.

use super::expression::{Dictionary, Number, Text};

/// A column, in the order of the JSON object. The first eleven are the old script's names and a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "a table of names")]
pub enum ViewColumn {
    ClientId,
    EventType,
    EventData,
    SessionId,
    UserId,
    Timestamp,
    Url,
    Referrer,
    UserAgent,
    DeviceInfo,
    EventId,
    ReceivedAt,
    Title,
    Session,
    Country,
    Region,
    City,
    Browser,
    BrowserVersion,
    Os,
    OsVersion,
    Device,
    Language,
    Channel,
    Source,
    Campaign,
    Bot,
    BotName,
    Marks,
    Path,
}

/// What stands in a column, and so what it can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// Any comparison; never absent, but empty.
    Text,
    /// Compared as numbers.
    Number,
    /// Compared as instants.
    Time,
    /// Equal or not.
    Id,
}

/// Where a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A text of a dictionary.
    Dictionary(Dictionary, &'static str),
    /// The key of the event's site.
    SiteKey,
    /// The words of the event's marks.
    MarkWords,
    /// A text that stands with the event.
    Text(Text),
    Number(Number),
    Time(Number),
    EventId,
}

impl ViewColumn {
    /// Every column, in order.
    pub const ALL: [Self; 30] = [
        Self::ClientId,
        Self::EventType,
        Self::EventData,
        Self::SessionId,
        Self::UserId,
        Self::Timestamp,
        Self::Url,
        Self::Referrer,
        Self::UserAgent,
        Self::DeviceInfo,
        Self::EventId,
        Self::ReceivedAt,
        Self::Title,
        Self::Session,
        Self::Country,
        Self::Region,
        Self::City,
        Self::Browser,
        Self::BrowserVersion,
        Self::Os,
        Self::OsVersion,
        Self::Device,
        Self::Language,
        Self::Channel,
        Self::Source,
        Self::Campaign,
        Self::Bot,
        Self::BotName,
        Self::Marks,
        Self::Path,
    ];

    const fn about(self) -> (&'static str, Place) {
        use Dictionary::{Campaigns, Channels, Clients, Kinds, Pages, People, Places, Referrers};
        match self {
            Self::ClientId => ("clientID", Place::SiteKey),
            Self::EventType => ("eventType", Place::Dictionary(Kinds, "name")),
            Self::EventData => ("eventData", Place::Text(Text::Data)),
            Self::SessionId => ("sessionId", Place::Text(Text::SessionId)),
            Self::UserId => ("userId", Place::Dictionary(People, "user_id")),
            Self::Timestamp => ("timestamp", Place::Time(Number::Time)),
            Self::Url => ("url", Place::Dictionary(Pages, "url")),
            Self::Referrer => ("referrer", Place::Dictionary(Referrers, "url")),
            Self::UserAgent => ("userAgent", Place::Dictionary(Clients, "user_agent")),
            Self::DeviceInfo => ("deviceInfo", Place::Dictionary(Clients, "device_info")),
            Self::EventId => ("eventId", Place::EventId),
            Self::ReceivedAt => ("receivedAt", Place::Time(Number::Received)),
            Self::Title => ("title", Place::Dictionary(Pages, "title")),
            Self::Session => ("session", Place::Number(Number::Session)),
            Self::Country => ("country", Place::Dictionary(Places, "country")),
            Self::Region => ("region", Place::Dictionary(Places, "region")),
            Self::City => ("city", Place::Dictionary(Places, "city")),
            Self::Browser => ("browser", Place::Dictionary(Clients, "browser")),
            Self::BrowserVersion => (
                "browserVersion",
                Place::Dictionary(Clients, "browser_version"),
            ),
            Self::Os => ("os", Place::Dictionary(Clients, "os")),
            Self::OsVersion => ("osVersion", Place::Dictionary(Clients, "os_version")),
            Self::Device => ("device", Place::Dictionary(Clients, "device")),
            Self::Language => ("language", Place::Dictionary(Clients, "language")),
            Self::Channel => ("channel", Place::Dictionary(Channels, "name")),
            Self::Source => ("source", Place::Dictionary(Referrers, "source")),
            Self::Campaign => ("campaign", Place::Dictionary(Campaigns, "name")),
            Self::Bot => ("bot", Place::Dictionary(Clients, "bot_reason")),
            Self::BotName => ("botName", Place::Dictionary(Clients, "bot_name")),
            Self::Marks => ("marks", Place::MarkWords),
            Self::Path => ("path", Place::Dictionary(Pages, "path")),
        }
    }

    /// Its name in JSON, in CSV and in parameters.
    pub const fn name(self) -> &'static str {
        self.about().0
    }

    /// The column of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What stands in it.
    pub const fn kind(self) -> ViewKind {
        match self.place() {
            Place::Dictionary(..) | Place::SiteKey | Place::MarkWords | Place::Text(_) => {
                ViewKind::Text
            }
            Place::Number(_) => ViewKind::Number,
            Place::Time(_) => ViewKind::Time,
            Place::EventId => ViewKind::Id,
        }
    }

    /// Whether events can be grouped by it: by all but what differs for each event. Times are grouped by the day.
    pub const fn is_groupable(self) -> bool {
        !matches!(self.place(), Place::EventId)
    }

    pub(super) const fn place(self) -> Place {
        self.about().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_name_and_stands_in_its_place() {
        for (index, column) in ViewColumn::ALL.into_iter().enumerate() {
            assert_eq!(ViewColumn::named(column.name()), Some(column));
            assert_eq!(column as usize, index);
        }
        assert_eq!(ViewColumn::named("password"), None);
    }
}
