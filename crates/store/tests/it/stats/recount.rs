//! The same figures, counted naively: every definition of `docs/metrics.md` once more, event by event.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use hgpixel_store::{
    Counts, Dimension, Direction, Filter, Matching, Metric, OrderBy, StatsAnswer, StatsQuery,
    StatsRow, StatsValue,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::world::{Sent, World};

/// A visit, put together from all of its events.
struct Visit<'w> {
    /// Of the events that were stored first, the earliest: it says where the visit came from and with what.
    first_stored: &'w Sent,
    entry: &'w Sent,
    exit: &'w Sent,
    pageviews: usize,
    interactions: usize,
}

pub(crate) struct Recount<'w> {
    world: &'w World,
    visits: HashMap<i64, Visit<'w>>,
}

type Row = (Vec<StatsValue>, Counts);

impl<'w> Recount<'w> {
    pub(crate) fn of(world: &'w World) -> Self {
        let mut visits: HashMap<i64, Visit<'w>> = HashMap::new();
        for sent in &world.events {
            let event = &sent.event.event;
            let visit = visits.entry(sent.session).or_insert(Visit {
                first_stored: sent,
                entry: sent,
                exit: sent,
                pageviews: 0,
                interactions: 0,
            });
            let is_earlier = |other: &Sent| event.time_ms < other.event.event.time_ms;
            if sent.batch == visit.first_stored.batch && is_earlier(visit.first_stored) {
                visit.first_stored = sent;
            }
            if is_earlier(visit.entry) {
                visit.entry = sent;
            }
            if event.time_ms > visit.exit.event.event.time_ms {
                visit.exit = sent;
            }
            match event.kind.as_str() {
                "pageview" => visit.pageviews += 1,
                "engagement" | "performance_metrics" | "error" | "favourite_colour" => {}
                _ => visit.interactions += 1,
            }
        }
        Self { world, visits }
    }

    pub(crate) fn answer(&self, query: &StatsQuery) -> StatsAnswer {
        let events: Vec<&Sent> = self.passing(query, &query.filters);
        let everyone = visitors(&events);
        let about_visits: Vec<Filter> = flat(&query.filters)
            .into_iter()
            .filter(|filter| !tests_events(filter))
            .cloned()
            .collect();
        let base = self.passing(query, &about_visits);
        let mut groups = self.groups(query, &events);
        if query.dimensions.is_empty() {
            groups.entry(Vec::new()).or_default();
        }
        let mut rows: Vec<Row> = groups
            .into_iter()
            .map(|(dimensions, events)| {
                let mut counts = self.counts(&events);
                let is_in_group = |sent: &&&Sent| {
                    let places = query.dimensions.iter().zip(&dimensions);
                    places
                        .filter(|(dimension, _)| !is_conversion(dimension))
                        .all(|(dimension, value)| self.value(query, dimension, sent) == *value)
                };
                let group: Vec<&Sent> = base.iter().filter(is_in_group).copied().collect();
                counts.group_visitors = visitors(&group);
                counts.all_visitors = everyone;
                mask(query, &mut counts);
                (dimensions, counts)
            })
            .filter(|(dimensions, _)| is_shown(query, dimensions))
            .collect();
        rows.sort_by(|one, other| in_order(query, one, other));
        let total_rows = rows.len() as u64;
        let rows = rows
            .into_iter()
            .skip(usize::try_from(query.offset).unwrap())
            .take(query.limit as usize)
            .map(|(dimensions, counts)| StatsRow { dimensions, counts })
            .collect();
        StatsAnswer { rows, total_rows }
    }

