//! The events of a day of receipt, in memory.

use std::collections::HashMap;

use hgpixel_event::limits::CLIENT_TIME_FUTURE_MS;
use sqlx::FromRow;

use super::EVENTS_MAX;
use super::columns::Column;
use super::receipt::{LATE_MS, Received};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::snapshot::DAY_MS;
use crate::stats::conditions::push_data_value;
use crate::stats::dimension::Dimension;
use crate::stats::kinds::{self, Kinds};
use crate::stats::metric::{ENGAGED_MS_MAX, SCROLL_MAX};
use crate::stats::statement::Statement;
use crate::writer::ledger::HOUR_MS;

/// The events that were received on one day, of people and of bots.
#[derive(Debug, Default)]
pub(super) struct Day {
    pub(super) events: Vec<Seen>,
    pub(super) visits: Vec<Visit>,
    /// Of favourite colours.
    pub(super) colours: Vec<String>,
    pub(super) visitors: u32,
}

/// An event, with the numbers of its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) time_ms: i64,
    /// In [`Day::visits`].
    pub(super) visit: u32,
    pub(super) what: What,
    page: i32,
    kind: i32,
    /// In [`Day::colours`].
    pub(super) colour: Option<u32>,
}

/// As what an event counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Pageview,
    /// With what it said, where that makes sense.
    Engagement {
        engaged_ms: Option<u64>,
        scroll: Option<u64>,
    },
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    /// Numbered within the day; `None` of who opted out.
    pub(super) visitor: Option<u32>,
    pub(super) bounced: bool,
    pub(super) is_bot: bool,
    pub(super) duration_ms: u64,
    entry_page: i32,
    exit_page: i32,
    referrer: i32,
    campaign: i32,
    client: i32,
    place: i32,
    channel: i32,
}

/// As the statement answers.
#[derive(Debug, FromRow)]
pub(super) struct Row {
    pub(super) session: i64,
    pub(super) visitor: Option<i64>,
    bounced: i64,
    bot: i64,
    duration_ms: i64,
    entry_page: i64,
    exit_page: i64,
    referrer: i64,
    campaign: i64,
    client: i64,
    place: i64,
    channel: i64,
    pub(super) time_ms: i64,
    page: i64,
    kind: i64,
    colour: Option<String>,
    engaged: Option<i64>,
    scroll: Option<i64>,
}

/// Numbers that were given out, by what they were given for.
#[derive(Debug, Default)]
struct Numbered {
    visits: HashMap<i64, u32>,
    visitors: HashMap<i64, u32>,
    colours: HashMap<String, u32>,
}

impl Day {
    /// Reads it an hour of events at a time; `None` if there are more than [`EVENTS_MAX`].
    pub(super) async fn read(pool: &Pool, site: i64, day: i64) -> Result<Option<Self>, StoreError> {
        let kinds = pool.bounded(Kinds::read(pool)).await?;
        let received = Received {
            from_day: day,
            until_day: day + 1,
        };
        let begin_ms = day * DAY_MS;
        let end_ms = begin_ms + DAY_MS + CLIENT_TIME_FUTURE_MS + 1;
        // What came late happened before, at any time.
        let mut from_ms = i64::MIN / 2;
        let mut until_ms = begin_ms - LATE_MS;
        let mut this = Self::default();
        let mut numbered = Numbered::default();
        loop {
            let statement = select(pool, &kinds, site, received, from_ms, until_ms);
            let take = |row: Row| this.take(&row, &kinds, &mut numbered);
            pool.bounded(statement.each_row(pool, take)).await?;
            if this.events.len() > EVENTS_MAX {
                return Ok(None);
            }
            if until_ms >= end_ms {
                this.renumber(&numbered);
                return Ok(Some(this));
            }
            from_ms = until_ms;
            until_ms = (until_ms + HOUR_MS).min(end_ms);
        }
    }

