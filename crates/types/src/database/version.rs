//! Which engine, and which version of it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, text::text_newtype};

/// An engine, as its template is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 32,
    pattern = "^[a-z][a-z0-9-]*$",
    example = "postgres"
)]
pub struct EngineName(String);

impl FromStr for EngineName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !first || text.len() > 32 || !text.bytes().all(allowed) {
            return Err(Invalid::new(
                "an engine has 1 to 32 small letters, digits and `-`, the first a letter",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(EngineName);

/// A version as the tag of an image says it: numbers with dots between them, and what else the tag
/// has after a `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 64,
    pattern = "^[0-9]{1,9}(\\.[0-9]{1,9})*(-[a-z0-9.]+)?$",
    example = "17.2"
)]
pub struct DatabaseVersion(String);

impl DatabaseVersion {
    /// Its numbers, the one that matters most first.
    pub fn numbers(&self) -> Vec<u32> {
        let plain = self.0.split('-').next().unwrap_or_default();
        plain.split('.').filter_map(|part| part.parse().ok()).collect()
    }

    /// What follows its numbers: `alpine` of `17-alpine`.
    pub fn flavour(&self) -> Option<&str> {
        self.0.split_once('-').map(|(_, flavour)| flavour)
    }
}

impl FromStr for DatabaseVersion {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (numbers, flavour) = match text.split_once('-') {
            Some((numbers, flavour)) => (numbers, Some(flavour)),
            None => (text, None),
        };
        // So short that each is a number of 32 bits.
        let number = |part: &str| {
            (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let plain = |flavour: &str| {
            let allowed =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.';
            !flavour.is_empty() && flavour.bytes().all(allowed)
        };
        if text.len() > 64 || !numbers.split('.').all(number) || !flavour.is_none_or(plain) {
            return Err(Invalid::new(
                "a version is numbers with dots between them, as `17` or `17.2`; what else the \
                 image's tag has follows a `-`, as `17-alpine`",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(DatabaseVersion);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        for (text, numbers, flavour) in [
            ("17", vec![17], None),
            ("8.0.36", vec![8, 0, 36], None),
            ("17.2-alpine3.20", vec![17, 2], Some("alpine3.20")),
        ] {
            let version: DatabaseVersion = text.parse().expect("a version");
            assert_eq!((version.numbers(), version.flavour()), (numbers, flavour), "{text}");
        }
        for text in ["", "latest", "17.", ".1", "17-", "17-A", "v17", "17 ", "9999999999", "1:2"] {
            assert!(text.parse::<DatabaseVersion>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn engines_are_words() {
        assert!("postgres".parse::<EngineName>().is_ok());
        for text in ["", "Postgres", "1st", "a_b", "../x", &"x".repeat(33)] {
            assert!(text.parse::<EngineName>().is_err(), "{text:?}");
        }
    }
}