    fn passing(&self, query: &StatsQuery, filters: &[Filter]) -> Vec<&'w Sent> {
        let asks_for_bots = query.dimensions.iter().any(is_about_bots)
            || query
                .filters
                .iter()
                .any(|filter| mentions(filter, &is_about_bots));
        let passes = |sent: &&Sent| {
            let is_bot = !self.visits[&sent.session]
                .first_stored
                .event
                .enriched
                .bot_reason
                .is_empty();
            is_in_range(query, sent)
                && (asks_for_bots || !is_bot)
                && filters
                    .iter()
                    .all(|filter| self.passes(query, filter, sent))
        };
        self.world.events.iter().filter(passes).collect()
    }

    fn passes(&self, query: &StatsQuery, filter: &Filter, sent: &Sent) -> bool {
        match filter {
            Filter::All(inner) => inner.iter().all(|filter| self.passes(query, filter, sent)),
            Filter::Any(inner) => inner.iter().any(|filter| self.passes(query, filter, sent)),
            Filter::Not(inner) => !self.passes(query, inner, sent),
            Filter::Done(steps) => {
                let mut at_ms = i64::MIN;
                steps.iter().all(|step| {
                    let passing = self.world.events.iter().filter(|other| {
                        other.session == sent.session
                            && is_in_range(query, other)
                            && other.event.event.time_ms >= at_ms
                            && self.passes(query, step, other)
                    });
                    let first_ms = passing.map(|other| other.event.event.time_ms).min();
                    at_ms = first_ms.unwrap_or(i64::MAX);
                    first_ms.is_some()
                })
            }
            Filter::Test(test) => {
                let StatsValue::Text(value) = self.value(query, &test.dimension, sent) else {
                    panic!("a time is no filter");
                };
                let lower = value.to_lowercase();
                match &test.matching {
                    Matching::Is(texts) => texts.contains(&value),
                    Matching::IsIgnoringCase(texts) => texts.contains(&lower),
                    Matching::Contains(texts) => texts.iter().any(|text| value.contains(text)),
                    Matching::ContainsIgnoringCase(texts) => {
                        texts.iter().any(|text| lower.contains(text))
                    }
                    Matching::Matches(patterns) => {
                        patterns.iter().any(|pattern| pattern.is_match(&value))
                    }
                }
            }
        }
    }

    fn value(&self, query: &StatsQuery, dimension: &Dimension, sent: &Sent) -> StatsValue {
        let visit = &self.visits[&sent.session];
        let (first, event) = (&visit.first_stored.event, &sent.event);
        let campaign = first.enriched.campaign.clone().unwrap_or_default();
        let text = match dimension {
            Dimension::EventName => event.event.kind.clone(),
            Dimension::Page => event.enriched.path.clone(),
            Dimension::Hostname => event.enriched.host.clone(),
            Dimension::Title => event.event.title.clone(),
            Dimension::Property(key) => property(&event.event.data, key),
            Dimension::FavouriteColour if event.event.kind == "favourite_colour" => {
                property(&event.event.data, "colour")
            }
            Dimension::FavouriteColour => String::new(),
            Dimension::EntryPage => visit.entry.event.enriched.path.clone(),
            Dimension::ExitPage => visit.exit.event.enriched.path.clone(),
            Dimension::EntryHostname => visit.entry.event.enriched.host.clone(),
            Dimension::Referrer => first.event.referrer.clone(),
            Dimension::Source => first.enriched.source.clone(),
            Dimension::Channel => first.enriched.channel.clone(),
            Dimension::UtmSource => campaign.source,
            Dimension::UtmMedium => campaign.medium,
            Dimension::UtmCampaign => campaign.name,
            Dimension::UtmTerm => campaign.term,
            Dimension::UtmContent => campaign.content,
            Dimension::ClickId => campaign.click_id,
            Dimension::Country => first.event.place.country.clone(),
            Dimension::Region => first.event.place.region.clone(),
            Dimension::City => first.event.place.city.clone(),
            Dimension::Device => first.enriched.device.clone(),
            Dimension::Browser => first.enriched.browser.clone(),
            Dimension::BrowserVersion => first.enriched.browser_version.clone(),
            Dimension::Os => first.enriched.os.clone(),
            Dimension::OsVersion => first.enriched.os_version.clone(),
            Dimension::Language => first.enriched.language.clone(),
            Dimension::Screen => first.enriched.screen.clone(),
            Dimension::ColourScheme => property(&first.event.device, "colorScheme"),
            Dimension::UserAgent => first.event.user_agent.clone(),
            Dimension::BotReason => first.enriched.bot_reason.clone(),
            Dimension::BotName => first.enriched.bot_name.clone(),
            Dimension::Time => {
                let later = |edge: &&i64| **edge <= sent.event.event.time_ms;
                let bucket = query.edges_ms.iter().take_while(later).count() - 1;
                return StatsValue::Bucket(bucket);
            }
        };
        StatsValue::Text(if text.is_empty() {
            nothing(dimension).to_owned()
        } else {
            text
        })
    }

    fn groups(
        &self,
        query: &StatsQuery,
        events: &[&'w Sent],
    ) -> BTreeMap<Vec<StatsValue>, Vec<&'w Sent>> {
        let mut groups: BTreeMap<Vec<StatsValue>, Vec<&'w Sent>> = BTreeMap::new();
        for sent in events {
            let dimensions = query.dimensions.iter();
            let key = dimensions.map(|dimension| self.value(query, dimension, sent));
            groups.entry(key.collect()).or_default().push(sent);
        }
        groups
    }

    fn counts(&self, events: &[&Sent]) -> Counts {
        let is_kind = |sent: &&&Sent, kind: &str| sent.event.event.kind == kind;
        let pageviews = events.iter().filter(|sent| is_kind(sent, "pageview"));
        let identified = |sent: &&&Sent| sent.event.event.visitor.is_some();
        let visits: BTreeSet<i64> = events
            .iter()
            .filter(identified)
            .map(|sent| sent.session)
            .collect();
        let mut bounces = 0;
        let mut duration_ms = 0;
        for session in &visits {
            let visit = &self.visits[session];
            bounces += u64::from(visit.pageviews <= 1 && visit.interactions == 0);
            duration_ms += visit.exit.event.event.time_ms - visit.entry.event.event.time_ms;
        }
        let mut engaged_ms = 0;
        let mut pairs: BTreeMap<(i64, &str), Option<u64>> = BTreeMap::new();
        for sent in events.iter().filter(identified) {
            if sent.event.event.kind != "engagement" {
                continue;
            }
            engaged_ms += whole(&sent.event.event.data, "engaged", 86_400_000).unwrap_or(0);
            let scroll = pairs
                .entry((sent.session, &sent.event.enriched.path))
                .or_default();
            *scroll = (*scroll).max(whole(&sent.event.event.data, "scroll", 100));
        }
        let scrolls: Vec<u64> = pairs.values().flatten().copied().collect();
        Counts {
            visitors: visitors(events),
            visits: visits.len() as u64,
            pageviews: pageviews.clone().count() as u64,
            events: events
                .iter()
                .filter(|sent| !is_kind(sent, "engagement"))
                .count() as u64,
            identified_pageviews: pageviews.filter(identified).count() as u64,
            bounces,
            duration_ms: u64::try_from(duration_ms).unwrap(),
            engaged_ms,
            engaged_pages: pairs.len() as u64,
            scroll_sum: scrolls.iter().sum(),
            scroll_pages: scrolls.len() as u64,
            group_visitors: 0,
            all_visitors: 0,
        }
    }
}

