//! One entry of a geo database, in either schema.
//!
//! Every field is optional, and unknown ones are skipped, so that one type reads every database of the two families. A field
//! has one type in one family and another in the next (`country` and `city` are maps or texts): hence the two-armed enums.

use serde::Deserialize;

use super::{Country, Place};

#[derive(Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    country: Option<CountryField<'a>>,
    #[serde(borrow)]
    registered_country: Option<CountryField<'a>>,
    #[serde(borrow)]
    country_code: Option<&'a str>,
    #[serde(borrow)]
    subdivisions: Option<Vec<Named<'a>>>,
    #[serde(borrow)]
    state1: Option<&'a str>,
    #[serde(borrow)]
    region: Option<&'a str>,
    #[serde(borrow)]
    city: Option<NameField<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CountryField<'a> {
    Nested {
        #[serde(borrow)]
        iso_code: Option<&'a str>,
    },
    Flat(&'a str),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NameField<'a> {
    Nested(#[serde(borrow)] Named<'a>),
    Flat(&'a str),
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    names: Option<Names<'a>>,
}

#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    en: Option<&'a str>,
}

impl CountryField<'_> {
    fn parse(&self) -> Option<Country> {
        match self {
            Self::Nested { iso_code } => iso_code.as_ref()?.parse().ok(),
            Self::Flat(code) => code.parse().ok(),
        }
    }
}

impl<'a> Named<'a> {
    fn name(self) -> Option<&'a str> {
        self.names?.en
    }
}

impl Record<'_> {
    /// Where the address is; failing that, where it was registered (satellite networks and some anycast ones have only this).
    pub(super) fn country(&self) -> Option<Country> {
        let located = self.country.as_ref().and_then(CountryField::parse);
        let flat = || self.country_code?.parse().ok();
        let registered = || self.registered_country.as_ref()?.parse();
        located.or_else(flat).or_else(registered)
    }

    pub(super) fn into_place(self) -> Place {
        let country = self.country();
        let subdivision = self
            .subdivisions
            .and_then(|list| list.into_iter().next()?.name());
        let region = subdivision.or(self.state1).or(self.region);
        let city = self.city.and_then(|city| match city {
            NameField::Nested(named) => named.name(),
            NameField::Flat(name) => Some(name),
        });
        Place {
            country,
            region: region.and_then(bounded),
            city: city.and_then(bounded),
        }
    }
}

fn bounded(name: &str) -> Option<String> {
    let cut = &name[..name.floor_char_boundary(Place::NAME_BYTES_MAX)];
    (!cut.is_empty()).then(|| cut.to_owned())
}
