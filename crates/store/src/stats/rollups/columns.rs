//! A day's visits and events, column by column, for questions that cells do not answer: under filters, by several dimensions, of other
//! zones' days.
//!
//! Visits stand in the order of their visitors, and events in the order of their visits and of time. A column is one blob, so that a
//! question reads only those that it needs:
//!
//! ```text
//! 1 byte   width of a number, 1 to 8
//! 8 bytes  the least number, little-endian
//! rest     the numbers less the least one, each of that width, little-endian; compressed by LZ4 behind its length
//! ```
//!
//! A page view takes some 13 bytes, its part of a visit included, and 8 when compressed.

use std::collections::HashMap;
use std::sync::Arc;

use super::day::{Day, Seen, Visit, What};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::stats::dimension::Dictionary;
use crate::stats::statement::Statement;

/// What a column is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Column {
    /// Of events: when they happened, in milliseconds since 1970 UTC.
    Time,
    /// Of events: the number of the kind.
    Kind,
    /// Of events: the number of the page.
    Page,
    /// Of events of engagement alone: one more than what it said, 0 of nothing.
    Engaged,
    Scroll,
    /// Of visits: how many events each has.
    Events,
    /// Of visits: see [`flag`].
    Flags,
    Duration,
    EntryPage,
    ExitPage,
    Referrer,
    Campaign,
    Client,
    Place,
    Channel,
}

/// What is set in [`Column::Flags`].
pub(super) mod flag {
    /// The visitor may be recognised.
    pub(in super::super) const IDENTIFIED: u32 = 1;
    /// The visit is the first in the order of its visitor's.
    pub(in super::super) const FIRST: u32 = 2;
    pub(in super::super) const BOUNCED: u32 = 4;
    pub(in super::super) const BOT: u32 = 8;
    /// The visit is not counted here. It is not stored.
    pub(in super::super) const MOVED: u32 = 16;
}

impl Column {
    pub(super) const ALL: [Self; 15] = [
        Self::Time,
        Self::Kind,
        Self::Page,
        Self::Engaged,
        Self::Scroll,
        Self::Events,
        Self::Flags,
        Self::Duration,
        Self::EntryPage,
        Self::ExitPage,
        Self::Referrer,
        Self::Campaign,
        Self::Client,
        Self::Place,
        Self::Channel,
    ];

    /// Under which it is stored, beside the figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "column.time",
            Self::Kind => "column.kind",
            Self::Page => "column.page",
            Self::Engaged => "column.engaged",
            Self::Scroll => "column.scroll",
            Self::Events => "column.events",
            Self::Flags => "column.flags",
            Self::Duration => "column.duration",
            Self::EntryPage => "column.entry_page",
            Self::ExitPage => "column.exit_page",
            Self::Referrer => "column.referrer",
            Self::Campaign => "column.campaign",
            Self::Client => "column.client",
            Self::Place => "column.place",
            Self::Channel => "column.channel",
        }
    }

    /// Where the numbers of a dictionary stand.
    pub(super) const fn of(dictionary: Dictionary) -> Self {
        match dictionary {
            Dictionary::Kinds => Self::Kind,
            Dictionary::Pages => Self::Page,
            Dictionary::EntryPages => Self::EntryPage,
            Dictionary::ExitPages => Self::ExitPage,
            Dictionary::Referrers => Self::Referrer,
            Dictionary::Campaigns => Self::Campaign,
            Dictionary::Clients => Self::Client,
            Dictionary::Places => Self::Place,
            Dictionary::Channels => Self::Channel,
        }
    }
}

/// The numbers of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The least one.
    pub(super) base: i64,
    /// How much greater each is.
    pub(super) above: Vec<u32>,
}

impl Numbers {
    pub(super) fn at(&self, place: usize) -> i64 {
        self.base + i64::from(self.above[place])
    }