fn nothing(dimension: &Dimension) -> &'static str {
    match dimension {
        Dimension::Source | Dimension::Referrer => "Direct / None",
        Dimension::Channel => "Direct",
        _ => "(none)",
    }
}

fn visitors(events: &[&Sent]) -> u64 {
    let visitors = events.iter().filter_map(|sent| sent.event.event.visitor);
    visitors.collect::<BTreeSet<_>>().len() as u64
}

fn is_about_bots(dimension: &Dimension) -> bool {
    matches!(dimension, Dimension::BotReason | Dimension::BotName)
}

fn is_of_event(dimension: &Dimension) -> bool {
    matches!(
        dimension,
        Dimension::EventName
            | Dimension::Page
            | Dimension::Hostname
            | Dimension::Title
            | Dimension::Property(_)
            | Dimension::FavouriteColour
    )
}

/// To which a visitor is converted: what they did, not when.
fn is_conversion(dimension: &Dimension) -> bool {
    is_of_event(dimension)
}

fn mentions(filter: &Filter, is_it: &dyn Fn(&Dimension) -> bool) -> bool {
    match filter {
        Filter::Test(test) => is_it(&test.dimension),
        Filter::Not(inner) => mentions(inner, is_it),
        Filter::All(inner) | Filter::Any(inner) | Filter::Done(inner) => {
            inner.iter().any(|filter| mentions(filter, is_it))
        }
    }
}

/// Whether it asks for something of the events that are counted. What a visit has done is a property of the visit.
fn tests_events(filter: &Filter) -> bool {
    match filter {
        Filter::Test(test) => is_of_event(&test.dimension),
        Filter::Done(_) => false,
        Filter::Not(inner) => tests_events(inner),
        Filter::All(inner) | Filter::Any(inner) => inner.iter().any(tests_events),
    }
}

fn flat(filters: &[Filter]) -> Vec<&Filter> {
    let mut list = Vec::new();
    for filter in filters {
        match filter {
            Filter::All(inner) => list.extend(flat(inner)),
            _ => list.push(filter),
        }
    }
    list
}

