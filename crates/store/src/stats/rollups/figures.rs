//! The figures of one day of receipt by one dimension: cells and parts, and how they are added up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::stats::Counts;

/// As it is stored: [`Figures`] in this form. Another one is read as if the day were not counted.
const VERSION: u8 = 1;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Figures<'a> {
    pub(super) periods: Vec<Period>,
    /// In the order of their bytes.
    #[serde(borrow)]
    pub(super) values: Vec<&'a str>,
    /// Who was there in one period only.
    pub(super) cells: Vec<Cell>,
    /// Who was there in several.
    pub(super) visits: Vec<VisitPart>,
    pub(super) pages: Vec<PagePart>,
}

/// From one instant until just before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Period {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

/// What is said of a value in a period; both by their places in the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) period: u32,
    pub(super) value: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) group: Group,
    pub(super) sums: Sums,
}

/// What a visit did in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct VisitPart {
    pub(super) group: Group,
    /// Numbered within the day; `None` of who opted out.
    pub(super) visitor: Option<u32>,
    pub(super) visit: u32,
    pub(super) pageviews: u64,
    pub(super) events: u64,
    /// Of the whole visit.
    pub(super) bounced: bool,
    pub(super) duration_ms: u64,
}

/// How much a visit was engaged with a page in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct PagePart {
    pub(super) group: Group,
    pub(super) visit: u32,
    /// Pages of one path are one.
    pub(super) page: u32,
    pub(super) engaged_ms: u64,
    pub(super) scroll: Option<u64>,
}

/// What [`Counts`] has of a group alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) visitors: u64,
    pub(super) visits: u64,
    pub(super) pageviews: u64,
    pub(super) events: u64,
    pub(super) identified_pageviews: u64,
    pub(super) bounces: u64,
    pub(super) duration_ms: u64,
    pub(super) engaged_ms: u64,
    pub(super) engaged_pages: u64,
    pub(super) scroll_sum: u64,
    pub(super) scroll_pages: u64,
}

impl Figures<'_> {
    pub(super) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        postcard::to_extend(self, vec![VERSION])
            .map_err(|error| StoreError::rejected("encode", format!("figures: {error}")))
    }
}

/// `None` if it was written by a version that knows another form.
pub(super) fn decode(bytes: &[u8]) -> Option<Figures<'_>> {
    let (version, figures) = bytes.split_first()?;
    (*version == VERSION)
        .then(|| postcard::from_bytes(figures).ok())
        .flatten()
}

/// Adds up parts that belong to the same key: each visitor, visit and page once.
pub(super) fn add_parts<K: Copy + Ord>(
    sums: &mut BTreeMap<K, Sums>,
    mut visits: Vec<(K, &VisitPart)>,
    mut pages: Vec<(K, &PagePart)>,
) {
    visits.sort_unstable_by_key(|(key, part)| (*key, part.visitor, part.visit));
    let mut before = None;
    for (key, part) in visits {
        let sum = sums.entry(key).or_default();
        sum.pageviews += part.pageviews;
        sum.events += part.events;
        let Some(visitor) = part.visitor else {
            continue;
        };
        sum.identified_pageviews += part.pageviews;
        let (same_visitor, same_visit) = before.map_or((false, false), |(last, who, visit)| {
            let same_visitor = last == key && who == visitor;
            (same_visitor, same_visitor && visit == part.visit)
        });
        sum.visitors += u64::from(!same_visitor);
        if !same_visit {
            sum.visits += 1;
            sum.bounces += u64::from(part.bounced);
            sum.duration_ms += part.duration_ms;
        }
        before = Some((key, visitor, part.visit));
    }
    add_pages(sums, &mut pages);
}

fn add_pages<K: Copy + Ord>(sums: &mut BTreeMap<K, Sums>, pages: &mut [(K, &PagePart)]) {
    pages.sort_unstable_by_key(|(key, part)| (*key, part.visit, part.page));
    let of_one = |one: &(K, &PagePart), other: &(K, &PagePart)| {
        (one.0, one.1.visit, one.1.page) == (other.0, other.1.visit, other.1.page)
    };
    for parts in pages.chunk_by(of_one) {
        let sum = sums.entry(parts[0].0).or_default();
        sum.engaged_ms += parts.iter().map(|(_, part)| part.engaged_ms).sum::<u64>();
        sum.engaged_pages += 1;
        if let Some(scroll) = parts.iter().filter_map(|(_, part)| part.scroll).max() {
            sum.scroll_sum += scroll;
            sum.scroll_pages += 1;
        }
    }
}

