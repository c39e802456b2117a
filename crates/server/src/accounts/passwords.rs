//! Hashing and judging passwords.
//!
//! Owns the cost of a hash and how many are made at a time. Whose password it is, is the callers'
//! affair.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use portolan_types::Password;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::Semaphore;
use zxcvbn::{Score, feedback::Feedback, zxcvbn};

use crate::Error;

/// OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Hashes at a time: a flood of sign-ins waits, and eats no memory.
const MOST_AT_ONCE: usize = 4;

/// What came of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    /// Right, but the stored hash was made at a lower cost.
    Outdated,
    Wrong,
}

/// Where passwords are hashed: on threads that may block, a few at a time.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    seats: Arc<Semaphore>,
    hashed: Counter,
}

impl Passwords {
    /// `hashed` counts what is done.
    pub(crate) fn new(hashed: Counter) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { seats: Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE))), hashed }
    }

    /// The hash of a password that somebody chooses, unless it can be guessed. `known` is what a
    /// guesser knows of them.
    pub(crate) async fn choose(
        &self,
        field: &'static str,
        password: Password,
        known: Vec<String>,
    ) -> Result<String, Error> {
        self.run(move || {
            judge(&password, &known).map_err(|why| Error::field(field, why))?;
            hash(&password)
        })
        .await
    }

    /// The hash of a password that was found right.
    pub(crate) async fn rehash(&self, password: Password) -> Result<String, Error> {
        self.run(move || hash(&password)).await
    }

    /// Whether it is the password. Without a stored hash it takes as long, and is wrong.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        self.run(move || {
            let Some(stored) = stored else {
                hash(&password)?;
                return Ok(Verdict::Wrong);
            };
            Ok(verify(&password, &stored))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let closed = |_| Error::Password("it is stopping".to_owned());
        let seat = self.seats.clone().acquire_owned().await.map_err(closed)?;
        self.hashed.inc();
        let work = tokio::task::spawn_blocking(move || {
            // Kept until it is over, even when nobody waits for it any more.
            let _seat = seat;
            work()
        });
        work.await.map_err(|error| Error::Password(error.to_string()))?
    }
}

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| Error::Password(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Password) -> Result<String, Error> {
    let salt: [u8; SALT_BYTES] = rand::random();
    hasher()?
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Password(error.to_string()))
}

fn verify(password: &Password, stored: &str) -> Verdict {
    match Argon2::default().verify_password(password.expose().as_bytes(), stored) {
        Ok(()) if stored.starts_with(&prefix()) => Verdict::Right,
        Ok(()) => Verdict::Outdated,
        Err(_) => Verdict::Wrong,
    }
}

/// How a hash of today's cost begins (the PHC string format).
fn prefix() -> String {
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$")
}

/// Length by NIST, and guesses by zxcvbn: ten to the eighth at the least, against hashes that were
/// made slow.
fn judge(password: &Password, known: &[String]) -> Result<(), String> {
    let text = password.expose();
    if text.chars().count() < Password::SHORTEST {
        return Err(format!("needs at least {} characters; a few words do", Password::SHORTEST));
    }
    if text.len() > Password::LONGEST {
        return Err(format!("must not be longer than {} bytes", Password::LONGEST));
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let judged = zxcvbn(text, &known);
    if judged.score() >= Score::Three {
        return Ok(());
    }
    let why = judged.feedback().and_then(Feedback::warning);
    Err(why.map_or_else(
        || "can be guessed: take a few words that have nothing to do with each other".to_owned(),
        |why| format!("can be guessed: {why}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn a_hash_knows_its_password_and_its_cost() {
        let right = password("correct horse battery");
        let stored = hash(&right).expect("hashed");
        assert!(stored.starts_with(&prefix()), "{stored}");
        assert_ne!(hash(&right).expect("hashed"), stored);
        assert_eq!(verify(&right, &stored), Verdict::Right);
        assert_eq!(verify(&password("correct horse batterY"), &stored), Verdict::Wrong);
        assert_eq!(verify(&right, "$argon2id$v=19$"), Verdict::Wrong);
        let params = Params::new(8 * 1_024, 1, 1, None).expect("params");
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_with_salt(right.expose().as_bytes(), &[7; SALT_BYTES])
            .expect("hashed")
            .to_string();
        assert_eq!(verify(&right, &cheap), Verdict::Outdated);
    }

    #[test]
    fn what_can_be_guessed_is_refused() {
        let known = ["pia.sandgren@example.com".to_owned(), "pia.sandgren".to_owned()];
        for weak in [
            "",
            "fourteen chars",
            "passwordpassword",
            "aaaaaaaaaaaaaaaaaaaa",
            "pia.sandgren@example.com",
            "1234567890123456",
        ] {
            assert!(judge(&password(weak), &known).is_err(), "{weak}");
        }
        assert!(judge(&password(&"x1Y".repeat(400)), &known).is_err());
        for strong in [
            "correct horse battery",
            "mauve lantern eats tin",
            "\u{e5}\u{e4}\u{f6} k\u{f6}r b\u{e5}t hem nu",
        ] {
            assert_eq!(judge(&password(strong), &known), Ok(()), "{strong}");
        }
    }

    #[tokio::test]
    async fn without_a_hash_it_is_wrong() {
        let passwords = Passwords::new(Counter::default());
        let verdict = passwords.verify(password("whatever it may be"), None).await;
        assert_eq!(verdict.expect("judged"), Verdict::Wrong);
    }
}
