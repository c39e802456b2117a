//! Paging by key: a page says where the next one begins.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Invalid, Name, id::is_cuid2, text::text_newtype};

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for what follows; absent on the last page.
    pub next: Option<Cursor>,
}

/// Where a page begins: the moment and the identifier of the row before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "1767225600000-tz4a98xxat96iws9zmbrgj3a")]
pub struct Cursor(String);

impl Cursor {
    /// The place behind the row with this moment and identifier.
    pub fn new(millis: i64, id: &str) -> Self {
        Self(format!("{millis}-{id}"))
    }

    /// Milliseconds and identifier.
    pub fn parts(&self) -> (i64, &str) {
        let (millis, id) = self.0.split_once('-').unwrap_or_default();
        (millis.parse().unwrap_or_default(), id)
    }
}

impl FromStr for Cursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = |(millis, id): (&str, &str)| {
            millis.parse::<i64>().is_ok_and(|millis| millis >= 0) && is_cuid2(id)
        };
        if text.split_once('-').is_some_and(good) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("not a cursor of ours: take `next` of the page before"))
    }
}

text_newtype!(Cursor);

/// What is searched for: at most 200 characters, which no name exceeds, and none of control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SearchText(String);

impl FromStr for SearchText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().count() > Name::MAX {
            return Err(Invalid::new(format!("at most {} characters are searched for", Name::MAX)));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("no name contains control characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(SearchText);

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
    /// Rows at most, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Only rows whose name (or network, host, fingerprint) contains this text, in any case.
    #[param(value_type = Option<String>, max_length = 200)]
    pub search: Option<SearchText>,
}

impl PageQuery {
    /// Rows of a page at most.
    const MOST: u16 = 200;

    /// The first page, as large as pages are: for lists to choose from.
    pub fn largest() -> Self {
        Self::first(Self::MOST)
    }

    /// So many rows from the beginning.
    pub fn first(rows: u16) -> Self {
        Self { limit: Some(rows), ..Self::default() }
    }

    /// Rows at most, held to the bounds.
    pub fn limit(&self) -> i64 {
        i64::from(self.limit.unwrap_or(50).clamp(1, Self::MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_wire_and_others_are_refused() {
        let cursor = Cursor::new(1_767_225_600_000, "tz4a98xxat96iws9zmbrgj3a");
        let read: Cursor = cursor.as_str().parse().expect("a cursor");
        assert_eq!(read.parts(), (1_767_225_600_000, "tz4a98xxat96iws9zmbrgj3a"));
        for text in [
            "",
            "-",
            "1-",
            "x-tz4a98xxat96iws9zmbrgj3a",
            "1-' or 1=1",
            "-1-tz4a98xxat96iws9zmbrgj3a",
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
