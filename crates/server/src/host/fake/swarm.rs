//! A swarm of fake engines: they share its networks, services and tasks, as long as it has a
//! leader.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};

use portolan_types::{ServerKind, Swarm, SwarmManager, id::cuid2, server::Pool};

use super::{FakeEngine, event, lock, networks::no_manager};
use crate::host::{
    HostError, HostEvent, HostNetwork, HostNode, HostService, HostTask, NewService, SwarmEndpoint,
};

mod ends;
mod rolling;
mod services;

pub(super) use ends::Heard;
pub use rolling::Rolling;
pub use services::TaskFate;

/// A swarm. Engines join and leave it; what is in it is there for all its managers.
#[derive(Debug)]
pub struct FakeSwarm {
    world: Mutex<SwarmWorld>,
}

#[derive(Debug)]
pub(super) struct SwarmWorld {
    cluster_id: String,
    leaderless: bool,
    starved: bool,
    nodes: BTreeMap<String, Node>,
    pub(super) networks: BTreeMap<String, HostNetwork>,
    services: Vec<HostService>,
    tasks: Vec<HostTask>,
    rolling: Rolling,
    /// The names of services on networks, by the ids of both.
    names: BTreeMap<(String, String), Vec<String>>,
    /// What services were asked for as, by their ids.
    asked: BTreeMap<String, NewService>,
    /// Tasks that are over.
    past: Vec<HostTask>,
    /// What becomes of tasks, by their images.
    fates: BTreeMap<String, TaskFate>,
    /// Why no task gets a place.
    full: Option<String>,
    /// Who is met at an address of an overlay, by the network's id and the address.
    ends: BTreeMap<(String, String), ends::End>,
}

#[derive(Debug)]
struct Node {
    hostname: String,
    is_manager: bool,
    is_down: bool,
    engine: Weak<FakeEngine>,
}

/// An engine's place in a swarm.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) swarm: Arc<FakeSwarm>,
    pub(super) node_id: String,
}

impl FakeSwarm {
    /// A swarm without nodes.
    pub fn new() -> Arc<Self> {
        let world = SwarmWorld {
            cluster_id: cuid2(),
            leaderless: false,
            starved: false,
            nodes: BTreeMap::new(),
            networks: BTreeMap::new(),
            services: Vec::new(),
            tasks: Vec::new(),
            rolling: Rolling::AtOnce,
            names: BTreeMap::new(),
            asked: BTreeMap::new(),
            past: Vec::new(),
            fates: BTreeMap::new(),
            full: None,
            ends: BTreeMap::new(),
        };
        Arc::new(Self { world: Mutex::new(world) })
    }

    /// Lets an engine join; answers its node id.
    pub fn join(
        self: &Arc<Self>,
        engine: &Arc<FakeEngine>,
        hostname: &str,
        role: ServerKind,
    ) -> String {
        let node_id = cuid2();
        let node = Node {
            hostname: hostname.to_owned(),
            is_manager: role == ServerKind::SwarmManager,
            is_down: false,
            engine: Arc::downgrade(engine),
        };
        lock(&self.world).nodes.insert(node_id.clone(), node);
        let membership = Membership { swarm: self.clone(), node_id: node_id.clone() };
        lock(&engine.world).membership = Some(membership);
        self.tell_roles();
        node_id
    }

    /// Makes a node a manager or a worker.
    pub fn set_role(&self, node_id: &str, role: ServerKind) {
        if let Some(node) = lock(&self.world).nodes.get_mut(node_id) {
            node.is_manager = role == ServerKind::SwarmManager;
        }
        self.tell_roles();
    }

    /// Lets a node leave.
    pub fn leave(&self, node_id: &str) {
        let node = lock(&self.world).nodes.remove(node_id);
        if let Some(engine) = node.and_then(|node| node.engine.upgrade()) {
            {
                let mut world = lock(&engine.world);
                world.membership = None;
                world.system.kind = ServerKind::Standalone;
                world.system.swarm = None;
            }
            engine.tell(node_event(node_id));
        }
        self.tell_roles();
    }

    /// Takes the leader away, or gives one back.
    pub fn set_leaderless(&self, leaderless: bool) {
        lock(&self.world).leaderless = leaderless;
        self.tell_roles();
    }

