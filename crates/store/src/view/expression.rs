//! What can be read of an event `e` and its session `s`, in SQL. No value is ever null.

use super::dialect::Dialect;

/// Texts that repeat, by their numbers. 0 is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dictionary {
    Pages,
    Referrers,
    Clients,
    Campaigns,
    Places,
    People,
    Kinds,
    Channels,
}

impl Dictionary {
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Referrers => "referrers",
            Self::Clients => "clients",
            Self::Campaigns => "campaigns",
            Self::Places => "places",
            Self::People => "people",
            Self::Kinds => "kinds",
            Self::Channels => "channels",
        }
    }

    /// Whether each of its rows belongs to a site.
    pub(super) const fn is_of_site(self) -> bool {
        matches!(self, Self::Pages | Self::People)
    }
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Time,
    Received,
    Session,
    Site,
    Marks,
    /// Of the row of a dictionary.
    Of(Dictionary),
}

impl Number {
    /// As a bigint, which also keeps the planner from looking for it in an index: the one by time is meant.
    pub(super) fn sql<DB: Dialect>(self) -> String {
        let told_otherwise = |extra: &str, session: &str| {
            format!(
                "(case when e.extra = '' then coalesce({session}, 0) else coalesce({extra}, {session}, 0) end)"
            )
        };
        let number = match self {
            Self::Time => "e.time_ms",
            Self::Received => "(e.time_ms + e.age_ms)",
            Self::Session => "e.session",
            Self::Site => "e.site",
            Self::Marks => &format!(
                "(case when e.extra = '' then 0 else coalesce({}, 0) end)",
                DB::EXTRA_MARKS
            ),
            Self::Of(Dictionary::Pages) => "e.page",
            Self::Of(Dictionary::Referrers) => "e.referrer",
            Self::Of(Dictionary::People) => "e.person",
            Self::Of(Dictionary::Kinds) => &format!(
                "(case when e.kind <> 0 or e.extra = '' then e.kind else coalesce({}, 0) end)",
                DB::EXTRA_KIND
            ),
            Self::Of(Dictionary::Clients) => &told_otherwise(DB::EXTRA_CLIENT, "s.client"),
            Self::Of(Dictionary::Places) => &told_otherwise(DB::EXTRA_PLACE, "s.place"),
            Self::Of(Dictionary::Channels) => "coalesce(s.channel, 0)",
            Self::Of(Dictionary::Campaigns) => "coalesce(s.campaign, 0)",
        };
        format!("cast({number} as bigint)")
    }

    /// Whether it is the session's.
    pub(super) const fn needs_session(self) -> bool {
        use Dictionary::{Campaigns, Channels, Clients, Places};
        matches!(self, Self::Of(Clients | Places | Channels | Campaigns))
    }
}

/// A text that stands with the event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// Empty for `{}`.
    Data,
    /// The client's own where it sent one, else ours.
    SessionId,
}

impl Text {
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Data => "e.data",
            Self::SessionId => {
                "coalesce(nullif((select o.session_id from people o where o.id = e.person), ''), cast(e.session as text))"
            }
        }
    }
}
