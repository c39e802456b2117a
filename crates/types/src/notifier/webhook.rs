//! Where a webhook goes and what it is signed with. Both are secrets: nothing here prints them.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::Invalid;

/// Where a webhook is sent: `http` or `https`. User, path and query often are what lets somebody
/// send, so that only its origin is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 2048,
         example = "https://hooks.example.com/portolan?token=s3cret")]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Bytes.
    pub const MAX: usize = 2_048;

    /// Scheme, host and port: what may be shown.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The whole, for sending and sealing.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl FromStr for WebhookUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let refused = |why: &str| Invalid::new(format!("{why}, as in `https://example.com/hook`"));
        if text.len() > Self::MAX {
            return Err(refused("a URL for a webhook has at most 2048 bytes"));
        }
        // What was typed may be a secret in the wrong place: it is not repeated.
        let url: Url = text.parse().map_err(|_| refused("not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused("a webhook begins with `https://` or `http://`"));
        }
        if url.fragment().is_some() {
            return Err(refused("a webhook has no `#` and nothing behind it"));
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WebhookUrl> for String {
    fn from(url: WebhookUrl) -> Self {
        url.0.into()
    }
}

impl std::fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookUrl({})", self.origin())
    }
}

/// What webhooks are signed with: `whsec_` and 24 to 64 bytes in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookSecret {
    text: String,
    bytes: Vec<u8>,
}

impl WebhookSecret {
    const PREFIX: &'static str = "whsec_";

    /// From random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let text = format!("{}{}", Self::PREFIX, STANDARD.encode(bytes));
        Self { text, bytes: bytes.to_vec() }
    }

    /// The whole, with its prefix.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What the text stands for.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromStr for WebhookSecret {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.strip_prefix(Self::PREFIX).and_then(|text| STANDARD.decode(text).ok());
        match bytes {
            Some(bytes) if (24..=64).contains(&bytes.len()) => {
                Ok(Self { text: text.to_owned(), bytes })
            }
            Some(_) | None => Err(Invalid::new(
                "a secret is `whsec_` and 24 to 64 bytes in base64, as `openssl rand -base64 32` \
                 makes them",
            )),
        }
    }
}

impl TryFrom<String> for WebhookSecret {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WebhookSecret> for String {
    fn from(secret: WebhookSecret) -> Self {
        secret.text
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_is_shown() {
        let url: WebhookUrl = "HTTPS://u:p@Hooks.Example.com:8443/a/b?c=d".parse().expect("a URL");
        assert_eq!(url.origin(), "https://hooks.example.com:8443");
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://hooks.example.com:8443)");
    }

    #[test]
    fn what_is_no_webhook_is_refused_and_not_repeated() {
        for bad in ["", "hunter2", "ftp://h/hunter2", "https://", "file:///hunter2", "http://h/#a"]
        {
            let refused = bad.parse::<WebhookUrl>().expect_err(bad).to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        assert!(format!("https://h/{}", "a".repeat(2_048)).parse::<WebhookUrl>().is_err());
    }

    #[test]
    fn secrets_have_their_length() {
        let of = |bytes: &str| format!("whsec_{bytes}").parse::<WebhookSecret>();
        assert!(of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok());
        assert!(of(&"A".repeat(84)).is_ok() && of(&format!("{}A=", "A".repeat(86))).is_err());
        for bad in [
            "",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2Lah===",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-",
            // Bits that stand for nothing: programs disagree about them.
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
        let new = WebhookSecret::new([7; 32]);
        assert_eq!(new.expose().parse(), Ok(new.clone()));
        assert_eq!(new.bytes(), [7; 32]);
        assert!("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse::<WebhookSecret>().is_err());
    }
}
