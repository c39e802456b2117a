//! What a change would do, before it is done: the same checks as the change itself, against what
//! the host was just seen to have. Changes nothing.

use portolan_types::{
    AdoptNetworks, CreateDestination, DarkRoute, Destination, DestinationId, Failure, MemberKind,
    Origin, Preview, Reachability, Route, RouteState, Server, ServerId, Timestamp,
};

use super::{
    check_usable, ours,
    remove::Members,
    show, stage, swarm,
    version::{shortened, version},
};
use crate::{
    Actor, App, Error, applications, db,
    error::Refusal,
    host::{HostContainer, HostNetwork},
    reconcile::{failure, in_the_way, in_use, taken, verdicts},
    routes, servers,
    sighting::{Seen, fresh},
};

mod change;
mod containers;

pub use self::{
    change::update,
    containers::{disconnect, move_to},
};

/// What creating a destination would do.
pub async fn create(app: &App, actor: &Actor, input: CreateDestination) -> Result<Preview, Error> {
    let server = server_of(app, actor, &input.server_id).await?;
    let seen = fresh(app, &server).await?;
    let as_of = seen.as_ref().map_or_else(Timestamp::now, |seen| seen.at);
    // Everything that the change itself does up to its end, which is left out.
    let mut tx = app.db.begin().await?;
    let staged = stage(&mut tx, actor, DestinationId::generate(), input).await;
    drop(tx);
    let destination = match staged {
        Ok(destination) => destination,
        Err(error) => return Ok(refused(as_of, vec![as_failure(error)?])),
    };
    let refusals = seen.iter().filter_map(|seen| name_taken(&destination, seen)).collect();
    Ok(Preview {
        steps: creation_steps(&destination),
        version: version(&destination, None, &[]),
        ..refused(as_of, refusals)
    })
}

async fn server_of(app: &App, actor: &Actor, id: &ServerId) -> Result<Server, Error> {
    let mut conn = app.db.acquire().await?;
    servers::find(&mut conn, actor, id).await
}

/// The server through which the removal would be done.
async fn acting(app: &App, actor: &Actor, destination: &Destination) -> Result<Server, Error> {
    let own = server_of(app, actor, &destination.server_id).await?;
    if own.reachability == Reachability::Reachable {
        return Ok(own);
    }
    let mut conn = app.db.acquire().await?;
    let other = swarm::stand_in(&mut conn, actor.team_id(), destination).await?;
    Ok(other.unwrap_or(own))
}

fn name_taken(destination: &Destination, seen: &Seen) -> Option<Failure> {
    seen.sighting.networks_named(&destination.network).next().map(|_| taken(destination))
}

fn creation_steps(destination: &Destination) -> Vec<String> {
    let options = destination.effective_options();
    let subnets: Vec<String> = options
        .subnet
        .map(|subnet| subnet.to_string())
        .into_iter()
        .chain(options.ipv6_subnet.map(|subnet| subnet.to_string()))
        .collect();
    vec![format!(
        "create network `{}` on server `{}` with {}",
        destination.network,
        destination.server_name,
        subnets.join(" and ")
    )]
}

/// What removing a destination would do.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    members: Members,
) -> Result<Preview, Error> {
    let destination = show(app, actor, id).await?;
    let server = acting(app, actor, &destination).await?;
    let seen = fresh(app, &server).await?;
    let own = own_routes(app, &destination).await?;
    let left = environments_left(app, actor, &destination).await?;
    let mut refusals = own.refusal.into_iter().collect::<Vec<_>>();
    if server.reachability != Reachability::Reachable {
        refusals.push(away(&destination));
    }
    let Some(Seen { at, sighting }) = seen else {
        return Ok(refused(Timestamp::now(), refusals));
    };
    let network = ours(&destination, &sighting);
    let on_it = network.map(|network| sighting.members(network)).unwrap_or_default();
    let in_the_way = network.map(|network| in_the_way(&sighting, network, members));
    if let Some(blockers) = in_the_way.filter(|blockers| !blockers.is_empty())
        && destination.origin == Origin::Created
    {
        refusals.push(in_use(&destination, blockers));
    }
    let touched = if destination.origin == Origin::Created { on_it.clone() } else { Vec::new() };
    Ok(Preview {
        version: version(&destination, network, &on_it),
        steps: removal_steps(&destination, network, &touched).into_iter().chain(left).collect(),
        affected: touched.iter().map(|one| one.as_affected("is disconnected")).collect(),
        dark_routes: own
            .ways
            .into_iter()
            .chain(network.map(|network| dark(network, &touched)).unwrap_or_default())
            .collect(),
        ..refused(at, refusals)
    })
}

/// Portolan's own routes over a destination, and that they are in the way.
struct OwnRoutes {
    ways: Vec<DarkRoute>,
    refusal: Option<Failure>,
}

async fn own_routes(app: &App, destination: &Destination) -> Result<OwnRoutes, Error> {
    let mut conn = app.db.acquire().await?;
    let ways = db::route::list_ways(&mut conn, &destination.id).await?;
    let none = match applications::remove::check_none(&mut conn, destination).await {
        Ok(()) => routes::check_none(&mut conn, destination).await,
        Err(error) => Err(error),
    };
    let refusal = none.err().map(as_failure).transpose()?;
    Ok(OwnRoutes { ways, refusal })
}

