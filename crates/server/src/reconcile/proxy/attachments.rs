//! The proxy's places on destinations' networks: which are wanted, which there are, and making the
//! two one. What differs is listed apart from what is done about it: what was asked for is done,
//! and what somebody undid is decided about first (`lost`).

use std::collections::{HashMap, HashSet};

use portolan_types::{Attachment, Destination, DestinationId, DestinationState, ProxyAttachment};

use super::{
    super::{PassError, compare, work::Halt},
    Memory, Scene,
    job::halt,
};
use crate::{
    Error, db,
    host::{ContainerDetail, ContainerEndpoint, Endpoint, HostNetwork},
};

mod lost;
mod record;

use record::{State, record, state_of};

/// A place that is not as it is wanted.
#[derive(Debug)]
enum Difference<'a> {
    /// The proxy is to be on the network, and is not.
    Missing(&'a HostNetwork),
    /// It is to be kept off, and is on it.
    Unwanted(&'a HostNetwork),
}

/// A destination, its network where it can be told, and what is wanted there.
#[derive(Debug)]
struct Place<'a> {
    destination: &'a Destination,
    network: &'a HostNetwork,
    wanted: bool,
}

impl<'a> Place<'a> {
    fn difference(&self, container: &ContainerDetail) -> Option<Difference<'a>> {
        match (self.wanted, self.endpoint(container).is_some()) {
            (true, false) => Some(Difference::Missing(self.network)),
            (false, true) => Some(Difference::Unwanted(self.network)),
            (true, true) | (false, false) => None,
        }
    }

    fn endpoint<'c>(&self, container: &'c ContainerDetail) -> Option<&'c ContainerEndpoint> {
        container.endpoint(&self.network.docker_id, &self.network.name)
    }
}

/// The places of all destinations whose networks are at rest. One that is being removed or changed
/// is in other hands until that is over.
fn places<'a>(scene: &Scene<'a>, destinations: &'a [Destination]) -> Vec<Place<'a>> {
    let place = |destination: &'a Destination| {
        let network = network_of(scene, destination)?;
        let wanted = destination.proxy == ProxyAttachment::Attach;
        Some(Place { destination, network, wanted })
    };
    destinations.iter().filter_map(place).collect()
}

fn network_of<'a>(scene: &Scene<'a>, destination: &Destination) -> Option<&'a HostNetwork> {
    let observed = destination.observed.as_ref()?;
    let same = scene.seen.networks.iter().find(|one| one.docker_id == observed.docker_id);
    match destination.state {
        DestinationState::Ready | DestinationState::Drifted => same,
        DestinationState::Failed => {
            same.filter(|network| compare::difference(destination, network).is_none())
        }
        DestinationState::Pending | DestinationState::Changing | DestinationState::Deleting => None,
    }
}

/// The names of the networks that a container that is made now is to be on. Where it was taken off
/// one, and that is left to people, it stays off.
pub(super) async fn wanted_networks(scene: &Scene<'_>) -> Result<Vec<String>, Halt> {
    let destinations = destinations(scene).await?;
    let places = places(scene, &destinations);
    let wanted = places.iter().filter(|place| place.wanted && !lost::is_left(scene, place));
    Ok(wanted.map(|place| place.network.name.clone()).collect())
}

async fn destinations(scene: &Scene<'_>) -> Result<Vec<Destination>, Error> {
    Ok(scene.destinations().await?.into_iter().map(|row| row.destination).collect())
}

