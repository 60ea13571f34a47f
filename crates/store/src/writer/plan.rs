//! From the events of a batch to its rows, and from what was stored to what its sessions gain.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::check::age_ms;
use super::dictionary::Interned;
use super::ledger::{Hours, hour};
use super::rows::{EventRow, SessionRow, Traits};
use crate::error::StoreError;
use crate::extra::Extra;
use crate::new_event::NewEvent;

/// An event of the batch, its texts as numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'a> {
    pub(super) row: &'a NewEvent,
    pub(super) interned: Interned,
    /// The client as its visit is to have it, and whether that is a bot's: what was seen, or what a verdict says.
    pub(super) client: i32,
    pub(super) is_bot: bool,
    pub(super) site: i32,
    pub(super) session: i64,
}

impl Planned<'_> {
    fn key(&self) -> (i32, Uuid) {
        (self.site, self.row.event.id)
    }

    /// Events of one session in the order in which they happened.
    fn order(&self) -> (i32, i64, i64, Uuid) {
        (
            self.site,
            self.session,
            self.row.event.time_ms,
            self.row.event.id,
        )
    }
}

/// Puts the events in the order of their sessions and of time, and finds what the first event of each session said: what is stored of
/// it already, or the first one here.
pub(super) fn traits_of(planned: &mut [Planned<'_>], stored: Vec<Traits>) -> HashMap<i64, Traits> {
    planned.sort_unstable_by_key(Planned::order);
    let mut traits: HashMap<i64, Traits> = stored
        .into_iter()
        .map(|traits| (traits.session, traits))
        .collect();
    for event in planned {
        traits.entry(event.session).or_insert(Traits {
            session: event.session,
            client: event.client,
            place: event.interned.place,
        });
    }
    traits
}

/// The rows of the events, sorted by site and id.
pub(super) fn event_rows<'a>(
    planned: &[Planned<'a>],
    traits: &HashMap<i64, Traits>,
) -> Result<Vec<EventRow<'a>>, StoreError> {
    let mut rows = planned
        .iter()
        .map(|event| event_row(event, &traits[&event.session]))
        .collect::<Result<Vec<_>, _>>()?;
    rows.sort_unstable_by_key(|row| (row.site, row.event_id));
    Ok(rows)
}

fn event_row<'a>(planned: &Planned<'a>, traits: &Traits) -> Result<EventRow<'a>, StoreError> {
    let (event, interned) = (&planned.row.event, planned.interned);
    // A site that makes up ever new kinds must not fill a column of two bytes for all the others.
    let kind = i16::try_from(interned.kind);
    let extra = Extra {
        kind: kind.is_err().then_some(interned.kind),
        // A verdict is about the visit: an event that differs says what was seen of itself.
        client: (![interned.client, planned.client].contains(&traits.client))
            .then_some(interned.client),
        place: (interned.place != traits.place).then_some(interned.place),
        marks: event.marks,
    };
    Ok(EventRow {
        event_id: event.id,
        session: planned.session,
        time_ms: event.time_ms,
        site: planned.site,
        age_ms: age_ms(planned.row)?,
        page: interned.page,
        referrer: interned.referrer,
        person: interned.person,
        kind: kind.unwrap_or(0),
        data: &event.data,
        extra: extra.encode(),
    })
}

/// What the stored events add to their sessions, sorted by site and session. The events must be in the order of [`traits_of`], and the
/// sessions that may have had events before sorted.
pub(super) fn session_rows(
    planned: &[Planned<'_>],
    stored: &HashSet<(i32, Uuid)>,
    traits: &HashMap<i64, Traits>,
    continued: &[(i32, i64)],
) -> Result<Vec<SessionRow>, StoreError> {
    let bots: HashSet<i32> = planned
        .iter()
        .filter(|event| event.is_bot)
        .map(|event| event.client)
        .collect();
    let mut rows: Vec<SessionRow> = Vec::new();
    for event in planned.iter().filter(|event| stored.contains(&event.key())) {
        match rows.last_mut() {
            Some(row) if (row.site, row.session) == (event.site, event.session) => {
                extend(row, event);
            }
            _ => {
                let is_new = continued
                    .binary_search(&(event.site, event.session))
                    .is_err();
                let traits = &traits[&event.session];
                // A client's row says it once and for all. Of a session that is stored already, this is not looked at.
                let is_bot = bots.contains(&traits.client);
                rows.push(session_row(event, traits, is_new, is_bot)?);
            }
        }
    }
    Ok(rows)
}

fn session_row(
    planned: &Planned<'_>,
    traits: &Traits,
    is_new: bool,
    is_bot: bool,
) -> Result<SessionRow, StoreError> {
    let (event, interned) = (&planned.row.event, planned.interned);
    let channel = i16::try_from(interned.channel)
        .map_err(|_| StoreError::rejected("22003", "there are too many channels"))?;
    Ok(SessionRow {
        is_new,
        session: planned.session,
        started_ms: event.time_ms,
        visitor: event.visitor,
        site: planned.site,
        duration_ms: 0,
        pageviews: i32::from(event.kind == PAGEVIEW),
        events: 1,
        entry_page: interned.page,
        exit_page: interned.page,
        referrer: interned.referrer,
        campaign: interned.campaign,
        client: traits.client,
        place: traits.place,
        channel,
        bot: i16::from(is_bot),
        interactions: i32::from(is_interaction(&event.kind)),
    })
}

fn extend(row: &mut SessionRow, planned: &Planned<'_>) {
    // A session spans 15 days at most, which fits.
    let duration_ms = planned.row.event.time_ms - row.started_ms;
    row.duration_ms = i32::try_from(duration_ms).unwrap_or(i32::MAX);
    row.pageviews += i32::from(planned.row.event.kind == PAGEVIEW);
    row.events += 1;
    row.interactions += i32::from(is_interaction(&planned.row.event.kind));
    row.exit_page = planned.interned.page;
}

/// The kind of event that counts as a view of a page.
const PAGEVIEW: &str = "pageview";

/// The kinds of event that the pixel sends on its own. All others are meant by somebody: a visit with one is no bounce.
const AUTOMATIC: [&str; 5] = [
    PAGEVIEW,
    "engagement",
    "performance_metrics",
    "error",
    "favourite_colour",
];

fn is_interaction(kind: &str) -> bool {
    !AUTOMATIC.contains(&kind)
}

/// When the stored events were received, by site.
pub(super) fn received(
    planned: &[Planned<'_>],
    stored: &HashSet<(i32, Uuid)>,
) -> impl Iterator<Item = (i32, i64)> {
    let stored = planned.iter().filter(|event| stored.contains(&event.key()));
    stored.map(|event| (event.site, event.row.event.received_ms))
}

/// The stored events by site and hour.
pub(super) fn hours(planned: &[Planned<'_>], stored: &HashSet<(i32, Uuid)>) -> Hours {
    let mut hours = BTreeMap::new();
    for event in planned.iter().filter(|event| stored.contains(&event.key())) {
        *hours
            .entry((event.site, hour(event.row.event.time_ms)))
            .or_default() += 1;
    }
    hours
}
