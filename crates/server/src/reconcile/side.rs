//! Networks beside destinations: those of links and those of stacks. Each is found by its label, made with
//! a subnet that nobody else has, and taken down with whoever is on it still.
//!
//! Which there are to be, and what is told of them, is for `links` and `stacks` to say.

use std::collections::BTreeMap;

use ipnet::IpNet;
use portolan_types::{DestinationKind, Failure, NetworkName, NetworkOptions};

use super::{
    compare::LABEL_MANAGED,
    recorder::failure,
    spare::{self, Range},
    work::{Halt, halt},
};
use crate::{
    db::{link::PlacedEnd, server::Assigned},
    host::{Endpoint, Host, HostError, HostNetwork, NewNetwork, Place},
    sighting::Sighting,
};

/// One look's view of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) server: &'a Assigned,
    pub(super) host: &'a dyn Host,
    pub(super) seen: &'a Sighting,
}

impl Around<'_> {
    fn answer<T>(&self, answer: Result<T, HostError>, action: &str) -> Result<T, Halt> {
        answer.map_err(|error| halt(self.server.server.name.as_str(), error, action))
    }

    /// Whether the container that serves is on a network, which it is brought to.
    pub(super) async fn is_on(
        &self,
        (network, docker_id): (&str, &str),
        end: &PlacedEnd,
    ) -> Result<bool, Halt> {
        let found = self.seen.containers.iter().find(|one| {
            Some(&one.member.name) == end.container.as_ref()
                && one.application.as_deref() == Some(end.application.as_str())
        });
        let Some(found) = found else { return Ok(false) };
        if found.attachments.iter().any(|place| place.key == network) {
            return Ok(true);
        }
        let connected = self.host.connect(docker_id, &found.member.docker_id, &endpoint(end)).await;
        self.answer(connected, &format!("connect `{}` to `{network}`", end.name))?;
        Ok(true)
    }
}

/// Subnets that are taken on a server, those that were given out in this look among them.
#[derive(Debug)]
pub(super) struct Held(Vec<IpNet>);

impl Held {
    pub(super) fn seen(seen: &Sighting) -> Self {
        Self(seen.networks.iter().flat_map(spare::subnets).collect())
    }
}

/// A network beside destinations, as it is to be.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) name: NetworkName,
    /// By which it is found again.
    pub(super) label: (&'static str, String),
    /// Whether nothing leads outside by it.
    pub(super) internal: bool,
    pub(super) range: Range,
}

impl Side {
    fn is_it(&self, network: &HostNetwork) -> bool {
        network.labels.get(self.label.0) == Some(&self.label.1)
    }

    /// Docker's id of it, as it was just seen or is made now.
    pub(super) async fn made(&self, around: Around<'_>, held: &mut Held) -> Result<String, Halt> {
        match around.seen.networks.iter().find(|network| self.is_it(network)) {
            Some(network) => Ok(network.docker_id.clone()),
            None => self.make(around, held).await,
        }
    }

    async fn make(&self, around: Around<'_>, held: &mut Held) -> Result<String, Halt> {
        let found = self.range.first_clear_of(&held.0);
        let subnet = found.ok_or_else(|| self.no_room(around.server))?;
        held.0.push(subnet.into());
        let labels = BTreeMap::from([
            (LABEL_MANAGED.to_owned(), "true".to_owned()),
            (self.label.0.to_owned(), self.label.1.clone()),
        ]);
        let options = NetworkOptions {
            subnet: Some(subnet),
            internal: self.internal,
            ..NetworkOptions::default()
        };
        let kind = DestinationKind::Standalone;
        let new = NewNetwork { kind, name: self.name.clone(), options, labels };
        let made = around.host.create_network(&new).await;
        around.answer(made, &format!("create network `{}`", new.name))
    }

    /// Whether the container that serves is on the network, which it is brought to.
    pub(super) async fn is_on(
        &self,
        around: Around<'_>,
        (end, docker_id): (&PlacedEnd, &str),
    ) -> Result<bool, Halt> {
        around.is_on((self.name.as_str(), docker_id), end).await
    }

    /// The place on it of a container that is about to be made, where it is there.
    pub(super) async fn place(
        &self,
        host: &dyn Host,
        end: &PlacedEnd,
    ) -> Result<Option<Place>, HostError> {
        let network = self.name.to_string();
        let found = host.find_network(&network).await?;
        let found = found.filter(|found| self.is_it(found));
        Ok(found.map(|_| Place { network, endpoint: endpoint(end) }))
    }

    /// Takes it down with whoever is on it still.
    pub(super) async fn cleared(&self, host: &dyn Host) -> Result<(), HostError> {
        // Not as it was seen: it may have been made since.
        let Some(network) = host.find_network(self.name.as_str()).await? else { return Ok(()) };
        if !self.is_it(&network) {
            return Ok(());
        }
        for member in host.list_members(&network.docker_id).await? {
            host.disconnect(&network.docker_id, &member.docker_id).await?;
        }
        host.remove_network(&network.docker_id).await
    }

    fn no_room(&self, server: &Assigned) -> Failure {
        let range = self.range.whole();
        failure(
            "no-spare-subnet",
            format!("no subnet in {range} is free on server `{}`", server.server.name),
            "remove networks that use that range",
        )
    }
}

pub(super) fn endpoint(end: &PlacedEnd) -> Endpoint {
    Endpoint { aliases: end.aliases.clone(), ..Endpoint::default() }
}
