//! Which version of the Engine API is spoken, the newest that both sides know, and who builds.

use std::fmt;

use bollard::{API_DEFAULT_VERSION, ClientVersion};
use hyper::HeaderMap;

use super::super::{HostError, words::clean};

/// A version such as 1.51.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion {
    major: usize,
    minor: usize,
}

impl ApiVersion {
    /// Docker 20.10.
    const OLDEST: Self = Self { major: 1, minor: 41 };
    /// Docker 25 makes a container on several networks.
    pub(super) const MANY_NETWORKS: Self = Self { major: 1, minor: 44 };
    /// Docker 28 bounds what builds leave, if nobody says otherwise.
    pub(super) const BOUNDED_BUILDS: Self = Self { major: 1, minor: 48 };
    /// The one that bollard's models are made from. A newer engine answers as of then.
    const NEWEST: Self =
        Self { major: API_DEFAULT_VERSION.major_version, minor: API_DEFAULT_VERSION.minor_version };

    /// From the answer to a ping.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self, HostError> {
        let text = headers.get("api-version").and_then(|value| value.to_str().ok());
        let text = text.ok_or_else(|| HostError::Protocol {
            why: "it does not tell the version of its API".into(),
        })?;
        Self::agree(text)
    }

    fn agree(text: &str) -> Result<Self, HostError> {
        match Self::parse(text) {
            Some(theirs) if theirs >= Self::OLDEST => Ok(theirs.min(Self::NEWEST)),
            _ => Err(HostError::Protocol {
                why: format!(
                    "it speaks API version {}, not {} or newer",
                    clean(text),
                    Self::OLDEST
                ),
            }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// The path as this version knows it; without a version the engine would answer in its newest.
    pub(super) fn path(self, path: &str) -> String {
        format!("/v{self}{path}")
    }
}

/// Who builds where an engine is not asked for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builder {
    /// Nothing else: it refuses BuildKit. That is Windows, or an operator's setting.
    Classic,
    /// It does not say, or names BuildKit.
    Any,
}

impl Builder {
    /// From the answer to a ping.
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        match headers.get("builder-version") {
            Some(version) if version == "1" => Self::Classic,
            Some(_) | None => Self::Any,
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl From<ApiVersion> for ClientVersion {
    fn from(version: ApiVersion) -> Self {
        Self { major_version: version.major, minor_version: version.minor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_version_is_spoken() {
        let agreed = |text: &str| ApiVersion::agree(text).map(|version| version.to_string());
        assert_eq!(agreed("1.41"), Ok("1.41".into()));
        assert_eq!(agreed("1.44"), Ok("1.44".into()));
        assert_eq!(agreed("1.99"), Ok(ApiVersion::NEWEST.to_string()));
        for text in ["1.40", "1.9", "0.99", "", "1", "1.x", "-1.44", "1.44.1"] {
            assert!(agreed(text).is_err(), "{text}");
        }
    }
}
