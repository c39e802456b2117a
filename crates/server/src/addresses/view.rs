//! The answers: how much of a server's addresses is used, network by network.

use std::net::IpAddr;

use ipnet::IpNet;
use portolan_types::{
    Destination, RangeKind, ServerAddresses,
    address::{AddressUse, DestinationRef, HeldRange, NetworkUse, ServerSubnets},
};

use super::{
    known::{Known, parsed, ranges},
    warnings,
};
use crate::{
    host::{HostNetwork, HostSubnet},
    plan::{Occupied, Planner},
    sighting::Sighting,
};

/// How many subnets a server has left.
pub(super) fn server(known: &Known, planner: &Planner) -> ServerSubnets {
    summary(known, planner, &networks(known))
}

/// The same, with everything that it is made of.
pub(super) fn addresses(known: &Known, planner: &Planner) -> ServerAddresses {
    let networks = networks(known);
    let subnets = summary(known, planner, &networks);
    let is_else = |one: &&Occupied| match one.by.kind() {
        RangeKind::Destination | RangeKind::Network => false,
        RangeKind::OtherServer
        | RangeKind::Reserved
        | RangeKind::Route
        | RangeKind::EnginePool
        | RangeKind::Refused => true,
    };
    let ranges = planner.occupied().iter().filter(is_else).map(|one| HeldRange {
        range: one.range,
        kind: one.by.kind(),
        by: one.by.to_string(),
    });
    ServerAddresses { subnets, pools: planner.pools(), networks, ranges: ranges.collect() }
}

fn summary(known: &Known, planner: &Planner, networks: &[NetworkUse]) -> ServerSubnets {
    let (ipv4, ipv6) = (planner.ipv4_use(), planner.ipv6_use());
    let short = warnings::of_subnets("IPv4", &ipv4);
    let short6 = ipv6.as_ref().and_then(|ipv6| warnings::of_subnets("IPv6", ipv6));
    let of_networks = networks.iter().flat_map(warnings::of_network);
    ServerSubnets {
        server_id: known.server.id.clone(),
        server_name: known.server.name.clone(),
        own_pools: !known.server.pools.is_empty(),
        seen_at: known.seen.as_ref().map(|seen| seen.at),
        warnings: short.into_iter().chain(short6).chain(of_networks).collect(),
        ipv4,
        ipv6,
    }
}

/// Networks as last seen, then destinations whose network was not seen yet.
fn networks(known: &Known) -> Vec<NetworkUse> {
    let nothing = Sighting::default();
    let sighting = known.seen.as_ref().map_or(&nothing, |seen| &seen.sighting);
    let mut seen = std::collections::BTreeSet::new();
    let mut networks: Vec<NetworkUse> = Vec::new();
    for network in known.networks() {
        let destination = known.destination_of(network);
        seen.extend(destination.map(|one| one.id.as_str()));
        networks.push(network_use(network, destination, sighting));
    }
    let unseen = known.here.iter().filter(|one| !seen.contains(one.id.as_str()));
    networks.extend(unseen.map(unmade));
    // `host` and `none` have no addresses.
    networks.retain(|network| !network.subnets.is_empty());
    networks
}

/// How full the subnets of a destination are, as far as its network was seen.
pub(crate) fn uses(
    destination: &Destination,
    network: Option<&HostNetwork>,
    sighting: &Sighting,
) -> Vec<AddressUse> {
    match network {
        Some(network) => network_use(network, Some(destination), sighting).subnets,
        None => unmade(destination).subnets,
    }
}

fn network_use(
    network: &HostNetwork,
    destination: Option<&Destination>,
    sighting: &Sighting,
) -> NetworkUse {
    let containers: Vec<IpAddr> = sighting
        .containers
        .iter()
        .filter_map(|one| one.attachment(&network.docker_id, &network.name))
        .flat_map(|place| [&place.address, &place.ipv6_address])
        .filter_map(|address| address.as_ref()?.parse().ok())
        .collect();
    let endpoints: Vec<IpAddr> =
        sighting.endpoints_on(&network.docker_id).filter_map(|text| text.parse().ok()).collect();
    let used =
        |said: &HostSubnet| Some(address_use(said, parsed(&said.subnet)?, &containers, &endpoints));
    NetworkUse {
        network: network.name.clone(),
        destination: destination.map(reference),
        subnets: network.subnets.iter().filter_map(used).collect(),
    }
}

fn address_use(
    said: &HostSubnet,
    subnet: IpNet,
    containers: &[IpAddr],
    endpoints: &[IpAddr],
) -> AddressUse {
    let within = |addresses: &[IpAddr]| {
        let count = addresses.iter().filter(|address| subnet.contains(*address)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let (containers, endpoints) = (within(containers), within(endpoints));
    // Docker sets one aside in each subnet, and old engines do not say which.
    let gateways = 1;
    let range = said.range.as_ref().and_then(|range| range.parse().ok());
    AddressUse {
        subnet,
        capacity: capacity(subnet, range),
        used: containers + gateways + endpoints,
        containers,
        gateways,
        endpoints,
    }
}

/// Network and broadcast addresses of IPv4 are nobody's. Where containers get theirs from a part
/// of the subnet, that part counts, with the gateway.
fn capacity(subnet: IpNet, range: Option<IpNet>) -> u32 {
    let bits = |net: IpNet| u32::from(net.max_prefix_len() - net.prefix_len());
    let size = |net: IpNet| 1_u32.checked_shl(bits(net)).unwrap_or(u32::MAX);
    match range.filter(|range| *range != subnet) {
        Some(range) => size(range).saturating_add(1),
        None if matches!(subnet, IpNet::V4(_)) => size(subnet).saturating_sub(2),
        None => size(subnet),
    }
}

/// A destination whose network is still to be made, or was lost.
fn unmade(destination: &Destination) -> NetworkUse {
    let empty = |subnet: IpNet| AddressUse {
        subnet,
        capacity: capacity(subnet, None),
        used: 0,
        containers: 0,
        gateways: 0,
        endpoints: 0,
    };
    NetworkUse {
        network: destination.network.to_string(),
        destination: Some(reference(destination)),
        subnets: ranges(destination).into_iter().map(empty).collect(),
    }
}

fn reference(destination: &Destination) -> DestinationRef {
    DestinationRef {
        id: destination.id.clone(),
        name: destination.name.clone(),
        network: destination.network.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_what_containers_can_have() {
        let net = |text: &str| text.parse::<IpNet>().expect("a range");
        assert_eq!(capacity(net("10.0.0.0/24"), None), 254);
        assert_eq!(capacity(net("10.0.0.0/29"), None), 6);
        assert_eq!(capacity(net("10.0.0.0/24"), Some(net("10.0.0.128/25"))), 129);
        assert_eq!(capacity(net("fd12::/64"), None), u32::MAX);
        assert_eq!(capacity(net("fd12::/120"), None), 256);
        assert_eq!(capacity(net("0.0.0.0/0"), None), u32::MAX - 2);
    }
}
