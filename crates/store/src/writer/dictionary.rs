//! Texts that repeat, as small numbers.
//!
//! New texts are written and committed *before* the batch that needs them, in a small transaction of their own: a number that is
//! remembered is then never one that a rollback took away. A text that stays without an event is harmless.

use std::collections::{BTreeMap, HashMap};

use hgpixel_event::Place;
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::remembered::Remembered;
use crate::error::StoreError;
use crate::new_event::{Enriched, NewEvent};
use crate::pool::{Pool, Transaction, within};

/// 48 bytes an entry and slack: about 15 MiB when full.
const REMEMBERED_MAX: usize = 200_000;
/// Rows of one insert: the widest table has 13 columns, and SQLite takes 32,766 values.
const ROWS_MAX: usize = 1_000;

/// The numbers of an event's texts; 0 is "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interned {
    pub(super) page: i32,
    pub(super) referrer: i32,
    pub(super) client: i32,
    pub(super) campaign: i32,
    pub(super) place: i32,
    pub(super) person: i32,
    pub(super) kind: i32,
    pub(super) channel: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Table {
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
    const ALL: [Self; 8] = [
        Self::Pages,
        Self::Referrers,
        Self::Clients,
        Self::Campaigns,
        Self::Places,
        Self::People,
        Self::Kinds,
        Self::Channels,
    ];

    const fn name(self) -> &'static str {
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
    const fn columns(self) -> &'static str {
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
    const fn is_of_site(self) -> bool {
        matches!(self, Self::Pages | Self::People)
    }
}

/// A row of a dictionary.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    site: i64,
    texts: Texts<'a>,
}

/// The texts of an entry; what a table does not need stays unused.
#[derive(Clone, Copy, Debug)]
struct Texts<'a> {
    all: [&'a str; TEXTS_MAX],
    len: usize,
}

const TEXTS_MAX: usize = 12;

impl<'a> Texts<'a> {
    fn of<const N: usize>(texts: [&'a str; N]) -> Self {
        let mut all = [""; TEXTS_MAX];
        all[..N].copy_from_slice(&texts);
        Self { all, len: N }
    }

    fn as_slice(&self) -> &[&'a str] {
        &self.all[..self.len]
    }
}

type Key = (Table, u128);

impl Entry<'_> {
    fn key(&self, table: Table) -> Key {
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

/// By which an exact address or user id is found.
pub(crate) fn text_hash(text: &str) -> i64 {
    let digest = Sha256::digest(text);
    i64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has 32 bytes"))
}

/// The dictionaries, and what they answered lately.
#[derive(Debug)]
pub(super) struct Dictionaries {
    remembered: Remembered<Key>,
}

impl Dictionaries {
    pub(super) fn new() -> Self {
        Self {
            remembered: Remembered::new(REMEMBERED_MAX),
        }
    }

    /// The numbers of every row's texts.
    pub(super) async fn intern(
        &mut self,
        pool: &Pool,
        rows: &[&NewEvent],
    ) -> Result<Vec<Interned>, StoreError> {
        let mut unknown: BTreeMap<Key, Entry<'_>> = BTreeMap::new();
        let numbers: Vec<[Number; 8]> = rows
            .iter()
            .map(|row| entries(row).map(|(table, entry)| self.number(table, entry, &mut unknown)))
            .collect();
        let found = if unknown.is_empty() {
            HashMap::new()
        } else {
            find_or_add(pool, &unknown).await?
        };
        for (key, id) in &found {
            self.remembered.insert(*key, *id);
        }
        numbers
            .iter()
            .map(|numbers| interned(numbers, &found))
            .collect()
    }

    fn number<'a>(
        &mut self,
        table: Table,
        entry: Option<Entry<'a>>,
        unknown: &mut BTreeMap<Key, Entry<'a>>,
    ) -> Number {
        let Some(entry) = entry else {
            return Number::Nothing;
        };
        let key = entry.key(table);
        if let Some(id) = self.remembered.get(key) {
            return Number::Known(id);
        }
        unknown.insert(key, entry);
        Number::Sought(key)
    }
}

/// A text's number, as far as it is known.
#[derive(Clone, Copy, Debug)]
enum Number {
    Nothing,
    Known(i32),
    Sought(Key),
}

impl Number {
    fn resolve(self, found: &HashMap<Key, i32>) -> Result<i32, StoreError> {
        match self {
            Self::Nothing => Ok(0),
            Self::Known(id) => Ok(id),
            // Absent only if somebody deletes from a dictionary just now; the next try adds it again.
            Self::Sought(key) => found.get(&key).copied().ok_or_else(|| {
                let detail = format!("a row of {} vanished", key.0.name());
                StoreError::unavailable("dictionary", detail)
            }),
        }
    }
}

fn interned(numbers: &[Number; 8], found: &HashMap<Key, i32>) -> Result<Interned, StoreError> {
    let number = |index: usize| numbers[index].resolve(found);
    Ok(Interned {
        page: number(0)?,
        referrer: number(1)?,
        client: number(2)?,
        campaign: number(3)?,
        place: number(4)?,
        person: number(5)?,
        kind: number(6)?,
        channel: number(7)?,
    })
}

/// What an event says, table by table, in the order of [`Table::ALL`].
fn entries(row: &NewEvent) -> [(Table, Option<Entry<'_>>); 8] {
    let (event, enriched) = (&row.event, &row.enriched);
    let entry = |texts| {
        Some(Entry {
            site: event.site,
            texts,
        })
    };
    let texts = [
        Some(Texts::of([
            &event.url,
            &enriched.host,
            &enriched.path,
            &event.title,
        ])),
        referrer(&event.referrer, enriched),
        Some(client(row)),
        campaign(enriched),
        place(&event.place),
        person(&event.user_id, &event.session_id),
        Some(Texts::of([&event.kind])),
        Some(Texts::of([&enriched.channel])),
    ];
    let mut index = 0;
    texts.map(|texts| {
        let table = Table::ALL[index];
        index += 1;
        (table, texts.and_then(entry))
    })
}

fn referrer<'a>(url: &'a str, enriched: &'a Enriched) -> Option<Texts<'a>> {
    let nothing = url.is_empty() && enriched.referrer_host.is_empty() && enriched.source.is_empty();
    (!nothing).then(|| {
        Texts::of([
            url,
            &enriched.referrer_host,
            &enriched.source,
            &enriched.medium,
        ])
    })
}

fn client(row: &NewEvent) -> Texts<'_> {
    let (event, enriched) = (&row.event, &row.enriched);
    Texts::of([
        &event.user_agent,
        &enriched.browser,
        &enriched.browser_version,
        &enriched.os,
        &enriched.os_version,
        &enriched.device,
        &enriched.bot_reason,
        &enriched.bot_name,
        &enriched.language,
        &event.language,
        &enriched.screen,
        &event.device,
    ])
}

fn campaign(enriched: &Enriched) -> Option<Texts<'_>> {
    let campaign = enriched.campaign.as_ref()?;
    Some(Texts::of([
        &campaign.source,
        &campaign.medium,
        &campaign.name,
        &campaign.term,
        &campaign.content,
        &campaign.click_id,
    ]))
}

