//! Where a proxy takes certificates from. Not those of the team's own: see `certificate`.

use std::{net::Ipv6Addr, num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Email, Invalid, text::text_newtype};

/// From where a proxy takes certificates for hosts that no certificate of the team names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "source", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CertificateSource {
    /// An authority by ACME: Let's Encrypt, or another. The host's names have to lead to this
    /// server from where the authority is, on port 80 or 443.
    Acme {
        /// Is told when a certificate is about to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<Email>,
        /// Let's Encrypt's certificates that browsers do not trust, without the limits on how many
        /// are issued. Not with a directory.
        #[serde(default)]
        staging: bool,
        /// The authority. Default: Let's Encrypt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        directory: Option<AcmeDirectory>,
        /// PEM: what signed the certificate of the directory's own server, where its host's system
        /// does not trust it anyway. With a directory alone; 64 KiB at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 65536)]
        root: Option<String>,
    },
    /// An authority of Portolan's own: for labs and closed networks.
    Internal,
}

impl Default for CertificateSource {
    fn default() -> Self {
        Self::Acme { email: None, staging: false, directory: None, root: None }
    }
}

/// Where an authority by ACME says what it offers (RFC 8555, section 7.1.1): an https URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    max_length = 500,
    example = "https://ca.example.com/acme/acme/directory"
)]
pub struct AcmeDirectory(String);

impl AcmeDirectory {
    pub const MAX: usize = 500;
}

impl FromStr for AcmeDirectory {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("https://").filter(|_| text.len() <= Self::MAX);
        let Some(rest) = rest else { return Err(no_directory()) };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // Clients take such parts out each in their own way: what is stored is what is asked.
        let direct = !path.split(['/', '?']).any(|part| matches!(part, "." | ".."));
        if is_host_with_port(authority) && path.bytes().all(is_of_a_url) && direct {
            Ok(Self(text.to_owned()))
        } else {
            Err(no_directory())
        }
    }
}

text_newtype!(AcmeDirectory);

fn no_directory() -> Invalid {
    Invalid::new(format!(
        "not the directory of an authority: it is an https URL without user, fragment and `..`, as \
         `https://ca.example.com/acme/acme/directory`, and has at most {} characters",
        AcmeDirectory::MAX
    ))
}

/// A name or an address, and a port where it is not the usual one. No user: it would be a secret.
fn is_host_with_port(authority: &str) -> bool {
    let (host, rest) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<Ipv6Addr>().is_ok() => ("ipv6", rest),
        Some(_) => return false,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse::<NonZeroU16>().is_ok(),
        None => rest.is_empty(),
    };
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    port && host.split('.').all(|label| !label.is_empty() && label.bytes().all(sound))
}

/// What may be in a path or a query (RFC 3986, section 3.3), but for what quotes somewhere.
fn is_of_a_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&()*+,;=:@/?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories() {
        for good in [
            "https://ca.example.com/acme/acme/directory",
            "https://10.88.0.13:9443/acme/local/directory",
            "https://[fd00::1]:14000/dir",
            "https://ca",
            "https://ca.example.com?eab=1",
        ] {
            assert!(good.parse::<AcmeDirectory>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https://:443/",
            "https://..",
            "https://ca..example.com/",
            "https:///directory",
            "http://ca.example.com/directory",
            "HTTPS://ca.example.com",
            "https://user:secret@ca.example.com/",
            "https://ca.example.com:0/",
            "https://ca.example.com:65536/",
            "https://[fd00::1/",
            "https://[evil]/",
            "https://ca.example.com/acme/../directory",
            "https://ca.example.com/#a",
            "https://ca.example.com/a b",
            "https://ca.example.com/{env.HOME}",
            "https://ca.example.com/`a`",
            "https://ca.example.com/\r\n",
        ] {
            assert!(bad.parse::<AcmeDirectory>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_was_stored_before_there_were_directories_is_read() {
        let stored = r#"{"source":"acme","email":"ops@example.com","staging":true}"#;
        let read: CertificateSource = serde_json::from_str(stored).expect("a source");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), stored);
    }
}