impl Sums {
    pub(super) fn add_to(self, counts: &mut Counts) {
        counts.visitors += self.visitors;
        counts.visits += self.visits;
        counts.pageviews += self.pageviews;
        counts.events += self.events;
        counts.identified_pageviews += self.identified_pageviews;
        counts.bounces += self.bounces;
        counts.duration_ms += self.duration_ms;
        counts.engaged_ms += self.engaged_ms;
        counts.engaged_pages += self.engaged_pages;
        counts.scroll_sum += self.scroll_sum;
        counts.scroll_pages += self.scroll_pages;
    }

    /// Takes off what was added before.
    pub(super) fn take_from(self, counts: &mut Counts) {
        counts.visitors -= self.visitors;
        counts.visits -= self.visits;
        counts.pageviews -= self.pageviews;
        counts.events -= self.events;
        counts.identified_pageviews -= self.identified_pageviews;
        counts.bounces -= self.bounces;
        counts.duration_ms -= self.duration_ms;
        counts.engaged_ms -= self.engaged_ms;
        counts.engaged_pages -= self.engaged_pages;
        counts.scroll_sum -= self.scroll_sum;
        counts.scroll_pages -= self.scroll_pages;
    }
}

impl From<&Counts> for Sums {
    fn from(counts: &Counts) -> Self {
        Self {
            visitors: counts.visitors,
            visits: counts.visits,
            pageviews: counts.pageviews,
            events: counts.events,
            identified_pageviews: counts.identified_pageviews,
            bounces: counts.bounces,
            duration_ms: counts.duration_ms,
            engaged_ms: counts.engaged_ms,
            engaged_pages: counts.engaged_pages,
            scroll_sum: counts.scroll_sum,
            scroll_pages: counts.scroll_pages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(period: u32, visitor: Option<u32>, visit: u32) -> VisitPart {
        VisitPart {
            group: Group { period, value: 0 },
            visitor,
            visit,
            pageviews: 1,
            events: 2,
            bounced: true,
            duration_ms: 10,
        }
    }

    #[test]
    fn what_is_of_one_key_counts_each_visitor_and_visit_once() {
        let parts = [
            visit(0, Some(7), 1),
            visit(1, Some(7), 1),
            visit(1, Some(7), 2),
            visit(1, None, 3),
        ];
        let mut sums = BTreeMap::new();
        let together = parts.iter().map(|part| ((), part)).collect();
        add_parts(&mut sums, together, Vec::new());
        let expected = Sums {
            visitors: 1,
            visits: 2,
            pageviews: 4,
            events: 8,
            identified_pageviews: 3,
            bounces: 2,
            duration_ms: 20,
            ..Sums::default()
        };
        assert_eq!(sums[&()], expected);
        let mut sums = BTreeMap::new();
        let apart = parts.iter().map(|part| (part.group.period, part)).collect();
        add_parts(&mut sums, apart, Vec::new());
        assert_eq!((sums[&0].visitors, sums[&1].visitors), (1, 1));
        assert_eq!((sums[&0].visits, sums[&1].visits), (1, 2));
    }

    #[test]
    fn a_page_of_a_visit_has_the_greatest_of_its_depths() {
        let page = |period, scroll| PagePart {
            group: Group { period, value: 0 },
            visit: 1,
            page: 5,
            engaged_ms: 100,
            scroll,
        };
        let parts = [page(0, Some(20)), page(1, Some(60)), page(2, None)];
        let mut sums = BTreeMap::new();
        let together = parts.iter().map(|part| ((), part)).collect();
        add_parts(&mut sums, Vec::new(), together);
        let sum = &sums[&()];
        assert_eq!((sum.engaged_ms, sum.engaged_pages), (300, 1));
        assert_eq!((sum.scroll_sum, sum.scroll_pages), (60, 1));
    }

    #[test]
    fn what_is_stored_reads_back_and_another_form_does_not() {
        let figures = Figures {
            periods: vec![Period {
                from_ms: -5,
                until_ms: 1 << 40,
            }],
            values: vec!["", "é"],
            visits: vec![visit(0, None, 9)],
            ..Figures::default()
        };
        let mut bytes = figures.encode().unwrap();
        assert_eq!(decode(&bytes), Some(figures));
        bytes[0] += 1;
        assert_eq!(decode(&bytes), None);
        assert_eq!(decode(&[]), None);
    }
}
