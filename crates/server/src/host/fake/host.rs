//! A connection to a fake engine: what Docker would do, and the troubles that were asked for.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use ipnet::{IpNet, Ipv4Net};
use portolan_types::{DestinationKind, NetworkOptions, id::cuid2};
use tokio::sync::watch;

use super::{FakeEngine, Meant, Trouble, World, event, lock, lost, swarm::SwarmWorld};
use crate::host::{
    ContainerDetail, Endpoint, Host, HostContainer, HostError, HostEvent, HostNetwork, HostNode,
    HostRole, HostService, HostSubnet, HostTask, Member, NewNetwork, System,
};

/// A connection to a fake engine.
#[derive(Debug)]
pub(super) struct FakeHost {
    pub(super) engine: Arc<FakeEngine>,
    pub(super) up: watch::Receiver<bool>,
}

impl FakeHost {
    /// One call: trouble before, the effect, trouble after.
    async fn call<T>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut World) -> Result<T, HostError> + Send,
    ) -> Result<T, HostError> {
        let trouble = self.befalls(name)?;
        match &trouble {
            Some(Trouble::Fail(error) | Trouble::Refuse(error)) => return Err(error.clone()),
            Some(Trouble::HangBefore) => self.hang().await,
            Some(Trouble::FailAfter(_) | Trouble::HangAfter) | None => {}
        }
        let result = self.take_effect(effect);
        match trouble {
            Some(Trouble::FailAfter(error)) => return Err(error),
            Some(Trouble::HangAfter) => self.hang().await,
            Some(Trouble::Fail(_) | Trouble::Refuse(_) | Trouble::HangBefore) | None => {}
        }
        result
    }

    fn take_effect<T>(
        &self,
        effect: impl FnOnce(&mut World) -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let mut world = lock(&self.engine.world);
        let result = effect(&mut world);
        world.note_places();
        result
    }

    fn befalls(&self, name: &'static str) -> Result<Option<Trouble>, HostError> {
        let number = self.engine.calls.fetch_add(1, Ordering::SeqCst);
        if !self.engine.is_up() {
            return Err(lost());
        }
        let mut world = lock(&self.engine.world);
        let Some((meant, trouble)) = world.troubles.front_mut() else { return Ok(None) };
        if !meant.is(number, name) {
            return Ok(None);
        }
        let trouble = trouble.clone();
        if matches!(trouble, Trouble::Refuse(_)) {
            *meant = Meant::Method(name, 0);
        } else {
            world.troubles.pop_front();
            if !world.troubles.is_empty() {
                self.engine.calls.store(0, Ordering::SeqCst);
            }
        }
        Ok(Some(trouble))
    }

    /// What happens to a network of a swarm is told by all its managers.
    fn tell(&self, world: &World, action: &str, network: &HostNetwork) {
        match &world.membership {
            Some(membership) if network.scope == "swarm" => {
                membership.swarm.broadcast(&event(action, network));
            }
            Some(_) | None => self.engine.tell(event(action, network)),
        }
    }

    async fn hang(&self) {
        self.engine.hung.notify_one();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Host for FakeHost {
    async fn system(&self) -> Result<System, HostError> {
        self.call("system", |world| Ok(world.system.clone())).await
    }

    async fn role(&self) -> Result<HostRole, HostError> {
        self.call("role", |world| {
            let System { kind, swarm, .. } = world.system.clone();
            Ok(HostRole { kind, swarm })
        })
        .await
    }

    async fn list_nodes(&self) -> Result<Vec<HostNode>, HostError> {
        self.call("list_nodes", |world| world.as_manager(|swarm| swarm.nodes())).await
    }

    async fn list_services(&self) -> Result<Vec<HostService>, HostError> {
        self.call("list_services", |world| world.as_manager(|swarm| swarm.services())).await
    }

    async fn list_tasks(&self) -> Result<Vec<HostTask>, HostError> {
        self.call("list_tasks", |world| world.as_manager(|swarm| swarm.tasks())).await
    }

    async fn list_networks(&self) -> Result<Vec<HostNetwork>, HostError> {
        self.call("list_networks", |world| world.all_networks()).await
    }

    async fn find_network(&self, id_or_name: &str) -> Result<Option<HostNetwork>, HostError> {
        let same =
            |network: &HostNetwork| network.docker_id == id_or_name || network.name == id_or_name;
        self.call("find_network", |world| Ok(world.all_networks()?.into_iter().find(same))).await
    }

    async fn create_network(&self, new: &NewNetwork) -> Result<String, HostError> {
        self.call("create_network", |world| {
            let network = world.create(new)?;
            let docker_id = network.docker_id.clone();
            self.tell(world, "create", &network);
            Ok(docker_id)
        })
        .await
    }

    async fn remove_network(&self, docker_id: &str) -> Result<(), HostError> {
        self.call("remove_network", |world| {
            if let Some(network) = world.remove(docker_id)? {
                self.tell(world, "destroy", &network);
            }
            Ok(())
        })
        .await
    }

    async fn list_containers(&self) -> Result<Vec<HostContainer>, HostError> {
        self.call("list_containers", |world| Ok(world.list_containers())).await
    }

    async fn list_members(&self, docker_id: &str) -> Result<Vec<Member>, HostError> {
        self.call("list_members", |world| Ok(world.members(docker_id))).await
    }

    async fn find_container(&self, id_or_name: &str) -> Result<Option<ContainerDetail>, HostError> {
        self.call("find_container", |world| Ok(world.container(id_or_name).cloned())).await
    }

    async fn connect(
        &self,
        network: &str,
        container: &str,
        endpoint: &Endpoint,
    ) -> Result<(), HostError> {
        self.call("connect", |world| {
            world.connect(network, container, endpoint)?;
            if let Some(network) = world.networks.get(network) {
                self.tell(world, "connect", network);
            }
            Ok(())
        })
        .await
    }

    async fn disconnect(&self, network: &str, container: &str) -> Result<(), HostError> {
        self.call("disconnect", |world| {
            world.disconnect(network, container)?;
            if let Some(network) = world.networks.get(network) {
                self.tell(world, "disconnect", network);
            }
            Ok(())
        })
        .await
    }

    async fn routes(&self) -> Result<Option<Vec<IpNet>>, HostError> {
        self.call("routes", |world| Ok(world.routes.clone())).await
    }

    async fn events(&self) -> Result<BoxStream<'static, Result<HostEvent, HostError>>, HostError> {
        let events = self.call("events", |_| Ok(self.engine.events.subscribe())).await?;
        let up = self.up.clone();
        let stream =
            futures_util::stream::unfold((events, up), |(mut events, mut up)| async move {
                let item = tokio::select! {
                    event = events.recv() => event.map_err(|_| lost()),
                    _ = up.wait_for(|up| !up) => Err(lost()),
                };
                Some((item, (events, up)))
            });
        Ok(stream.boxed())
    }

    async fn closed(&self) {
        let mut up = self.up.clone();
        // The engine outlives its connections, so its end is not an error.
        drop(up.wait_for(|up| !up).await);
    }

    async fn close(&self) {}
}

