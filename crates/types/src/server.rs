//! Servers: Docker hosts, how they are reached, and what was learned of them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Description, Invalid, KeyId, Name, OperationId, ProxyKind, ServerId, SubnetPools, Swarm,
    TerminalSwitch, Timestamp,
    text::{text_newtype, words},
};

words! {
    /// The engine's role, read from the engine.
    pub enum ServerKind ("kind of server") {
        Standalone = "standalone",
        SwarmManager = "swarm-manager",
        SwarmWorker = "swarm-worker",
    }
}

words! {
    /// What validation found.
    pub enum ServerState ("state of a server") {
        /// Never validated since it was added or its connection was changed.
        New = "new",
        Ready = "ready",
        Failed = "failed",
    }
}

words! {
    /// Whether the connection stands now.
    pub enum Reachability ("reachability") {
        Unknown = "unknown",
        Reachable = "reachable",
        Unreachable = "unreachable",
    }
}

words! {
    /// The way to the Docker socket that was found to work.
    pub enum Access ("way to the Docker socket") {
        LocalSocket = "local-socket",
        StreamForwarding = "stream-forwarding",
        DialStdio = "dial-stdio",
        SudoDialStdio = "sudo-dial-stdio",
    }
}

/// A DNS name or an IP address, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, max_length = 253, example = "db-1.example.com")]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let address = text.trim_start_matches('[').trim_end_matches(']');
        if address.parse::<std::net::IpAddr>().is_ok() {
            return Ok(Self(address.to_owned()));
        }
        if is_dns_name(text) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(Invalid::new(
            "a host is an IP address or a DNS name (letters, digits, `-`, `_` and `.`; no scheme, no port, no user)",
        ))
    }
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && text.trim_end_matches('.').split('.').all(label)
}

text_newtype!(HostName);

/// A Unix account's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(as = UnixAccount, value_type = String, min_length = 1, max_length = 64, example = "root")]
pub struct Account(String);

impl FromStr for Account {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '\\' | '$');
        let good =
            (1..=64).contains(&text.len()) && !text.starts_with('-') && text.chars().all(allowed);
        // Its home would be another's.
        if good && !matches!(text, "." | "..") {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("a user has 1 to 64 letters, digits and `_.-@\\$`, and no `-` first"))
        }
    }
}

text_newtype!(Account);

impl Default for Account {
    fn default() -> Self {
        Self("root".to_owned())
    }
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Connection {
    /// The engine on the machine that Portolan runs on, through its Unix socket.
    Local {
        /// Path of the socket.
        #[serde(default = "default_socket")]
        #[schema(example = "/var/run/docker.sock")]
        socket: String,
    },
    /// A host over SSH.
    Ssh {
        host: HostName,
        #[serde(default = "default_port")]
        #[schema(value_type = u16, minimum = 1, maximum = 65535, example = 22)]
        port: std::num::NonZeroU16,
        #[serde(default)]
        user: Account,
        key_id: KeyId,
    },
}

/// Where a Docker engine listens unless told otherwise.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

fn default_socket() -> String {
    DEFAULT_SOCKET.to_owned()
}

const fn default_port() -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(22).expect("22 is not zero")
}

/// A Docker host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    pub id: ServerId,
    pub name: Name,
    pub description: Description,
    pub connection: Connection,
    /// Known once validated.
    pub kind: Option<ServerKind>,
    /// Its part in a swarm, when it has one.
    pub swarm: Option<Swarm>,
    /// Reserved for builds: no destinations on it.
    pub build_server: bool,
    pub state: ServerState,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    pub reachability: Reachability,
    /// When it was last heard of, and how long ago that is.
    pub last_contact_at: Option<Timestamp>,
    pub last_contact_age_seconds: Option<u64>,
    /// The SSH host key pinned at first contact.
    pub host_key: Option<HostKey>,
    pub access: Option<Access>,
    pub engine: Option<Engine>,
    /// Subnets on it are taken from these pools; from the team's when there are none.
    #[serde(default, skip_serializing_if = "SubnetPools::is_empty")]
    pub pools: SubnetPools,
    /// Whether terminals may be opened on it.
    #[serde(default)]
    pub terminal: TerminalSwitch,
    /// The latest piece of work on it.
    pub operation_id: Option<OperationId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A pinned SSH host key. A key that was pinned by its fingerprint is known whole only after the
