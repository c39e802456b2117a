//! Containers on destinations: who is on one, and connecting, disconnecting and moving them.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DestinationId, Invalid, MemberKind, Name, Timestamp, text::text_newtype};

/// A container as a person names it: its name or its whole id. Docker's own rule is
/// `RestrictedNamePattern` in `moby/daemon/names`; the bound is ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 255,
    pattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
    example = "shop-web-1"
)]
pub struct ContainerName(String);

impl ContainerName {
    pub const MAX: usize = 255;
}

impl FromStr for ContainerName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.chars().all(allowed) {
            return Err(Invalid::new(
                "a container's name starts with a letter or digit and has only letters, digits, \
                 `_`, `.` and `-`",
            ));
        }
        if text.len() > Self::MAX {
            return Err(Invalid::new(format!(
                "a container's name has at most {} characters",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(ContainerName);

/// A further name by which a container is found on a network: a label of the DNS (RFC 1123), in
/// lower case, because names are looked up without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    min_length = 1,
    max_length = 63,
    pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    example = "web"
)]
pub struct Alias(String);

impl Alias {
    pub const MAX: usize = 63;
}

impl FromStr for Alias {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let edges = !text.starts_with('-') && !text.ends_with('-');
        if text.is_empty() || text.len() > Self::MAX || !edges || !text.bytes().all(allowed) {
            return Err(Invalid::new(format!(
                "an alias has 1 to {} letters, digits and `-`, the first and last not `-`",
                Self::MAX
            )));
        }
        Ok(Self(text))
    }
}

text_newtype!(Alias);

/// A container on a destination. Its texts come from the host: show them as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestinationContainer {
    /// Docker's id.
    pub id: String,
    pub name: String,
    /// Docker's word: `running`, `exited`, ...
    pub state: String,
    pub kind: MemberKind,
    /// The Compose project, or the stack.
    pub project: Option<String>,
    /// On this network; absent while it does not run.
    pub address: Option<String>,
    pub ipv6_address: Option<String>,
    /// By which others on the network find it, besides its name.
    pub aliases: Vec<String>,
}

/// Who was on a destination when its host was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestinationContainers {
    /// Absent when nobody looked at the host yet.
    pub as_of: Option<Timestamp>,
    pub items: Vec<DestinationContainer>,
}

/// What `connect_container` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectContainer {
    /// Name or whole id.
    pub container: ContainerName,
    /// Further names on the network, 16 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 16)]
    pub aliases: Vec<Alias>,
    /// An address of the network's subnet that it keeps; without it Docker gives it a free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Ipv4, example = "10.20.0.10")]
    pub address: Option<Ipv4Addr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Ipv6, example = "fd12:3456:789a:1::10")]
    pub ipv6_address: Option<Ipv6Addr>,
}

/// What `move_container` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveContainer {
    /// Another destination on the same server.
    pub to: DestinationId,
}

/// What became of one container while its network was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedContainer {
    /// Docker's id.
    pub id: String,
    /// Reported by the host: show it as text.
    pub name: String,
    /// Milliseconds, by Portolan's clock, in which connections to it can have failed: while its
    /// ways over a network were taken away. Absent when Portolan was interrupted meanwhile.
    pub gap_ms: Option<u64>,
    /// What is other than before, or why it was left out.
    pub note: Option<String>,
    /// The server that it is on, where that is another one of the swarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Name>,
}

/// What became of one service of a swarm while its network was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedService {
    /// Docker's id.
    pub id: String,
    /// Reported by the host: show it as text.
    pub name: String,
    /// How often the swarm replaced its tasks for it.
    pub restarts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_labels_of_the_dns() {
        for text in ["web", "a", "0", "shop-db-1", &"x".repeat(63)] {
            assert_eq!(text.parse::<Alias>().map(String::from).as_deref(), Ok(text));
        }
        assert_eq!("Web".parse::<Alias>().map(String::from).as_deref(), Ok("web"));
        for text in ["", "-a", "a-", "a.b", "a b", "a_b", "a;b", "$(a)", "é", &"x".repeat(64)] {
            assert!(text.parse::<Alias>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn containers_have_dockers_names() {
        for text in ["web", "shop_web.1-a", &"0".repeat(64)] {
            assert!(text.parse::<ContainerName>().is_ok(), "{text}");
        }
        for text in ["", "/web", "..", "a/b", "a b", "a?b", "a%2fb", "-a", "é", &"x".repeat(256)] {
            assert!(text.parse::<ContainerName>().is_err(), "{text:?}");
        }
    }
}
