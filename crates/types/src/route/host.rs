//! The host of a route: a DNS name as browsers send it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, text::text_newtype};

/// A DNS name in lower case and without a final dot. Names in other scripts are written as their
/// ASCII form (`xn--...`): that is what browsers send, and what cannot be mistaken for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 253,
    pattern = "^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$",
    example = "shop.example.com"
)]
pub struct RouteHost(String);

impl RouteHost {
    /// RFC 1035, section 2.3.4.
    pub const MAX: usize = 253;
    const MAX_LABEL: usize = 63;

    /// The same with `www.` before it, where that is a name.
    pub fn with_www(&self) -> Result<Self, Invalid> {
        format!("www.{}", self.0).parse()
    }

    /// The same without `www.`, where it begins so.
    pub fn without_www(&self) -> Option<Self> {
        self.0.strip_prefix("www.").map(|rest| Self(rest.to_owned()))
    }
}

impl FromStr for RouteHost {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        if name.is_empty() || name.len() > Self::MAX || !name.split('.').all(is_label) {
            return Err(refusal(text));
        }
        if name.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(Invalid::new(
                "a route's host is a name, not an address: certificates are issued for names",
            ));
        }
        Ok(Self(name))
    }
}

text_newtype!(RouteHost);

/// RFC 1123, section 2.1, and the underscore that names in use have.
fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    let edges = !label.starts_with('-') && !label.ends_with('-');
    (1..=RouteHost::MAX_LABEL).contains(&label.len()) && edges && label.bytes().all(allowed)
}

fn refusal(text: &str) -> Invalid {
    if text.contains('*') {
        return Invalid::new("a route's host is one name: wildcards are not routed");
    }
    if !text.is_ascii() {
        return Invalid::new("write the name in its ASCII form (`xn--...`), as browsers send it");
    }
    Invalid::new(
        "not a host: it has labels of 1 to 63 letters, digits and `-`, with dots between them, \
         without scheme, port or path",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_browsers_send_them() {
        for (text, read) in [
            ("Shop.Example.COM.", "shop.example.com"),
            ("localhost", "localhost"),
            ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
            ("3com.com", "3com.com"),
        ] {
            assert_eq!(text.parse::<RouteHost>().map(String::from), Ok(read.to_owned()));
        }
    }

    #[test]
    fn what_could_be_taken_for_more_than_a_name_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "-a.b",
            "a-.b",
            "*.example.com",
            "münchen.de",
            "a.b:80",
            "http://a",
            "a/b",
            "a`b",
            "a b",
            "a\nb",
            "{host}",
            "10.0.0.1",
            "[::1]",
            "a,b",
        ] {
            assert!(text.parse::<RouteHost>().is_err(), "{text:?}");
        }
        assert!("a".repeat(64).parse::<RouteHost>().is_err());
        assert!(vec!["a"; 127].join(".").parse::<RouteHost>().is_ok());
        assert!(vec!["a"; 128].join(".").parse::<RouteHost>().is_err());
    }

    #[test]
    fn www_both_ways() {
        let host: RouteHost = "example.com".parse().expect("a host");
        let www = host.with_www().expect("a host");
        assert_eq!(www.as_str(), "www.example.com");
        assert_eq!(www.without_www(), Some(host.clone()));
        assert_eq!(host.without_www(), None);
    }
}
