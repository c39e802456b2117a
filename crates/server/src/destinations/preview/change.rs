//! What a change in place would do.

use portolan_types::{
    Affected, Blocker, Destination, DestinationId, DestinationKind, NetworkOptions, Preview,
    Server, Timestamp, UpdateDestination,
};

use super::{as_failure, refused, server_of};
use crate::{
    Actor, App, Error,
    destinations::{change, ours, show, swarm::is_able, version_with},
    host::{HostContainer, HostNetwork, HostService},
    reconcile::{Reach, obstacle, overlap},
    servers,
    sighting::{Seen, Sighting, fresh},
};

/// The same checks as the change, against what was just seen.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    input: UpdateDestination,
) -> Result<Preview, Error> {
    let before = show(app, actor, id).await?;
    let mut steps = Vec::new();
    if let Some(name) = input.name.filter(|name| *name != before.name) {
        steps.push(format!("rename destination `{}` to `{name}`", before.name));
    }
    let Some(options) = input.options else {
        return Ok(Preview { steps, ..refused(Timestamp::now(), Vec::new()) });
    };
    let server = server_of(app, actor, &before.server_id).await?;
    let seen = fresh(app, &server).await?;
    let at = seen.as_ref().map_or_else(Timestamp::now, |seen| seen.at);
    // Everything that the change itself begins with, up to its end, which is left out.
    let mut tx = app.db.begin().await?;
    let planned = change::planned(&mut tx, actor, &before, options).await;
    drop(tx);
    let after = match planned {
        Ok(memo) => memo.new.applied_to(&before),
        Err(error) => return Ok(refused(at, vec![as_failure(error)?])),
    };
    let Some(Seen { mut sighting, .. }) = seen else {
        return Ok(refused(at, Vec::new()));
    };
    let reach = see_nodes(app, actor, &server, &before, &mut sighting).await?;
    let network = ours(&before, &sighting);
    let obstacle = network.and_then(|network| obstacle(&before, network, &sighting, &reach));
    let refusals = obstacle.into_iter().chain(overlap(&after, &sighting.networks)).collect();
    let on_it = network.map(|network| sighting.loners(network)).unwrap_or_default();
    let services: Vec<&HostService> =
        network.iter().flat_map(|network| sighting.services_on(network)).collect();
    steps.extend(change_steps(&after, network, &Crew { containers: &on_it, services: &services }));
    let containers = on_it.iter().map(|one| goes_over(&before, &after, network, one));
    Ok(Preview {
        version: version_with(&before, network, &on_it, &services),
        affected: containers.chain(services.iter().map(|one| restarts(one))).collect(),
        steps,
        ..refused(at, refusals)
    })
}

/// What the other nodes of a swarm have is added to what its manager sees; answers who of them
/// does not.
async fn see_nodes(
    app: &App,
    actor: &Actor,
    server: &Server,
    before: &Destination,
    sighting: &mut Sighting,
) -> Result<Reach, Error> {
    if before.kind != DestinationKind::Swarm {
        return Ok(Reach::default());
    }
    let mut conn = app.db.acquire().await?;
    let servers = servers::companions(&mut conn, actor.team_id(), server).await?;
    drop(conn);
    for other in servers.iter().filter(|other| other.id != server.id && is_able(other)) {
        let seen = fresh(app, other).await?;
        sighting.containers.extend(seen.into_iter().flat_map(|seen| seen.sighting.containers));
    }
    Ok(Reach::of(sighting, servers.iter().map(|one| (one, is_able(one)))))
}

/// Who is on the network.
struct Crew<'a> {
    containers: &'a [&'a HostContainer],
    services: &'a [&'a HostService],
}

impl Crew<'_> {
    fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.services.is_empty()
    }

    fn in_words(&self) -> String {
        let containers = format!("{} containers", self.containers.len());
        let names: Vec<String> =
            self.services.iter().map(|one| format!("service `{}`", one.name)).collect();
        let all = Some(containers).filter(|_| !self.containers.is_empty());
        all.into_iter().chain(names).collect::<Vec<_>>().join(", ")
    }
}

fn change_steps(
    after: &Destination,
    network: Option<&HostNetwork>,
    crew: &Crew<'_>,
) -> Vec<String> {
    let (name, server) = (&after.network, &after.server_name);
    let create = format!(
        "create network `{name}` on server `{server}` {}",
        with(&after.effective_options())
    );
    if network.is_none() {
        return vec![create];
    }
    let removed = format!("remove network `{name}` from server `{server}`");
    if crew.is_empty() {
        return vec![removed, create];
    }
    let tasks = (!crew.services.is_empty()).then(|| {
        "with each of these four moves the swarm replaces all tasks of the services, as their \
         update settings say"
            .to_owned()
    });
    let steps = vec![
        format!("create an interim network, and connect {} to it", crew.in_words()),
        format!("disconnect them from network `{name}`"),
        removed,
        create,
        format!("connect them to network `{name}` with their aliases"),
        "disconnect them from the interim network, and remove it".into(),
    ];
    steps.into_iter().chain(tasks).collect()
}

fn with(options: &NetworkOptions) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(options.subnet.map(|subnet| subnet.to_string()));
    words.extend(options.ipv6_subnet.map(|subnet| subnet.to_string()));
    words.extend(options.mtu.map(|mtu| format!("MTU {mtu}")));
    words.extend(options.internal.then(|| "no way in or out".to_owned()));
    if words.is_empty() {
        return "with a subnet from the engine's pools".into();
    }
    format!("with {}", words.join(", "))
}

fn restarts(service: &HostService) -> Affected {
    let Blocker { id, name, state, kind } = service.as_blocker();
    let effect = "goes over, and its tasks are replaced four times".into();
    Affected { kind, id, name, state, effect }
}

fn goes_over(
    before: &Destination,
    after: &Destination,
    network: Option<&HostNetwork>,
    container: &HostContainer,
) -> Affected {
    let elsewhere = |network: &HostNetwork| {
        container.attachments.iter().any(|place| !place.is_of(&network.docker_id, &network.name))
    };
    let shut_in =
        after.options.internal && !before.options.internal && !network.is_some_and(elsewhere);
    let effect = if shut_in {
        "goes over, loses open connections, and has no way out any more"
    } else {
        "goes over, and loses open connections"
    };
    container.as_affected(effect)
}
