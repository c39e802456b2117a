//! Services that are asked for through a manager of a fake swarm: their tasks, on its nodes.

use std::collections::BTreeMap;

use portolan_types::{Timestamp, id::cuid2};

use super::{FakeSwarm, Heard, Rolling, SwarmWorld, lock, node_event, rolling::missing};
use crate::host::{
    FoundBy, HostError, HostService, HostTask, NetworkMode, NewService, ServiceChange,
    ServiceUpdate, SwarmAlias, SwarmEndpoint, TaskVersion, UpdateOrder, fake::containers::refused,
    label,
};

/// What becomes of a task of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskFate {
    Runs,
    /// It runs, and nobody listens at its ports.
    IsDeaf,
    /// Its health check does not pass.
    Starts,
    /// Its program ends at once, in the swarm's words.
    Fails(String),
    /// No node can run it, in the swarm's words.
    IsRejected(String),
}

impl FakeSwarm {
    /// What becomes of tasks of an image from now on. Those of others are rejected: no node finds them.
    pub fn publish(&self, image: &str, fate: TaskFate) {
        lock(&self.world).fates.insert(image.to_owned(), fate);
    }

    /// Gives no task a place for this reason, or lets all have one.
    pub fn set_full(&self, why: Option<&str>) {
        let mut world = lock(&self.world);
        world.full = why.map(str::to_owned);
        let ids: Vec<String> = world.asked.keys().cloned().collect();
        if world.full.is_none() {
            for id in ids {
                world.tasks.retain(|task| {
                    task.service_id.as_ref() != Some(&id) || task.state != "pending"
                });
                world.fill(&id);
            }
        }
        drop(world);
        self.tell_of_services();
    }

    /// A node goes down, and its tasks with it, or comes back.
    pub fn set_down(&self, node_id: &str, is_down: bool) {
        let mut world = lock(&self.world);
        if let Some(node) = world.nodes.get_mut(node_id) {
            node.is_down = is_down;
        }
        if is_down {
            world.end(|task| task.node_id == node_id && task.slot.is_some(), "shutdown");
        }
        let ids: Vec<String> = world.asked.keys().cloned().collect();
        for id in ids {
            world.fill(&id);
        }
        drop(world);
        self.broadcast(&node_event(node_id));
    }

    /// The services that there are, by their names, sorted.
    pub fn service_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            lock(&self.world).services.iter().map(|one| one.name.clone()).collect();
        names.sort();
        names
    }

    /// What a service was asked for as.
    pub fn asked_for(&self, name: &str) -> Option<NewService> {
        let world = lock(&self.world);
        world.asked.values().find(|one| one.task.name == name).cloned()
    }

    /// The nodes of a service's tasks that run, sorted.
    pub fn nodes_of(&self, name: &str) -> Vec<String> {
        let world = lock(&self.world);
        let Some(service) = world.service(name) else { return Vec::new() };
        let its = |task: &&HostTask| task.service_id.as_ref() == Some(&service.docker_id);
        let running = world.tasks.iter().filter(its).filter(|task| task.is_running());
        let mut nodes: Vec<String> = running.map(|task| task.node_id.clone()).collect();
        nodes.sort();
        nodes
    }

    /// The ids of a service's tasks that are to run, sorted.
    pub fn task_ids(&self, name: &str) -> Vec<String> {
        let world = lock(&self.world);
        let Some(service) = world.service(name) else { return Vec::new() };
        let its = |task: &&HostTask| task.service_id.as_ref() == Some(&service.docker_id);
        let mut ids: Vec<String> =
            world.tasks.iter().filter(its).map(|task| task.docker_id.clone()).collect();
        ids.sort();
        ids
    }

    /// Removes a service behind Portolan's back.
    pub fn drop_service(&self, name: &str) {
        let mut world = lock(&self.world);
        if let Some(found) = world.service(name) {
            world.remove_service(&found.docker_id);
        }
        drop(world);
        self.tell_of_services();
    }

    pub(in super::super) fn tell_of_services(&self) {
        self.broadcast(&node_event(""));
    }
}

impl SwarmWorld {
    pub(in super::super) fn service(&self, name: &str) -> Option<HostService> {
        self.services.iter().find(|one| one.name == name).cloned()
    }

    pub(in super::super) fn create_service(
        &mut self,
        new: &NewService,
    ) -> Result<String, HostError> {
        if self.service(&new.task.name).is_some() {
            let message = "rpc error: code = AlreadyExists desc = name conflicts with an existing \
                           object: service already exists";
            return refused(409, message.to_owned());
        }
        let id = cuid2();
        let service = self.described(&id, new)?;
        self.services.push(service);
        self.asked.insert(id.clone(), new.clone());
        self.fill(&id);
        Ok(id)
    }

