//! Who is met on the overlays of a fake swarm, whatever node it is on: what a probe of one engine
//! needs to know of the containers of another.

use super::{FakeSwarm, SwarmWorld, lock};
use crate::host::{Attachment, ContainerEndpoint, NewContainer, fake::World};

/// A running container at its address.
#[derive(Debug, Clone)]
pub(super) struct End {
    container: String,
    name: String,
    /// What a probe says, and at which port.
    answers: Option<(String, String)>,
}

/// What is heard at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Heard {
    TheNonce,
    SomethingElse,
    /// Nobody listens at the port.
    Nothing,
}

impl World {
    /// A container was started: on the networks that are the swarm's it is a task, and met by all
    /// nodes.
    pub(in super::super) fn join_overlays(&self, docker_id: &str, places: &[ContainerEndpoint]) {
        let Some(membership) = &self.membership else { return };
        for place in places {
            let network = &place.attachment.network_id;
            membership.swarm.attached(&membership.node_id, network, docker_id);
            self.meet(docker_id, place);
        }
    }

    /// Where the network is the swarm's, the container is met there by all nodes.
    pub(in super::super) fn meet(&self, docker_id: &str, place: &ContainerEndpoint) {
        let Some(membership) = &self.membership else { return };
        let Attachment { network_id, address: Some(address), .. } = &place.attachment else {
            return;
        };
        if membership.swarm.network(network_id).is_some() {
            let answers = self.workloads.asked_for(docker_id).and_then(answers);
            let name = self.containers.get(docker_id).map(|one| one.member.name.clone());
            let name = name.unwrap_or_default();
            let end = End { container: docker_id.to_owned(), name, answers };
            let key = (network_id.clone(), address.clone());
            lock(&membership.swarm.world).ends.insert(key, end);
        }
    }
}

/// Probes alone are asked what they say.
fn answers(asked: &NewContainer) -> Option<(String, String)> {
    match asked.command.as_slice() {
        [hold, _, port, nonce] if hold == "hold" => Some((port.clone(), nonce.clone())),
        _ => None,
    }
}

impl FakeSwarm {
    pub(in super::super) fn has_end(&self, network: &str, address: &str) -> bool {
        lock(&self.world).ends.contains_key(&(network.to_owned(), address.to_owned()))
    }

    /// The addresses of a name on an overlay.
    pub(in super::super) fn addresses_of(&self, network: &str, name: &str) -> Vec<String> {
        let world = lock(&self.world);
        let is = |((of, _), end): &(&(String, String), &End)| of == network && end.name == name;
        world.ends.iter().filter(is).map(|((_, address), _)| address.clone()).collect()
    }

    /// The end of a container's program: it is met nowhere.
    pub(in super::super) fn fell_silent(&self, container: &str) {
        lock(&self.world).ends.retain(|_, end| end.container != container);
    }

    /// What is heard at an address of an overlay; `None` where nobody is.
    pub(in super::super) fn hear(
        &self,
        network: &str,
        (address, port): (&str, &str),
        nonce: Option<&str>,
    ) -> Option<Heard> {
        let world = lock(&self.world);
        if let Some(heard) = world.hear_service(network, address) {
            return Some(heard);
        }
        let end = world.ends.get(&(network.to_owned(), address.to_owned()))?;
        Some(match (&end.answers, nonce) {
            (Some((at, _)), _) if at != port => Heard::Nothing,
            (Some((_, own)), Some(nonce)) if own != nonce => Heard::SomethingElse,
            (Some(_) | None, None) | (Some(_), Some(_)) => Heard::TheNonce,
            (None, Some(_)) => Heard::Nothing,
        })
    }
}

impl SwarmWorld {
    /// A container was taken off a network: it is not met there any more.
    pub(super) fn leave(&mut self, network: &str, container: &str) {
        self.ends.retain(|(of, _), end| !(of == network && end.container == container));
    }
}
