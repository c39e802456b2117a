//! What of a database can be changed: settings of its engine, limits, a port of the host. And what it
//! is given when it is made.

use std::{collections::BTreeMap, fmt, net::IpAddr, num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, ResourceLimits, text::text_newtype};

/// The name of a setting of an engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 64,
    pattern = "^[A-Za-z][A-Za-z0-9_.-]*$",
    example = "max_connections"
)]
pub struct SettingName(String);

impl FromStr for SettingName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if !first || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(Invalid::new(
                "a setting's name has 1 to 64 letters, digits, `_`, `.` and `-`, the first a letter",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(SettingName);

/// The value of a setting: at most 1,024 bytes on one line. Of the engine's program it is an argument,
/// which no shell reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 1024, example = "200")]
pub struct SettingValue(String);

impl FromStr for SettingValue {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 1_024 || text.contains(char::is_control) {
            return Err(Invalid::new("a setting has at most 1024 bytes on one line"));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(SettingValue);

/// A port of the host that leads to the database from outside, past the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicPort {
    #[schema(value_type = u16, minimum = 1, example = 5432)]
    pub port: NonZeroU16,
    /// One address of the host; all of them without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "127.0.0.1")]
    pub address: Option<IpAddr>,
}

/// What of a database can be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// Settings of the engine, by its own names for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub settings: BTreeMap<SettingName, SettingValue>,
    pub limits: ResourceLimits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<PublicPort>,
}

/// What an engine runs when it is made: at most 64 KiB without NUL. It may hold secrets, and is not
/// debugged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 65536, example = "create table t (id int);")]
pub struct InitialScript(String);

impl InitialScript {
    pub const MAX: usize = 64 << 10;
}

impl FromStr for InitialScript {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() || text.len() > Self::MAX || text.contains('\0') {
            return Err(Invalid::new(format!("a script has 1 to {} bytes, and no NUL", Self::MAX)));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(InitialScript);

impl fmt::Debug for InitialScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InitialScript")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_on_one_line() {
        for text in ["max_connections", "maxmemory-policy", "net.maxIncomingConnections"] {
            assert!(text.parse::<SettingName>().is_ok(), "{text}");
        }
        for text in ["", "-c", "a=b", "a b", "1a", "é", &"x".repeat(65)] {
            assert!(text.parse::<SettingName>().is_err(), "{text:?}");
        }
        assert!("$(reboot) 'x'".parse::<SettingValue>().is_ok());
        assert!("a\nb".parse::<SettingValue>().is_err());
    }

    #[test]
    fn scripts_are_not_debugged() {
        let script: InitialScript = "create user x password 'sesame'".parse().expect("a script");
        assert!(!format!("{script:?}").contains("sesame"));
        for text in ["", " \n", "a\0b", &"x".repeat(InitialScript::MAX + 1)] {
            assert!(text.parse::<InitialScript>().is_err());
        }
    }
}
