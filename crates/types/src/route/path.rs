//! The path of a route: a prefix, by whole segments.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, text::text_newtype};

/// A path and everything below it: `/api` takes `/api` and `/api/users`, not `/apis`. Only
/// characters that need no escaping (RFC 3986, section 2.3), so that two texts are two paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 1024,
    pattern = "^/([a-zA-Z0-9._~-]+(/[a-zA-Z0-9._~-]+)*)?$",
    example = "/api"
)]
pub struct RoutePath(String);

impl RoutePath {
    pub const MAX: usize = 1_024;

    /// Whether it is everything.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// Whether another path is this one or below it.
    pub fn takes(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(self.0.as_str());
        self.is_root() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Default for RoutePath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl FromStr for RoutePath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let segments = text.trim_end_matches('/');
        if text.starts_with('/') && segments.is_empty() && text.len() == 1 {
            return Ok(Self::default());
        }
        let sound = |segment: &str| !segment.is_empty() && segment.bytes().all(is_unreserved);
        let dots = |segment: &str| matches!(segment, "." | "..");
        let Some(rest) = segments.strip_prefix('/') else { return Err(refusal()) };
        if segments.len() > Self::MAX || !rest.split('/').all(|one| sound(one) && !dots(one)) {
            return Err(refusal());
        }
        Ok(Self(segments.to_owned()))
    }
}

text_newtype!(RoutePath);

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn refusal() -> Invalid {
    Invalid::new(
        "a route's path begins with `/` and has segments of letters, digits, `-`, `.`, `_` and `~`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_each_path() {
        for (text, read) in [("/", "/"), ("/api", "/api"), ("/api/", "/api"), ("/a/b.c", "/a/b.c")]
        {
            assert_eq!(text.parse::<RoutePath>().map(String::from), Ok(read.to_owned()));
        }
        assert!(RoutePath::default().is_root());
    }

    #[test]
    fn what_is_not_plainly_a_path_is_refused() {
        for text in [
            "", "api", "//", "/a//b", "/..", "/a/../b", "/.", "/a b", "/%41", "/a*", "/`", "/a\n",
            "/{x}",
        ] {
            assert!(text.parse::<RoutePath>().is_err(), "{text:?}");
        }
    }
}
