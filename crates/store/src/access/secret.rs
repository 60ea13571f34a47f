//! 256 random bits: shown once, kept as a hash.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// A new secret as 64 hexadecimal digits after `prefix`.
pub(crate) fn generate(prefix: &str) -> Result<String, StoreError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::unavailable("random", error.to_string()))?;
    Ok(format!("{prefix}{}", hex(&bytes)))
}

/// What is stored of a secret.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string never fails");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_show_their_kind() {
        let (one, other) = (generate("hgp_").unwrap(), generate("hgp_").unwrap());
        assert_ne!(one, other);
        assert!(one.starts_with("hgp_") && one.len() == 4 + 64, "{one}");
        assert_ne!(hash(&one), hash(&other));
        assert_eq!(hash(&one).len(), 32);
    }
}