    /// Lets new networks get neither driver nor addresses, as when their subnets overlap, or lets
    /// them get both.
    pub fn set_starved(&self, starved: bool) {
        lock(&self.world).starved = starved;
    }

    /// The id that its managers know it by.
    pub fn cluster_id(&self) -> String {
        lock(&self.world).cluster_id.clone()
    }

    /// The networks of the swarm of this name.
    pub fn networks(&self, name: &str) -> Vec<HostNetwork> {
        let world = lock(&self.world);
        world.networks.values().filter(|network| network.name == name).cloned().collect()
    }

    /// An overlay that somebody else made, changed as it should be.
    pub fn put_network(&self, name: &str, change: impl FnOnce(&mut HostNetwork)) {
        let mut network = HostNetwork {
            docker_id: cuid2(),
            name: name.to_owned(),
            driver: "overlay".into(),
            scope: "swarm".into(),
            attachable: true,
            ..HostNetwork::default()
        };
        change(&mut network);
        lock(&self.world).networks.insert(network.docker_id.clone(), network.clone());
        self.broadcast(&event("create", &network));
    }

    /// Removes an overlay behind Portolan's back.
    pub fn drop_network(&self, name: &str) {
        let Some(network) = self.networks(name).pop() else { return };
        lock(&self.world).networks.remove(&network.docker_id);
        self.broadcast(&event("remove", &network));
    }

    /// A service on a network, with one task on a node.
    pub fn serve(&self, name: &str, image: &str, network: &str, node_id: &str) {
        let Some(network) = self.networks(network).pop() else { return };
        let endpoint = SwarmEndpoint { network_id: network.docker_id, address: None };
        let service = HostService {
            docker_id: cuid2(),
            name: name.to_owned(),
            image: image.to_owned(),
            networks: vec![endpoint.network_id.clone()],
            endpoints: vec![endpoint.clone()],
            ..HostService::default()
        };
        let task = task(node_id, endpoint, Some(service.docker_id.clone()));
        let mut world = lock(&self.world);
        world.services.push(service);
        world.tasks.push(task);
        drop(world);
        self.broadcast(&node_event(node_id));
    }

    /// Gives a service an address of its own, and its task one.
    pub fn address(&self, service: &str, own: &str, task: &str) {
        self.change_service(service, |one| {
            one.endpoints.iter_mut().for_each(|place| place.address = Some(own.to_owned()));
        });
        self.change_tasks(service, |one| {
            one.endpoints.iter_mut().for_each(|place| place.address = Some(task.to_owned()));
        });
    }

    /// Shuts the tasks of a service down; the swarm remembers them for a while.
    pub fn end_tasks(&self, service: &str) {
        self.change_tasks(service, |one| "shutdown".clone_into(&mut one.state));
    }

    fn change_tasks(&self, service: &str, mut change: impl FnMut(&mut HostTask)) {
        let mut world = lock(&self.world);
        let id = world.services.iter().find(|one| one.name == service);
        let id = id.map(|one| one.docker_id.clone());
        world.tasks.iter_mut().filter(|task| task.service_id == id).for_each(&mut change);
        drop(world);
        self.broadcast(&node_event(""));
    }

    /// Attaches a container of a node to a network.
    pub fn attach(&self, network: &str, node_id: &str) {
        let Some(network) = self.networks(network).pop() else { return };
        let endpoint = SwarmEndpoint { network_id: network.docker_id, address: None };
        lock(&self.world).tasks.push(task(node_id, endpoint, None));
        self.broadcast(&node_event(node_id));
    }

    /// Ends every service and task.
    pub fn clear(&self) {
        let mut world = lock(&self.world);
        world.services.clear();
        world.tasks.clear();
        drop(world);
        self.broadcast(&node_event(""));
    }

    /// What a manager answers from; the error of one whose swarm has no leader.
    pub(super) fn as_manager<T>(
        &self,
        node_id: &str,
        answer: impl FnOnce(&mut SwarmWorld) -> T,
    ) -> Result<T, HostError> {
        let mut world = lock(&self.world);
        if !world.nodes.get(node_id).is_some_and(|node| node.is_manager) {
            return Err(no_manager());
        }
        if world.leaderless {
            let message = "rpc error: code = Unknown desc = The swarm does not have a leader.";
            return Err(HostError::Docker { status: 500, message: message.into() });
        }
        Ok(answer(&mut world))
    }