/// A value of a JSON object: a text as it is, all else as it is written.
fn property(data: &str, key: &str) -> String {
    if data.is_empty() {
        return String::new();
    }
    let data: HashMap<String, Box<RawValue>> = serde_json::from_str(data).unwrap();
    let Some(raw) = data.get(key) else {
        return String::new();
    };
    match raw.get() {
        "null" => String::new(),
        text if text.starts_with('"') => serde_json::from_str(text).unwrap(),
        other => other.to_owned(),
    }
}

fn whole(data: &str, key: &str, max: u64) -> Option<u64> {
    if data.is_empty() {
        return None;
    }
    let data: HashMap<String, Box<RawValue>> = serde_json::from_str(data).unwrap();
    let number: Value = serde_json::from_str(data.get(key)?.get()).ok()?;
    number.as_u64().filter(|number| *number <= max)
}

/// What no metric needs is not asked for.
fn mask(query: &StatsQuery, counts: &mut Counts) {
    let needs = |metric: Metric| {
        let ordered = |order: &(OrderBy, Direction)| order.0 == OrderBy::Metric(metric);
        query.metrics.contains(&metric) || query.order.iter().any(ordered)
    };
    if !needs(Metric::TimeOnPage) && !needs(Metric::ScrollDepth) {
        counts.engaged_ms = 0;
        counts.engaged_pages = 0;
        counts.scroll_sum = 0;
        counts.scroll_pages = 0;
    }
    if !needs(Metric::ConversionRate) {
        counts.group_visitors = 0;
    }
    if !needs(Metric::Percentage) {
        counts.all_visitors = 0;
    }
}

fn in_order(query: &StatsQuery, one: &Row, other: &Row) -> Ordering {
    for (by, direction) in &query.order {
        let order = match by {
            OrderBy::Dimension(place) => Some(one.0[*place].cmp(&other.0[*place])),
            OrderBy::Metric(metric) => {
                match (exact(*metric, &one.1), exact(*metric, &other.1)) {
                    (Some(one), Some(other)) => Some(one.total_cmp(&other)),
                    // Without a figure: last, whatever the direction.
                    (Some(_), None) => return Ordering::Less,
                    (None, Some(_)) => return Ordering::Greater,
                    (None, None) => None,
                }
            }
        };
        let order = order.unwrap_or(Ordering::Equal);
        let order = match direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    one.0.cmp(&other.0)
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn exact(metric: Metric, counts: &Counts) -> Option<f64> {
    let mean = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    match metric {
        Metric::Visitors => Some(counts.visitors as f64),
        Metric::Visits => Some(counts.visits as f64),
        Metric::Pageviews => Some(counts.pageviews as f64),
        Metric::Events => Some(counts.events as f64),
        Metric::ViewsPerVisit => mean(counts.identified_pageviews, counts.visits).or(Some(0.0)),
        Metric::BounceRate => mean(counts.bounces, counts.visits).or(Some(0.0)),
        Metric::VisitDuration => mean(counts.duration_ms, counts.visits).or(Some(0.0)),
        Metric::TimeOnPage => mean(counts.engaged_ms, counts.engaged_pages),
        Metric::ScrollDepth => mean(counts.scroll_sum, counts.scroll_pages),
        Metric::ConversionRate => mean(counts.visitors, counts.group_visitors).or(Some(0.0)),
        Metric::Percentage => mean(counts.visitors, counts.all_visitors).or(Some(0.0)),
    }
}

fn is_in_range(query: &StatsQuery, sent: &Sent) -> bool {
    (query.from_ms..query.until_ms).contains(&sent.event.event.time_ms)
}

fn is_shown(query: &StatsQuery, dimensions: &[StatsValue]) -> bool {
    let is_named = query
        .only
        .as_ref()
        .is_none_or(|only| only.iter().any(|row| row.as_slice() == dimensions));
    let shown = query
        .dimensions
        .iter()
        .zip(dimensions)
        .all(|(dimension, value)| {
            let is_nothing = *value == StatsValue::Text("(none)".into());
            let comes_from = matches!(
                dimension,
                Dimension::Source | Dimension::Referrer | Dimension::Channel | Dimension::UserAgent
            );
            let filtered = |filter: &Filter| mentions(filter, &|other| other == dimension);
            !is_nothing || comes_from || query.filters.iter().any(filtered)
        });
    is_named && shown
}
