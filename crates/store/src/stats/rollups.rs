//! Figures of days that are over, counted once.
//!
//! A question about a month would read every event of the month out of tables that are made for writing. Here the events of a day are
//! counted and written down once more, in columns, when the day is over. The promise: **the answer is the one that the events give, to the
//! last digit, at every moment.**
//!
//! # Days of receipt
//!
//! What makes this exact is by which days things are counted. A visitor's number is made with a salt of the day (UTC) on which the server
//! *received* the event, so a visitor, and with it every visit, belongs to one day of receipt. Whatever is counted of two such days can
//! be added, visitors too, and a day that is over changes no more, however late events arrive: these belong to the day on which they do.
//!
//! # What is kept of a day
//!
//! **Figures**, for the most frequent questions, those without a filter and by one dimension at most (or by one and time). They are about
//! the days and hours of the site's time zone, by when the events happened. So they are kept for each of these *periods* that the events
//! are in (two or three, where nothing came late):
//!
//! - visitors who were there in one period only are counted in *cells*: period, value, counts. Cells can be added over periods, too;
//! - of the few others, what each visit did in each period is kept in *parts*, so that a range that has several of these periods
//!   counts each of them once.
//!
//! **Columns** (`columns`, `scan`), for all other questions but those about properties: under filters, by several dimensions, in another
//! time zone, about parts of a day, with bots.
//!
//! ```text
//! rollup_days    site, day of receipt → the time zone, how many events, when they happened
//! rollups        site, name, day → figures by a dimension, or a column
//! rollup_marks   site, day: something was stored or removed after the day was over
//! ```
//!
//! # Fresh and exact
//!
//! A day is counted ten minutes after its end. What is stored of it later (by a worker that was behind, from the dead letters) or taken
//! away from it (an erasure, retention) leaves a mark in the same transaction. A day with a mark, or one that is not counted yet, is read
//! from the events, and so is today, of which a process remembers what it has read (`open`). The leader counts such days anew.
//!
//! What this depends on: the clocks of the processes agree within ten minutes, less what a transaction takes.
//!
//! Limits: [`EVENTS_MAX`] events of a site and day, [`VALUES_MAX`] values of a dimension; what has more is read from columns or from
//! the events. Absent: the values of properties, which stand in the events alone.

mod adder;
mod answer;
mod build;
mod columns;
mod count;
mod day;
mod figures;
mod met;
mod open;
mod receipt;
mod scan;
mod values;

use super::dimension::Dimension;

pub use build::RollupDay;

pub(super) use answer::answer;
pub(crate) use build::{check, roll_up, waiting};
pub(crate) use open::OpenDays;
pub(super) use receipt::Received;
pub(crate) use receipt::{forget_before, mark_all, mark_received, mark_times};

/// Events of a site and day that are held in memory at once to count them, at most: about 200 MB.
pub(crate) const EVENTS_MAX: usize = 2_000_000;
/// Values of a dimension on one day, at most.
pub(crate) const VALUES_MAX: usize = 50_000;

/// What is counted in rollups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rolled<'d> {
    /// Everything together, by days.
    All,
    /// Everything together, by hours: each for itself, since most visitors are there in several.
    Hours,
    /// The values of a dimension, by days.
    By(&'d Dimension),
}

/// The dimensions by which figures are kept, and the names under which they are. Those of bots are about bots and people together, and a
/// property has no end of keys.
const DIMENSIONS: [(&str, Dimension); 28] = [
    ("name", Dimension::EventName),
    ("page", Dimension::Page),
    ("hostname", Dimension::Hostname),
    ("title", Dimension::Title),
    ("favourite_colour", Dimension::FavouriteColour),
    ("entry_page", Dimension::EntryPage),
    ("exit_page", Dimension::ExitPage),
    ("entry_hostname", Dimension::EntryHostname),
    ("referrer", Dimension::Referrer),
    ("source", Dimension::Source),
    ("channel", Dimension::Channel),
    ("utm_source", Dimension::UtmSource),
    ("utm_medium", Dimension::UtmMedium),
    ("utm_campaign", Dimension::UtmCampaign),
    ("utm_term", Dimension::UtmTerm),
    ("utm_content", Dimension::UtmContent),
    ("click_id", Dimension::ClickId),
    ("country", Dimension::Country),
    ("region", Dimension::Region),
    ("city", Dimension::City),
    ("device", Dimension::Device),
    ("browser", Dimension::Browser),
    ("browser_version", Dimension::BrowserVersion),
    ("os", Dimension::Os),
    ("os_version", Dimension::OsVersion),
    ("language", Dimension::Language),
    ("screen", Dimension::Screen),
    ("colour_scheme", Dimension::ColourScheme),
];

impl Rolled<'_> {
    /// Everything that is counted of a day.
    fn each() -> impl Iterator<Item = Rolled<'static>> {
        let dimensions = DIMENSIONS
            .iter()
            .map(|(_, dimension)| Rolled::By(dimension));
        [Rolled::All, Rolled::Hours].into_iter().chain(dimensions)
    }

    /// Under which it is stored; `None` if it is not counted.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::All => Some("all"),
            Self::Hours => Some("hours"),
            Self::By(wanted) => {
                let mut dimensions = DIMENSIONS.iter();
                dimensions
                    .find(|(_, dimension)| dimension == wanted)
                    .map(|(name, _)| *name)
            }
        }
    }
}