    /// `None` for numbers that lie too far apart.
    pub(super) fn of(numbers: &[i64]) -> Option<Self> {
        let base = numbers.iter().copied().min().unwrap_or(0);
        let above = numbers.iter().map(|number| u32::try_from(number - base));
        Some(Self {
            base,
            above: above.collect::<Result<_, _>>().ok()?,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let greatest = self.above.iter().copied().max().unwrap_or(0);
        let (width, taken) = match greatest {
            ..=0xFF => (1_u8, 1),
            0x100..=0xFFFF => (2, 2),
            0x1_0000..=0x00FF_FFFF => (3, 3),
            _ => (4, 4),
        };
        let mut raw = Vec::with_capacity(self.above.len() * taken);
        for number in &self.above {
            raw.extend_from_slice(&number.to_le_bytes()[..taken]);
        }
        let mut bytes = vec![width];
        bytes.extend_from_slice(&self.base.to_le_bytes());
        bytes.extend(lz4_flex::block::compress_prepend_size(&raw));
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (width, rest) = bytes.split_first()?;
        let (base, packed) = rest.split_first_chunk::<8>()?;
        let raw = lz4_flex::block::decompress_size_prepended(packed).ok()?;
        let width = usize::from(*width);
        let above = match width {
            1 => raw.iter().map(|byte| u32::from(*byte)).collect(),
            2..=4 => raw.chunks_exact(width).map(wide).collect(),
            _ => return None,
        };
        Some(Self {
            base: i64::from_le_bytes(*base),
            above,
        })
    }

    /// What follows from each number; worked out once for each different one.
    pub(super) fn mapped<T: Copy>(&self, map: impl Fn(i32) -> T) -> Vec<T> {
        let of = |above: u32| map(i32::try_from(self.base + i64::from(above)).unwrap_or_default());
        let greatest = self.above.iter().copied().max().unwrap_or(0);
        if greatest as usize > self.above.len() {
            return self.above.iter().map(|above| of(*above)).collect();
        }
        let table: Vec<T> = (0..=greatest).map(of).collect();
        self.above
            .iter()
            .map(|above| table[*above as usize])
            .collect()
    }

    /// The different numbers.
    pub(super) fn different(&self) -> Vec<i32> {
        /// Up to here, flags are cheaper than sorting.
        const SPAN_MAX: u32 = 1 << 24;
        let greatest = self.above.iter().copied().max().unwrap_or(0);
        let number = |above: u32| i32::try_from(self.base + i64::from(above)).ok();
        if greatest < SPAN_MAX {
            let mut seen = vec![false; greatest as usize + 1];
            for above in &self.above {
                seen[*above as usize] = true;
            }
            let seen = (0..)
                .zip(seen)
                .filter_map(|(above, is_seen)| is_seen.then_some(above));
            return seen.filter_map(number).collect();
        }
        let mut sorted = self.above.clone();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.into_iter().filter_map(number).collect()
    }
}

fn wide(bytes: &[u8]) -> u32 {
    let mut number = [0; 4];
    number[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(number)
}

/// Every column of a day, to be stored; `None` if it has numbers that do not fit, which are none that we give.
pub(super) fn encode(day: &Day) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let mut order: Vec<u32> = (0..).take(day.visits.len()).collect();
    order.sort_unstable_by_key(|visit| (day.visits[*visit as usize].visitor, *visit));
    let mut place = vec![0_u32; order.len()];
    for (new, visit) in (0..).zip(&order) {
        place[*visit as usize] = new;
    }
    let in_place = |event: &Seen| event.of_visit(place[event.visit as usize]);
    let mut events: Vec<Seen> = day.events.iter().map(in_place).collect();
    events.sort_unstable_by_key(Seen::order);
    let visits: Vec<Visit> = order
        .iter()
        .map(|visit| day.visits[*visit as usize])
        .collect();
    let encode = |column: Column| Some((column.name(), column.numbers(&visits, &events)?.encode()));
    Column::ALL.into_iter().map(encode).collect()
}

impl Column {
    /// The column of visits that stand in the order of their visitors, and of events in that of their visits; `None` if it has numbers that
    /// do not fit.
    pub(super) fn numbers(self, visits: &[Visit], events: &[Seen]) -> Option<Numbers> {
        let numbers: Vec<i64> = match self {
            Self::Time | Self::Kind | Self::Page => {
                events.iter().map(|event| event.number(self)).collect()
            }
            Self::Engaged | Self::Scroll => {
                events.iter().filter_map(|event| event.said(self)).collect()
            }
            Self::Events => {
                let mut counts = vec![0; visits.len()];
                for event in events {
                    counts[event.visit as usize] += 1;
                }
                counts
            }
            Self::Flags => flags(visits),
            _ => visits.iter().map(|visit| visit.number(self)).collect(),
        };
        Numbers::of(&numbers)
    }
}

fn flags(visits: &[Visit]) -> Vec<i64> {
    let set = |is_set: bool, flag: u32| if is_set { i64::from(flag) } else { 0 };
    let mut before = None;
    let flags = |visit: &Visit| {
        let is_first = visit.visitor != before;
        before = visit.visitor;
        set(visit.visitor.is_some(), flag::IDENTIFIED)
            | set(is_first, flag::FIRST)
            | set(visit.bounced, flag::BOUNCED)
            | set(visit.is_bot, flag::BOT)
    };
    visits.iter().map(flags).collect()
}

impl Seen {
    /// By visit and time, and to the last difference, so that a day gives the same bytes each time.
    pub(super) fn order(&self) -> (u32, [i64; 3], [Option<i64>; 2]) {
        let numbers = [Column::Time, Column::Kind, Column::Page].map(|column| self.number(column));
        let said = [Column::Engaged, Column::Scroll].map(|column| self.said(column));
        (self.visit, numbers, said)
    }

    /// Of engagement: what it said.
    fn said(&self, column: Column) -> Option<i64> {
        let What::Engagement { engaged_ms, scroll } = self.what else {
            return None;
        };
        let said = if column == Column::Engaged {
            engaged_ms
        } else {
            scroll
        };
        Some(
            said.and_then(|said| i64::try_from(said).ok())
                .map_or(0, |said| said + 1),
        )
    }
}

/// Some columns of a day. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    columns: HashMap<Column, Arc<Numbers>>,
}

impl FromIterator<(Column, Numbers)> for Columns {
    fn from_iter<I: IntoIterator<Item = (Column, Numbers)>>(columns: I) -> Self {
        Self {
            columns: columns
                .into_iter()
                .map(|(column, numbers)| (column, Arc::new(numbers)))
                .collect(),
        }
    }
}

impl Columns {
    /// `None` where one is missing, or written in another form.
    pub(super) async fn read(
        pool: &Pool,
        site: i64,
        day: i64,
        wanted: &[Column],
    ) -> Result<Option<Self>, StoreError> {
        let names: Vec<String> = wanted
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        let mut statement = Statement::new(pool);
        statement.push("select dimension, figures from rollups where site = ");
        statement.number(site).push(" and day = ").number(day);
        statement.push(" and dimension").is_any_text(&names);
        let mut columns = HashMap::with_capacity(wanted.len());
        let take = |(name, bytes): (String, Vec<u8>)| {
            let column = wanted.iter().find(|column| column.name() == name);
            columns.extend(column.copied().zip(Numbers::decode(&bytes).map(Arc::new)));
            Ok(())
        };
        statement.each_row(pool, take).await?;
        let is_all = wanted.iter().all(|column| columns.contains_key(column));
        Ok(is_all.then_some(Self { columns }))
    }

