//! What somebody on the host does behind Portolan's back, and what there is to be seen there.

use portolan_types::id::cuid2;

use super::{
    ContainerDetail, Endpoint, FakeEngine, FakeExec, FakeImage, FakePrograms, HostEvent,
    HostNetwork, NetworkFault, NewContainer, World, event, lock,
};
use crate::host::TerminalProgram;

impl FakeEngine {
    /// The names of the networks that there are, sorted.
    pub fn network_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            lock(&self.world).networks.values().map(|network| network.name.clone()).collect();
        names.sort();
        names
    }

    /// The network of this name.
    pub fn network(&self, name: &str) -> Option<HostNetwork> {
        let world = lock(&self.world);
        let own = world.networks.values().find(|network| network.name == name).cloned();
        own.or_else(|| world.membership.as_ref()?.swarm.networks(name).pop())
    }

    /// A network that somebody else made, changed as it should be.
    pub fn put_network(&self, name: &str, change: impl FnOnce(&mut HostNetwork)) {
        let docker_id = cuid2();
        let mut network = HostNetwork {
            docker_id: docker_id.clone(),
            name: name.to_owned(),
            driver: "bridge".into(),
            scope: "local".into(),
            ..HostNetwork::default()
        };
        change(&mut network);
        lock(&self.world).networks.insert(docker_id, network);
    }

    /// Changes a network behind Portolan's back.
    pub fn change_network(&self, name: &str, change: impl FnOnce(&mut HostNetwork)) {
        let mut world = lock(&self.world);
        let found = world.networks.values_mut().find(|network| network.name == name);
        let Some(network) = found else { return };
        change(network);
        let event = event("connect", network);
        drop(world);
        drop(self.events.send(event));
    }

    /// Removes a network behind Portolan's back.
    pub fn drop_network(&self, name: &str) {
        let Some(network) = self.network(name) else { return };
        self.remove(&network.docker_id);
    }

    /// Removes a network and makes one of its name behind Portolan's back, as it was but for the
    /// change; answers its id.
    pub fn recreate_network(
        &self,
        name: &str,
        change: impl FnOnce(&mut HostNetwork),
    ) -> Option<String> {
        let mut world = lock(&self.world);
        let old = world.networks.values().find(|network| network.name == name).cloned()?;
        let mut new = HostNetwork { docker_id: cuid2(), ..old.clone() };
        change(&mut new);
        let docker_id = new.docker_id.clone();
        world.networks.remove(&old.docker_id);
        world.networks.insert(docker_id.clone(), new.clone());
        drop(world);
        self.tell(event("destroy", &old));
        self.tell(event("create", &new));
        Some(docker_id)
    }

    /// Puts a running container on a network.
    pub fn join(&self, name: &str, container: &str) {
        self.join_as(name, container, "running", &Endpoint::default());
    }

    /// Puts a container on a network, in a state and with what is asked for. One of that name that
    /// is there already is connected.
    pub fn join_as(&self, name: &str, container: &str, state: &str, endpoint: &Endpoint) {
        let Some(network) = self.network(name) else { return };
        lock(&self.world).join(&network.docker_id, container, state, endpoint);
        drop(self.events.send(event("connect", &network)));
    }

    /// Lets something be wrong on a network of this name from now on.
    pub fn harm(&self, network: &str, fault: NetworkFault) {
        lock(&self.world).network_faults.insert((network.to_owned(), fault));
    }

    /// Lets nothing be wrong on any network any more.
    pub fn heal(&self) {
        lock(&self.world).network_faults.clear();
    }

    /// Lets nobody listen in a container.
    pub fn deafen(&self, container: &str) {
        lock(&self.world).deaf.insert(container.to_owned());
    }

    /// The names of all containers, sorted.
    pub fn container_names(&self) -> Vec<String> {
        let world = lock(&self.world);
        let mut names: Vec<String> =
            world.containers.values().map(|one| one.member.name.clone()).collect();
        names.sort();
        names
    }

    /// Takes every container off a network.
    pub fn empty(&self, name: &str) {
        let Some(network) = self.network(name) else { return };
        let mut world = lock(&self.world);
        for one in world.containers.values_mut() {
            one.endpoints.retain(|one| !one.attachment.is_of(&network.docker_id, name));
        }
    }

    /// The container of this name.
    pub fn container(&self, name: &str) -> Option<ContainerDetail> {
        lock(&self.world).container(name).cloned()
    }

    /// Changes a container behind Portolan's back.
    pub fn change_container(&self, name: &str, change: impl FnOnce(&mut ContainerDetail)) {
        let mut world = lock(&self.world);
        let same = |one: &&mut ContainerDetail| one.member.name == name;
        if let Some(container) = world.containers.values_mut().find(same) {
            change(container);
        }
    }

    /// Gives a container an image, and the rules by which proxies lead to it.
    pub fn dress(&self, container: &str, image: &str, routes: &[&str]) {
        let routes = routes.iter().map(|rule| (*rule).to_owned()).collect();
        lock(&self.world).dress.insert(container.to_owned(), (image.to_owned(), routes));
    }

    /// Names of those on a network, sorted, each with its aliases.
    pub fn members(&self, name: &str) -> Vec<(String, Vec<String>)> {
        let Some(network) = self.network(name) else { return Vec::new() };
        let world = lock(&self.world);
        let on_it = |one: &ContainerDetail| {
            let place = one.endpoint(&network.docker_id, name)?;
            Some((one.member.name.clone(), place.endpoint.aliases.clone()))
        };
        let mut members: Vec<_> = world.containers.values().filter_map(on_it).collect();
        members.sort();
        members
    }

    /// Removes a container behind Portolan's back.
    pub fn drop_container(&self, name: &str) {
        self.meddle(name, World::remove_container);
    }

    /// Gives a container another name behind Portolan's back.
    pub fn rename_container(&self, name: &str, other: &str) {
        self.meddle(name, |world, id| world.rename(id, other).unwrap_or_default());
    }

    /// Ends a container's program behind Portolan's back.
    pub fn crash_container(&self, name: &str) {
        self.meddle(name, |world, id| world.stop(id).unwrap_or_default());
    }

    /// Starts a container behind Portolan's back, as an engine does that comes up.
    pub fn start_container(&self, name: &str) {
        self.meddle(name, |world, id| world.start(id).unwrap_or_default());
    }

    /// Takes a container off a network behind Portolan's back.
    pub fn disconnect(&self, network: &str, container: &str) {
        let Some(network) = self.network(network) else { return };
        self.meddle(container, |world, id| {
            drop(world.disconnect(&network.docker_id, id));
            vec![event("disconnect", &network)]
        });
    }

    fn meddle(&self, container: &str, act: impl FnOnce(&mut World, &str) -> Vec<HostEvent>) {
        let mut world = lock(&self.world);
        let Some(id) = world.container(container).map(|one| one.member.docker_id.clone()) else {
            return;
        };
        let events = act(&mut world, &id);
        drop(world);
        for event in events {
            self.tell(event);
        }
    }

    /// Puts an image into the registry that the engine asks.
    pub fn publish_image(&self, reference: &str, image: FakeImage) {
        lock(&self.world).workloads.publish(reference, image);
    }

    /// Puts an image on the host.
    pub fn put_image(&self, reference: &str, image: FakeImage) {
        lock(&self.world).workloads.put(reference, image);
    }

    /// What containers answer when a program is run in them; without, each program succeeds.
    pub fn answer_exec(&self, answer: FakeExec) {
        lock(&self.world).workloads.answer_exec(answer);
    }

    /// Lets programs do this that are spoken with.
    pub fn run_programs(&self, programs: FakePrograms) {
        lock(&self.world).workloads.programs = Some(programs);
    }

    /// What was run in terminals in its containers, oldest first.
    pub fn in_terminals(&self) -> Vec<TerminalProgram> {
        lock(&self.world).workloads.in_terminals.clone()
    }

    /// Lets a process of the host have a port, or none.
    pub fn occupy_port(&self, port: u16, occupied: bool) {
        lock(&self.world).workloads.occupy(port, occupied);
    }

    /// How a container was asked for.
    pub fn asked_for(&self, name: &str) -> Option<NewContainer> {
        let world = lock(&self.world);
        let id = &world.container(name)?.member.docker_id;
        world.workloads.asked_for(id).cloned()
    }

    /// A file in a container.
    pub fn file(&self, container: &str, path: &str) -> Option<Vec<u8>> {
        let world = lock(&self.world);
        let id = world.container(container)?.member.docker_id.clone();
        world.read_file(&id, path).ok().flatten()
    }

    /// Puts a file into a volume.
    pub fn write(&self, volume: &str, path: &str, content: &[u8]) {
        lock(&self.world).workloads.write(volume, path, content);
    }

    /// A file in a volume.
    pub fn written(&self, volume: &str, path: &str) -> Option<Vec<u8>> {
        lock(&self.world).workloads.written(volume, path)
    }

    /// Cuts the link after so many files of archives were put, once.
    pub fn cut_after(&self, files: usize) {
        lock(&self.world).breaks_after = Some(files);
    }

    /// The names of the volumes that there are.
    pub fn volume_names(&self) -> Vec<String> {
        lock(&self.world).workloads.volume_names()
    }
}