/// What becomes of the environments whose default it is.
async fn environments_left(
    app: &App,
    actor: &Actor,
    destination: &Destination,
) -> Result<Vec<String>, Error> {
    let mut conn = app.db.acquire().await?;
    let (visible, id) = (actor.visible(), &destination.id);
    let names = db::environment::list_names_by_default(&mut conn, visible, id).await?;
    let left = |(project, environment): &(String, String)| {
        format!(
            "leave environment `{environment}` of project `{project}` without a default destination"
        )
    };
    Ok(names.iter().map(left).collect())
}

fn away(destination: &Destination) -> Failure {
    Failure {
        code: "server-unreachable".into(),
        message: format!(
            "server `{}` cannot be reached: the removal waits until it answers",
            destination.server_name
        ),
        remedy: Some(
            "if the host is gone for good, forget the destination (`delete_destination.forget`): its \
             network then stays on it"
                .into(),
        ),
        blockers: Vec::new(),
    }
}

fn removal_steps(
    destination: &Destination,
    network: Option<&HostNetwork>,
    members: &[&HostContainer],
) -> Vec<String> {
    let (name, server) = (&destination.network, &destination.server_name);
    let mut steps: Vec<String> = members
        .iter()
        .map(|one| format!("disconnect {} `{}`", one.kind(), one.member.name))
        .collect();
    steps.push(match (destination.origin, network) {
        (Origin::Adopted, _) => format!("leave the adopted network `{name}` on server `{server}`"),
        (Origin::Created, Some(_)) => format!("remove network `{name}` from server `{server}`"),
        (Origin::Created, None) => format!("find network `{name}` gone from server `{server}`"),
    });
    steps.push(format!("forget destination `{}`", destination.name));
    steps
}

/// What adopting networks would do. Each is judged by itself, as when it is done.
pub async fn adopt(
    app: &App,
    actor: &Actor,
    server: &ServerId,
    wanted: &AdoptNetworks,
) -> Result<Preview, Error> {
    let mut conn = app.db.acquire().await?;
    let row = db::server::find_assigned(&mut conn, server).await?;
    drop(conn);
    let row = row.filter(|row| row.team_id == *actor.team_id()).ok_or(Error::NotFound("server"))?;
    if let Err(error) = check_usable(&row.server) {
        return Ok(refused(Timestamp::now(), vec![as_failure(error)?]));
    }
    let Some(Seen { at, sighting }) = fresh(app, &row.server).await? else {
        return Ok(refused(Timestamp::now(), Vec::new()));
    };
    let (mut steps, mut refusals) = (Vec::new(), Vec::new());
    for (name, verdict) in verdicts(app, &row, &sighting.networks, wanted).await? {
        match verdict {
            Ok(_) => steps.push(format!("take network `{name}` as a destination, as it is")),
            Err(reason) => {
                let message = format!("network `{name}` cannot be adopted: {reason}");
                refusals.push(failure("not-adopted", message, "choose another"));
            }
        }
    }
    Ok(Preview { version: shortened(&steps), steps, ..refused(at, refusals) })
}

/// Routes from a running proxy on the network to another running member go dark, unless the two
/// share another network.
pub(crate) fn dark(network: &HostNetwork, members: &[&HostContainer]) -> Vec<DarkRoute> {
    let running = || members.iter().filter(|one| one.member.state == "running");
    let proxies: Vec<_> = running().filter(|one| one.kind() == MemberKind::Proxy).collect();
    let by_proxies: Vec<&str> =
        proxies.iter().flat_map(|proxy| proxy.other_networks(&network.docker_id)).collect();
    let reached_otherwise = |container: &HostContainer| {
        container.other_networks(&network.docker_id).any(|id| by_proxies.contains(&id))
    };
    let mut routes = Vec::new();
    for container in running() {
        if proxies.is_empty() || container.is_proxy() || reached_otherwise(container) {
            continue;
        }
        routes.extend(container.routes.iter().map(|rule| DarkRoute {
            rule: rule.clone(),
            container: container.member.name.clone(),
        }));
    }
    routes
}

/// A preview that says no more than what is against the change.
pub(crate) fn refused(as_of: Timestamp, refusals: Vec<Failure>) -> Preview {
    Preview {
        version: String::new(),
        as_of,
        allowed: refusals.is_empty(),
        steps: Vec::new(),
        affected: Vec::new(),
        dark_routes: Vec::new(),
        refusals,
    }
}

/// Which of these answer now, and would not any more.
pub(crate) fn going_dark<'a>(routes: impl IntoIterator<Item = &'a Route>) -> Vec<DarkRoute> {
    let live = routes.into_iter().filter(|route| route.state == RouteState::Live);
    live.map(|route| DarkRoute { rule: route.address(), container: route.target.to_string() })
        .collect()
}

/// What the change would be refused with. What is no refusal stays an error.
pub(crate) fn as_failure(error: Error) -> Result<Failure, Error> {
    match error {
        Error::Refused(Refusal { code, message, remedy, .. }) => {
            Ok(Failure { code: code.into(), message, remedy, blockers: Vec::new() })
        }
        Error::Invalid(fields) => {
            let message = Error::Invalid(fields).to_string();
            Ok(Failure { code: "invalid".into(), message, remedy: None, blockers: Vec::new() })
        }
        error @ (Error::NotFound(_)
        | Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::Database(_)
        | Error::NotProven { .. }
        | Error::TooSoon(_)
        | Error::Password(_)
        | Error::Vault(_)) => Err(error),
    }
}
