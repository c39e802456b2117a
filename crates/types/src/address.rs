//! The address plan: from which ranges subnets are taken, what they keep clear of, and how much of
//! it all is in use.
//!
//! Owns shapes and bounds. Which subnet is next is the server's affair.

use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DestinationId, Name, NetworkName, ServerId, Timestamp, text::words};

mod pool;
mod reserved;

pub use pool::{SubnetPool, SubnetPools};
pub use reserved::{ReservedRange, ReservedRanges};

words! {
    /// What holds a range of addresses.
    pub enum RangeKind ("kind of range") {
        /// The network of a destination of this server.
        Destination = "destination",
        /// A network of the host that is no destination.
        Network = "network",
        /// A destination of another server.
        OtherServer = "other-server",
        /// Kept clear by the user.
        Reserved = "reserved",
        /// The host sends packets for it elsewhere.
        Route = "route",
        /// The engine takes subnets from it for networks that name none.
        EnginePool = "engine-pool",
        /// Docker refused it, without saying for what.
        Refused = "refused",
    }
}

/// From where a team's subnets are taken, and what they keep clear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressPlan {
    /// Tried in this order, each from its lowest subnet on.
    pub pools: SubnetPools,
    pub reserved: ReservedRanges,
    /// Whether a subnet is used once in the fleet, rather than once on each server.
    pub across_fleet: bool,
    /// The team's own IPv6 range (RFC 4193); chosen when first needed.
    #[schema(value_type = Option<String>, example = "fd12:3456:789a::/48")]
    pub ula: Option<Ipv6Net>,
}

/// What `update_addresses` takes; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAddressPlan {
    /// All pools from now on; an empty list is the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pools: Option<SubnetPools>,
    /// All reserved ranges from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<ReservedRanges>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub across_fleet: Option<bool>,
}

/// How many subnets there are, and which one is next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubnetUse {
    pub total: u64,
    /// Those that something overlaps.
    pub used: u64,
    pub free: u64,
    /// The one that the next destination gets.
    #[schema(value_type = Option<String>, example = "10.64.3.0/24")]
    pub next: Option<IpNet>,
}

/// The addresses of the whole fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FleetAddresses {
    pub plan: AddressPlan,
    /// The team's pools: a subnet is free when it is free on every server.
    pub ipv4: SubnetUse,
    pub servers: Vec<ServerSubnets>,
}

/// How many subnets a server has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerSubnets {
    pub server_id: ServerId,
    pub server_name: Name,
    /// Whether it has pools of its own instead of the team's.
    pub own_pools: bool,
    /// When its host was last looked at.
    pub seen_at: Option<Timestamp>,
    pub ipv4: SubnetUse,
    /// Absent until the team has an IPv6 range.
    pub ipv6: Option<SubnetUse>,
    /// What runs short.
    pub warnings: Vec<String>,
}

/// The addresses of one server, network by network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerAddresses {
    #[serde(flatten)]
    pub subnets: ServerSubnets,
    pub pools: Vec<PoolUse>,
    pub networks: Vec<NetworkUse>,
    /// What else subnets keep clear of.
    pub ranges: Vec<HeldRange>,
}

/// One pool and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolUse {
    pub pool: SubnetPool,
    #[serde(flatten)]
    pub subnets: SubnetUse,
}

/// A network of a server, or one that is about to be made there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkUse {
    /// The Docker name; free text of the host.
    pub network: String,
    /// The destination whose network it is.
    pub destination: Option<DestinationRef>,
    pub subnets: Vec<AddressUse>,
}

/// A destination, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DestinationRef {
    pub id: DestinationId,
    pub name: Name,
    pub network: NetworkName,
}

/// How many addresses of a subnet are in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressUse {
    #[schema(value_type = String, example = "10.64.3.0/24")]
    pub subnet: IpNet,
    /// Addresses that can be given out; 4294967295 stands for so many or more.
    pub capacity: u32,
    pub used: u32,
    /// Of those used: containers of the server, gateways, and what the swarm gave to services and
    /// to tasks on other nodes.
    pub containers: u32,
    pub gateways: u32,
    pub endpoints: u32,
}

/// A range that subnets keep clear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldRange {
    #[schema(value_type = String, example = "10.8.0.0/16")]
    pub range: IpNet,
    pub kind: RangeKind,
    /// By what, in words.
    pub by: String,
}