/// first contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostKey {
    #[schema(example = "ssh-ed25519")]
    pub algorithm: Option<String>,
    pub fingerprint: Fingerprint,
    /// The key itself, as in `known_hosts`.
    pub public_key: Option<String>,
    pub pinned_at: Timestamp,
}

/// What the engine and its host said of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Engine {
    /// The engine's own id; cloned machines may share one.
    pub engine_id: String,
    pub hostname: String,
    #[schema(example = "28.5.1")]
    pub version: String,
    #[schema(example = "1.51")]
    pub api_version: String,
    pub operating_system: String,
    pub architecture: String,
    pub kernel: String,
    pub cpus: u64,
    pub memory_bytes: u64,
    /// Of the file system that holds the engine's data, where it could be read.
    pub disk_total_bytes: Option<u64>,
    pub disk_free_bytes: Option<u64>,
    pub pools: Vec<Pool>,
    /// Things to know that do not keep the server from being used.
    pub warnings: Vec<String>,
}

/// A range from which the engine takes subnets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pool {
    #[schema(example = "172.17.0.0/12")]
    pub base: String,
    /// Prefix length of each subnet.
    #[schema(example = 16)]
    pub size: u8,
}

/// What `create_server` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateServer {
    pub name: Name,
    #[serde(default)]
    pub description: Description,
    pub connection: Connection,
    #[serde(default)]
    pub build_server: bool,
    /// Pins the host key beforehand: contact with another key is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM")]
    pub host_key_fingerprint: Option<Fingerprint>,
    /// The proxy that it is to have, with all defaults, once it is validated; none without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyKind>,
    /// Whether terminals may be opened on it.
    #[serde(default)]
    pub terminal: TerminalSwitch,
}

/// What `update_server` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateServer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_server: Option<bool>,
    /// Pools of its own from now on; an empty list is the team's again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pools: Option<SubnetPools>,
    /// Whether terminals may be opened on it from now on; an admin says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalSwitch>,
}

/// What `repin_server` takes: the fingerprint that the user checked on the host itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Repin {
    pub fingerprint: Fingerprint,
}

/// What remained of a removed server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedServer {
    /// Docker networks that stay on a forgotten host, because nobody could remove them.
    pub left_behind: Vec<String>,
}

/// A SHA-256 fingerprint of an SSH key, as `ssh-keygen -lf` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM")]
pub struct Fingerprint(String);

impl FromStr for Fingerprint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        // 32 bytes in base64 without padding are 43 characters.
        let good = text.strip_prefix("SHA256:").is_some_and(|hash| {
            hash.len() == 43
                && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
        });
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "a fingerprint is `SHA256:` and 43 characters, as `ssh-keygen -lf` prints it",
            ))
        }
    }
}

text_newtype!(Fingerprint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_and_nothing_else() {
        for text in ["10.0.0.1", "::1", "[2001:db8::1]", "db-1", "Db-1.Example.com", "a.b."] {
            assert!(text.parse::<HostName>().is_ok(), "{text}");
        }
        let hostile = [
            "",
            "-oProxyCommand=x",
            "a b",
            "a;b",
            "root@a",
            "a:22",
            "http://a",
            "a/b",
            "$(a)",
            "é",
            ".",
            "a..b",
        ];
        for text in hostile {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }

    #[test]
    fn accounts_cannot_be_options() {
        assert!("deploy".parse::<Account>().is_ok());
        for text in ["", "-l", "a b", "a;b", "a\n"] {
            assert!(text.parse::<Account>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn fingerprints_are_opensshs() {
        assert!(
            "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM".parse::<Fingerprint>().is_ok()
        );
        for text in ["", "MD5:aa", "SHA256:short", "uNiVztksCsDhcc0u9e8BrrJXVGDOQYBhwHD/rrVDuiM"] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
