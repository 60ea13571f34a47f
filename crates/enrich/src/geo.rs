//! Where: the country of an address, and its region and city when the database knows them.
//!
//! The database is a file in the MaxMind format that the operator provides; none is shipped, and without one nothing is known.
//! Two schemas are understood, because both are in use: `GeoLite2`'s nested one (`country.iso_code`) and the flat one of the
//! free country tables (`country_code`). What is absent: coordinates, postal codes, networks. They say more than a figure needs.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use maxminddb::Reader;

mod record;

use record::Record;

/// A geo database in memory. Cheap to share behind an `Arc`; reading it takes no lock.
pub struct GeoDatabase {
    reader: Reader<Vec<u8>>,
}

impl GeoDatabase {
    /// Reads the whole file into memory: 5 to 10 MB for countries, about 60 MB for cities.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a database of this format.
    pub fn open(path: &Path) -> Result<Self, GeoError> {
        let error = |source| GeoError {
            path: path.to_owned(),
            source,
        };
        Reader::open_readfile(path)
            .map(|reader| Self { reader })
            .map_err(error)
    }

    /// The country of `ip`. `None` for private, unknown and damaged entries alike.
    pub fn country(&self, ip: IpAddr) -> Option<Country> {
        self.record(ip)?.country()
    }

    /// Country, region and city of `ip`; each may be unknown.
    pub fn place(&self, ip: IpAddr) -> Place {
        self.record(ip).map(Record::into_place).unwrap_or_default()
    }

    /// A database of IPv4 addresses refuses IPv6 ones; that, and a damaged record, is as good as an unknown address.
    fn record(&self, ip: IpAddr) -> Option<Record<'_>> {
        self.reader.lookup(ip.to_canonical()).ok()?.decode().ok()?
    }
}

impl fmt::Debug for GeoDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = &self.reader.metadata().database_type;
        formatter
            .debug_struct("GeoDatabase")
            .field("type", kind)
            .finish_non_exhaustive()
    }
}

/// The geo database could not be opened. The settings or the file are wrong; trying again does not help.
#[derive(Debug, thiserror::Error)]
#[error("open the geo database {}", path.display())]
pub struct GeoError {
    path: PathBuf,
    source: maxminddb::MaxMindDbError,
}

/// Where an address is, as far as the database knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub country: Option<Country>,
    /// The first subdivision (state, province, Land) by its English name; at most [`Place::NAME_BYTES_MAX`] bytes.
    pub region: Option<String>,
    /// By its English name; at most [`Place::NAME_BYTES_MAX`] bytes.
    pub city: Option<String>,
}

impl Place {
    /// The longest official place name has 85 letters; a longer one is cut.
    pub const NAME_BYTES_MAX: usize = 100;
}

/// A country: two capital ASCII letters of ISO 3166-1, such as `NZ`. Two bytes, so it may be copied freely.
///
/// Any two letters are accepted, since `XK` (Kosovo) and its like are in use without being assigned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("a country is two ASCII letters")
    }
}

/// Not two ASCII letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a country is two letters")]
pub struct NotACountry;

/// Accepts capital and small letters.
impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Ok(Self([
                    first.to_ascii_uppercase(),
                    second.to_ascii_uppercase(),
                ]))
            }
            _ => Err(NotACountry),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Country({self})")
    }
}

#[cfg(test)]
mod tests;