fn place(place: &Place) -> Option<Texts<'_>> {
    (!place.is_empty()).then(|| Texts::of([&place.country, &place.region, &place.city]))
}

fn person<'a>(user_id: &'a str, session_id: &'a str) -> Option<Texts<'a>> {
    let nothing = user_id.is_empty() && session_id.is_empty();
    (!nothing).then(|| Texts::of([user_id, session_id]))
}

/// Reads the numbers of `unknown`, and adds those that no table has yet.
async fn find_or_add(
    pool: &Pool,
    unknown: &BTreeMap<Key, Entry<'_>>,
) -> Result<HashMap<Key, i32>, StoreError> {
    let mut found = HashMap::new();
    let mut transaction = pool.begin().await?;
    for table in Table::ALL {
        // Sorted by digest, as a BTreeMap is: two workers that add the same texts wait for each other in one order.
        let entries: Vec<(u128, Entry<'_>)> = of_table(unknown, table).collect();
        for chunk in entries.chunks(ROWS_MAX) {
            let digests: Vec<u128> = chunk.iter().map(|(digest, _)| *digest).collect();
            found.extend(find(&mut transaction, table, &digests).await?);
            let missing: Vec<_> = chunk
                .iter()
                .filter(|(digest, _)| !found.contains_key(&(table, *digest)))
                .collect();
            if !missing.is_empty() {
                found.extend(add(&mut transaction, table, &missing).await?);
            }
        }
    }
    // What another worker added in the meantime conflicted and was not returned, but is there to be read now.
    for table in Table::ALL {
        let raced: Vec<u128> = of_table(unknown, table)
            .map(|(digest, _)| digest)
            .filter(|digest| !found.contains_key(&(table, *digest)))
            .collect();
        for chunk in raced.chunks(ROWS_MAX) {
            found.extend(find(&mut transaction, table, chunk).await?);
        }
    }
    transaction.commit().await?;
    Ok(found)
}

fn of_table<'m, 'e>(
    unknown: &'m BTreeMap<Key, Entry<'e>>,
    table: Table,
) -> impl Iterator<Item = (u128, Entry<'e>)> + 'm {
    unknown
        .range((table, 0)..=(table, u128::MAX))
        .map(|((_, digest), entry)| (*digest, *entry))
}

async fn find(
    transaction: &mut Transaction,
    table: Table,
    digests: &[u128],
) -> Result<Vec<(Key, i32)>, StoreError> {
    within!(*transaction, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select cast(id as bigint) as id, digest from ");
        query.push(table.name()).push(" where digest in (");
        let mut list = query.separated(", ");
        for digest in digests {
            list.push_bind(Uuid::from_u128(*digest));
        }
        query.push(")");
        let rows = query.build().fetch_all(db).await?;
        rows.iter().map(|row| numbered(table, row.try_get("digest")?, row.try_get("id")?)).collect()
    })
}

async fn add(
    transaction: &mut Transaction,
    table: Table,
    entries: &[&(u128, Entry<'_>)],
) -> Result<Vec<(Key, i32)>, StoreError> {
    within!(*transaction, db: Db => {
        let mut query = QueryBuilder::<Db>::new("insert into ");
        query.push(table.name()).push(" (").push(table.columns()).push(") ");
        query.push_values(entries, |mut values, (digest, entry)| {
            values.push_bind(Uuid::from_u128(*digest));
            if table.is_of_site() {
                values.push_bind(text_hash(entry.texts.all[0]));
                values.push_bind(entry.site);
            }
            for text in entry.texts.as_slice() {
                values.push_bind((*text).to_owned());
            }
        });
        query.push(" on conflict (digest) do nothing returning cast(id as bigint) as id, digest");
        let rows = query.build().fetch_all(db).await?;
        rows.iter().map(|row| numbered(table, row.try_get("digest")?, row.try_get("id")?)).collect()
    })
}

fn numbered(table: Table, digest: Uuid, id: i64) -> Result<(Key, i32), StoreError> {
    let id = i32::try_from(id)
        .map_err(|_| StoreError::rejected("22003", format!("{} is full", table.name())))?;
    Ok(((table, digest.as_u128()), id))
}
