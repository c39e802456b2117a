//! Destinations: one Docker network on one server, and what may be asked of it.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    DestinationId, LiveNode, Name, NetworkName, NetworkOptions, OperationId, ProxyAttachment,
    ServerId, Timestamp, VerifyEvery, text::words,
};

words! {
    /// What sort of network it is. Derived from the server, never chosen.
    pub enum DestinationKind ("kind of destination") {
        /// A bridge on one host.
        Standalone = "standalone",
        /// An overlay that spans a swarm.
        Swarm = "swarm",
    }
}

words! {
    /// How the network came to be: deletion removes only what was created.
    pub enum Origin ("origin") {
        Created = "created",
        Adopted = "adopted",
    }
}

words! {
    /// Where a destination is in its life.
    pub enum DestinationState ("state of a destination") {
        /// Accepted and stored; the host does not have it yet.
        Pending = "pending",
        /// Inspected: Docker has what the row says.
        Ready = "ready",
        /// Docker has something else than the row says.
        Drifted = "drifted",
        /// Its network is being replaced by one with other options.
        Changing = "changing",
        /// It could not be made or removed; the reason says why.
        Failed = "failed",
        /// Its removal was accepted and stored.
        Deleting = "deleting",
    }
}

impl DestinationState {
    /// The moves that may happen. A removed row (*gone*) is not a state.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(next, Self::Ready | Self::Failed | Self::Deleting),
            Self::Ready => matches!(next, Self::Drifted | Self::Changing | Self::Deleting),
            Self::Drifted => {
                matches!(next, Self::Ready | Self::Changing | Self::Failed | Self::Deleting)
            }
            Self::Changing => matches!(next, Self::Ready | Self::Failed),
            Self::Failed => {
                matches!(next, Self::Pending | Self::Ready | Self::Changing | Self::Deleting)
            }
            Self::Deleting => matches!(next, Self::Ready | Self::Failed),
        }
    }
}

/// A Docker network on a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Destination {
    pub id: DestinationId,
    pub server_id: ServerId,
    pub server_name: Name,
    /// The label that people see; can be changed.
    pub name: Name,
    /// The Docker network's name; can never be changed.
    pub network: NetworkName,
    pub kind: DestinationKind,
    pub origin: Origin,
    /// Whether the server's proxy is to be on it.
    #[serde(default)]
    pub proxy: ProxyAttachment,
    /// How often it is verified without anybody asking.
    #[serde(default)]
    pub verify_every: VerifyEvery,
    pub state: DestinationState,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    /// What was asked for.
    pub options: NetworkOptions,
    /// What Portolan chose where the options leave it open.
    pub planned: PlannedSubnets,
    /// Grows with each change in place; the first network has 1.
    pub revision: u32,
    /// The swarm that it belongs to.
    pub cluster_id: Option<String>,
    /// What Docker made, as last inspected.
    pub observed: Option<Observed>,
    /// The nodes of its swarm on which something is attached to it, as far as the swarm knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<LiveNode>,
    /// The latest piece of work on it.
    pub operation_id: Option<OperationId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Destination {
    /// The options with which the network is made: those asked for, and the subnets chosen.
    pub fn effective_options(&self) -> NetworkOptions {
        let mut options = self.options.clone();
        options.subnet = options.subnet.or(self.planned.subnet);
        if options.ipv6 {
            options.ipv6_subnet = options.ipv6_subnet.or(self.planned.ipv6_subnet);
        }
        options
    }
}

/// Subnets that Portolan chose from its address plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedSubnets {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "10.64.3.0/24")]
    pub subnet: Option<Ipv4Net>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "fd12:3456:789a:1::/64")]
    pub ipv6_subnet: Option<Ipv6Net>,
}

/// A network as Docker reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Observed {
    /// Docker's id of the network.
    pub docker_id: String,
    pub driver: String,
    /// Subnets in CIDR form, IPv4 first.
    pub subnets: Vec<String>,
    pub gateways: Vec<String>,
    pub inspected_at: Timestamp,
}

/// What `create_destination` takes. Only the server is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDestination {
    pub server_id: ServerId,
    /// Default: the server's name and the network's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Default: a new CUID2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkName>,
    /// Not a choice: refused when it is not what the server implies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<DestinationKind>,
    #[serde(default)]
    pub options: NetworkOptions,
    /// Whether the server's proxy is to be on it.
    #[serde(default)]
    pub proxy: ProxyAttachment,
}

/// What `update_destination` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDestination {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Accepted only when it is the present name: a network's name cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkName>,
    /// All options of the network from now on: it is replaced by one that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<NetworkOptions>,
    /// Whether the server's proxy is to be on it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyAttachment>,
    /// How often it is verified without anybody asking, from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_every: Option<VerifyEvery>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_never_moves_to_itself_and_is_never_a_dead_end() {
        for state in DestinationState::ALL {
            assert!(!state.may_become(*state), "{state}");
            assert!(DestinationState::ALL.iter().any(|next| state.may_become(*next)), "{state}");
        }
    }

    #[test]
    fn words_are_the_same_in_json_and_text() {
        for state in DestinationState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert!("gone".parse::<DestinationState>().is_err());
    }
}
