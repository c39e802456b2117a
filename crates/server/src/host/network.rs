//! Networks as engines report them, and as they are asked for.

use std::collections::BTreeMap;

use portolan_types::{DestinationKind, NetworkName, NetworkOptions, Timestamp};
use serde::{Deserialize, Serialize};

/// A network as the engine reports it. Every text in it is hostile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Docker's flags, independent of each other"
)]
pub struct HostNetwork {
    pub docker_id: String,
    pub name: String,
    pub driver: String,
    /// `local`, `swarm` or `global`.
    pub scope: String,
    pub subnets: Vec<HostSubnet>,
    pub ipv6: bool,
    pub internal: bool,
    pub attachable: bool,
    /// The network of swarm's routing mesh.
    pub ingress: bool,
    pub created_at: Option<Timestamp>,
    pub labels: BTreeMap<String, String>,
    /// Driver options, such as `com.docker.network.driver.mtu`.
    pub options: BTreeMap<String, String>,
}

impl HostNetwork {
    /// Whether its swarm has not given it a driver and addresses, or could not.
    pub fn is_unallocated(&self) -> bool {
        self.scope == "swarm" && self.driver.is_empty()
    }
}

/// One address range of a network, in Docker's own text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSubnet {
    pub subnet: String,
    pub gateway: Option<String>,
    pub range: Option<String>,
}

/// A network to be made: a bridge with inter-container traffic on, or an attachable overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNetwork {
    pub kind: DestinationKind,
    pub name: NetworkName,
    pub options: NetworkOptions,
    /// All labels, ours and the user's.
    pub labels: BTreeMap<String, String>,
}