    /// As the swarm tells of what was asked for.
    fn described(&self, id: &str, new: &NewService) -> Result<HostService, HostError> {
        let NetworkMode::Networks(places) = &new.task.network else {
            return refused(400, "a service is on overlays alone".to_owned());
        };
        let (mut networks, mut aliases) = (Vec::new(), Vec::new());
        for place in places {
            let found = self.networks.values().find(|one| one.name == place.network);
            let Some(found) = found else { return missing("network", &place.network) };
            let alias = |name: &String| SwarmAlias {
                network_id: found.docker_id.clone(),
                name: name.clone(),
            };
            aliases.extend(place.endpoint.aliases.iter().map(alias));
            networks.push(found.docker_id.clone());
        }
        let number = self.services.iter().position(|one| one.docker_id == id);
        let address = format!("10.0.{}.2", number.unwrap_or(self.services.len()) + 100);
        let own = Some(address).filter(|_| new.found_by == FoundBy::Address);
        let endpoint = |id: &String| SwarmEndpoint { network_id: id.clone(), address: own.clone() };
        Ok(HostService {
            docker_id: id.to_owned(),
            name: new.task.name.clone(),
            image: new.task.image.clone(),
            endpoints: networks.iter().map(endpoint).collect(),
            networks,
            aliases,
            application: new.labels.get(label::APPLICATION).cloned(),
            deployment: new.labels.get(label::DEPLOYMENT).cloned(),
            replicas: Some(u64::from(new.replicas)),
            version: version(new),
            ..HostService::default()
        })
    }

    pub(in super::super) fn update_service(
        &mut self,
        id: &str,
        new: &NewService,
    ) -> Result<(), HostError> {
        let after = self.described(id, new)?;
        let Some(at) = self.services.iter().position(|one| one.docker_id == id) else {
            return missing("service", id);
        };
        let same_tasks = self
            .asked
            .get(id)
            .is_some_and(|before| (&before.task, before.forced) == (&new.task, new.forced));
        self.services[at] = after;
        self.asked.insert(id.to_owned(), new.clone());
        if !same_tasks {
            self.roll_out(id, at);
        }
        self.fill(id);
        Ok(())
    }

    pub(in super::super) fn change_one(
        &mut self,
        id: &str,
        change: ServiceChange,
    ) -> Result<(), HostError> {
        let Some(mut new) = self.asked.get(id).cloned() else { return missing("service", id) };
        match change {
            ServiceChange::Replicas(replicas) => new.replicas = replicas,
            ServiceChange::Forced(forced) => new.forced = forced,
        }
        self.update_service(id, &new)
    }

    pub(in super::super) fn remove_service(&mut self, id: &str) {
        self.services.retain(|one| one.docker_id != id);
        self.asked.remove(id);
        let stays = |task: &HostTask| task.service_id.as_deref() != Some(id);
        self.tasks.retain(stays);
        self.past.retain(stays);
    }

    pub(in super::super) fn tasks_of(&self, id: &str) -> Vec<HostTask> {
        let its = |task: &&HostTask| task.service_id.as_deref() == Some(id);
        self.tasks.iter().chain(&self.past).filter(its).cloned().collect()
    }

    /// Replaces the tasks of a service, as the test has it.
    fn roll_out(&mut self, id: &str, at: usize) {
        let state = match self.rolling {
            Rolling::AtOnce => return self.replace_asked(id),
            Rolling::Slow => "updating",
            Rolling::Paused => "paused",
            Rolling::Back => "rollback_completed",
        };
        self.services[at].update = Some(told(state, "as the test wants"));
    }

    /// One after the other; a task that does not come up stops it.
    pub(super) fn replace_asked(&mut self, id: &str) {
        let Some(new) = self.asked.get(id).cloned() else { return };
        let outdated: Vec<u32> = self
            .tasks
            .iter()
            .filter(|task| task.service_id.as_deref() == Some(id) && task.version != version(&new))
            .filter_map(|task| task.slot)
            .collect();
        let mut update = told("completed", "update completed");
        for slot in outdated {
            let task = self.placed(id, slot, &new);
            let is_up = task.is_running();
            let old = |one: &HostTask| {
                one.service_id.as_deref() == Some(id)
                    && one.slot == Some(slot)
                    && one.docker_id != task.docker_id
            };
            if is_up || new.order == UpdateOrder::StopFirst {
                self.end(old, "shutdown");
            }
            let failed = task.has_failed();
            let why =
                format!("update paused due to failure or early termination of {}", task.docker_id);
            if failed {
                self.past.push(HostTask { is_past: true, ..task });
            } else {
                self.tasks.push(task);
            }
            if !is_up {
                update = if failed { told("paused", &why) } else { told("updating", "") };
                break;
            }
        }
        if let Some(one) = self.services.iter_mut().find(|one| one.docker_id == id) {
            one.update = Some(update);
        }
    }