/// Mends what differs and writes down how it is. Answers the container as it is then.
pub(super) async fn pass(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: ContainerDetail,
) -> Result<ContainerDetail, PassError> {
    let destinations = destinations(scene).await?;
    let mut before = before(scene).await?;
    let mut reasons: HashMap<&DestinationId, String> = HashMap::new();
    let mut mended: HashSet<&DestinationId> = HashSet::new();
    let places = places(scene, &destinations);
    for place in &places {
        let known = before.get_mut(&place.destination.id);
        match settle(scene, memory, &container, place, known).await? {
            Settled::AsWanted => {}
            Settled::Mended => {
                mended.insert(&place.destination.id);
            }
            Settled::Left(reason) => {
                reasons.insert(&place.destination.id, reason);
            }
        }
    }
    let container = if mended.is_empty() { container } else { again(scene, container).await? };
    for destination in &destinations {
        let place = places.iter().find(|place| place.destination.id == destination.id);
        let reason = reasons.remove(&destination.id);
        let mut state = state_of(destination, place, &container, reason);
        if mended.contains(&destination.id) {
            // It was, a moment ago. Whoever undid it since is found by the next look, which would take
            // a place that was never there for one that is only asked for.
            state.observed = state.wanted;
        }
        record(scene, destination, &state, before.get(&destination.id)).await?;
    }
    memory.places = seen_on(&places, &container);
    Ok(container)
}

/// What became of a place.
#[derive(Debug)]
enum Settled {
    AsWanted,
    Mended,
    /// It is not as it is wanted; why not, in words.
    Left(String),
}

async fn settle(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: &ContainerDetail,
    place: &Place<'_>,
    known: Option<&mut Attachment>,
) -> Result<Settled, PassError> {
    let Some(difference) = place.difference(container) else {
        lost::over(scene, place, container).await?;
        return Ok(Settled::AsWanted);
    };
    if let Some(known) = known
        && lost::is_meddled_with(scene, memory, place, &difference, known)
    {
        return lost::settle(scene, memory, container, place, &difference, known).await;
    }
    match mend(scene, container, &difference).await {
        Ok(()) => Ok(Settled::Mended),
        Err(Halt::Refused(failure)) => Ok(Settled::Left(failure.message)),
        Err(Halt::Pass(error)) => Err(error),
    }
}

/// On which network of each destination the proxy is now.
fn seen_on(places: &[Place<'_>], container: &ContainerDetail) -> HashMap<DestinationId, String> {
    let on_it = |place: &&Place<'_>| place.endpoint(container).is_some();
    let pair = |place: &Place<'_>| (place.destination.id.clone(), place.network.docker_id.clone());
    places.iter().filter(on_it).map(pair).collect()
}

async fn before(scene: &Scene<'_>) -> Result<HashMap<DestinationId, Attachment>, Error> {
    let mut conn = scene.app.db.acquire().await?;
    let rows = db::attachment::list_of_proxy(&mut conn, &scene.server.server.id).await?;
    Ok(rows.into_iter().map(|row| (row.destination_id.clone(), row)).collect())
}

async fn again(
    scene: &Scene<'_>,
    container: ContainerDetail,
) -> Result<ContainerDetail, PassError> {
    let found = scene.host.find_container(&container.member.docker_id).await?;
    Ok(found.unwrap_or(container))
}

/// Puts the proxy on a network, or takes it off. Another's doing in between is none of a refusal.
async fn mend(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    difference: &Difference<'_>,
) -> Result<(), Halt> {
    let (host, id) = (scene.host, &container.member.docker_id);
    let (done, action) = match difference {
        Difference::Missing(network) => {
            let endpoint = Endpoint::default();
            let action = format!("put the proxy on network `{}`", network.name);
            (host.connect(&network.docker_id, id, &endpoint).await, action)
        }
        Difference::Unwanted(network) => {
            let action = format!("take the proxy off network `{}`", network.name);
            (host.disconnect(&network.docker_id, id).await, action)
        }
    };
    done.map_err(|error| halt(scene, &error, &action))
}

/// Without a container the proxy is on no network.
pub(super) async fn without_container(scene: &Scene<'_>) -> Result<(), PassError> {
    let before = before(scene).await?;
    for destination in destinations(scene).await? {
        let wanted = destination.proxy == ProxyAttachment::Attach;
        let reason = Some("the proxy has no container".to_owned());
        let state = State { wanted, observed: false, address: None, reason };
        record(scene, &destination, &state, before.get(&destination.id)).await?;
        lost::without_container(scene, &destination).await?;
    }
    Ok(())
}
