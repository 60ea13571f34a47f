//! Metrics, and the whole numbers from which they follow.

/// A figure of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Different visitors.
    Visitors,
    /// Different visits.
    Visits,
    /// Page views.
    Pageviews,
    /// Events, without those that only tell of engagement.
    Events,
    /// Page views of recognised visitors for each visit.
    ViewsPerVisit,
    /// Visits of one page at most in which nothing was done, in percent.
    BounceRate,
    /// The mean length of a visit in seconds.
    VisitDuration,
    /// The mean engagement with a page during a visit in seconds.
    TimeOnPage,
    /// The mean of how far down a page somebody came during a visit, in percent.
    ScrollDepth,
    /// Visitors in percent of those of the same group without the conditions on events.
    ConversionRate,
    /// Visitors in percent of those of all rows together.
    Percentage,
}

/// What was counted of a row. What no asked metric needs may be 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Different visitors.
    pub visitors: u64,
    /// Different visits of visitors.
    pub visits: u64,
    /// Page views, also of those who opted out.
    pub pageviews: u64,
    /// Events but those of engagement, also of those who opted out.
    pub events: u64,
    /// Page views of visitors.
    pub identified_pageviews: u64,
    /// Visits that bounced.
    pub bounces: u64,
    /// The lengths of the visits together.
    pub duration_ms: u64,
    /// The engagement of visitors.
    pub engaged_ms: u64,
    /// Pairs of a visit and a page that have an event of engagement.
    pub engaged_pages: u64,
    /// The greatest scroll depth of each such pair that has any, together.
    pub scroll_sum: u64,
    /// How many of the pairs have any.
    pub scroll_pages: u64,
    /// Visitors of the same group without the conditions on events.
    pub group_visitors: u64,
    /// Visitors of all rows together.
    pub all_visitors: u64,
}

/// A metric's value as it is shown: exactly rounded, half up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// A whole number.
    Whole(u64),
    /// A number with two decimals, in hundredths.
    Hundredths(u64),
}

/// How a metric follows from the counts. `each` is what becomes of division by nothing.
pub(super) enum Formula {
    Count(&'static str),
    Ratio {
        part: &'static str,
        whole: &'static str,
        each: Nothing,
    },
}

/// What the rate of nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    Zero,
    Null,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 11] = [
        Self::Visitors,
        Self::Visits,
        Self::Pageviews,
        Self::Events,
        Self::ViewsPerVisit,
        Self::BounceRate,
        Self::VisitDuration,
        Self::TimeOnPage,
        Self::ScrollDepth,
        Self::ConversionRate,
        Self::Percentage,
    ];

    /// Its value for what was counted; `None` where there is nothing to take a mean of.
    pub fn figure(self, counts: &Counts) -> Option<Figure> {
        let whole = |part: u64, whole: u64| divided(part, 1, whole).map(Figure::Whole);
        let percent =
            |part: u64, whole: u64| Figure::Hundredths(divided(part, 10_000, whole).unwrap_or(0));
        match self {
            Self::Visitors => Some(Figure::Whole(counts.visitors)),
            Self::Visits => Some(Figure::Whole(counts.visits)),
            Self::Pageviews => Some(Figure::Whole(counts.pageviews)),
            Self::Events => Some(Figure::Whole(counts.events)),
            Self::ViewsPerVisit => Some(Figure::Hundredths(
                divided(counts.identified_pageviews, 100, counts.visits).unwrap_or(0),
            )),
            Self::BounceRate => Some(Figure::Whole(
                divided(counts.bounces, 100, counts.visits).unwrap_or(0),
            )),
            Self::VisitDuration => {
                whole(counts.duration_ms, counts.visits.saturating_mul(1_000)).or(Some(ZERO))
            }
            Self::TimeOnPage => whole(
                counts.engaged_ms,
                counts.engaged_pages.saturating_mul(1_000),
            ),
            Self::ScrollDepth => whole(counts.scroll_sum, counts.scroll_pages),
            Self::ConversionRate => Some(percent(counts.visitors, counts.group_visitors)),
            Self::Percentage => Some(percent(counts.visitors, counts.all_visitors)),
        }
    }

    /// By what rows are ordered: a column of the answer, or two that are divided.
    pub(super) const fn formula(self) -> Formula {
        match self {
            Self::Visitors => Formula::Count("visitors"),
            Self::Visits => Formula::Count("visits"),
            Self::Pageviews => Formula::Count("pageviews"),
            Self::Events => Formula::Count("events"),
            Self::ViewsPerVisit => ratio("identified_pageviews", "visits", Nothing::Zero),
            Self::BounceRate => ratio("bounces", "visits", Nothing::Zero),
            Self::VisitDuration => ratio("duration_ms", "visits", Nothing::Zero),
            Self::TimeOnPage => ratio("engaged_ms", "engaged_pages", Nothing::Null),
            Self::ScrollDepth => ratio("scroll_sum", "scroll_pages", Nothing::Null),
            Self::ConversionRate => ratio("visitors", "group_visitors", Nothing::Zero),
            Self::Percentage => ratio("visitors", "all_visitors", Nothing::Zero),
        }
    }

    /// Whether the events of engagement are needed.
    pub(super) const fn needs_engagement(self) -> bool {
        matches!(self, Self::TimeOnPage | Self::ScrollDepth)
    }
}

/// What an event may say of engagement, at most: a day, and the whole page in percent. More is not counted.
pub(super) const ENGAGED_MS_MAX: u64 = 86_400_000;
pub(super) const SCROLL_MAX: u64 = 100;

const ZERO: Figure = Figure::Whole(0);

const fn ratio(part: &'static str, whole: &'static str, each: Nothing) -> Formula {
    Formula::Ratio { part, whole, each }
}

/// `part * scale / whole`, rounded half up; `None` for a whole of nothing.
fn divided(part: u64, scale: u64, whole: u64) -> Option<u64> {
    let twice = u128::from(part) * u128::from(scale) * 2 + u128::from(whole);
    let rounded = twice.checked_div(u128::from(whole) * 2)?;
    Some(u64::try_from(rounded).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_half_up_and_exactly() {
        let counts = Counts {
            visitors: 1,
            visits: 8,
            identified_pageviews: 9,
            bounces: 1,
            duration_ms: 12_000,
            engaged_ms: 4_499,
            engaged_pages: 3,
            scroll_sum: 101,
            scroll_pages: 2,
            group_visitors: 3,
            all_visitors: 800,
            ..Counts::default()
        };
        let check =
            |metric: Metric, figure| assert_eq!(metric.figure(&counts), figure, "{metric:?}");
        check(Metric::ViewsPerVisit, Some(Figure::Hundredths(113)));
        check(Metric::BounceRate, Some(Figure::Whole(13)));
        check(Metric::VisitDuration, Some(Figure::Whole(2)));
        check(Metric::TimeOnPage, Some(Figure::Whole(1)));
        check(Metric::ScrollDepth, Some(Figure::Whole(51)));
        check(Metric::ConversionRate, Some(Figure::Hundredths(3_333)));
        check(Metric::Percentage, Some(Figure::Hundredths(13)));
    }

    #[test]
    fn the_rate_of_nothing_is_zero_and_the_mean_of_nothing_is_none() {
        for metric in Metric::ALL {
            let figure = metric.figure(&Counts::default());
            match metric.formula() {
                Formula::Ratio {
                    each: Nothing::Null,
                    ..
                } => assert_eq!(figure, None),
                _ => assert!(
                    matches!(figure, Some(Figure::Whole(0) | Figure::Hundredths(0))),
                    "{metric:?}"
                ),
            }
        }
    }
}
