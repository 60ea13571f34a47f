//! Filters, and which texts pass them. Decided here and nowhere else, so that both databases agree.

use regex::Regex;

use super::dimension::Dimension;

/// A condition on an event and its visit.
#[derive(Clone, Debug)]
pub enum Filter {
    /// The event's value, or its visit's, passes a test.
    Test(Test),
    /// All hold; of none, always.
    All(Vec<Self>),
    /// At least one holds; of none, never.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// The visit has events in the range for which these hold, one after the other; one event, or several of one moment, may be more than
    /// one step. Only conditions on events stand in it.
    Done(Vec<Self>),
}

/// A test of a dimension's value.
#[derive(Clone, Debug)]
pub struct Test {
    /// Whose value. Never [`Dimension::Time`].
    pub dimension: Dimension,
    /// Which values pass.
    pub matching: Matching,
}

/// Which values pass a test: those that match at least one of the texts.
#[derive(Clone, Debug)]
pub enum Matching {
    /// Is one of these.
    Is(Vec<String>),
    /// Is one of these but for the case of letters; given in lower case.
    IsIgnoringCase(Vec<String>),
    /// Contains one of these.
    Contains(Vec<String>),
    /// Contains one of these but for the case of letters; given in lower case.
    ContainsIgnoringCase(Vec<String>),
    /// Is matched by one of these patterns, anywhere.
    Matches(Vec<Regex>),
}

/// What a filter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Event,
    Visit,
    Both,
}

impl Matching {
    /// Whether a value passes.
    pub fn passes(&self, value: &str) -> bool {
        match self {
            Self::Is(texts) => texts.iter().any(|text| text == value),
            Self::Contains(texts) => texts.iter().any(|text| value.contains(text.as_str())),
            Self::IsIgnoringCase(texts) => {
                let value = value.to_lowercase();
                texts.contains(&value)
            }
            Self::ContainsIgnoringCase(texts) => {
                let value = value.to_lowercase();
                texts.iter().any(|text| value.contains(text.as_str()))
            }
            Self::Matches(patterns) => patterns.iter().any(|pattern| pattern.is_match(value)),
        }
    }
}

impl Filter {
    /// About what it is; `None` of a filter without any test.
    pub(super) fn scope(&self) -> Option<Scope> {
        match self {
            Self::Test(test) if test.dimension.is_of_event() => Some(Scope::Event),
            Self::Test(_) | Self::Done(_) => Some(Scope::Visit),
            Self::Not(inner) => inner.scope(),
            Self::All(inner) | Self::Any(inner) => inner
                .iter()
                .filter_map(Self::scope)
                .reduce(|one, other| if one == other { one } else { Scope::Both }),
        }
    }

    /// Whether a test in it satisfies `is_it`.
    pub(super) fn has_test(&self, is_it: &impl Fn(&Dimension) -> bool) -> bool {
        match self {
            Self::Test(test) => is_it(&test.dimension),
            Self::Not(inner) => inner.has_test(is_it),
            Self::All(inner) | Self::Any(inner) | Self::Done(inner) => {
                inner.iter().any(|filter| filter.has_test(is_it))
            }
        }
    }

    /// The filters that must all hold for these to hold: what stands in [`Filter::All`] stands for itself.
    pub(super) fn flattened(filters: &[Self]) -> Vec<&Self> {
        let mut flat = Vec::new();
        for filter in filters {
            match filter {
                Self::All(inner) => flat.extend(Self::flattened(inner)),
                _ => flat.push(filter),
            }
        }
        flat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(dimension: Dimension) -> Filter {
        let matching = Matching::Is(vec!["a".into()]);
        Filter::Test(Test {
            dimension,
            matching,
        })
    }

    #[test]
    fn a_filter_is_about_what_its_tests_are_about() {
        let (page, country) = (|| test(Dimension::Page), || test(Dimension::Country));
        assert_eq!(page().scope(), Some(Scope::Event));
        assert_eq!(Filter::Done(vec![page()]).scope(), Some(Scope::Visit));
        assert_eq!(
            Filter::Any(vec![page(), Filter::Not(Box::new(country()))]).scope(),
            Some(Scope::Both)
        );
        assert_eq!(Filter::Any(vec![]).scope(), None);
    }

    #[test]
    fn case_is_ignored_where_that_is_asked_for_in_every_script() {
        let texts = || vec!["straße".to_owned(), "éa".to_owned()];
        assert!(Matching::IsIgnoringCase(texts()).passes("ÉA"));
        assert!(!Matching::Is(texts()).passes("ÉA"));
        assert!(Matching::ContainsIgnoringCase(texts()).passes("Die STRAßE"));
        assert!(!Matching::Contains(texts()).passes("Die Straße"));
        let pattern = Regex::new("^/blog/[0-9]+$").expect("a pattern");
        assert!(Matching::Matches(vec![pattern]).passes("/blog/17"));
    }
}
