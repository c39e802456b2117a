//! Networks of a fake engine, as Docker keeps them: names and addresses are taken once, and those
//! of a swarm are its managers' to give.

use ipnet::{IpNet, Ipv4Net};
use portolan_types::{DestinationKind, NetworkOptions, id::cuid2};

use super::{World, swarm::SwarmWorld};
use crate::host::{HostError, HostNetwork, HostSubnet, NewNetwork};

impl World {
    /// As a manager of the swarm, or Docker's refusal.
    pub(super) fn as_manager<T>(
        &self,
        answer: impl FnOnce(&mut SwarmWorld) -> T,
    ) -> Result<T, HostError> {
        match &self.membership {
            Some(membership) => membership.swarm.as_manager(&membership.node_id, answer),
            None => Err(no_manager()),
        }
    }

    /// Those of the host and, on a manager, those of the swarm.
    pub(super) fn all_networks(&self) -> Result<Vec<HostNetwork>, HostError> {
        let mut networks: Vec<HostNetwork> = self.networks.values().cloned().collect();
        let manager = self.membership.as_ref();
        let manager = manager.is_some_and(|one| one.swarm.is_manager(&one.node_id));
        if manager {
            networks.extend(self.as_manager(|swarm| swarm.networks.clone())?.into_values());
        }
        Ok(networks)
    }

    pub(super) fn create(&mut self, new: &NewNetwork) -> Result<HostNetwork, HostError> {
        if let Some(error) = &self.fail_create {
            return Err(error.clone());
        }
        if self.all_networks()?.iter().any(|network| network.name == new.name.as_str()) {
            let message = format!("network with name {} already exists", new.name);
            return Err(HostError::Docker { status: 409, message });
        }
        if new.kind == DestinationKind::Swarm && !is_swarm_name(new.name.as_str()) {
            let message = "rpc error: code = InvalidArgument desc = name must be valid as a DNS \
                           name component";
            return Err(HostError::Docker { status: 400, message: message.into() });
        }
        let network = made(new, self.free_subnet(new)?);
        let (id, made) = (network.docker_id.clone(), network.clone());
        if new.options.subnet.is_some() {
            self.configured.insert(id.clone());
        }
        match new.kind {
            DestinationKind::Standalone => drop(self.networks.insert(id, made)),
            DestinationKind::Swarm => {
                self.as_manager(|swarm| swarm.add(made))?;
            }
        }
        Ok(network)
    }

    /// The subnet that was asked for, or the next of the engine's pools. Docker takes no address
    /// twice, and does not say who has it.
    fn free_subnet(&self, new: &NewNetwork) -> Result<String, HostError> {
        let subnets = self.networks.values().flat_map(|network| &network.subnets);
        let taken: Vec<IpNet> =
            subnets.filter_map(|subnet| subnet.subnet.parse().ok()).chain(self.hidden).collect();
        let free = |subnet: &IpNet| {
            !taken.iter().any(|other| other.contains(subnet) || subnet.contains(other))
        };
        let wanted =
            [new.options.subnet.map(IpNet::from), new.options.ipv6_subnet.map(IpNet::from)];
        let refusal =
            |message: &str| HostError::Docker { status: 403, message: message.to_owned() };
        if !wanted.iter().flatten().all(free) {
            return Err(refusal("Pool overlaps with other one on this address space"));
        }
        let mut pools = (17..=255).map(|n| Ipv4Net::new_assert([172, n, 0, 0].into(), 16).into());
        let found = new.options.subnet.map(IpNet::from).or_else(|| pools.find(free));
        found.map(|subnet| subnet.to_string()).ok_or_else(|| {
            refusal(
                "could not find an available, non-overlapping IPv4 address pool among the \
                 defaults to assign to the network",
            )
        })
    }

    pub(super) fn remove(&mut self, docker_id: &str) -> Result<Option<HostNetwork>, HostError> {
        if self.is_active(docker_id) {
            let message =
                format!("error while removing network: network {docker_id} has active endpoints");
            return Err(HostError::Docker { status: 403, message });
        }
        match self.networks.remove(docker_id) {
            None if self.membership.is_some() => {
                self.as_manager(|swarm| swarm.remove(docker_id))?
            }
            removed => Ok(removed),
        }
    }
}

/// What swarmkit takes as a name.
fn is_swarm_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.len() <= 63 && name.chars().all(allowed)
}

pub(super) fn no_manager() -> HostError {
    HostError::Docker { status: 503, message: "This node is not a swarm manager.".into() }
}

/// The first address unless another one was asked for.
fn gateway(options: &NetworkOptions) -> Option<String> {
    let first = options.subnet.and_then(|subnet| subnet.hosts().next());
    options.gateway.or(first).map(|gateway| gateway.to_string())
}

fn made(new: &NewNetwork, subnet: String) -> HostNetwork {
    let options = &new.options;
    let mut subnets = vec![HostSubnet {
        subnet,
        gateway: gateway(options),
        range: options.range.map(|range| range.to_string()),
    }];
    subnets.extend(
        options
            .ipv6_subnet
            .map(|subnet| HostSubnet { subnet: subnet.to_string(), ..HostSubnet::default() }),
    );
    let mtu = options.mtu.map(|mtu| ("com.docker.network.driver.mtu".into(), mtu.to_string()));
    let encrypted = options.encrypted.then(|| ("encrypted".into(), "true".into()));
    let (driver, scope, attachable) = match new.kind {
        DestinationKind::Standalone => ("bridge", "local", false),
        DestinationKind::Swarm => ("overlay", "swarm", true),
    };
    HostNetwork {
        docker_id: cuid2(),
        name: new.name.to_string(),
        driver: driver.into(),
        scope: scope.into(),
        subnets,
        ipv6: options.ipv6,
        internal: options.internal,
        attachable,
        ingress: false,
        created_at: Some(portolan_types::Timestamp::now()),
        labels: new.labels.clone(),
        options: mtu.into_iter().chain(encrypted).collect(),
    }
}
