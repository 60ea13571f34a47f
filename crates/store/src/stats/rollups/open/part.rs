//! The events of some visitors, in the order in which columns want them.

use std::collections::{HashMap, HashSet};

use crate::stats::rollups::columns::{Column, Columns};
use crate::stats::rollups::day::{Day, Seen, Visit};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) visitor: Option<i64>,
    pub(super) session: i64,
    pub(super) seen: Seen,
}

impl Event {
    pub(super) fn order(&self) -> (Option<i64>, i64, i64) {
        (self.visitor, self.session, self.time_ms())
    }

    pub(super) fn time_ms(&self) -> i64 {
        self.seen.number(Column::Time)
    }
}

/// Events and their visits.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// By visitor, visit and time.
    pub(super) events: Vec<Event>,
    pub(super) visits: HashMap<i64, Visit>,
}

impl Part {
    pub(super) fn sort(&mut self) {
        // Mostly a few sorted runs one behind the other, which this way of sorting finds.
        self.events.sort_by_key(Event::order);
    }

    /// Of a part that is sorted.
    pub(super) fn of_visitor(&self, visitor: i64) -> &[Event] {
        let of = |event: &Event| event.visitor.cmp(&Some(visitor));
        let from = self.events.partition_point(|event| of(event).is_lt());
        let events = &self.events[from..];
        &events[..events.partition_point(|event| of(event).is_eq())]
    }

    /// Takes in events of another part.
    pub(super) fn extend<'e>(&mut self, other: &Self, events: impl IntoIterator<Item = &'e Event>) {
        for event in events {
            self.events.push(*event);
            if let Some(visit) = other.visits.get(&event.session) {
                self.visits.insert(event.session, *visit);
            }
        }
    }

    /// Lets go what is not to be kept.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&Event) -> bool) {
        self.events.retain(is_kept);
        let sessions: HashSet<i64> = self.events.iter().map(|event| event.session).collect();
        self.visits.retain(|session, _| sessions.contains(session));
    }

    /// Its visits and events as a day has them, its visits in their order.
    pub(super) fn to_day(&self) -> Day {
        let mut day = Day::default();
        let mut last = None;
        for event in &self.events {
            let visit = (event.visitor, event.session);
            if last != Some(visit) {
                let is_other = last.is_none_or(|(visitor, _)| visitor != event.visitor);
                day.visitors += u32::from(is_other);
                let number = event.visitor.map(|_| day.visitors - 1);
                if let Some(of) = self.visits.get(&event.session) {
                    day.visits.push(of.with_visitor(number));
                }
                last = Some(visit);
            }
            let number = u32::try_from(day.visits.len().saturating_sub(1)).unwrap_or(u32::MAX);
            day.events.push(event.seen.of_visit(number));
        }
        day
    }
}

/// All columns; `None` where a number does not fit, which is none that we give.
pub(super) fn columns(day: &Day) -> Option<Columns> {
    let column = |column: Column| Some((column, column.numbers(&day.visits, &day.events)?));
    Column::ALL.into_iter().map(column).collect()
}
