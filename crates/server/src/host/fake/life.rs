//! The life of containers on a fake engine: made, started, stopped, removed, and the events of it.

use std::time::Duration;

use portolan_types::{Timestamp, id::cuid2};

use super::{
    World,
    containers::{made, refused, runs},
    event,
};
use crate::host::{
    Attachment, ContainerDetail, ContainerEndpoint, HostError, HostEvent, NetworkMode,
    NewContainer, Place,
};

fn told(action: &str, container: &ContainerDetail) -> HostEvent {
    HostEvent {
        of: "container".to_owned(),
        action: action.to_owned(),
        docker_id: container.member.docker_id.clone(),
        name: container.member.name.clone(),
    }
}

impl World {
    pub(super) fn known(&self, docker_id: &str) -> Result<&ContainerDetail, HostError> {
        let missing = || format!("No such container: {docker_id}");
        self.containers.get(docker_id).map_or_else(|| refused(404, missing()), Ok)
    }

    pub(super) fn create_container(&mut self, new: &NewContainer) -> Result<String, HostError> {
        if let Some(other) = self.container(&new.name) {
            let id = &other.member.docker_id;
            let message = format!(
                "Conflict. The container name \"/{}\" is already in use by container \"{id}\".",
                new.name
            );
            return refused(409, message);
        }
        let Some(image) = self.workloads.find_image(&new.image) else {
            return refused(404, format!("No such image: {}", new.image));
        };
        let mut container = made(&new.name, "created");
        container.image.clone_from(&new.image);
        container.image_id = image.docker_id;
        container.labels.clone_from(&new.labels);
        self.give_networks(&mut container, &new.network)?;
        let id = container.member.docker_id.clone();
        self.workloads.mount(new);
        self.workloads.asked.insert(id.clone(), new.clone());
        self.containers.insert(id.clone(), container);
        Ok(id)
    }

    fn give_networks(
        &self,
        container: &mut ContainerDetail,
        mode: &NetworkMode,
    ) -> Result<(), HostError> {
        container.network_mode = match mode {
            NetworkMode::None => "none".into(),
            NetworkMode::Host => "host".into(),
            NetworkMode::Container(id) => format!("container:{id}"),
            NetworkMode::Networks(places) => {
                for place in places {
                    container.endpoints.push(self.promised(place)?);
                }
                places.first().map(|place| place.network.clone()).unwrap_or_default()
            }
        };
        Ok(())
    }

    /// A place that it will have once it is started.
    fn promised(&self, place: &Place) -> Result<ContainerEndpoint, HostError> {
        let Some(network) = self.network_called(&place.network) else {
            return refused(404, format!("network {} not found", place.network));
        };
        let attachment = Attachment { key: network.name.clone(), ..Attachment::default() };
        Ok(ContainerEndpoint { attachment, endpoint: place.endpoint.clone() })
    }

    pub(super) fn start(&mut self, docker_id: &str) -> Result<Vec<HostEvent>, HostError> {
        let container = self.known(docker_id)?.clone();
        if runs(&container) {
            return Ok(Vec::new());
        }
        self.free_ports(docker_id)?;
        let places = self.placed(&container)?;
        let connected = places.iter().filter_map(|place| {
            self.networks.get(&place.attachment.network_id).map(|network| event("connect", network))
        });
        let mut events: Vec<HostEvent> = connected.collect();
        events.push(told("start", &container));
        self.join_overlays(docker_id, &places);
        let ends_with = self.workloads.run(docker_id, &container.image);
        let ports = self.workloads.asked_for(docker_id).map(|new| new.ports.clone());
        if let Some(one) = self.containers.get_mut(docker_id) {
            "running".clone_into(&mut one.member.state);
            one.endpoints = places;
            one.started_at = Some(Timestamp::now());
            one.ports = ports.unwrap_or_default();
        }
        if let Some(code) = ends_with {
            events.extend(self.end(docker_id, code));
        }
        Ok(events)
    }

