//! The parts of a bucket's address, and the keys to it.
//!
//! What stands in an address has so few characters that no part of it can be taken for another.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use zeroize::Zeroize;

use crate::{Invalid, text::text_newtype};

/// Where the service is: `https`, or `http` inside a network of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 255,
    example = "https://s3.eu-central-1.amazonaws.com")]
pub struct BucketEndpoint(String);

impl BucketEndpoint {
    const LONGEST: usize = 255;
}

impl FromStr for BucketEndpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || {
            Invalid::new(
                "an endpoint is a scheme and a host, with its port where it has one, as \
                 `https://s3.example.com` or `http://10.0.0.5:9000`",
            )
        };
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| invalid())?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !is_bare || !is_web || text.len() > Self::LONGEST {
            return Err(invalid());
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

text_newtype!(BucketEndpoint);

/// 3 to 63 small letters, digits, dots and hyphens, as Amazon names buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 3, max_length = 63, example = "backups")]
pub struct BucketName(String);

impl FromStr for BucketName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let edges = [text.bytes().next(), text.bytes().last()];
        let is_name = (3..=63).contains(&text.len())
            && text.bytes().all(|byte| plain(byte) || matches!(byte, b'.' | b'-'))
            && edges.into_iter().flatten().all(plain)
            && !text.contains("..");
        if is_name {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("a bucket has 3 to 63 small letters, digits, dots and hyphens"))
    }
}

text_newtype!(BucketName);

/// As the service calls it; those that have none take any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 40, example = "eu-central-1")]
pub struct BucketRegion(String);

impl Default for BucketRegion {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

impl FromStr for BucketRegion {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("a region has 1 to 40 letters, digits and hyphens"))
    }
}

text_newtype!(BucketRegion);

/// What names of objects begin with: words between slashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 200, example = "portolan/production")]
pub struct KeyPrefix(String);

impl FromStr for KeyPrefix {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_end_matches('/');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        // A part of dots alone would lead to another object.
        let is_part = |part: &str| part.bytes().all(plain) && part.bytes().any(|byte| byte != b'.');
        if (1..=200).contains(&text.len()) && text.split('/').all(is_part) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            "a prefix has up to 200 letters, digits, dots, hyphens and underscores, in parts between \
             slashes",
        ))
    }
}

text_newtype!(KeyPrefix);

/// The name of a key: no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 128, example = "AKIAIOSFODNN7EXAMPLE")]
pub struct AccessKey(String);

impl FromStr for AccessKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new("an access key has 1 to 128 characters without spaces"))
    }
}

text_newtype!(AccessKey);

/// What requests are signed with. Never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = Password, min_length = 1, max_length = 1024)]
pub struct SecretKey(String);

impl SecretKey {
    const LONGEST: usize = 1_024;

    /// The text, for whoever seals it or signs with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretKey {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let key = Self(text);
        let is_key = key.0.bytes().all(|byte| byte.is_ascii_graphic());
        if (1..=Self::LONGEST).contains(&key.0.len()) && is_key {
            return Ok(key);
        }
        Err(Invalid::new(format!(
            "a secret key has 1 to {} characters without spaces",
            Self::LONGEST
        )))
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_no_more() {
        for (text, read) in [
            (" https://S3.example.com/ ", "https://s3.example.com"),
            ("http://10.0.0.5:9000", "http://10.0.0.5:9000"),
            ("http://[fd00::1]:9000", "http://[fd00::1]:9000"),
        ] {
            assert_eq!(text.parse::<BucketEndpoint>().expect(text).as_str(), read);
        }
        for text in [
            "",
            "s3.example.com",
            "ftp://s3.example.com",
            "https://a@b.example",
            "https://b.example/p",
            "https://b.example?x",
            "https://b.example#x",
            "https://:p@b.example",
            "file:///etc/passwd",
        ] {
            assert!(text.parse::<BucketEndpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_part_of_a_key_leads_elsewhere() {
        for text in ["a", "portolan/production/", "a.b/..c", "A_b-1"] {
            assert!(text.parse::<KeyPrefix>().is_ok(), "{text}");
        }
        for text in ["", "/", "/a", "a//b", "..", "a/../b", "a/.", "a b", "a?b", "ä", "a%2fb"] {
            assert!(text.parse::<KeyPrefix>().is_err(), "{text}");
        }
        for text in ["abc", "my.bucket-1"] {
            assert!(text.parse::<BucketName>().is_ok(), "{text}");
        }
        for text in ["ab", "Abc", "a_c", "-ab", "ab.", "a..b", "a/b", &"a".repeat(64)] {
            assert!(text.parse::<BucketName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_key_is_not_shown() {
        let key = SecretKey::try_from("open-sesame".to_owned()).expect("a key");
        assert_eq!(format!("{key:?}"), "SecretKey");
        for text in ["", "open sesame", "line\n"] {
            assert!(SecretKey::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
