//! The words of the language: metrics, dimensions, units of time.

use hgpixel_store::{CalendarUnit as Unit, Dimension, Metric};

use super::wrong::Wrong;

const METRICS: [(&str, Metric); 11] = [
    ("visitors", Metric::Visitors),
    ("visits", Metric::Visits),
    ("pageviews", Metric::Pageviews),
    ("events", Metric::Events),
    ("views_per_visit", Metric::ViewsPerVisit),
    ("bounce_rate", Metric::BounceRate),
    ("visit_duration", Metric::VisitDuration),
    ("time_on_page", Metric::TimeOnPage),
    ("scroll_depth", Metric::ScrollDepth),
    ("conversion_rate", Metric::ConversionRate),
    ("percentage", Metric::Percentage),
];

/// All but properties and time.
const DIMENSIONS: [(&str, Dimension); 31] = [
    ("event:name", Dimension::EventName),
    ("event:page", Dimension::Page),
    ("event:hostname", Dimension::Hostname),
    ("event:title", Dimension::Title),
    ("event:favourite_colour", Dimension::FavouriteColour),
    ("visit:entry_page", Dimension::EntryPage),
    ("visit:exit_page", Dimension::ExitPage),
    ("visit:hostname", Dimension::EntryHostname),
    ("visit:referrer", Dimension::Referrer),
    ("visit:source", Dimension::Source),
    ("visit:channel", Dimension::Channel),
    ("visit:utm_source", Dimension::UtmSource),
    ("visit:utm_medium", Dimension::UtmMedium),
    ("visit:utm_campaign", Dimension::UtmCampaign),
    ("visit:utm_term", Dimension::UtmTerm),
    ("visit:utm_content", Dimension::UtmContent),
    ("visit:click_id", Dimension::ClickId),
    ("visit:country", Dimension::Country),
    ("visit:region", Dimension::Region),
    ("visit:city", Dimension::City),
    ("visit:device", Dimension::Device),
    ("visit:browser", Dimension::Browser),
    ("visit:browser_version", Dimension::BrowserVersion),
    ("visit:os", Dimension::Os),
    ("visit:os_version", Dimension::OsVersion),
    ("visit:language", Dimension::Language),
    ("visit:screen", Dimension::Screen),
    ("visit:colour_scheme", Dimension::ColourScheme),
    ("visit:user_agent", Dimension::UserAgent),
    ("visit:bot", Dimension::BotReason),
    ("visit:bot_name", Dimension::BotName),
];

const PROPERTY: &str = "event:props:";
/// A key of an event's data, at most.
const PROPERTY_BYTES_MAX: usize = hgpixel_event::limits::DATA_KEY_BYTES_MAX;

/// A dimension as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The unit that suits the range.
    Time,
    TimeOf(Unit),
    Stored(Dimension),
}

const UNITS: [(&str, Unit); 5] = [
    ("time:minute", Unit::Minute),
    ("time:hour", Unit::Hour),
    ("time:day", Unit::Day),
    ("time:week", Unit::Week),
    ("time:month", Unit::Month),
];

/// Every metric by name.
#[cfg(test)]
pub(crate) fn metrics() -> impl Iterator<Item = &'static str> {
    METRICS.iter().map(|(known, _)| *known)
}

/// Every dimension by name, but properties and times.
#[cfg(test)]
pub(crate) fn dimensions() -> impl Iterator<Item = &'static str> {
    DIMENSIONS.iter().map(|(known, _)| *known)
}

/// Every time by name.
#[cfg(test)]
pub(crate) fn times() -> impl Iterator<Item = &'static str> {
    ["time"]
        .into_iter()
        .chain(UNITS.iter().map(|(known, _)| *known))
}

pub(crate) fn metric(key: &str, name: &str) -> Result<Metric, Wrong> {
    let found = METRICS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, metric)| *metric)
        .ok_or_else(|| unknown(key, name, METRICS.iter().map(|(known, _)| *known)))
}

/// A dimension to group by.
pub(crate) fn dimension(key: &str, name: &str) -> Result<Asked, Wrong> {
    if name == "time" {
        return Ok(Asked::Time);
    }
    if let Some((_, unit)) = UNITS.iter().find(|(known, _)| *known == name) {
        return Ok(Asked::TimeOf(*unit));
    }
    stored(name).map_or_else(
        || {
            let units = UNITS.iter().map(|(known, _)| *known);
            Err(unknown(key, name, all().chain(["time"]).chain(units)))
        },
        |found| Ok(Asked::Stored(found.map_err(|why| Wrong::at(key, why))?)),
    )
}

/// A dimension to filter by.
pub(crate) fn filtered(key: &str, name: &str) -> Result<Dimension, Wrong> {
    stored(name).map_or_else(
        || Err(unknown(key, name, all())),
        |found| found.map_err(|why| Wrong::at(key, why)),
    )
}

fn all() -> impl Iterator<Item = &'static str> {
    DIMENSIONS
        .iter()
        .map(|(known, _)| *known)
        .chain(["event:props:<key>"])
}

/// Whether a key can be asked for as a property.
pub(crate) fn is_property(key: &str) -> bool {
    // SQLite finds a key by a path, in which these two have a meaning of their own.
    let is_odd = |letter: char| letter == '"' || letter == '\\' || letter.is_control();
    (1..=PROPERTY_BYTES_MAX).contains(&key.len()) && !key.contains(is_odd)
}

fn stored(name: &str) -> Option<Result<Dimension, &'static str>> {
    if let Some((_, dimension)) = DIMENSIONS.iter().find(|(known, _)| *known == name) {
        return Some(Ok(dimension.clone()));
    }
    let property = name.strip_prefix(PROPERTY)?;
    Some(if is_property(property) {
        Ok(Dimension::Property(property.to_owned()))
    } else {
        Err(
            "the key of a property has 1 to 300 bytes, and no quote, backslash or control character",
        )
    })
}

fn unknown<'n>(key: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Wrong {
    let known: Vec<&str> = known.collect();
    // What was sent is quoted, but not at any length.
    let name: String = name.chars().take(100).collect();
    Wrong::at(
        key,
        format!("`{name}` is not known; there are {}", known.join(", ")),
    )
}
