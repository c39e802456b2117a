//! What a host says of its swarm: its own role, and as a manager the nodes, services and tasks.
//! Every text is hostile.

use portolan_types::{Blocker, MemberKind, ServerKind, Swarm, Timestamp};
use serde::{Deserialize, Serialize};

use super::container::is_proxy_image;

/// An engine's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRole {
    pub kind: ServerKind,
    /// Its part in a swarm, without the team's servers in it.
    pub swarm: Option<Swarm>,
}

/// A node of a swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostNode {
    pub node_id: String,
    pub hostname: String,
    /// Docker's word: `ready`, `down`, ...
    pub state: String,
    pub is_manager: bool,
}

/// A service of a swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostService {
    pub docker_id: String,
    pub name: String,
    pub image: String,
    /// The stack that it belongs to.
    pub project: Option<String>,
    /// The rules by which a proxy leads requests to it, as its labels have them.
    pub routes: Vec<String>,
    pub endpoints: Vec<SwarmEndpoint>,
    /// The networks that its definition names: an address on one that it has left may linger.
    #[serde(default)]
    pub networks: Vec<String>,
    /// The names that its tasks have on a network beside the service's own.
    #[serde(default)]
    pub aliases: Vec<SwarmAlias>,
    /// How the replacing of its tasks goes, where its definition was changed.
    #[serde(default)]
    pub update: Option<ServiceUpdate>,
    /// Whether its tasks run to an end, each time that its definition changes.
    #[serde(default)]
    pub is_job: bool,
    /// The application whose service it is, by its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The deployment that made it as it is, by its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// How many tasks are to run; absent where that is one a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u64>,
    /// What its tasks are to be.
    #[serde(default)]
    pub version: TaskVersion,
}

/// What tells the tasks of one definition from those of another, where it is an application's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskVersion {
    /// The deployment that first made them so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Grows when they are replaced with nothing else being changed.
    #[serde(default)]
    pub forced: u64,
}

/// How a swarm brings the tasks of a service to its new definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUpdate {
    /// Docker's word: `updating`, `paused`, `completed`, `rollback_completed`, ...
    pub state: String,
    pub message: String,
}

impl ServiceUpdate {
    /// Whether tasks are still to be replaced.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "updating" | "rollback_started")
    }
}

/// A task of a swarm: a container of a service, or one that was attached to an overlay by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTask {
    pub docker_id: String,
    pub node_id: String,
    /// Absent when it was attached by hand.
    pub service_id: Option<String>,
    pub container_id: Option<String>,
    /// Docker's word: `running`, `preparing`, ...
    pub state: String,
    pub endpoints: Vec<SwarmEndpoint>,
    /// Which of the service's replicas it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    #[serde(default)]
    pub version: TaskVersion,
    /// Why it is not further, in the swarm's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Whether the swarm is done with it: another one has its place, or none is to have it.
    #[serde(default)]
    pub is_past: bool,
}

/// The place of a service or a task on an overlay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmEndpoint {
    pub network_id: String,
    /// Without prefix; absent for a service that is found by its tasks.
    pub address: Option<String>,
}

/// A name that the tasks of a service have on an overlay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwarmAlias {
    pub network_id: String,
    pub name: String,
}

impl HostService {
    /// Whether it is found by this name on this network.
    pub fn is_called(&self, name: &str, network_id: &str) -> bool {
        let aliased = |one: &SwarmAlias| one.network_id == network_id && one.name == name;
        self.is_on(network_id) && (self.name == name || self.aliases.iter().any(aliased))
    }

    /// Whether it is on this network.
    pub fn is_on(&self, network_id: &str) -> bool {
        is_on(&self.endpoints, network_id)
    }

    /// As what is on a network.
    pub fn as_blocker(&self) -> Blocker {
        let (id, name) = (self.docker_id.clone(), self.name.clone());
        Blocker { id, name, state: "service".into(), kind: self.kind() }
    }

    /// Service or proxy.
    pub fn kind(&self) -> MemberKind {
        if self.is_proxy() { MemberKind::Proxy } else { MemberKind::Service }
    }

    /// Whether it routes requests from outside, as far as its image tells.
    pub fn is_proxy(&self) -> bool {
        is_proxy_image(&self.image)
    }
}

impl HostTask {
    /// Whether it ended without having been told to.
    pub fn has_failed(&self) -> bool {
        matches!(self.state.as_str(), "failed" | "rejected")
    }

    /// Whether its container runs.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Whether it is on this network.
    pub fn is_on(&self, network_id: &str) -> bool {
        is_on(&self.endpoints, network_id)
    }
}

fn is_on(endpoints: &[SwarmEndpoint], network_id: &str) -> bool {
    endpoints.iter().any(|endpoint| endpoint.network_id == network_id)
}
