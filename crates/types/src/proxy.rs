//! Proxies: Caddy or Traefik on a server, one each, kept by Portolan.

use std::{num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, Name, OperationId, ServerId, Timestamp, text::text_newtype, text::words};

mod certificates;

pub use certificates::{AcmeDirectory, CertificateSource};

words! {
    /// Which program leads requests to containers.
    pub enum ProxyKind ("kind of proxy") {
        Caddy = "caddy",
        Traefik = "traefik",
    }
}

impl ProxyKind {
    /// The image as it is published, in the major version that Portolan writes configuration for.
    pub const fn default_image(self) -> &'static str {
        match self {
            Self::Caddy => "caddy:2",
            Self::Traefik => "traefik:v3",
        }
    }
}

words! {
    /// Where a proxy is in its life.
    pub enum ProxyState ("state of a proxy") {
        /// Accepted and stored; the host does not run it yet.
        Pending = "pending",
        /// Inspected: its container is what the row says, and runs.
        Running = "running",
        /// A person stopped it; it stays so until a person starts it.
        Stopped = "stopped",
        /// The host has something else than the row says.
        Drifted = "drifted",
        /// It could not be made, changed or removed; the reason says why.
        Failed = "failed",
        /// Its removal was accepted and stored.
        Removing = "removing",
    }
}

impl ProxyState {
    /// The moves that may happen. A removed row (*gone*) is not a state.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => {
                matches!(next, Self::Running | Self::Stopped | Self::Failed | Self::Removing)
            }
            Self::Running => {
                matches!(next, Self::Pending | Self::Drifted | Self::Failed | Self::Removing)
            }
            Self::Stopped => matches!(next, Self::Pending | Self::Removing),
            Self::Drifted => {
                matches!(next, Self::Pending | Self::Running | Self::Failed | Self::Removing)
            }
            Self::Failed => matches!(next, Self::Pending | Self::Running | Self::Removing),
            Self::Removing => matches!(next, Self::Failed),
        }
    }
}

/// An image as Docker's clients take it: a repository with a tag or a digest. The grammar is that
/// of `distribution/reference`, cut to what names can have in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 255, example = "caddy:2")]
pub struct Image(String);

impl Image {
    pub const MAX: usize = 255;

    /// That of a kind of proxy, as it is published.
    pub fn published(kind: ProxyKind) -> Self {
        Self(kind.default_image().to_owned())
    }

    /// Its name without tag and digest.
    pub fn repository(&self) -> &str {
        let name = self.0.split('@').next().unwrap_or(&self.0);
        match name.rsplit_once(':') {
            // A colon before the last part is a registry's port.
            Some((name, tag)) if !tag.contains('/') => name,
            Some(_) | None => name,
        }
    }
}

impl FromStr for Image {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@');
        let edges = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric());
        let parts = text.split('/').all(|part| !part.is_empty() && part != "..");
        if !edges || !parts || text.len() > Self::MAX || !text.chars().all(allowed) {
            return Err(Invalid::new(format!(
                "not an image: it is a repository with a tag or a digest, as `caddy:2`, and has at \
                 most {} characters",
                Self::MAX
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

text_newtype!(Image);

/// A proxy of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proxy {
    pub server_id: ServerId,
    pub server_name: Name,
    pub kind: ProxyKind,
    pub image: Image,
    #[schema(value_type = u16, example = 80)]
    pub http_port: NonZeroU16,
    #[schema(value_type = u16, example = 443)]
    pub https_port: NonZeroU16,
    pub certificates: CertificateSource,
    /// The user's own configuration, merged into what is generated: JSON for Caddy, YAML for
    /// Traefik.
    pub extra: Option<String>,
    pub state: ProxyState,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    /// Grows when what its container is made by changes.
    pub revision: u32,
    /// Its container, as last inspected.
    pub observed: Option<ObservedProxy>,
    /// How the proxy took its latest configuration.
    pub configuration: Option<Configuration>,
    /// The latest piece of work on it.
    pub operation_id: Option<OperationId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The container of a proxy as Docker reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObservedProxy {
    /// Docker's id; on a swarm that of the service.
    pub docker_id: String,
    /// Docker's id of the image that runs.
    pub image_id: String,
    /// What the program calls itself. Reported by the host: show it as text.
    pub version: Option<String>,
    /// Docker's word: `running`, `exited`, ...
    pub status: String,
    pub started_at: Option<Timestamp>,
    pub inspected_at: Timestamp,
}

/// What became of a generated configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Configuration {
    /// Of the configuration that is in force: SHA-256, hexadecimal.
    pub digest: Option<String>,
    pub applied_at: Option<Timestamp>,
    /// The latest one was refused, and why, in the proxy's words. The one before it is in force.
    pub refused: Option<String>,
}

/// What `set_proxy` takes: the proxy that the server is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetProxy {
    pub kind: ProxyKind,
    /// Default: the published image of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    #[serde(default = "http_port")]
    #[schema(value_type = u16, minimum = 1, default = 80)]
    pub http_port: NonZeroU16,
    #[serde(default = "https_port")]
    #[schema(value_type = u16, minimum = 1, default = 443)]
    pub https_port: NonZeroU16,
    #[serde(default)]
    pub certificates: CertificateSource,
    /// At most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 65536)]
    pub extra: Option<String>,
}

impl SetProxy {
    /// A proxy of this kind with all defaults.
    pub fn of(kind: ProxyKind) -> Self {
        Self {
            kind,
            image: None,
            http_port: http_port(),
            https_port: https_port(),
            certificates: CertificateSource::default(),
            extra: None,
        }
    }
}

const fn http_port() -> NonZeroU16 {
    match NonZeroU16::new(80) {
        Some(port) => port,
        None => NonZeroU16::MIN,
    }
}

const fn https_port() -> NonZeroU16 {
    match NonZeroU16::new(443) {
        Some(port) => port,
        None => NonZeroU16::MIN,
    }
}

/// What `read_proxy_logs` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadProxyLogs {
    /// The last lines, 5000 at most.
    #[serde(default = "log_lines")]
    #[schema(minimum = 1, maximum = 5000, default = 100)]
    pub lines: u32,
}

impl ReadProxyLogs {
    pub const MAX_LINES: u32 = 5_000;
}

impl Default for ReadProxyLogs {
    fn default() -> Self {
        Self { lines: log_lines() }
    }
}

const fn log_lines() -> u32 {
    100
}

/// What is written into a proxy's container, as it would be now. Passwords' hashes and keys are
/// left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GeneratedConfiguration {
    pub kind: ProxyKind,
    pub files: Vec<ConfigurationFile>,
}

/// A file of a proxy's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigurationFile {
    /// In the container.
    #[schema(example = "/data/portolan/caddy.json")]
    pub path: String,
    pub content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        for good in ["caddy:2", "caddy", "10.88.0.2:5000/library/caddy:2", "a/b@sha256:0af"] {
            assert!(good.parse::<Image>().is_ok(), "{good}");
        }
        for bad in ["", "-x", "a b", "a/../b", "a//b", "caddy:", "a\nb", "a`b"] {
            assert!(bad.parse::<Image>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_state_never_moves_to_itself_and_is_never_a_dead_end() {
        for state in ProxyState::ALL {
            assert!(!state.may_become(*state), "{state}");
            assert!(ProxyState::ALL.iter().any(|next| state.may_become(*next)), "{state}");
        }
    }

    #[test]
    fn defaults_are_filled_in() {
        let set = SetProxy::of(ProxyKind::Caddy);
        assert_eq!((set.http_port.get(), set.https_port.get()), (80, 443));
    }
}
