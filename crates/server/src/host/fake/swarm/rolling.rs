//! Services of a fake swarm whose networks change, and how their tasks follow.

use portolan_types::id::cuid2;

use super::{FakeSwarm, SwarmWorld, lock, node_event, task};
use crate::host::{HostError, HostNetwork, HostService, ServiceUpdate, SwarmEndpoint};

/// How the tasks of a service follow when its definition changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rolling {
    AtOnce,
    /// When the test says so: see [`FakeSwarm::roll`].
    Slow,
    /// Not at all: the new tasks do not come up, and Docker waits for a person.
    Paused,
    /// Docker goes back to the definition before.
    Back,
}

impl FakeSwarm {
    /// How services follow from now on.
    pub fn set_rolling(&self, rolling: Rolling) {
        lock(&self.world).rolling = rolling;
    }

    /// Replaces the tasks that are still to be replaced; answers whether there were some.
    pub fn roll(&self) -> bool {
        let mut world = lock(&self.world);
        let under_way =
            |one: &HostService| one.update.as_ref().is_some_and(ServiceUpdate::is_under_way);
        let ids: Vec<String> = world
            .services
            .iter()
            .filter(|one| under_way(one))
            .map(|one| one.docker_id.clone())
            .collect();
        for id in &ids {
            world.replace_tasks(id);
        }
        drop(world);
        if !ids.is_empty() {
            self.broadcast(&node_event(""));
        }
        !ids.is_empty()
    }

    /// Whether tasks are still to be replaced.
    pub fn is_rolling(&self) -> bool {
        let world = lock(&self.world);
        world.services.iter().filter_map(|one| one.update.as_ref()).any(ServiceUpdate::is_under_way)
    }

    /// The names of the networks that there are, sorted.
    pub fn network_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            lock(&self.world).networks.values().map(|network| network.name.clone()).collect();
        names.sort();
        names
    }

    /// Ends what was attached by hand on a node.
    pub fn detach_node(&self, node_id: &str) {
        lock(&self.world).tasks.retain(|task| task.node_id != node_id);
        self.broadcast(&node_event(node_id));
    }

    /// Changes a service behind Portolan's back.
    pub fn change_service(&self, name: &str, change: impl FnOnce(&mut HostService)) {
        let mut world = lock(&self.world);
        if let Some(service) = world.services.iter_mut().find(|one| one.name == name) {
            change(service);
        }
        drop(world);
        self.broadcast(&node_event(""));
    }

    /// Gives a service further names on a network.
    pub fn name_service(&self, service: &str, network: &str, names: &[&str]) {
        let mut world = lock(&self.world);
        let Some(key) = world.key(service, network) else { return };
        world.names.insert(key, names.iter().map(|name| (*name).to_owned()).collect());
    }

    /// The names that a service has on a network; `None` when it is not on it.
    pub fn names_of(&self, service: &str, network: &str) -> Option<Vec<String>> {
        let world = lock(&self.world);
        let key = world.key(service, network)?;
        let one = world.services.iter().find(|one| one.name == service)?;
        one.networks.contains(&key.1).then(|| world.names.get(&key).cloned().unwrap_or_default())
    }

    /// The names of the networks that the tasks of a service are on, each once.
    pub fn networks_of_tasks(&self, service: &str) -> Vec<String> {
        let world = lock(&self.world);
        let id = world.services.iter().find(|one| one.name == service).map(|one| &one.docker_id);
        let tasks = world.tasks.iter().filter(|task| task.service_id.as_ref() == id);
        let ids = tasks.flat_map(|task| &task.endpoints).map(|place| &place.network_id);
        let mut names: Vec<String> =
            ids.filter_map(|id| Some(world.networks.get(id)?.name.clone())).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(in super::super) fn network(&self, docker_id: &str) -> Option<HostNetwork> {
        lock(&self.world).networks.get(docker_id).cloned()
    }

    /// A container of a node joined a network: where that is the swarm's, it is a task of it.
    pub(in super::super) fn attached(&self, node_id: &str, network: &str, container: &str) {
        let mut world = lock(&self.world);
        if world.networks.contains_key(network) {
            let endpoint = SwarmEndpoint { network_id: network.to_owned(), address: None };
            let mut task = task(node_id, endpoint, None);
            task.container_id = Some(container.to_owned());
            world.tasks.push(task);
        }
    }

    pub(in super::super) fn detached(&self, network: &str, container: &str) {
        let is_it = |id: &Option<String>| id.as_deref() == Some(container);
        let mut world = lock(&self.world);
        world.tasks.retain(|task| !(task.is_on(network) && is_it(&task.container_id)));
        world.leave(network, container);
    }

    pub(in super::super) fn ended(&self, container: &str) {
        lock(&self.world).tasks.retain(|task| task.container_id.as_deref() != Some(container));
    }
}

