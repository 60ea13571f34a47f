//! Who: a visitor is 64 bits of a keyed hash, and nothing from which the person could be found again.
//!
//! The key is the whole protection. An IP address has too few values to be hidden by a hash alone: anyone could try them all.
//! With a random key that is forgotten after two days, nobody can, the operator included. What is absent: there is no way to
//! turn an id back, no way to link two sites, and, without a user id, no way to link two days.

use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret key for visitor ids: 32 random bytes, as many as the hash itself gives.
///
/// `Debug` shows no byte of it, so that it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; Self::BYTES]);

impl Salt {
    /// The length of a salt, in bytes.
    pub const BYTES: usize = 32;

    /// Makes a new salt from the operating system's random source.
    ///
    /// # Errors
    /// When the system has no random source. A salt that could be guessed would be worse than none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The salt that was stored as these bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the store alone.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// Fails when there are not exactly [`Salt::BYTES`] bytes.
impl TryFrom<&[u8]> for Salt {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt(redacted)")
    }
}

/// The id of a visitor of whom only the connection is known. Stable for as long as the salt is; never 0.
///
/// An IPv4 address that arrives mapped into IPv6 (`::ffff:192.0.2.1`) is the same visitor as the plain one: which of the two is
/// seen depends on how the socket was bound.
pub fn visitor_id(salt: &Salt, site: i64, ip: IpAddr, user_agent: &str) -> i64 {
    let mut digest = Digest::new(salt, Kind::Connection, site);
    match ip.to_canonical() {
        IpAddr::V4(v4) => digest.part(&v4.octets()),
        IpAddr::V6(v6) => digest.part(&v6.octets()),
    }
    digest.part(user_agent.as_bytes());
    digest.finish()
}

/// The id of a visitor whom the site itself has named. Never 0, and never the id that [`visitor_id`] gives under the same key
/// but by chance.
///
/// `secret` is the installation's own and does not change from day to day, so neither does the id.
pub fn identified_visitor_id(secret: &Salt, site: i64, user_id: &str) -> i64 {
    let mut digest = Digest::new(secret, Kind::UserId, site);
    digest.part(user_id.as_bytes());
    digest.finish()
}

/// The first byte of what is hashed, so that a user id cannot be chosen to collide with a connection.
#[derive(Clone, Copy)]
enum Kind {
    Connection = 1,
    UserId = 2,
}

/// Each part is preceded by its length: `("ab", "c")` and `("a", "bc")` must not be one visitor.
struct Digest(Hmac<Sha256>);

impl Digest {
    fn new(salt: &Salt, kind: Kind, site: i64) -> Self {
        let mac = Hmac::new_from_slice(&salt.0).expect("HMAC takes a key of any length");
        let mut digest = Self(mac);
        digest.0.update(&[kind as u8]);
        digest.part(&site.to_be_bytes());
        digest
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// 0 is kept free: callers may use it to say "no visitor".
    fn finish(self) -> i64 {
        let hash = self.0.finalize().into_bytes();
        let first = hash.first_chunk::<8>().expect("SHA-256 gives 32 bytes");
        match i64::from_be_bytes(*first) {
            0 => 1,
            id => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const SALT: Salt = Salt::from_bytes([7; 32]);
    const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn every_input_changes_the_visitor() {
        let other_ip: IpAddr = "192.0.2.2".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        let ids = HashSet::from([
            visitor_id(&SALT, 1, IP, "Firefox"),
            visitor_id(&Salt::from_bytes([8; 32]), 1, IP, "Firefox"),
            visitor_id(&SALT, 2, IP, "Firefox"),
            visitor_id(&SALT, 1, other_ip, "Firefox"),
            visitor_id(&SALT, 1, v6, "Firefox"),
            visitor_id(&SALT, 1, IP, "Chrome"),
            visitor_id(&SALT, 1, IP, ""),
            identified_visitor_id(&SALT, 1, "Firefox"),
            identified_visitor_id(&SALT, 1, ""),
            identified_visitor_id(&SALT, 2, "Firefox"),
        ]);

        assert_eq!(ids.len(), 10);
    }

    /// Ids are stored: a change of the hash would split every visitor in two. This value was computed by another program.
    #[test]
    fn the_hash_is_the_documented_one() {
        assert_eq!(
            visitor_id(&SALT, 1, IP, "Firefox"),
            -8_273_569_052_317_659_274
        );
        assert_eq!(
            identified_visitor_id(&SALT, 1, "anna"),
            -2_445_577_866_788_023_865
        );
    }

    #[test]
    fn a_mapped_address_is_the_plain_one() {
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(
            visitor_id(&SALT, 1, mapped, "Firefox"),
            visitor_id(&SALT, 1, IP, "Firefox")
        );
    }

    #[test]
    fn a_salt_is_random_and_not_shown() {
        let salt = Salt::generate().unwrap();
        assert_ne!(salt, Salt::generate().unwrap());
        assert_eq!(format!("{salt:?}"), "Salt(redacted)");
        assert_eq!(Salt::try_from(&salt.as_bytes()[..]).unwrap(), salt);
        assert!(Salt::try_from(&[0_u8; 31][..]).is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_never_zero(site: i64, ip: u128, agent: String) {
            let ip = IpAddr::V6(ip.into());
            prop_assert_ne!(visitor_id(&SALT, site, ip, &agent), 0);
            prop_assert_ne!(identified_visitor_id(&SALT, site, &agent), 0);
        }
    }
}
