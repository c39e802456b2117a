//! Containers of a fake engine and their places on networks, as Docker keeps them: one that does
//! not run blocks nothing and has no address, and connecting twice is refused while it runs.

use std::{collections::BTreeMap, net::Ipv4Addr};

use ipnet::Ipv4Net;
use portolan_types::{Timestamp, id::cuid2};

use super::World;
use crate::host::{
    Attachment, ContainerDetail, ContainerEndpoint, Endpoint, HostContainer, HostError,
    HostNetwork, Member, ProbeMark, label, probe,
};

/// By Docker's id.
pub(super) type Containers = BTreeMap<String, ContainerDetail>;

/// A container that somebody made: 64 hexadecimal digits, as Docker's ids have.
pub(super) fn made(name: &str, state: &str) -> ContainerDetail {
    let text = cuid2();
    let digit = |byte: u8| char::from_digit(u32::from(byte % 16), 16);
    let docker_id = text.bytes().cycle().take(64).filter_map(digit).collect();
    let member = Member { docker_id, name: name.to_owned(), state: state.to_owned() };
    ContainerDetail { member, ..ContainerDetail::default() }
}

pub(super) fn runs(container: &ContainerDetail) -> bool {
    container.member.state == "running"
}

pub(super) fn refused<T>(status: u16, message: String) -> Result<T, HostError> {
    Err(HostError::Docker { status, message })
}

fn mark(container: &ContainerDetail) -> Option<ProbeMark> {
    let operation = container.labels.get(probe::LABEL)?.clone();
    Some(ProbeMark { operation, made_at: container.started_at.unwrap_or_else(Timestamp::now) })
}

impl World {
    pub(super) fn container(&self, id_or_name: &str) -> Option<&ContainerDetail> {
        let same = |one: &&ContainerDetail| {
            one.member.docker_id == id_or_name || one.member.name == id_or_name
        };
        self.containers.values().find(same)
    }

    pub(super) fn list_containers(&self) -> Vec<HostContainer> {
        let summary = |one: &ContainerDetail| {
            let (image, routes) = self.dress.get(&one.member.name).cloned().unwrap_or_default();
            let image = if image.is_empty() { one.image.clone() } else { image };
            HostContainer {
                member: one.member.clone(),
                attachments: one.endpoints.iter().map(|one| one.attachment.clone()).collect(),
                image,
                routes,
                probe: mark(one),
                proxy_of: one.labels.get(label::PROXY).cloned(),
                application: one.labels.get(label::APPLICATION).cloned(),
                health: one.health.clone().filter(|_| runs(one)),
                exit_code: (one.member.state == "exited").then_some(one.exit_code),
                published: one.ports.iter().map(|port| port.host).collect(),
                ..HostContainer::default()
            }
        };
        self.containers.values().map(summary).collect()
    }

    pub(super) fn note_places(&mut self) {
        let now = |one: &ContainerDetail| {
            let networks = one.endpoints.iter().map(|one| one.attachment.key.clone());
            (one.member.name.clone(), networks.collect())
        };
        if let Some(places) = &mut self.places {
            places.push(self.containers.values().map(now).collect());
        }
    }

    /// Those on a network with this Docker id, running or not.
    pub(super) fn members(&self, docker_id: &str) -> Vec<Member> {
        let name = self.network(docker_id).map(|network| network.name).unwrap_or_default();
        let on_it = |one: &&ContainerDetail| one.endpoint(docker_id, &name).is_some();
        self.containers.values().filter(on_it).map(|one| one.member.clone()).collect()
    }

    /// The network with this Docker id, the host's own or the swarm's.
    pub(super) fn network(&self, docker_id: &str) -> Option<HostNetwork> {
        let own = self.networks.get(docker_id).cloned();
        own.or_else(|| self.membership.as_ref()?.swarm.network(docker_id))
    }

    /// The network of this name or Docker id, the host's own or the swarm's.
    pub(super) fn network_called(&self, id_or_name: &str) -> Option<HostNetwork> {
        let is = |one: &&HostNetwork| one.docker_id == id_or_name || one.name == id_or_name;
        let own = self.networks.values().find(is).cloned();
        own.or_else(|| {
            let swarm = &self.membership.as_ref()?.swarm;
            swarm.network(id_or_name).or_else(|| swarm.networks(id_or_name).pop())
        })
    }

    /// Whether something on the network runs: only that holds it.
    pub(super) fn is_active(&self, docker_id: &str) -> bool {
        self.members(docker_id).iter().any(|member| member.state == "running")
    }

