//! The ends of a question of reach, as they are on their hosts now.

use std::net::IpAddr;

use portolan_types::{Destination, ReachEnd};

use super::{
    super::probes::{Ground, addresses},
    Halt, untried,
};
use crate::host::{Attachment, ContainerDetail, Endpoint, HostNetwork, Place};

/// How often one container may have the network of another one.
const CHAIN: usize = 4;
/// Docker's default network, which answers no names.
const DEFAULT: &str = "bridge";

/// An end as it is now.
#[derive(Debug)]
pub(super) enum End {
    /// The container itself, or the one whose network it has.
    Container(Box<ContainerDetail>),
    /// A destination: any container on it.
    Destination(Box<HostNetwork>),
}

/// Looks at an end on its host.
pub(super) async fn look(
    ground: &Ground<'_>,
    end: &ReachEnd,
    destination: Option<&Destination>,
) -> Result<End, Halt> {
    match (&end.container_id, destination) {
        (Some(id), _) => Ok(End::Container(resident(ground, id, &end.name).await?)),
        (None, Some(destination)) => {
            Ok(End::Destination(network(ground, destination, &end.name).await?))
        }
        (None, None) => Err(gone(ground, &end.name)),
    }
}

/// The one whose network it has: itself, unless it was made with `container:ID`.
async fn resident(ground: &Ground<'_>, id: &str, name: &str) -> Result<Box<ContainerDetail>, Halt> {
    let mut id = id.to_owned();
    for _ in 0..CHAIN {
        let found = ground.answer(ground.host.find_container(&id).await)?;
        let container = found.ok_or_else(|| gone(ground, name))?;
        match container.network_mode.strip_prefix("container:") {
            Some(of) => of.clone_into(&mut id),
            None => return Ok(Box::new(container)),
        }
    }
    Err(untried(
        format!("`{name}` has the network of another container, which has another's, and so on"),
        "see `docker inspect` for whose (`HostConfig.NetworkMode`), and ask for that one",
    ))
}

async fn network(
    ground: &Ground<'_>,
    destination: &Destination,
    name: &str,
) -> Result<Box<HostNetwork>, Halt> {
    let observed = destination.observed.as_ref().map(|observed| observed.docker_id.as_str());
    for wanted in observed.into_iter().chain([destination.network.as_str()]) {
        if let Some(found) = ground.answer(ground.host.find_network(wanted).await)? {
            return Ok(Box::new(found));
        }
    }
    Err(gone(ground, name))
}

fn gone(ground: &Ground<'_>, name: &str) -> Halt {
    let reason = format!("`{name}` is gone from server `{}`", ground.server);
    untried(reason, "look what is there (`list_containers`), and ask again")
}

impl End {
    /// The state of a container that does not run.
    pub(super) fn idle_state(&self) -> Option<&str> {
        match self {
            Self::Container(container) if !container.is_running() => Some(&container.member.state),
            Self::Container(_) | Self::Destination(_) => None,
        }
    }

    fn attachments(&self) -> Vec<&Attachment> {
        match self {
            Self::Container(container) => {
                container.endpoints.iter().map(|one| &one.attachment).collect()
            }
            Self::Destination(_) => Vec::new(),
        }
    }

    /// Whether it is on the network of another one's place. Only the key tells until a container was
    /// started.
    fn is_on(&self, place: &Attachment) -> bool {
        match self {
            Self::Container(_) => {
                let mut own = self.attachments().into_iter();
                own.any(|one| one.is_of(&place.network_id, &place.key))
            }
            Self::Destination(network) => place.is_of(&network.docker_id, &network.name),
        }
    }

    /// Where a probe is put that stands for it.
    pub(super) fn places(&self) -> Vec<Place> {
        let place =
            |network: &str| Place { network: network.to_owned(), endpoint: Endpoint::default() };
        match self {
            Self::Container(_) => {
                let own = self.attachments().into_iter();
                let named = own.map(|one| match one.network_id.as_str() {
                    "" => one.key.as_str(),
                    id => id,
                });
                named.map(place).collect()
            }
            Self::Destination(network) => vec![place(&network.docker_id)],
        }
    }

    /// Its own addresses.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        self.attachments().into_iter().flat_map(addresses).collect()
    }

    /// Its addresses on the networks that the other end is on.
    pub(super) fn addresses_shared_with(&self, other: &Self) -> Vec<IpAddr> {
        let shared = self.attachments().into_iter().filter(|one| other.is_on(one));
        shared.flat_map(addresses).collect()
    }

    /// Whether both are on a network on which the engine answers names.
    pub(super) fn shares_names_with(&self, other: &Self) -> bool {
        let answers = |one: &Attachment| one.key != DEFAULT && other.is_on(one);
        self.attachments().into_iter().any(answers)
    }
}