    fn take(
        &mut self,
        row: &Row,
        kinds: &Kinds,
        numbered: &mut Numbered,
    ) -> Result<(), StoreError> {
        if self.events.len() > EVENTS_MAX {
            return Ok(());
        }
        let next = whole(self.visits.len())?;
        let visit = *numbered.visits.entry(row.session).or_insert(next);
        if visit == next {
            let next = whole(numbered.visitors.len())?;
            let number = |visitor| *numbered.visitors.entry(visitor).or_insert(next);
            self.visits.push(row.visit(row.visitor.map(number))?);
            self.visitors = whole(numbered.visitors.len())?;
        }
        let colour = match row.colour.clone() {
            Some(colour) => {
                let next = whole(self.colours.len())?;
                let number = *numbered.colours.entry(colour.clone()).or_insert(next);
                if number == next {
                    self.colours.push(colour);
                }
                Some(number)
            }
            None => None,
        };
        let seen = row.seen(visit, kinds)?;
        self.events.push(Seen { colour, ..seen });
        Ok(())
    }

    /// Numbers visits and visitors in the order in which the store does, so that a day gives the same bytes each time.
    fn renumber(&mut self, numbered: &Numbered) {
        let places = |numbers: &HashMap<i64, u32>| {
            let mut sorted: Vec<_> = numbers.iter().collect();
            sorted.sort_unstable();
            let mut places = vec![0; sorted.len()];
            for (place, (_, number)) in (0..).zip(sorted) {
                places[*number as usize] = place;
            }
            places
        };
        let visitors: Vec<u32> = places(&numbered.visitors);
        let visits: Vec<u32> = places(&numbered.visits);
        let mut sorted = self.visits.clone();
        for (visit, place) in self.visits.iter().zip(&visits) {
            let visitor = visit.visitor.map(|visitor| visitors[visitor as usize]);
            sorted[*place as usize] = Visit { visitor, ..*visit };
        }
        self.visits = sorted;
        for event in &mut self.events {
            event.visit = visits[event.visit as usize];
        }
    }

    /// What of it is of people, whom figures are about.
    pub(super) fn of_people(&self) -> Self {
        let mut people = Self {
            colours: self.colours.clone(),
            visitors: self.visitors,
            ..Self::default()
        };
        let mut places = vec![None; self.visits.len()];
        for (place, visit) in places.iter_mut().zip(&self.visits) {
            if !visit.is_bot {
                *place = u32::try_from(people.visits.len()).ok();
                people.visits.push(*visit);
            }
        }
        let of_people = self.events.iter().filter_map(|event| {
            let visit = places[event.visit as usize]?;
            Some(event.of_visit(visit))
        });
        people.events = of_people.collect();
        people
    }

    /// When the first and the last of its events happened.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let times = || self.events.iter().map(|event| event.time_ms);
        times().min().zip(times().max())
    }
}

impl Seen {
    /// The same, its visit having this number.
    pub(super) fn of_visit(self, visit: u32) -> Self {
        Self { visit, ..self }
    }

    /// What stands in a column of events.
    pub(super) fn number(&self, column: Column) -> i64 {
        match column {
            Column::Time => self.time_ms,
            Column::Kind => self.kind.into(),
            Column::Page => self.page.into(),
            _ => 0,
        }
    }
}

impl Visit {
    /// The same, its visitor having this number.
    pub(super) fn with_visitor(self, visitor: Option<u32>) -> Self {
        Self { visitor, ..self }
    }

    /// What stands in a column of visits.
    pub(super) fn number(&self, column: Column) -> i64 {
        match column {
            Column::Duration => self.duration_ms.cast_signed(),
            Column::EntryPage => self.entry_page.into(),
            Column::ExitPage => self.exit_page.into(),
            Column::Referrer => self.referrer.into(),
            Column::Campaign => self.campaign.into(),
            Column::Client => self.client.into(),
            Column::Place => self.place.into(),
            Column::Channel => self.channel.into(),
            _ => 0,
        }
    }
}

