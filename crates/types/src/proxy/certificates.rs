//! Where a proxy takes certificates from. Not those of the team's own: see `certificate`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, text::text_newtype};

/// From where a proxy takes certificates for hosts that no certificate of the team names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CertificateSource {
    /// Let's Encrypt, by ACME. The host's names have to lead to this server from everywhere.
    Acme {
        /// Is told when a certificate is about to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<Email>,
        /// Certificates that browsers do not trust, without the limits on how many are issued.
        #[serde(default)]
        staging: bool,
    },
    /// An authority of Portolan's own: for labs and closed networks.
    Internal,
}

impl Default for CertificateSource {
    fn default() -> Self {
        Self::Acme { email: None, staging: false }
    }
}

/// An address for mail: one `@`, nothing that could end a header or a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 254, example = "ops@example.com")]
pub struct Email(String);

impl Email {
    /// RFC 5321, with its erratum 1690.
    pub const MAX: usize = 254;
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
}
