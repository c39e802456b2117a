//! Certificates of a team's own, for hosts whose certificates come from elsewhere.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CertificateId, Name, Timestamp};

/// A certificate. It serves every route whose host it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    pub id: CertificateId,
    pub name: Name,
    /// The names in it; `*.` stands for one label.
    pub hosts: Vec<String>,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub created_at: Timestamp,
}

impl Certificate {
    /// Whether it names a host (RFC 9525, section 6.3).
    pub fn names(&self, host: &str) -> bool {
        self.hosts.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => name == host,
        })
    }
}

/// What `create_certificate` takes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCertificate {
    pub name: Name,
    /// PEM: the certificate first, then those between it and its authority.
    #[schema(max_length = 65536)]
    pub chain: String,
    /// PEM. Sealed at once; it never comes back.
    #[schema(max_length = 16384, write_only)]
    pub private_key: String,
}

impl std::fmt::Debug for CreateCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateCertificate").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        let certificate = Certificate {
            id: CertificateId::generate(),
            name: "wild".parse().expect("a name"),
            hosts: vec!["*.example.com".to_owned(), "example.org".to_owned()],
            fingerprint: String::new(),
            not_before: Timestamp::from_millis(0),
            not_after: Timestamp::from_millis(1),
            created_at: Timestamp::from_millis(0),
        };
        for (host, named) in [
            ("a.example.com", true),
            ("a.b.example.com", false),
            ("example.com", false),
            ("example.org", true),
        ] {
            assert_eq!(certificate.names(host), named, "{host}");
        }
    }
}