impl SwarmWorld {
    fn key(&self, service: &str, network: &str) -> Option<(String, String)> {
        let service = self.services.iter().find(|one| one.name == service)?;
        let network = self.networks.values().find(|one| one.name == network)?;
        Some((service.docker_id.clone(), network.docker_id.clone()))
    }

    pub(in super::super) fn connect_service(
        &mut self,
        network: &str,
        service: &str,
        like: &str,
    ) -> Result<(), HostError> {
        if !self.networks.contains_key(network) {
            return missing("network", network);
        }
        let key = |network: &str| (service.to_owned(), network.to_owned());
        let names = self.names.get(&key(like)).cloned();
        self.redefine(service, |networks| {
            if !networks.iter().any(|id| id == network) {
                networks.push(network.to_owned());
            }
        })?;
        self.names.extend(names.map(|names| (key(network), names)));
        Ok(())
    }

    pub(in super::super) fn disconnect_service(
        &mut self,
        network: &str,
        service: &str,
    ) -> Result<(), HostError> {
        self.redefine(service, |networks| networks.retain(|id| id != network))
    }

    fn redefine(
        &mut self,
        service: &str,
        change: impl FnOnce(&mut Vec<String>),
    ) -> Result<(), HostError> {
        let rolling = self.rolling;
        let Some(one) = self.services.iter_mut().find(|one| one.docker_id == service) else {
            return missing("service", service);
        };
        let before = one.networks.clone();
        change(&mut one.networks);
        if one.networks == before {
            return Ok(());
        }
        let state = match rolling {
            Rolling::AtOnce | Rolling::Slow => "updating",
            Rolling::Paused => "paused",
            Rolling::Back => "rollback_completed",
        };
        one.update =
            Some(ServiceUpdate { state: state.into(), message: "as the test wants".into() });
        match rolling {
            Rolling::AtOnce => self.replace_tasks(service),
            Rolling::Back => one.networks = before,
            Rolling::Slow | Rolling::Paused => {}
        }
        Ok(())
    }

    /// By tasks of the present definition.
    fn replace_tasks(&mut self, service: &str) {
        let Some(one) = self.services.iter_mut().find(|one| one.docker_id == service) else {
            return;
        };
        if self.asked.contains_key(service) {
            return self.replace_asked(service);
        }
        let place = |id: &String| SwarmEndpoint { network_id: id.clone(), address: None };
        one.endpoints = one.networks.iter().map(place).collect();
        one.update = Some(ServiceUpdate { state: "completed".into(), message: String::new() });
        let mine = self.tasks.iter_mut().filter(|task| task.service_id.as_deref() == Some(service));
        for task in mine {
            task.docker_id = cuid2();
            task.container_id = Some(cuid2());
            task.endpoints.clone_from(&one.endpoints);
        }
    }
}

pub(super) fn missing<T>(what: &str, id: &str) -> Result<T, HostError> {
    Err(HostError::Docker { status: 404, message: format!("{what} {id} not found") })
}