    /// Docker's words for a port that another container has, and for one that a process has.
    fn free_ports(&self, docker_id: &str) -> Result<(), HostError> {
        let own = |id: &str| self.workloads.asked_for(id).map_or(&[][..], |new| &new.ports);
        for port in own(docker_id).iter().map(|port| port.host) {
            let of_other = self
                .containers
                .values()
                .filter(|one| runs(one))
                .any(|one| own(&one.member.docker_id).iter().any(|other| other.host == port));
            let start = "driver failed programming external connectivity on endpoint";
            if of_other {
                let why =
                    format!("{start}: Bind for 0.0.0.0:{port} failed: port is already allocated");
                return refused(500, why);
            }
            if self.workloads.occupied.contains(&port) {
                let why = format!(
                    "{start}: Error starting userland proxy: listen tcp4 0.0.0.0:{port}: bind: \
                     address already in use"
                );
                return refused(500, why);
            }
        }
        Ok(())
    }

    /// Its places, each on the network that has that name now.
    fn placed(&self, container: &ContainerDetail) -> Result<Vec<ContainerEndpoint>, HostError> {
        let place = |one: &ContainerEndpoint| {
            let key = &one.attachment.key;
            let Some(network) = self.network_called(key) else {
                return refused(404, format!("network {key} not found"));
            };
            let address = self.address(&network, &one.endpoint)?;
            let attachment = Attachment {
                network_id: network.docker_id.clone(),
                endpoint_id: cuid2(),
                address: Some(address.to_string()),
                ..one.attachment.clone()
            };
            Ok(ContainerEndpoint { attachment, endpoint: one.endpoint.clone() })
        };
        container.endpoints.iter().map(place).collect()
    }

    pub(super) fn stop(&mut self, docker_id: &str) -> Result<Vec<HostEvent>, HostError> {
        self.known(docker_id)?;
        Ok(self.end(docker_id, 0))
    }

    fn end(&mut self, docker_id: &str, code: i64) -> Vec<HostEvent> {
        let Some(one) = self.containers.get_mut(docker_id).filter(|one| runs(one)) else {
            return Vec::new();
        };
        "exited".clone_into(&mut one.member.state);
        one.exit_code = code;
        one.ports.clear();
        if let Some(membership) = &self.membership {
            membership.swarm.fell_silent(docker_id);
        }
        let mut events = vec![told("die", one)];
        for place in &mut one.endpoints {
            place.attachment.endpoint_id.clear();
            place.attachment.address = None;
            let network = self.networks.get(&place.attachment.network_id);
            events.extend(network.map(|network| event("disconnect", network)));
        }
        events
    }

    pub(super) fn rename(
        &mut self,
        docker_id: &str,
        name: &str,
    ) -> Result<Vec<HostEvent>, HostError> {
        self.known(docker_id)?;
        if self.container(name).is_some() {
            return refused(
                409,
                format!("Conflict. The container name \"/{name}\" is already in use"),
            );
        }
        let renamed = self.containers.get_mut(docker_id).map(|one| {
            name.clone_into(&mut one.member.name);
            told("rename", one)
        });
        Ok(renamed.into_iter().collect())
    }

    pub(super) fn remove_container(&mut self, docker_id: &str) -> Vec<HostEvent> {
        let mut events = self.end(docker_id, 137);
        if let Some(removed) = self.containers.remove(docker_id) {
            self.workloads.asked.remove(docker_id);
            if let Some(membership) = &self.membership {
                membership.swarm.ended(docker_id);
            }
            events.push(told("destroy", &removed));
        }
        events
    }

    pub(super) fn exit_code(&self, docker_id: &str, within: Duration) -> Result<i64, HostError> {
        let container = self.known(docker_id)?;
        if runs(container) {
            let action = "see the container end".to_owned();
            return Err(HostError::Timeout { action, seconds: within.as_secs() });
        }
        Ok(container.exit_code)
    }
}
