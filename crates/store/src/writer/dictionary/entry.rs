//! A row of a dictionary: its table, its texts, and the digest by which it is known.

use sha2::{Digest, Sha256};

/// How many dictionaries there are.
pub(super) const TABLES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Table {
    Pages,
    Referrers,
    Clients,
    Campaigns,
    Places,
    People,
    Kinds,
    Channels,
}

impl Table {
    pub(super) const ALL: [Self; TABLES] = [
        Self::Pages,
        Self::Referrers,
        Self::Clients,
        Self::Campaigns,
        Self::Places,
        Self::People,
        Self::Kinds,
        Self::Channels,
    ];

    pub(super) const fn name(self) -> &'static str {
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

    /// The columns of an entry, in the order in which [`Entry`] binds them.
    pub(super) const fn columns(self) -> &'static str {
        match self {
            Self::Pages => "digest, url_hash, site, url, host, path, title",
            Self::Referrers => "digest, url, host, source, medium",
            Self::Clients => {
                "digest, user_agent, browser, browser_version, os, os_version, device, bot_reason, bot_name, \
                 language, language_sent, screen, device_info"
            }
            Self::Campaigns => "digest, source, medium, name, term, content, click_id",
            Self::Places => "digest, country, region, city",
            Self::People => "digest, user_hash, site, user_id, session_id",
            Self::Kinds | Self::Channels => "digest, name",
        }
    }

    /// Whether an entry belongs to a site, and is found by the hash of its first text.
    pub(super) const fn is_of_site(self) -> bool {
        matches!(self, Self::Pages | Self::People)
    }
}

/// A row of a dictionary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) site: i64,
    pub(super) texts: Texts<'a>,
}

/// The texts of an entry; what a table does not need stays unused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts<'a> {
    all: [&'a str; TEXTS_MAX],
    len: usize,
}

const TEXTS_MAX: usize = 12;

impl<'a> Texts<'a> {
    pub(super) fn of<const N: usize>(texts: [&'a str; N]) -> Self {
        let mut all = [""; TEXTS_MAX];
        all[..N].copy_from_slice(&texts);
        Self { all, len: N }
    }

    pub(super) fn as_slice(&self) -> &[&'a str] {
        &self.all[..self.len]
    }
}

pub(super) type Key = (Table, u128);

impl Entry<'_> {
    pub(super) fn key(&self, table: Table) -> Key {
        let mut hasher = Sha256::new();
        if table.is_of_site() {
            hasher.update(self.site.to_le_bytes());
        }
        for text in self.texts.as_slice() {
            // With the length before each text, no two different lists of texts run into the same bytes.
            hasher.update(text.len().to_le_bytes());
            hasher.update(text);
        }
        (table, u128::from_be_bytes(half(&hasher.finalize())))
    }
}

fn half(digest: &[u8]) -> [u8; 16] {
    digest[..16].try_into().expect("a SHA-256 has 32 bytes")
}
