//! Containers as engines report them, and their places on networks.

use std::collections::BTreeMap;

use portolan_types::{Affected, Blocker, MemberKind, Timestamp};
use serde::{Deserialize, Serialize};

use super::PublishedPort;

/// A container of a host. Every text in it is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostContainer {
    pub member: Member,
    pub image: String,
    /// The Compose project, or the stack.
    pub project: Option<String>,
    /// The swarm's service that it is a task of, by id.
    pub service_id: Option<String>,
    /// The server whose proxy it is, as Portolan's label has it.
    #[serde(default)]
    pub proxy_of: Option<String>,
    /// The application whose container it is, as Portolan's label has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Docker's word: `starting`, `healthy`, `unhealthy`; absent without a health check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How its program ended, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Ports of the host that lead into it.
    #[serde(default)]
    pub published: Vec<u16>,
    /// The rules by which a proxy leads requests to it, as its labels have them.
    pub routes: Vec<String>,
    pub attachments: Vec<Attachment>,
    /// What a probe of a verification says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeMark>,
}

/// Whose probe a container is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeMark {
    /// The operation that made it, as its label says.
    pub operation: String,
    /// By the host's clock.
    pub made_at: Timestamp,
}

/// A container's place on a network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The network as the container was told it: its name, or its id.
    pub key: String,
    /// Empty until the container was started for the first time.
    pub network_id: String,
    /// Another one after each start; empty while the container does not run.
    pub endpoint_id: String,
    /// With neither prefix nor mask; absent while the container does not run.
    pub address: Option<String>,
    pub ipv6_address: Option<String>,
    /// Further names on the network. Lists of containers leave them out: the keeper adds them
    /// where they are of interest.
    #[serde(default)]
    pub aliases: Vec<String>,
}

impl Attachment {
    /// Whether it is a place on this network. Only the key tells until the container was started.
    pub fn is_of(&self, docker_id: &str, name: &str) -> bool {
        let by_key = self.key == name || self.key == docker_id;
        self.network_id == docker_id || (self.network_id.is_empty() && by_key)
    }
}

impl HostContainer {
    /// Whether it is on this network, or will be once started.
    pub fn is_on(&self, docker_id: &str, name: &str) -> bool {
        self.attachment(docker_id, name).is_some()
    }

    /// Its place on this network.
    pub fn attachment(&self, docker_id: &str, name: &str) -> Option<&Attachment> {
        self.attachments.iter().find(|attachment| attachment.is_of(docker_id, name))
    }

    /// Whether it routes requests from outside, as far as its image tells.
    pub fn is_proxy(&self) -> bool {
        self.is_our_proxy() || is_proxy_image(&self.image)
    }

    /// Whether it is a proxy that Portolan keeps.
    pub const fn is_our_proxy(&self) -> bool {
        self.proxy_of.is_some()
    }

    /// As what is on a network.
    pub fn as_blocker(&self) -> Blocker {
        let Member { docker_id, name, state } = self.member.clone();
        Blocker { id: docker_id, name, state, kind: self.kind() }
    }

    /// As what a change touches, and how.
    pub fn as_affected(&self, effect: impl Into<String>) -> Affected {
        let Member { docker_id, name, state } = self.member.clone();
        Affected { kind: self.kind(), id: docker_id, name, state, effect: effect.into() }
    }

    /// Docker ids of its networks but for this one.
    pub fn other_networks(&self, docker_id: &str) -> impl Iterator<Item = &str> {
        let ids = self.attachments.iter().map(|place| place.network_id.as_str());
        ids.filter(move |id| *id != docker_id)
    }

    /// Container or proxy.
    pub fn kind(&self) -> MemberKind {
        if self.is_proxy() { MemberKind::Proxy } else { MemberKind::Container }
    }
}

pub(super) fn is_proxy_image(image: &str) -> bool {
    let repository = image.rsplit('/').next().unwrap_or_default();
    let name = repository.split([':', '@']).next().unwrap_or_default();
    PROXIES.contains(&name)
}

/// Images that are reverse proxies, by the last part of their name.
const PROXIES: [&str; 6] =
    ["traefik", "caddy", "caddy-docker-proxy", "nginx-proxy", "nginx-proxy-manager", "haproxy"];

/// A container on a network. The name is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub docker_id: String,
    pub name: String,
    /// Docker's word: `running`, `exited`, ...
    pub state: String,
}

/// A container as inspected. Every text in it is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerDetail {
    pub member: Member,
    /// What Docker was told at its creation: a network, `host`, `container:ID`, ...
    pub network_mode: String,
    pub endpoints: Vec<ContainerEndpoint>,
    /// As it was asked for: `caddy:2`.
    pub image: String,
    /// What that meant then.
    pub image_id: String,
    pub labels: BTreeMap<String, String>,
    /// What it publishes, while it runs.
    pub ports: Vec<PublishedPort>,
    /// How its program ended last; 0 where it never ran.
    pub exit_code: i64,
    /// Docker's word: `starting`, `healthy`, `unhealthy`; absent without a health check.
    pub health: Option<String>,
    /// Why it could not be started, in Docker's words.
    pub error: Option<String>,
    /// How often the engine started it again by itself.
    pub restarts: u64,
    pub started_at: Option<Timestamp>,
}

/// A container's place on a network, in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerEndpoint {
    pub attachment: Attachment,
    pub endpoint: Endpoint,
}

/// How a container is on a network, as far as it was asked for: enough to put it on another one
/// alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Names besides the container's own, without the id that Docker adds.
    pub aliases: Vec<String>,
    pub links: Vec<String>,
    /// Addresses that it keeps; without them Docker gives it free ones.
    pub address: Option<String>,
    pub ipv6_address: Option<String>,
    pub driver_options: BTreeMap<String, String>,
    /// Which of its networks leads outside: the highest. Engines before 28 do not know it.
    pub gateway_priority: i64,
}

impl ContainerDetail {
    /// Whether its program runs.
    pub fn is_running(&self) -> bool {
        self.member.state == "running"
    }

    /// Its place on this network.
    pub fn endpoint(&self, docker_id: &str, name: &str) -> Option<&ContainerEndpoint> {
        self.endpoints.iter().find(|one| one.attachment.is_of(docker_id, name))
    }
}
