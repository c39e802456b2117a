//! Addresses for mail, and how people are known by them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, text::text_newtype};

/// An address for mail: one `@`, nothing that could end a header or a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 254, example = "ops@example.com")]
pub struct Email(String);

impl Email {
    /// RFC 5321, with its erratum 1690.
    pub const MAX: usize = 254;

    /// An address as accounts have it, and as it is looked for among them: without the white space
    /// that people paste around it, in lower case. It need not be one.
    pub fn folded(text: &str) -> String {
        text.trim().to_lowercase()
    }
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('@');
        let sound = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_graphic() && !"@<>()[]\",;:\\`{}".contains(c))
        };
        match parts {
            Some((local, domain)) if text.len() <= Self::MAX && sound(local) && sound(domain) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err(Invalid::new("not an address for mail, as `ops@example.com`")),
        }
    }
}

text_newtype!(Email);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_for_mail() {
        assert!("ops@example.com".parse::<Email>().is_ok());
        for bad in ["", "ops", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "a<b@c>"] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn people_are_known_whatever_case_they_type() {
        assert_eq!(Email::folded(" Ops@Example.COM\n"), "ops@example.com");
        assert_eq!(Email::folded("nothing"), "nothing");
    }
}
