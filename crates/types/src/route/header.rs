//! Headers that a route sets.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Invalid,
    text::{text_newtype, words},
};

words! {
    /// Which way a header goes.
    pub enum Direction ("direction of a header") {
        /// To the target, with the request.
        Request = "request",
        /// Back, with the response.
        Response = "response",
    }
}

/// A header that a route sets. One that is there already is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub on: Direction,
    pub name: HeaderName,
    /// Empty: the header is taken off.
    pub value: HeaderValue,
}

impl Header {
    /// Whether it has this name: names are compared without regard to case.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.as_str().eq_ignore_ascii_case(name)
    }
}

/// The headers of a route: 50 at most, each once in a direction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<Header>", into = "Vec<Header>")]
#[schema(value_type = Vec<Header>)]
pub struct Headers(Vec<Header>);

impl Headers {
    pub const MAX: usize = 50;

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that go this way.
    pub fn on(&self, direction: Direction) -> impl Iterator<Item = &Header> {
        self.0.iter().filter(move |header| header.on == direction)
    }
}

impl TryFrom<Vec<Header>> for Headers {
    type Error = Invalid;

    fn try_from(headers: Vec<Header>) -> Result<Self, Self::Error> {
        if headers.len() > Self::MAX {
            return Err(Invalid::new(format!("a route sets at most {} headers", Self::MAX)));
        }
        let twice = headers.iter().enumerate().find(|(index, one)| {
            headers[..*index].iter().any(|other| other.on == one.on && other.name == one.name)
        });
        match twice {
            Some((_, one)) => Err(Invalid::new(format!("the header `{}` is set twice", one.name))),
            None => Ok(Self(headers)),
        }
    }
}

impl From<Headers> for Vec<Header> {
    fn from(headers: Headers) -> Self {
        headers.0
    }
}

/// A header's name in lower case: a token (RFC 9110, section 5.1). Those that say where a message
/// ends, or that the proxy itself decides, cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 100, example = "x-frame-options")]
pub struct HeaderName(String);

impl HeaderName {
    pub const MAX: usize = 100;
}

/// What the proxy has to decide, or a message would be read in two ways.
const RESERVED: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl FromStr for HeaderName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=Self::MAX).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(Invalid::new("a header's name has letters, digits, `-` and `_`"));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(Invalid::new(format!(
                "the proxy itself decides about the header `{name}`"
            )));
        }
        Ok(Self(name))
    }
}

text_newtype!(HeaderName);

/// A header's value: visible ASCII and spaces, on one line. No braces: Caddy would read them as
/// its own placeholders, which can name files and the environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 2000, example = "DENY")]
pub struct HeaderValue(String);

impl HeaderValue {
    pub const MAX: usize = 2_000;
}

impl FromStr for HeaderValue {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let allowed =
            |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && !matches!(byte, b'{' | b'}');
        if text.len() > Self::MAX || !text.bytes().all(allowed) {
            return Err(Invalid::new(format!(
                "a header's value has at most {} visible ASCII characters and spaces, without \
                 braces",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(HeaderValue);

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str) -> Header {
        let value = "1".parse().expect("a value");
        Header { on: Direction::Request, name: name.parse().expect("a name"), value }
    }

    #[test]
    fn each_once() {
        assert!(Headers::try_from(vec![header("a"), header("b")]).is_ok());
        assert!(Headers::try_from(vec![header("A"), header("a")]).is_err());
        let many = (0..=Headers::MAX).map(|n| header(&format!("h-{n}"))).collect::<Vec<_>>();
        assert!(Headers::try_from(many).is_err());
    }

    #[test]
    fn nothing_that_ends_a_line_or_a_message() {
        for bad in ["", "a b", "a:", "a\r\nb", "Host", "Content-Length", "{x}"] {
            assert!(bad.parse::<HeaderName>().is_err(), "{bad:?}");
        }
        for bad in ["a\nb", "a\rb", "{env.SECRET}", "\u{1b}[31m", "ü"] {
            assert!(bad.parse::<HeaderValue>().is_err(), "{bad:?}");
        }
        assert!("max-age=31536000; includeSubDomains".parse::<HeaderValue>().is_ok());
    }
}
