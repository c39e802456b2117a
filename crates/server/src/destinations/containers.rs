//! Containers on a destination: listed from what was last seen, connected, disconnected and moved
//! by the keeper. Each is work beside other work: none takes the place of another.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use portolan_types::{
    ConnectContainer, ContainerName, Destination, DestinationContainer, DestinationContainers,
    DestinationId, DestinationState, MoveContainer, Operation, OperationKind, Subject,
};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::{find, ours, placement};
use crate::{
    Actor, App, Error, db,
    host::{HostContainer, HostNetwork},
    operations::{self, Task},
    servers,
    sighting::{self, Sighting},
};

/// Most aliases of one connection.
const MAX_ALIASES: usize = 16;

/// What is asked of the keeper, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Wish {
    Connect(ConnectContainer),
    Disconnect { container: ContainerName },
    Move { container: ContainerName, to: DestinationId },
}

impl Wish {
    const fn kind(&self) -> OperationKind {
        match self {
            Self::Connect(_) => OperationKind::ConnectContainer,
            Self::Disconnect { .. } => OperationKind::DisconnectContainer,
            Self::Move { .. } => OperationKind::MoveContainer,
        }
    }
}

/// Who is on the destination, as seen now, or before when its host does not answer.
pub async fn list(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
) -> Result<DestinationContainers, Error> {
    let mut conn = app.db.acquire().await?;
    let destination = find(&mut conn, actor, id).await?;
    let server = servers::find(&mut conn, actor, &destination.server_id).await?;
    drop(conn);
    let Some(seen) = sighting::fresh(app, &server).await? else {
        return Ok(DestinationContainers { as_of: None, items: Vec::new() });
    };
    let network = ours(&destination, &seen.sighting);
    let items = network.map_or_else(Vec::new, |network| members(&seen.sighting, network));
    Ok(DestinationContainers { as_of: Some(seen.at), items })
}

/// Containers of the same host that are not on the destination, as last seen: those that could be
/// connected. What cannot be a container's name is left out.
pub async fn list_elsewhere(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
) -> Result<Vec<ContainerName>, Error> {
    let mut conn = app.db.acquire().await?;
    let destination = find(&mut conn, actor, id).await?;
    let Some(seen) = db::sighting::find(&mut conn, &destination.server_id).await? else {
        return Ok(Vec::new());
    };
    let network = ours(&destination, &seen.sighting);
    let is_on = |one: &HostContainer| {
        network.is_some_and(|network| one.is_on(&network.docker_id, &network.name))
    };
    let others = seen.sighting.containers.iter().filter(|one| !is_on(one) && !one.is_our_proxy());
    let mut names: Vec<ContainerName> =
        others.filter_map(|one| one.member.name.parse().ok()).collect();
    names.sort();
    Ok(names)
}

fn members(seen: &Sighting, network: &HostNetwork) -> Vec<DestinationContainer> {
    let described = |one: &HostContainer| {
        let place = one.attachment(&network.docker_id, &network.name);
        DestinationContainer {
            id: one.member.docker_id.clone(),
            name: one.member.name.clone(),
            state: one.member.state.clone(),
            kind: one.kind(),
            project: one.project.clone(),
            address: place.and_then(|place| place.address.clone()),
            ipv6_address: place.and_then(|place| place.ipv6_address.clone()),
            aliases: place.map(|place| place.aliases.clone()).unwrap_or_default(),
        }
    };
    seen.members(network).into_iter().map(described).collect()
}

/// Queues a connection.
pub async fn connect(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    input: ConnectContainer,
) -> Result<Operation, Error> {
    let mut conn = app.db.acquire().await?;
    let destination = find(&mut conn, actor, id).await?;
    drop(conn);
    check_connect(&destination, &input)?;
    queue(app, actor, &destination, &Wish::Connect(input)).await
}

/// Queues a disconnection.
pub async fn disconnect(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    container: ContainerName,
) -> Result<Operation, Error> {
    let destination = super::show(app, actor, id).await?;
    queue(app, actor, &destination, &Wish::Disconnect { container }).await
}