    pub(super) fn is_manager(&self, node_id: &str) -> bool {
        lock(&self.world).nodes.get(node_id).is_some_and(|node| node.is_manager)
    }

    /// Events of the swarm reach all its managers.
    pub(super) fn broadcast(&self, event: &HostEvent) {
        for engine in self.engines() {
            engine.tell(event.clone());
        }
    }

    fn engines(&self) -> Vec<Arc<FakeEngine>> {
        lock(&self.world).nodes.values().filter_map(|node| node.engine.upgrade()).collect()
    }

    /// What each engine says of itself from now on.
    fn tell_roles(&self) {
        let told: Vec<_> = {
            let world = lock(&self.world);
            let of = |(id, node): (&String, &Node)| (node.engine.upgrade(), world.role(id, node));
            world.nodes.iter().map(of).collect()
        };
        for (engine, (kind, swarm)) in told {
            let Some(engine) = engine else { continue };
            {
                let mut world = lock(&engine.world);
                world.system.kind = kind;
                world.system.swarm = Some(swarm);
            }
            engine.tell(node_event(""));
        }
    }
}

impl SwarmWorld {
    fn role(&self, node_id: &str, node: &Node) -> (ServerKind, Swarm) {
        let managers = self.nodes.iter().filter(|(_, node)| node.is_manager);
        let managers = managers.map(|(id, node)| SwarmManager {
            node_id: id.clone(),
            address: format!("{}:2377", node.hostname),
        });
        let swarm = Swarm {
            cluster_id: node.is_manager.then(|| self.cluster_id.clone()),
            node_id: node_id.to_owned(),
            address: Some(node.hostname.clone()),
            managers: managers.collect(),
            pools: vec![Pool { base: "10.0.0.0/8".into(), size: 24 }],
            error: self.leaderless.then(|| "The swarm does not have a leader.".to_owned()),
            servers: Vec::new(),
        };
        let kind = if node.is_manager { ServerKind::SwarmManager } else { ServerKind::SwarmWorker };
        (kind, swarm)
    }

    pub(super) fn nodes(&self) -> Vec<HostNode> {
        let node = |(id, node): (&String, &Node)| HostNode {
            node_id: id.clone(),
            hostname: node.hostname.clone(),
            state: if node.is_down { "down" } else { "ready" }.into(),
            is_manager: node.is_manager,
        };
        self.nodes.iter().map(node).collect()
    }

    pub(super) fn services(&self) -> Vec<HostService> {
        self.services.clone()
    }

    pub(super) fn tasks(&self) -> Vec<HostTask> {
        self.tasks.clone()
    }

    pub(super) fn add(&mut self, mut network: HostNetwork) {
        if self.starved {
            network.driver.clear();
            network.subnets.clear();
        }
        self.networks.insert(network.docker_id.clone(), network);
    }

    /// As swarmkit does, whatever containers are still about to leave.
    pub(super) fn remove(&mut self, docker_id: &str) -> Result<Option<HostNetwork>, HostError> {
        let names = |one: &&HostService| one.networks.iter().any(|id| id == docker_id);
        let service = self.services.iter().find(names).map(|one| &one.name);
        let attached = |one: &&HostTask| one.service_id.is_none() && one.is_on(docker_id);
        let user = service.or_else(|| self.tasks.iter().find(attached).map(|one| &one.docker_id));
        if let Some(user) = user {
            let message = format!("network {docker_id} is in use by {user}");
            return Err(HostError::Docker { status: 400, message });
        }
        Ok(self.networks.remove(docker_id))
    }
}

fn task(node_id: &str, endpoint: SwarmEndpoint, service_id: Option<String>) -> HostTask {
    HostTask {
        docker_id: cuid2(),
        node_id: node_id.to_owned(),
        service_id,
        container_id: Some(cuid2()),
        state: "running".into(),
        endpoints: vec![endpoint],
        ..HostTask::default()
    }
}

fn node_event(node_id: &str) -> HostEvent {
    HostEvent {
        of: "node".into(),
        action: "update".into(),
        docker_id: node_id.to_owned(),
        name: String::new(),
    }
}