    pub(super) fn connect(
        &mut self,
        network: &str,
        container: &str,
        endpoint: &Endpoint,
    ) -> Result<(), HostError> {
        let Some(found) = self.network(network) else {
            return refused(404, format!("network {network} not found"));
        };
        let name = found.name.clone();
        let Some(one) = self.containers.get(container) else {
            return refused(404, format!("No such container: {container}"));
        };
        if runs(one) && one.endpoint(network, &name).is_some() {
            let own = &one.member.name;
            let message = format!("endpoint with name {own} already exists in network {name}");
            return refused(403, message);
        }
        let address = if runs(one) { Some(self.address(&found, endpoint)?) } else { None };
        if let Some(membership) = self.membership.as_ref().filter(|_| address.is_some()) {
            membership.swarm.attached(&membership.node_id, network, container);
        }
        let Some(one) = self.containers.get_mut(container) else { return Ok(()) };
        one.endpoints.retain(|one| !one.attachment.is_of(network, &name));
        let ours = Attachment {
            key: name,
            network_id: if address.is_some() { network.to_owned() } else { String::new() },
            endpoint_id: if address.is_some() { cuid2() } else { String::new() },
            address: address.map(|address| address.to_string()),
            ipv6_address: None,
            aliases: Vec::new(),
        };
        let place = ContainerEndpoint { attachment: ours, endpoint: endpoint.clone() };
        one.endpoints.push(place.clone());
        self.meet(container, &place);
        Ok(())
    }

    /// The address that was asked for, or the first free one.
    pub(super) fn address(
        &self,
        found: &HostNetwork,
        endpoint: &Endpoint,
    ) -> Result<Ipv4Addr, HostError> {
        let network = found.docker_id.as_str();
        let subnet = found.subnets.iter().find_map(|subnet| subnet.subnet.parse::<Ipv4Net>().ok());
        let subnet = subnet.unwrap_or_else(|| Ipv4Net::new_assert([169, 254, 0, 0].into(), 16));
        let taken = |address: &Ipv4Addr| {
            let text = address.to_string();
            let swarm = self.membership.as_ref().map(|one| &one.swarm);
            if swarm.is_some_and(|swarm| swarm.has_end(network, &text)) {
                return true;
            }
            let places = self.containers.values().flat_map(|one| &one.endpoints);
            places
                .filter(|place| place.attachment.network_id == network)
                .any(|place| place.attachment.address.as_deref() == Some(text.as_str()))
        };
        let Some(asked) = &endpoint.address else {
            let free = subnet.hosts().skip(1).find(|address| !taken(address));
            let message = "no available IPv4 addresses on this network's address pools";
            return free.map_or_else(|| refused(403, message.to_owned()), Ok);
        };
        if found.scope == "local" && !self.configured.contains(network) {
            let message = "user specified IP address is supported only when connecting to \
                           networks with user configured subnets";
            return refused(400, message.to_owned());
        }
        match asked.parse() {
            Ok(address) if taken(&address) => refused(403, "Address already in use".to_owned()),
            Ok(address) if subnet.contains(&address) => Ok(address),
            Ok(_) | Err(_) => refused(
                400,
                format!("no configured subnet or ip range contain the IP address {asked}"),
            ),
        }
    }

    pub(super) fn disconnect(&mut self, network: &str, container: &str) -> Result<(), HostError> {
        let Some(HostNetwork { name, .. }) = self.network(network) else {
            return refused(404, format!("network {network} not found"));
        };
        if let Some(membership) = &self.membership {
            membership.swarm.detached(network, container);
        }
        let Some(one) = self.containers.get_mut(container) else {
            return refused(404, format!("No such container: {container}"));
        };
        let before = one.endpoints.len();
        one.endpoints.retain(|one| !one.attachment.is_of(network, &name));
        if one.endpoints.len() == before {
            let message = format!("container {container} is not connected to network {name}");
            return refused(500, message);
        }
        Ok(())
    }

    /// Puts a container of this name on a network, making it where it is not there.
    pub(super) fn join(&mut self, network: &str, name: &str, state: &str, endpoint: &Endpoint) {
        let known = self.container(name).map(|one| one.member.docker_id.clone());
        let id = known.unwrap_or_else(|| {
            let container = made(name, state);
            let id = container.member.docker_id.clone();
            self.containers.insert(id.clone(), container);
            id
        });
        // A test that asks for what Docker refuses sees that nobody joined.
        drop(self.connect(network, &id, endpoint));
    }
}