/// Queues a move to another destination of the same server.
pub async fn move_to(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    container: ContainerName,
    input: MoveContainer,
) -> Result<Operation, Error> {
    let mut conn = app.db.acquire().await?;
    let from = find(&mut conn, actor, id).await?;
    let to = find(&mut conn, actor, &input.to).await?;
    drop(conn);
    check_move(&from, &to)?;
    queue(app, actor, &from, &Wish::Move { container, to: to.id }).await
}

/// Another destination of the same server.
pub(super) fn check_move(from: &Destination, to: &Destination) -> Result<(), Error> {
    if from.id == to.id {
        return Err(Error::field("to", "it is on this destination already: name another one"));
    }
    if from.server_id != to.server_id {
        return Err(Error::field(
            "to",
            format!(
                "destination `{}` is on server `{}`: a container cannot leave its host, which is \
                 `{}`",
                to.name, to.server_name, from.server_name
            ),
        ));
    }
    Ok(())
}

/// What can be told without the host.
fn check_connect(destination: &Destination, input: &ConnectContainer) -> Result<(), Error> {
    if input.aliases.len() > MAX_ALIASES {
        return Err(Error::field("aliases", format!("at most {MAX_ALIASES}")));
    }
    if let Some(address) = input.address {
        check_address(destination, "address", address.into())?;
    }
    if let Some(address) = input.ipv6_address {
        check_address(destination, "ipv6_address", address.into())?;
    }
    Ok(())
}

/// It has to be a host of the network's subnets, and not the gateway.
fn check_address(
    destination: &Destination,
    field: &'static str,
    address: IpAddr,
) -> Result<(), Error> {
    let observed = destination.observed.as_ref();
    let subnets: Vec<IpNet> = observed
        .iter()
        .flat_map(|observed| &observed.subnets)
        .filter_map(|subnet| subnet.parse().ok())
        .collect();
    let Some(subnet) = subnets.iter().find(|subnet| subnet.contains(&address)) else {
        let all: Vec<String> = subnets.iter().map(ToString::to_string).collect();
        let why = format!("{address} is not in the network's subnet ({})", all.join(", "));
        return Err(Error::field(field, why));
    };
    let gateways = observed.iter().flat_map(|observed| &observed.gateways);
    if gateways.into_iter().any(|gateway| gateway.parse() == Ok(address)) {
        return Err(Error::field(field, format!("{address} is the network's gateway")));
    }
    let edge = |net: &Ipv4Net| [IpAddr::from(net.network()), net.broadcast().into()];
    if matches!(subnet, IpNet::V4(net) if edge(net).contains(&address)) {
        return Err(Error::field(field, format!("{address} is no host's address in {subnet}")));
    }
    Ok(())
}

async fn queue(
    app: &App,
    actor: &Actor,
    destination: &Destination,
    wish: &Wish,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    check(&mut tx, actor, destination).await?;
    let task = Task {
        kind: wish.kind(),
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        input: Some(operations::input(wish)?),
    };
    let operation = operations::ask(&mut tx, actor, task).await?;
    tx.commit().await?;
    app.wake(&destination.server_id);
    Ok(operation)
}

/// The destination has to be at rest, with a network, on a server that answers.
async fn check(
    conn: &mut AnyConnection,
    actor: &Actor,
    destination: &Destination,
) -> Result<(), Error> {
    placement::check_usable(&servers::find(conn, actor, &destination.server_id).await?)?;
    check_state(destination)
}

/// It may be busy, but it has to come to rest with a network.
pub(super) fn check_state(destination: &Destination) -> Result<(), Error> {
    let (name, state) = (&destination.name, destination.state);
    match state {
        DestinationState::Ready | DestinationState::Changing | DestinationState::Drifted => Ok(()),
        DestinationState::Pending | DestinationState::Failed | DestinationState::Deleting => {
            Err(Error::refused(
                "destination-not-ready",
                format!("destination `{name}` is {state}: containers are let onto a ready one"),
                "see `show_destination` for the reason",
            ))
        }
    }
}
