//! Passwords: what is kept of them, and what is taken for one.
//!
//! Kept is an argon2id hash with a salt of its own (19 MiB, two passes, one lane: OWASP's first choice), in the PHC form, which says with
//! what it was made. When a later version hashes harder, a login renews the hash.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{ARGON2ID_IDENT, Argon2, Params};
use tokio::sync::Semaphore;

use crate::error::StoreError;

/// Hashes at a time: 38 MiB, whatever the number of logins, and with two cores half a server for its events.
const AT_A_TIME: usize = 2;
/// NIST's eight, and two for what has become faster since.
const CHARS_MIN: usize = 10;
/// What nobody types; the whole of it is hashed.
const BYTES_MAX: usize = 1_024;
/// Fewer different characters are a key that was held down.
const DIFFERENT_MIN: usize = 5;

/// What is tried first, and what manuals print: they meet the other rules.
const KNOWN: [&str; 16] = [
    "1234567890",
    "0123456789",
    "12345678910",
    "0987654321",
    "qwertyuiop",
    "qwerty12345",
    "1q2w3e4r5t",
    "password12",
    "password123",
    "password1234",
    "changeme123",
    "change-me-now",
    "administrator",
    "letmein1234",
    "iloveyou123",
    "secretpassword",
];

/// Hashes and compares. Clones share the bound.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    room: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// What to keep of a new password.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for one that is guessed too soon.
    pub(crate) async fn hash(&self, password: &str, email: &str) -> Result<String, StoreError> {
        check(password, email)?;
        self.make(password).await
    }

    /// Whether the password is the one that `kept` was made of; also of nothing, which takes as long.
    pub(crate) async fn verify(&self, password: &str, kept: &str) -> Result<bool, StoreError> {
        if kept.is_empty() {
            // Otherwise the time would tell who has an account.
            self.make(password).await?;
            return Ok(false);
        }
        let (password, kept) = (password.to_owned(), kept.to_owned());
        self.run(move || {
            let kept = PasswordHash::new(&kept)?;
            Ok(Argon2::default()
                .verify_password(password.as_bytes(), &kept)
                .is_ok())
        })
        .await
    }

    /// The hash anew, where the kept one was made with other parameters.
    pub(crate) async fn renew(
        &self,
        password: &str,
        kept: &str,
    ) -> Result<Option<String>, StoreError> {
        if is_current(kept) {
            return Ok(None);
        }
        self.make(password).await.map(Some)
    }

    async fn make(&self, password: &str) -> Result<String, StoreError> {
        let password = password.to_owned();
        self.run(move || {
            Ok(Argon2::default()
                .hash_password(password.as_bytes())?
                .to_string())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = Arc::clone(&self.room);
        let _place = room
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        // The place is held until the hash is made, also when whoever waits for it goes away: the work itself cannot be stopped.
        let work = move || {
            let _place = _place;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StoreError::unavailable("password", error.to_string()))?
            .map_err(|error| StoreError::rejected("password", error.to_string()))
    }
}

fn is_current(kept: &str) -> bool {
    let Ok(hash) = PasswordHash::new(kept) else {
        return false;
    };
    let Ok(params) = Params::try_from(&hash) else {
        return false;
    };
    let ours = Params::default();
    hash.algorithm == ARGON2ID_IDENT
        && (params.m_cost(), params.t_cost(), params.p_cost())
            == (ours.m_cost(), ours.t_cost(), ours.p_cost())
}

fn check(password: &str, email: &str) -> Result<(), StoreError> {
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    let problem = if password.chars().count() < CHARS_MIN {
        "a password has at least 10 characters; four random words are a good one"
    } else if password.len() > BYTES_MAX {
        "a password has at most 1024 bytes"
    } else if different.len() < DIFFERENT_MIN || KNOWN.contains(&lower.as_str()) {
        "this password is among the first that are tried: choose another"
    } else if lower.contains(email) {
        "a password must not contain the email address"
    } else {
        return Ok(());
    };
    Err(StoreError::Invalid(problem.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_soon_is_refused() {
        let refused = |password: &str| check(password, "anna@example.com").is_err();
        for password in [
            "",
            "short",
            "aaaaaaaaaaaaaaaa",
            "ababababababab",
            "Password123",
            "changeme123",
            "1234567890",
            "my Anna@example.com",
            &"correct horse".repeat(100),
        ] {
            assert!(refused(password), "{password}");
        }
        for password in ["correct horse battery", "Grüße aus Wien", "x7!kQ-29zz"] {
            assert!(!refused(password), "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_tells_its_password_and_how_it_was_made() {
        let passwords = Passwords::new();
        let kept = passwords
            .hash("correct horse battery", "anna@example.com")
            .await
            .unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(
            passwords
                .verify("correct horse battery", &kept)
                .await
                .unwrap()
        );
        assert!(!passwords.verify("correct horse", &kept).await.unwrap());
        assert!(!passwords.verify("", "").await.unwrap());
        assert_eq!(
            passwords
                .renew("correct horse battery", &kept)
                .await
                .unwrap(),
            None
        );
        let weaker = kept.replace("m=19456", "m=4096");
        let renewed = passwords.renew("correct horse battery", &weaker).await;
        assert!(renewed.unwrap().unwrap().contains("m=19456"));
    }
}