impl World {
    /// As a manager of the swarm, or Docker's refusal.
    fn as_manager<T>(&self, answer: impl FnOnce(&mut SwarmWorld) -> T) -> Result<T, HostError> {
        match &self.membership {
            Some(membership) => membership.swarm.as_manager(&membership.node_id, answer),
            None => Err(no_manager()),
        }
    }

    /// Those of the host and, on a manager, those of the swarm.
    fn all_networks(&self) -> Result<Vec<HostNetwork>, HostError> {
        let mut networks: Vec<HostNetwork> = self.networks.values().cloned().collect();
        let manager = self.membership.as_ref();
        let manager = manager.is_some_and(|one| one.swarm.is_manager(&one.node_id));
        if manager {
            networks.extend(self.as_manager(|swarm| swarm.networks.clone())?.into_values());
        }
        Ok(networks)
    }

    fn create(&mut self, new: &NewNetwork) -> Result<HostNetwork, HostError> {
        if let Some(error) = &self.fail_create {
            return Err(error.clone());
        }
        if self.all_networks()?.iter().any(|network| network.name == new.name.as_str()) {
            let message = format!("network with name {} already exists", new.name);
            return Err(HostError::Docker { status: 409, message });
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

    fn remove(&mut self, docker_id: &str) -> Result<Option<HostNetwork>, HostError> {
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
