//! How many rows a table has, and a sum that says which.

use sha2::{Digest, Sha256};

/// Of rows in any order: their number, and the sum of the first halves of their SHA-256, modulo 2¹²⁸. Two tables with the same rows have
/// the same; two that differ have another one, but for a chance that nobody will meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    /// How many rows there are.
    pub rows: u64,
    sum: u128,
}

impl Checksum {
    pub(super) fn add(&mut self, row: &[u8]) {
        let digest = Sha256::digest(row);
        let half = digest[..16].try_into().expect("a SHA-256 has 32 bytes");
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
        self.rows += 1;
    }
}

/// 32 hexadecimal digits.
impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[u8]]) -> Checksum {
        let mut sum = Checksum::default();
        for row in rows {
            sum.add(row);
        }
        sum
    }

    #[test]
    fn it_depends_on_the_rows_and_not_on_their_order() {
        assert_eq!(of(&[b"a", b"b", b"c"]), of(&[b"c", b"a", b"b"]));
        for other in [
            &[b"a".as_slice(), b"b"][..],
            &[b"a", b"b", b"d"],
            &[b"a", b"b", b"c", b"c"],
            &[b"ab", b"c"],
        ] {
            assert_ne!(of(&[b"a", b"b", b"c"]), of(other));
        }
        // Another row twice is not the same as twice the row.
        assert_ne!(of(&[b"a", b"a"]), of(&[b"b", b"b"]));
        assert_eq!(of(&[]).to_string(), "0".repeat(32));
    }
}