    /// So many tasks as are to run, each in its slot.
    pub(super) fn fill(&mut self, id: &str) {
        let Some(new) = self.asked.get(id).cloned() else { return };
        let replicas = new.replicas;
        let beyond = |task: &HostTask| {
            task.service_id.as_deref() == Some(id) && task.slot.is_some_and(|slot| slot > replicas)
        };
        self.end(beyond, "shutdown");
        for slot in 1..=replicas {
            let has = self
                .tasks
                .iter()
                .any(|task| task.service_id.as_deref() == Some(id) && task.slot == Some(slot));
            if !has {
                self.begin(id, slot, &new);
            }
        }
    }

    /// A task that fails is tried again, and waits for its next try.
    fn begin(&mut self, id: &str, slot: u32, new: &NewService) {
        let task = self.placed(id, slot, new);
        if task.has_failed() {
            for _ in 0..2 {
                self.past.push(HostTask { docker_id: cuid2(), is_past: true, ..task.clone() });
            }
            self.tasks.push(HostTask { state: "ready".into(), error: None, ..task });
        } else {
            self.tasks.push(task);
        }
    }

    /// On the node with the fewest of its tasks.
    fn placed(&self, id: &str, slot: u32, new: &NewService) -> HostTask {
        let mut crowd: BTreeMap<&String, usize> =
            self.nodes.iter().filter(|(_, node)| !node.is_down).map(|(id, _)| (id, 0)).collect();
        for task in self.tasks.iter().filter(|task| task.service_id.as_deref() == Some(id)) {
            if let Some(count) = crowd.get_mut(&task.node_id) {
                *count += 1;
            }
        }
        let node = crowd.into_iter().min_by_key(|(_, count)| *count).map(|(id, _)| id.clone());
        let image = new.task.image.split('@').next().unwrap_or_default();
        let absent = || TaskFate::IsRejected(format!("No such image: {image}"));
        let fate = self.fates.get(image).cloned().unwrap_or_else(absent);
        let (state, error) = match (&self.full, fate) {
            (Some(why), _) => ("pending", Some(why.clone())),
            (None, TaskFate::Runs | TaskFate::IsDeaf) => ("running", None),
            (None, TaskFate::Starts) => ("starting", None),
            (None, TaskFate::Fails(why)) => ("failed", Some(why)),
            (None, TaskFate::IsRejected(why)) => ("rejected", Some(why)),
        };
        let number = self.services.iter().position(|one| one.docker_id == id);
        let address = format!("10.0.{}.{}", number.unwrap_or_default() + 100, slot + 9);
        let place = |network: &String| SwarmEndpoint {
            network_id: network.clone(),
            address: Some(address.clone()),
        };
        let service = self.services.iter().find(|one| one.docker_id == id);
        HostTask {
            docker_id: cuid2(),
            node_id: node.filter(|_| self.full.is_none()).unwrap_or_default(),
            service_id: Some(id.to_owned()),
            container_id: Some(cuid2()),
            state: state.to_owned(),
            endpoints: service
                .map(|one| one.networks.iter().map(place).collect())
                .unwrap_or_default(),
            slot: Some(slot),
            version: version(new),
            error,
            since: Some(Timestamp::now()),
            is_past: false,
        }
    }

    /// Ends tasks, and remembers them.
    fn end(&mut self, is_it: impl Fn(&HostTask) -> bool, state: &str) {
        let (ended, live) =
            std::mem::take(&mut self.tasks).into_iter().partition(|task| is_it(task));
        self.tasks = live;
        let over = |task: HostTask| HostTask { state: state.to_owned(), is_past: true, ..task };
        self.past.extend(Vec::into_iter(ended).map(over));
    }

    fn running_of(&self, service: &HostService) -> Vec<&HostTask> {
        let its = |task: &&HostTask| task.service_id.as_ref() == Some(&service.docker_id);
        self.tasks.iter().filter(its).filter(|task| task.is_running()).collect()
    }

    /// What is heard at the address of a service that was asked for, or of one of its tasks.
    pub(super) fn hear_service(&self, network: &str, address: &str) -> Option<Heard> {
        let is_here = |places: &[SwarmEndpoint]| {
            let mut places = places.iter();
            places.any(|one| one.network_id == network && one.address.as_deref() == Some(address))
        };
        let asked = |one: &&HostService| self.asked.contains_key(&one.docker_id);
        let here = |one: &&HostService| {
            is_here(&one.endpoints)
                || self.running_of(one).iter().any(|task| is_here(&task.endpoints))
        };
        let service = self.services.iter().filter(asked).find(here)?;
        let image = service.image.split('@').next().unwrap_or_default();
        let is_deaf = self.fates.get(image) == Some(&TaskFate::IsDeaf);
        let runs = !self.running_of(service).is_empty();
        Some(if runs && !is_deaf { Heard::TheNonce } else { Heard::Nothing })
    }
}

fn version(new: &NewService) -> TaskVersion {
    let deployment = new.task.labels.get(label::DEPLOYMENT).cloned();
    TaskVersion { deployment, forced: new.forced }
}

fn told(state: &str, message: &str) -> ServiceUpdate {
    ServiceUpdate { state: state.into(), message: message.into() }
}
