//! What disconnecting or moving a container would do, and who loses what by it.

use portolan_types::{
    Affected, ContainerName, DarkRoute, Destination, DestinationId, Failure, MoveContainer,
    Preview, Timestamp,
};

use super::{as_failure, dark, refused, server_of};
use crate::{
    Actor, App, Error,
    destinations::{containers, ours, show, version},
    host::{HostContainer, HostNetwork},
    reconcile::{alias_belongs_to, failure},
    sighting::{Seen, fresh},
};

/// What disconnecting a container would do.
pub async fn disconnect(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    container: &ContainerName,
) -> Result<Preview, Error> {
    let from = show(app, actor, id).await?;
    leave(app, actor, &from, None, container).await
}

/// What moving a container would do.
pub async fn move_to(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    container: &ContainerName,
    input: &MoveContainer,
) -> Result<Preview, Error> {
    let from = show(app, actor, id).await?;
    let to = show(app, actor, &input.to).await?;
    match containers::check_move(&from, &to) {
        Ok(()) => leave(app, actor, &from, Some(&to), container).await,
        Err(error) => Ok(refused(Timestamp::now(), vec![as_failure(error)?])),
    }
}

async fn leave(
    app: &App,
    actor: &Actor,
    from: &Destination,
    to: Option<&Destination>,
    name: &ContainerName,
) -> Result<Preview, Error> {
    let server = server_of(app, actor, &from.server_id).await?;
    let mut refusals: Vec<Failure> = Vec::new();
    let usable = super::super::check_usable(&server);
    refusals.extend(usable.err().map(as_failure).transpose()?);
    for destination in [Some(from), to].into_iter().flatten() {
        let ready = containers::check_state(destination);
        refusals.extend(ready.err().map(as_failure).transpose()?);
    }
    let Some(Seen { at, sighting }) = fresh(app, &server).await? else {
        return Ok(refused(Timestamp::now(), refusals));
    };
    let network = ours(from, &sighting);
    let members = network.map(|network| sighting.members(network)).unwrap_or_default();
    let is_it = |one: &&&HostContainer| {
        [&one.member.name, &one.member.docker_id].contains(&&name.to_string())
    };
    let (Some(network), Some(leaving)) = (network, members.iter().find(is_it).copied()) else {
        refusals.extend(to.map(|_| not_on(from, name)));
        let nothing = format!("find container `{name}` not on destination `{}`", from.name);
        let steps = if to.is_none() { vec![nothing] } else { Vec::new() };
        return Ok(Preview { steps, ..refused(at, refusals) });
    };
    let there = to.and_then(|to| Some((to, ours(to, &sighting)?)));
    refusals.extend(there.and_then(|(to, there)| {
        alias_taken(leaving, network, to, there, &sighting.members(there))
    }));
    Ok(Preview {
        version: version(from, Some(network), &members),
        steps: steps(from, to, leaving),
        affected: affected(network, &members, leaving, to),
        dark_routes: darkened(network, &members, leaving),
        ..refused(at, refusals)
    })
}

fn not_on(from: &Destination, name: &ContainerName) -> Failure {
    failure(
        "not-on-destination",
        format!("container `{name}` is not on destination `{}`", from.name),
        "see who is on it (`list_containers`)",
    )
}

/// One of its aliases that somebody has where it goes.
fn alias_taken(
    leaving: &HostContainer,
    from: &HostNetwork,
    to: &Destination,
    there: &HostNetwork,
    members: &[&HostContainer],
) -> Option<Failure> {
    let own = leaving.attachment(&from.docker_id, &from.name)?;
    members.iter().filter(|one| one.member.docker_id != leaving.member.docker_id).find_map(|one| {
        let place = one.attachment(&there.docker_id, &there.name)?;
        let has = |alias: &&String| {
            let mut names = place.aliases.iter().chain([&one.member.name]);
            names.any(|name| name.eq_ignore_ascii_case(alias))
        };
        let alias = own.aliases.iter().find(has)?;
        Some(alias_belongs_to(alias, to.name.as_str(), &one.member.name))
    })
}

fn steps(from: &Destination, to: Option<&Destination>, leaving: &HostContainer) -> Vec<String> {
    let name = &leaving.member.name;
    let join = to.map(|to| {
        format!("connect container `{name}` to network `{}` with its aliases", to.network)
    });
    let leave = format!("disconnect container `{name}` from network `{}`", from.network);
    join.into_iter().chain([leave]).collect()
}

/// The container, and the others that run and share no other network with it.
fn affected(
    network: &HostNetwork,
    members: &[&HostContainer],
    leaving: &HostContainer,
    to: Option<&Destination>,
) -> Vec<Affected> {
    let elsewhere: Vec<&str> = leaving.other_networks(&network.docker_id).collect();
    let own = match (to, elsewhere.is_empty()) {
        (Some(to), _) => format!("moves to destination `{}`", to.name),
        (None, false) => "is disconnected".to_owned(),
        (None, true) => "is disconnected, and has no network any more".to_owned(),
    };
    let loses = |one: &&&HostContainer| {
        one.member.docker_id != leaving.member.docker_id
            && one.member.state == "running"
            && !one.other_networks(&network.docker_id).any(|id| elsewhere.contains(&id))
    };
    let lost = format!("no longer reaches `{}`", leaving.member.name);
    let rest = members.iter().filter(loses).map(|one| one.as_affected(lost.as_str()));
    [leaving.as_affected(own)].into_iter().chain(rest).collect()
}

/// Routes to the container; all of them when it is the last proxy there.
fn darkened(
    network: &HostNetwork,
    members: &[&HostContainer],
    leaving: &HostContainer,
) -> Vec<DarkRoute> {
    let running = members.iter().filter(|one| one.member.state == "running");
    let proxies = running.filter(|one| one.is_proxy()).count();
    let all = dark(network, members);
    match (leaving.is_proxy(), proxies) {
        (true, 0 | 1) => all,
        (true, _) => Vec::new(),
        (false, _) => all.into_iter().filter(|one| one.container == leaving.member.name).collect(),
    }
}
