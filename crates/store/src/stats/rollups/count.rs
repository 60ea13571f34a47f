//! From the events of a day to its figures.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::task::spawn_blocking;

use super::day::{Day, What};
use super::figures::{Cell, Figures, Group, PagePart, Period, VisitPart, add_parts};
use super::values::{Places, Values};
use super::{Rolled, VALUES_MAX};
use crate::calendar::{self, CalendarUnit};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::stats::Dimension;

/// The figures of a day's people, by the names of what is counted, in the days and hours of a time zone. Nothing in place of what has too many
/// values.
///
/// A dimension takes milliseconds, in which other tasks want to go on.
pub(super) async fn figures(
    pool: &Pool,
    day: Day,
    zone: &TimeZone,
    wanted: impl Iterator<Item = Rolled<'static>>,
) -> Result<Vec<(&'static str, Vec<u8>)>, StoreError> {
    let Some((first_ms, last_ms)) = day.span() else {
        return Ok(Vec::new());
    };
    let periods = |unit| {
        let edges = calendar::edges(unit, zone, first_ms, last_ms + 1);
        let edges = edges.ok_or_else(|| StoreError::rejected("rollup", "beyond the calendar"))?;
        let period = |edge: &[i64]| Period {
            from_ms: edge[0],
            until_ms: edge[1],
        };
        Ok::<_, StoreError>(edges.windows(2).map(period).collect::<Vec<_>>())
    };
    let (by_day, by_hour) = (periods(CalendarUnit::Day)?, periods(CalendarUnit::Hour)?);
    let ended_early = |error| StoreError::rejected("count", format!("a day ended early: {error}"));
    let day = Arc::new(day);
    let paths = Arc::new(day.values(pool, &Dimension::Page).await?);
    let counter = |periods| {
        let (day, paths) = (Arc::clone(&day), Arc::clone(&paths));
        spawn_blocking(move || Arc::new(Counter::new(day, paths, periods)))
    };
    let days = counter(by_day).await.map_err(ended_early)?;
    let hours = counter(by_hour).await.map_err(ended_early)?;
    let mut figures = Vec::new();
    for rolled in wanted {
        let Some(name) = rolled.name() else {
            continue;
        };
        let values = match rolled {
            Rolled::All | Rolled::Hours => Values::one(&day),
            Rolled::By(dimension) => day.values(pool, dimension).await?,
        };
        if values.texts.len() > VALUES_MAX {
            figures.push((name, Vec::new()));
            continue;
        }
        let (counter, spans) = match rolled {
            Rolled::Hours => (Arc::clone(&hours), Spans::One),
            _ => (Arc::clone(&days), Spans::Periods),
        };
        let counting = spawn_blocking(move || counter.figures(&values, spans).encode());
        figures.push((name, counting.await.map_err(ended_early)??));
    }
    Ok(figures)
}

/// Counts a day by any dimension, in periods of one kind.
struct Counter {
    day: Arc<Day>,
    /// For engagement: several pages may have one path.
    paths: Arc<Values>,
    periods: Vec<Period>,
    /// In which of the periods each event is.
    places: Vec<u32>,
    /// Which visitors were there in several of them.
    travels: Vec<bool>,
    /// What each visit did in each period; what by a dimension of visits differs is only where these are counted.
    visits: Vec<VisitPart>,
    pages: Vec<PagePart>,
}

/// Over how much a question may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spans {
    /// Any periods together.
    Periods,
    /// Each period for itself.
    One,
}

impl Counter {
    /// The periods cover the events. `paths` are the values of the dimension of pages.
    fn new(day: Arc<Day>, paths: Arc<Values>, periods: Vec<Period>) -> Self {
        let place = |time_ms: i64| {
            let before = periods.partition_point(|period| period.until_ms <= time_ms);
            u32::try_from(before).unwrap_or(u32::MAX)
        };
        let places: Vec<u32> = day
            .events
            .iter()
            .map(|event| place(event.time_ms))
            .collect();
        let mut this = Self {
            travels: travellers(&day, &places),
            day,
            paths,
            periods,
            places,
            visits: Vec::new(),
            pages: Vec::new(),
        };
        (this.visits, this.pages) = this.parts(|_| 0);
        this
    }

