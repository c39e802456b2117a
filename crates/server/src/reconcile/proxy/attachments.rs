//! The proxy's places on destinations' networks: which are wanted, which there are, and making the
//! two one. What differs is listed apart from what is done about it.

use std::collections::HashMap;

use portolan_types::{
    Attachment, Destination, DestinationId, DestinationState, ProxyAttachment, Subject, Timestamp,
};

use super::{
    super::{PassError, compare, work::Halt},
    Scene,
    job::halt,
};
use crate::{
    Error,
    db::{self, attachment::Seen},
    events::{self, Happened},
    host::{ContainerDetail, Endpoint, HostNetwork},
};

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
        let HostNetwork { docker_id, name, .. } = self.network;
        match (self.wanted, container.endpoint(docker_id, name).is_some()) {
            (true, false) => Some(Difference::Missing(self.network)),
            (false, true) => Some(Difference::Unwanted(self.network)),
            (true, true) | (false, false) => None,
        }
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

/// The names of the networks that a container that is made now is to be on.
pub(super) async fn wanted_networks(scene: &Scene<'_>) -> Result<Vec<String>, Halt> {
    let destinations = destinations(scene).await?;
    let places = places(scene, &destinations);
    let wanted = places.iter().filter(|place| place.wanted);
    Ok(wanted.map(|place| place.network.name.clone()).collect())
}

async fn destinations(scene: &Scene<'_>) -> Result<Vec<Destination>, Error> {
    Ok(scene.destinations().await?.into_iter().map(|row| row.destination).collect())
}

/// Mends what differs and writes down how it is. Answers the container as it is then.
pub(super) async fn pass(
    scene: &Scene<'_>,
    container: ContainerDetail,
) -> Result<ContainerDetail, PassError> {
    let destinations = destinations(scene).await?;
    let mut before = before(scene).await?;
    let mut reasons: HashMap<&DestinationId, String> = HashMap::new();
    let mut mended = false;
    let places = places(scene, &destinations);
    for place in &places {
        let Some(difference) = place.difference(&container) else { continue };
        if let Some(known) = before.get_mut(&place.destination.id) {
            lost(scene, place, known).await?;
        }
        match mend(scene, &container, &difference).await {
            Ok(()) => mended = true,
            Err(Halt::Refused(failure)) => {
                reasons.insert(&place.destination.id, failure.message);
            }
            Err(Halt::Pass(error)) => return Err(error),
        }
    }
    let container = if mended { again(scene, container).await? } else { container };
    for destination in &destinations {
        let place = places.iter().find(|place| place.destination.id == destination.id);
        let reason = reasons.remove(&destination.id);
        let state = state_of(destination, place, &container, reason);
        record(scene, destination, &state, before.get(&destination.id)).await?;
    }
    Ok(container)
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

/// What a look says of one attachment.
#[derive(Debug)]
struct State {
    wanted: bool,
    observed: bool,
    address: Option<String>,
    reason: Option<String>,
}

fn state_of(
    destination: &Destination,
    place: Option<&Place<'_>>,
    container: &ContainerDetail,
    refused: Option<String>,
) -> State {
    let endpoint =
        place.and_then(|place| container.endpoint(&place.network.docker_id, &place.network.name));
    let wanted = destination.proxy == ProxyAttachment::Attach;
    let waits = || match place {
        None if wanted => Some(format!("the destination is {}", destination.state)),
        Some(_) if endpoint.is_some() && !container.is_running() => {
            Some("the proxy does not run".to_owned())
        }
        Some(_) | None => None,
    };
    State {
        wanted,
        observed: endpoint.is_some(),
        address: endpoint.and_then(|one| one.attachment.address.clone()),
        reason: refused.or_else(waits),
    }
}

/// Written only when it is news.
async fn record(
    scene: &Scene<'_>,
    destination: &Destination,
    state: &State,
    before: Option<&Attachment>,
) -> Result<(), Error> {
    let same = before.is_some_and(|before| {
        before.wanted == state.wanted
            && before.observed == state.observed
            && before.address == state.address
            && before.reason == state.reason
    });
    if same {
        return Ok(());
    }
    let seen = Seen {
        wanted: state.wanted,
        observed: state.observed,
        address: state.address.as_deref(),
        reason: state.reason.as_deref(),
    };
    let now = Timestamp::now();
    let (team, server) = (&scene.row.team_id, &scene.server.server.id);
    let mut tx = scene.app.db.begin().await?;
    db::attachment::upsert(&mut tx, team, server, &destination.id, &seen, now).await?;
    if let Some((kind, what)) = news(state, before) {
        events::record(&mut tx, happened(scene, destination, kind, what), now).await?;
    }
    Ok(tx.commit().await?)
}

fn news(state: &State, before: Option<&Attachment>) -> Option<(&'static str, &'static str)> {
    let lost = before.is_some_and(|before| before.reason.as_deref() == Some(LOST));
    match (before.is_some_and(|before| before.observed), state.observed) {
        (false, true) if lost => Some(("attachment.restored", "is again on")),
        (false, true) => Some(("attachment.made", "is on")),
        (true, false) if state.wanted => Some(("attachment.lost", "is no longer on")),
        (true, false) => Some(("attachment.removed", "was taken off")),
        (true, true) | (false, false) => None,
    }
}

fn happened<'a>(
    scene: &'a Scene<'_>,
    destination: &'a Destination,
    kind: &'static str,
    what: &str,
) -> Happened<'a> {
    Happened {
        team: &scene.row.team_id,
        kind,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        message: format!(
            "the proxy of server `{}` {what} the network of destination `{}`",
            scene.server_name(),
            destination.name
        ),
    }
}

/// A place that was there and is not: written down before it is mended, so that both are on record.
async fn lost(scene: &Scene<'_>, place: &Place<'_>, before: &mut Attachment) -> Result<(), Error> {
    if !before.observed || !place.wanted {
        return Ok(());
    }
    let state = State { wanted: true, observed: false, address: None, reason: Some(LOST.into()) };
    record(scene, place.destination, &state, Some(before)).await?;
    before.observed = false;
    before.reason = state.reason;
    Ok(())
}

/// Why an attachment is not observed that was.
const LOST: &str = "the proxy was found off the network";

/// Without a container the proxy is on no network.
pub(super) async fn without_container(scene: &Scene<'_>) -> Result<(), PassError> {
    let before = before(scene).await?;
    for destination in destinations(scene).await? {
        let wanted = destination.proxy == ProxyAttachment::Attach;
        let reason = Some("the proxy has no container".to_owned());
        let state = State { wanted, observed: false, address: None, reason };
        record(scene, &destination, &state, before.get(&destination.id)).await?;
    }
    Ok(())
}
