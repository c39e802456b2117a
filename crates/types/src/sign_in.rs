//! The ways in, and what a person is known by elsewhere.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{IdentityId, Invalid, Timestamp, text::text_newtype};

/// The operator's word for an OpenID Connect provider: `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 32, example = "corp")]
pub struct ProviderName(String);

impl ProviderName {
    /// Characters; it stands in URLs.
    pub const MAX: usize = 32;
}

impl FromStr for ProviderName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=Self::MAX).contains(&text.len()) && text.bytes().all(known) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("a provider has 1 to 32 characters a-z, 0-9 and `-`, as `corp`"))
    }
}

text_newtype!(ProviderName);

/// A path of this control plane, to which a browser goes after it signed in. Nothing that leads
/// anywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 512, example = "/docs")]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Bytes.
    pub const MAX: usize = 512;
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl FromStr for ReturnTo {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Browsers read `//host` and `/\host` as another origin, and drop tabs and line ends first.
        let local = text.starts_with('/') && !text.starts_with("//");
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if local && plain && text.len() <= Self::MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("not a path of this control plane, as `/docs`"))
    }
}

text_newtype!(ReturnTo);

/// The ways in that the operator has opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInWays {
    /// Passkeys need the public URL of the control plane (`--public-url`).
    pub passkey: bool,
    pub providers: Vec<SignInProvider>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInProvider {
    pub name: ProviderName,
    #[schema(example = "https://id.example.com")]
    pub issuer: String,
    /// Where a browser begins; a path of this control plane.
    #[schema(example = "/v1/sign-in/oidc/corp")]
    pub begin: String,
}

/// What a sign-in through a provider may say at its beginning.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BeginOpenId {
    /// Where the browser goes afterwards; default `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, max_length = 512)]
    pub return_to: Option<ReturnTo>,
}

/// A person as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    pub id: IdentityId,
    #[schema(example = "https://id.example.com")]
    pub issuer: String,
    /// The provider's name for the person; stable, and not for people.
    pub subject: String,
    /// What the provider last said.
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// What `link_identity` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkIdentity {
    pub provider: ProviderName,
    /// Where the browser goes afterwards; default `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<ReturnTo>,
}

/// Where the browser goes next to confirm it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkBegun {
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_returned_to() {
        for good in ["/", "/docs", "/a?b=c#d", "/v1/session"] {
            assert!(good.parse::<ReturnTo>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "docs",
            "//evil.example.com",
            "/\\evil.example.com",
            "/\t/evil.example.com",
            "/\n/evil.example.com",
            "https://evil.example.com/",
            "javascript:alert(1)",
            "/a b",
            "/\u{e9}",
        ] {
            assert!(bad.parse::<ReturnTo>().is_err(), "{bad:?}");
        }
        assert!(format!("/{}", "a".repeat(512)).parse::<ReturnTo>().is_err());
    }

    #[test]
    fn providers_have_plain_names() {
        assert!("corp-2".parse::<ProviderName>().is_ok());
        for bad in ["", "Corp", "a/b", "..", "a b", &"a".repeat(33)] {
            assert!(bad.parse::<ProviderName>().is_err(), "{bad:?}");
        }
    }
}
