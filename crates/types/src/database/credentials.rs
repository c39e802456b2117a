//! What a database is entered with.

use std::{fmt, str::FromStr};

use rand::RngExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize;

use crate::{Invalid, text::text_newtype};

/// The name of a user or of a database in an engine: letters, digits and `_`, which every engine
/// takes without quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 32,
    pattern = "^[a-z_][a-z0-9_]*$",
    example = "app"
)]
pub struct CredentialName(String);

impl CredentialName {
    /// Engines take users of so many characters; some take more.
    pub const MAX: usize = 32;
}

impl FromStr for CredentialName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !first || text.len() > Self::MAX || !text.bytes().all(allowed) {
            return Err(Invalid::new(format!(
                "it has 1 to {} small letters, digits and `_`, and no digit first",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(CredentialName);

/// The password of a database: letters, digits, `.`, `_`, `~` and `-`, so that it stands in a URL and
/// in a file of settings as it is. Not debugged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    format = Password,
    min_length = 12,
    max_length = 128,
    pattern = "^[A-Za-z0-9._~-]+$"
)]
pub struct DatabasePassword(String);

impl DatabasePassword {
    pub const SHORTEST: usize = 12;
    pub const LONGEST: usize = 128;
    /// 190 bits.
    const GENERATED: usize = 32;
    const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// A random one.
    pub fn generate() -> Self {
        let mut rng = rand::rng();
        let letter = |_| char::from(Self::LETTERS[rng.random_range(0..Self::LETTERS.len())]);
        Self((0..Self::GENERATED).map(letter).collect())
    }

    /// The text, for whoever seals or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabasePassword {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-');
        if !(Self::SHORTEST..=Self::LONGEST).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(Invalid::new(format!(
                "a database's password has {} to {} letters, digits, `.`, `_`, `~` and `-`",
                Self::SHORTEST,
                Self::LONGEST
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for DatabasePassword {
    type Error = Invalid;

    fn try_from(mut text: String) -> Result<Self, Self::Error> {
        let parsed = text.parse();
        text.zeroize();
        parsed
    }
}

impl From<DatabasePassword> for String {
    fn from(password: DatabasePassword) -> Self {
        password.0.clone()
    }
}

impl Drop for DatabasePassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for DatabasePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabasePassword")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_passwords_are_passwords_and_differ() {
        let (one, other) = (DatabasePassword::generate(), DatabasePassword::generate());
        assert_ne!(one, other);
        assert!(one.expose().parse::<DatabasePassword>().is_ok());
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    #[test]
    fn what_needs_quotes_is_refused() {
        assert!("open.sesame~1_2-3".parse::<DatabasePassword>().is_ok());
        for text in
            ["", "short", "has space in it", "a@b:c/d?e#f%g", "quote'quote'", "$(reboot)1234"]
        {
            assert!(text.parse::<DatabasePassword>().is_err(), "{text:?}");
        }
        for text in ["", "1a", "A", "a-b", "a b", "a;b", &"x".repeat(33)] {
            assert!(text.parse::<CredentialName>().is_err(), "{text:?}");
        }
    }
}
