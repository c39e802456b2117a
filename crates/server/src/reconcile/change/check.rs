//! Whether a host is fit for a change, asked before anything is touched.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use portolan_types::{Destination, Failure, NetworkOptions};

use super::{
    super::{compare, recorder::failure, spare},
    scene::{Scene, Standing},
    swarm,
};
use crate::{
    destinations::{change::Memo, version_with},
    host::{Endpoint, HostNetwork, HostService},
};

/// Refuses subnets that another network of the host has. Docker would refuse them too, but only
/// after the old network is gone.
pub(crate) fn overlap(after: &Destination, networks: &[HostNetwork]) -> Option<Failure> {
    let options = after.effective_options();
    let wanted = [options.subnet.map(IpNet::from), options.ipv6_subnet.map(IpNet::from)];
    let strangers = || networks.iter().filter(|network| !compare::is_ours(after, network));
    wanted.into_iter().flatten().find_map(|subnet| {
        let other = strangers().find(|network| overlaps(network, subnet))?;
        Some(taken(after, subnet, other))
    })
}

/// Refuses a host that is not fit, or is not what the preview showed.
pub(super) fn fit(destination: &Destination, memo: &Memo, scene: &Scene) -> Result<(), Failure> {
    let network = scene.standing.as_ref().map(Standing::network);
    let on_it = network.map(|network| scene.seen.loners(network)).unwrap_or_default();
    let services: Vec<&HostService> =
        network.iter().flat_map(|network| scene.seen.services_on(network)).collect();
    let now = version_with(destination, network, &on_it, &services);
    if memo.version.as_ref().is_some_and(|version| *version != now) {
        return Err(changed_since(destination));
    }
    let obstacle = network
        .and_then(|network| swarm::obstacle(destination, network, &scene.seen, &scene.reach));
    match obstacle.or_else(|| overlap(&memo.new.applied_to(destination), &scene.seen.networks)) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn changed_since(destination: &Destination) -> Failure {
    failure(
        "changed-since-preview",
        format!(
            "destination `{}` on server `{}` is no longer what the preview showed",
            destination.name, destination.server_name
        ),
        "look at a new preview (`update_destination.preview`), then decide",
    )
}

fn overlaps(network: &HostNetwork, subnet: IpNet) -> bool {
    spare::subnets(network).any(|other| spare::overlap(other, subnet))
}

fn taken(destination: &Destination, subnet: IpNet, other: &HostNetwork) -> Failure {
    failure(
        "subnet-overlaps",
        format!(
            "subnet {subnet} overlaps with network `{}` on server `{}`",
            other.name, destination.server_name
        ),
        "choose a subnet that no other network of the host uses",
    )
}

/// How the interim network is made: as open to the outside as the old one was, and clear of the two
/// that are to be.
pub(super) fn interim_options(
    destination: &Destination,
    memo: &Memo,
    scene: &Scene,
) -> Option<NetworkOptions> {
    let shapes = [&memo.old, &memo.new].map(|shape| shape.applied_to(destination));
    let wanted = shapes.map(|one| one.effective_options().subnet.map(IpNet::from));
    let subnet = interim_subnet(&wanted.into_iter().flatten().collect::<Vec<_>>(), scene)?;
    let old = &memo.old.options;
    let mtu = [old.mtu, memo.new.options.mtu].into_iter().flatten().min();
    Some(NetworkOptions {
        subnet: Some(subnet),
        internal: old.internal,
        encrypted: old.encrypted || memo.new.options.encrypted,
        mtu,
        ..Default::default()
    })
}

/// Clear of every subnet of the host, and of those that other nodes have by themselves: a node may
/// not yet have let go of the interim network of the change before, and could join no other one
/// with its subnet.
fn interim_subnet(wanted: &[IpNet], scene: &Scene) -> Option<Ipv4Net> {
    let networks = scene.seen.networks.iter().chain(scene.reach.elsewhere());
    let held = networks.flat_map(spare::subnets).chain(wanted.iter().copied());
    spare::INTERIM.first_clear_of(&held.collect::<Vec<_>>())
}

/// What a container had asked for, as far as the network has room for it, and what it loses.
pub(super) fn fitting(asked: &Endpoint, options: &NetworkOptions) -> (Endpoint, Option<String>) {
    let mut endpoint = asked.clone();
    let v4 = |text: &String| text.parse::<Ipv4Addr>().ok();
    let v6 = |text: &String| text.parse::<Ipv6Addr>().ok();
    let host_v4 = |address: &Ipv4Addr| {
        options.subnet.is_some_and(|subnet| subnet.contains(address))
            && options.gateway != Some(*address)
    };
    let host_v6 =
        |address: &Ipv6Addr| options.ipv6_subnet.is_some_and(|subnet| subnet.contains(address));
    endpoint.address = asked.address.clone().filter(|text| v4(text).is_some_and(|it| host_v4(&it)));
    endpoint.ipv6_address =
        asked.ipv6_address.clone().filter(|text| v6(text).is_some_and(|it| host_v6(&it)));
    let lost = asked.address.iter().filter(|_| endpoint.address.is_none());
    let lost = lost.chain(asked.ipv6_address.iter().filter(|_| endpoint.ipv6_address.is_none()));
    let lost: Vec<&str> = lost.map(String::as_str).collect();
    let note = (!lost.is_empty())
        .then(|| format!("its fixed address {} does not fit; it got another", lost.join(" and ")));
    (endpoint, note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostSubnet;

    fn with_subnet(subnet: &str) -> HostNetwork {
        let subnets = vec![HostSubnet { subnet: subnet.to_owned(), ..HostSubnet::default() }];
        HostNetwork { subnets, ..HostNetwork::default() }
    }

    #[test]
    fn an_interim_network_is_clear_of_what_is_on_the_host_on_other_nodes_and_to_be() {
        let mut scene = Scene::default();
        let wanted = ["198.19.8.0/24".parse().expect("a subnet")];
        let chosen = |scene: &Scene| interim_subnet(&wanted, scene).map(|one| one.to_string());
        assert_eq!(chosen(&scene).as_deref(), Some("198.19.0.0/22"));
        scene.seen.networks.push(with_subnet("198.19.0.0/22"));
        assert_eq!(chosen(&scene).as_deref(), Some("198.19.4.0/22"));
        scene.reach.has_elsewhere(with_subnet("198.19.4.0/22"));
        assert_eq!(chosen(&scene).as_deref(), Some("198.19.12.0/22"));
        scene.reach.has_elsewhere(with_subnet("198.16.0.0/12"));
        assert_eq!(chosen(&scene), None);
    }

    #[test]
    fn an_address_is_kept_where_it_fits() {
        let options = |subnet: &str| NetworkOptions {
            subnet: Some(subnet.parse().expect("a subnet")),
            gateway: Some([10, 1, 0, 1].into()),
            ..NetworkOptions::default()
        };
        let asked = |address: &str| Endpoint {
            aliases: vec!["web".into()],
            address: Some(address.into()),
            ..Endpoint::default()
        };
        let kept = fitting(&asked("10.1.0.9"), &options("10.1.0.0/16"));
        assert_eq!(kept, (asked("10.1.0.9"), None));
        for (address, subnet) in
            [("10.1.0.9", "10.2.0.0/16"), ("10.1.0.1", "10.1.0.0/16"), ("x", "10.1.0.0/16")]
        {
            let (endpoint, note) = fitting(&asked(address), &options(subnet));
            assert_eq!((endpoint.address, endpoint.aliases), (None, vec!["web".to_owned()]));
            assert!(note.is_some_and(|note| note.contains(address)), "{address}");
        }
        let chosen_by_docker = fitting(&asked("10.1.0.9"), &NetworkOptions::default());
        assert_eq!(chosen_by_docker.0.address, None);
    }
}
