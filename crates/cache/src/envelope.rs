//! What lies in Redis: version, checksum, bytes.
//!
//! Redis is shared, outlives our versions, and may be written by others. The checksum covers the key too, so that a value which
//! was copied to another key (another site's, perhaps) is refused like garbage. It guards against accidents; whoever may write to
//! Redis can also write a checksum.

use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};

/// Raised whenever the meaning of the bytes behind it changes.
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 8;
const HEADER_BYTES: usize = 1 + CHECKSUM_BYTES;

pub(crate) fn seal(key: &str, bytes: &[u8]) -> Bytes {
    let mut sealed = BytesMut::with_capacity(HEADER_BYTES + bytes.len());
    sealed.put_u8(VERSION);
    sealed.put_slice(&checksum(key, bytes));
    sealed.put_slice(bytes);
    sealed.freeze()
}

/// The bytes that were sealed for `key`; `None` for anything else.
pub(crate) fn open(key: &str, sealed: &Bytes) -> Option<Bytes> {
    let (header, bytes) = sealed.split_at_checked(HEADER_BYTES)?;
    let intact = header[0] == VERSION && header[1..] == checksum(key, bytes);
    intact.then(|| sealed.slice(HEADER_BYTES..))
}

fn checksum(key: &str, bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let key_bytes = u64::try_from(key.len()).expect("a length fits into 64 bits");
    let digest = Sha256::new()
        .chain_update(key_bytes.to_le_bytes())
        .chain_update(key)
        .chain_update(bytes)
        .finalize();
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_under_its_key_only() {
        let sealed = seal("key", b"bytes");
        assert_eq!(open("key", &sealed), Some(Bytes::from_static(b"bytes")));
        assert_eq!(open("yek", &sealed), None);
        assert_eq!(open("k", &seal("key", b"")), None);
        assert_eq!(open("k", &seal("k", b"")), Some(Bytes::new()));
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_refused() {
        let sealed = seal("key", b"bytes");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open("key", &flipped.into()), None, "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(open("key", &sealed.slice(..length)), None, "{length} bytes");
        }
    }
}