    /// The day's figures by one dimension.
    fn figures<'v>(&self, values: &'v Values, spans: Spans) -> Figures<'v> {
        let (mut visits, mut pages);
        match &values.places {
            Places::OfEvents(places) => (visits, pages) = self.parts(|event| places[event]),
            Places::OfVisits(places) => {
                (visits, pages) = (self.visits.clone(), self.pages.clone());
                for part in &mut visits {
                    part.group.value = places[part.visit as usize];
                }
                for part in &mut pages {
                    part.group.value = places[part.visit as usize];
                }
            }
        }
        let is_apart = |visit: u32| {
            let visitor = self.day.visits[visit as usize].visitor;
            spans == Spans::Periods && visitor.is_some_and(|visitor| self.travels[visitor as usize])
        };
        let mut sums = BTreeMap::new();
        let of_one = visits.iter().filter(|part| !is_apart(part.visit));
        let pages_of_one = pages.iter().filter(|part| !is_apart(part.visit));
        add_parts(
            &mut sums,
            of_one.map(|part| (part.group, part)).collect(),
            pages_of_one.map(|part| (part.group, part)).collect(),
        );
        visits.retain(|part| is_apart(part.visit));
        pages.retain(|part| is_apart(part.visit));
        visits.sort_unstable();
        pages.sort_unstable();
        Figures {
            periods: self.periods.clone(),
            values: values.texts.iter().map(String::as_str).collect(),
            cells: sums
                .into_iter()
                .map(|(group, sums)| Cell { group, sums })
                .collect(),
            visits,
            pages,
        }
    }

    /// What each visit did in each period with each value, which is told by the event's place.
    fn parts(&self, value: impl Fn(usize) -> u32) -> (Vec<VisitPart>, Vec<PagePart>) {
        let group = |event: usize| Group {
            period: self.places[event],
            value: value(event),
        };
        let mut keyed: Vec<(Group, u32, usize)> = self
            .day
            .events
            .iter()
            .enumerate()
            .map(|(index, event)| (group(index), event.visit, index))
            .collect();
        keyed.sort_unstable();
        let (mut visits, mut pages) = (Vec::new(), Vec::new());
        for events in keyed.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let (group, visit, _) = events[0];
            let events = events.iter().map(|(_, _, event)| *event);
            visits.push(self.visit_part(group, visit, events.clone()));
            if self.day.visits[visit as usize].visitor.is_some() {
                self.add_page_parts(&mut pages, group, visit, events);
            }
        }
        (visits, pages)
    }

    fn visit_part(
        &self,
        group: Group,
        visit: u32,
        events: impl Iterator<Item = usize>,
    ) -> VisitPart {
        let of = &self.day.visits[visit as usize];
        let mut part = VisitPart {
            group,
            visitor: of.visitor,
            visit,
            pageviews: 0,
            events: 0,
            bounced: of.bounced,
            duration_ms: of.duration_ms,
        };
        for event in events {
            match self.day.events[event].what {
                What::Pageview => {
                    part.pageviews += 1;
                    part.events += 1;
                }
                What::Other => part.events += 1,
                What::Engagement { .. } => {}
            }
        }
        part
    }

    fn add_page_parts(
        &self,
        pages: &mut Vec<PagePart>,
        group: Group,
        visit: u32,
        events: impl Iterator<Item = usize>,
    ) {
        let first = pages.len();
        for event in events {
            let What::Engagement { engaged_ms, scroll } = self.day.events[event].what else {
                continue;
            };
            let page = self.path(event);
            let known = pages[first..].iter().position(|part| part.page == page);
            let place = known.map_or(pages.len(), |place| first + place);
            if known.is_none() {
                pages.push(PagePart {
                    group,
                    visit,
                    page,
                    engaged_ms: 0,
                    scroll: None,
                });
            }
            let part = &mut pages[place];
            part.engaged_ms += engaged_ms.unwrap_or(0);
            part.scroll = part.scroll.max(scroll);
        }
    }

    fn path(&self, event: usize) -> u32 {
        match &self.paths.places {
            Places::OfEvents(places) => places[event],
            Places::OfVisits(places) => places[self.day.events[event].visit as usize],
        }
    }
}

/// Which visitors were there in several periods.
fn travellers(day: &Day, places: &[u32]) -> Vec<bool> {
    let mut first = vec![None; day.visitors as usize];
    let mut travels = vec![false; day.visitors as usize];
    for (event, place) in day.events.iter().zip(places) {
        let Some(visitor) = day.visits[event.visit as usize].visitor else {
            continue;
        };
        let first = first[visitor as usize].get_or_insert(*place);
        travels[visitor as usize] |= first != place;
    }
    travels
}