    pub(super) fn find(&self, column: Column) -> Option<&Numbers> {
        self.columns.get(&column).map(Arc::as_ref)
    }

    /// The same, these visits not being counted.
    pub(super) fn without(&self, visits: impl Iterator<Item = usize>) -> Self {
        let flags = self.get(Column::Flags);
        let base = u32::try_from(flags.base).unwrap_or(0);
        let mut above: Vec<u32> = flags.above.iter().map(|above| base + above).collect();
        for visit in visits {
            above[visit] |= flag::MOVED;
        }
        let mut columns = self.columns.clone();
        columns.insert(Column::Flags, Arc::new(Numbers { base: 0, above }));
        Self { columns }
    }

    /// One of those that were read.
    pub(super) fn get(&self, column: Column) -> &Numbers {
        &self.columns[&column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_in_the_width_that_they_need() {
        for (numbers, width) in [
            (vec![], 1),
            (vec![7], 1),
            (vec![-3, 252], 1),
            (vec![0, 256], 2),
            (vec![1 << 40, (1 << 40) + 65_536], 3),
            (vec![0, i64::from(u32::MAX)], 4),
        ] {
            let packed = Numbers::of(&numbers).unwrap();
            let bytes = packed.encode();
            assert_eq!(bytes[0], width, "{numbers:?}");
            let back = Numbers::decode(&bytes).unwrap();
            let read: Vec<i64> = (0..numbers.len()).map(|place| back.at(place)).collect();
            assert_eq!(read, numbers);
        }
        assert_eq!(Numbers::of(&[0, 1 << 32]), None);
        assert_eq!(Numbers::decode(&[1, 2, 3]), None);
    }

    #[test]
    fn different_numbers_come_once_and_in_order() {
        for far in [100, i64::from(u32::MAX) - 10] {
            let numbers = Numbers::of(&[far - 100, 5, 5, far, 6, 6]).unwrap();
            let mut expected: Vec<i32> = [far - 100, 5, 6, far]
                .into_iter()
                .filter_map(|number| i32::try_from(number).ok())
                .collect();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(numbers.different(), expected);
        }
    }
}