impl Row {
    /// What it says of its visit, whose visitor has this number.
    pub(super) fn visit(&self, visitor: Option<u32>) -> Result<Visit, StoreError> {
        Ok(Visit {
            visitor,
            bounced: self.bounced != 0,
            is_bot: self.bot != 0,
            duration_ms: whole(self.duration_ms)?,
            entry_page: whole(self.entry_page)?,
            exit_page: whole(self.exit_page)?,
            referrer: whole(self.referrer)?,
            campaign: whole(self.campaign)?,
            client: whole(self.client)?,
            place: whole(self.place)?,
            channel: whole(self.channel)?,
        })
    }

    /// What it says of the event, whose visit has this number; colours aside.
    pub(super) fn seen(&self, visit: u32, kinds: &Kinds) -> Result<Seen, StoreError> {
        Ok(Seen {
            time_ms: self.time_ms,
            visit,
            what: self.what(kinds),
            page: whole(self.page)?,
            kind: whole(self.kind)?,
            colour: None,
        })
    }

    fn what(&self, kinds: &Kinds) -> What {
        let up_to = |number: Option<i64>, max: u64| {
            let number = u64::try_from(number?).ok()?;
            (number <= max).then_some(number)
        };
        match kinds.name(self.kind) {
            Some("pageview") => What::Pageview,
            Some("engagement") => What::Engagement {
                engaged_ms: up_to(self.engaged, ENGAGED_MS_MAX),
                scroll: up_to(self.scroll, SCROLL_MAX),
            },
            _ => What::Other,
        }
    }
}

/// The statement for those of the events received then that happened in a range.
pub(super) fn select(
    pool: &Pool,
    kinds: &Kinds,
    site: i64,
    received: Received,
    from_ms: i64,
    until_ms: i64,
) -> Statement {
    let mut statement = Statement::new(pool);
    statement.push(
        "select e.session as session, s.visitor as visitor, \
         cast(case when s.pageviews <= 1 and s.interactions = 0 then 1 else 0 end as bigint) as bounced, \
         cast(s.bot as bigint) as bot, cast(s.duration_ms as bigint) as duration_ms, cast(s.entry_page as bigint) as entry_page, \
         cast(s.exit_page as bigint) as exit_page, cast(s.referrer as bigint) as referrer, \
         cast(s.campaign as bigint) as campaign, cast(s.client as bigint) as client, cast(s.place as bigint) as place, \
         cast(s.channel as bigint) as channel, e.time_ms as time_ms, cast(e.page as bigint) as page, ",
    );
    kinds::push_number(&mut statement);
    statement.push(" as kind, nullif(");
    push_data_value(&mut statement, &Dimension::FavouriteColour, kinds);
    statement
        .push(", '")
        .push(Dimension::FavouriteColour.nothing());
    statement.push("') as colour, case when ");
    kinds.push_is(&mut statement, "engagement");
    statement.push(" then ");
    statement.json_number("e.data", "engaged");
    statement.push(" end as engaged, case when ");
    kinds.push_is(&mut statement, "engagement");
    statement.push(" then ");
    statement.json_number("e.data", "scroll");
    statement.push(" end as scroll from events e cross join sessions s where ");
    received.push(&mut statement, site, from_ms, until_ms);
    statement.push(" and s.site = ").number(site);
    statement.push(" and s.session = e.session");
    statement
}

pub(super) fn whole<T, N: TryInto<T>>(number: N) -> Result<T, StoreError> {
    number
        .try_into()
        .map_err(|_| StoreError::rejected("decode", "a number is out of its range"))
}

#[cfg(test)]
impl Seen {
    /// A page view.
    pub(super) fn at(time_ms: i64) -> Self {
        Self {
            time_ms,
            visit: 0,
            what: What::Pageview,
            page: 1,
            kind: 1,
            colour: None,
        }
    }
}

#[cfg(test)]
impl Visit {
    pub(super) fn lasting(duration_ms: u64) -> Self {
        Self {
            visitor: None,
            bounced: false,
            is_bot: false,
            duration_ms,
            entry_page: 1,
            exit_page: 1,
            referrer: 1,
            campaign: 1,
            client: 1,
            place: 1,
            channel: 1,
        }
    }
}
