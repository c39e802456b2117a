//! Swarms as their engines describe them: a server's part in one, and where a network is live.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Name, ServerId, ServerKind, server::Pool};

/// A server's part in a swarm, as its engine said it. Its texts come from the host: show them as
/// text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Swarm {
    /// Which swarm it is; only managers know.
    pub cluster_id: Option<String>,
    pub node_id: String,
    /// Where the other nodes reach it.
    pub address: Option<String>,
    /// The managers of the swarm, by their node ids.
    pub managers: Vec<SwarmManager>,
    /// From where the swarm takes subnets for its networks; only managers know.
    pub pools: Vec<Pool>,
    /// What is wrong with the swarm, in Docker's words.
    pub error: Option<String>,
    /// The team's servers in the same swarm, this one included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<SwarmServer>,
}

impl Swarm {
    /// Whether a node is one of the managers.
    pub fn is_managed_by(&self, node_id: &str) -> bool {
        self.managers.iter().any(|manager| manager.node_id == node_id)
    }
}

/// A manager of a swarm, whether it is a server of the team or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct SwarmManager {
    pub node_id: String,
    #[schema(example = "10.0.0.5:2377")]
    pub address: String,
}

/// A server of the team in a swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwarmServer {
    pub id: ServerId,
    pub name: Name,
    pub kind: ServerKind,
}

/// A node of a swarm on which something is attached to a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct LiveNode {
    pub node_id: String,
    /// Reported by the node: show it as text.
    pub hostname: String,
    /// The team's server that this node is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<ServerId>,
}
