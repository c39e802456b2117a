//! Destinations of swarms. A swarm's networks can be worked on through any of its managers: a
//! destination is kept by the keeper of its own server while that answers, and else by the first
//! of the team's managers that does. One keeper at a time works on a swarm.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use portolan_types::{
    Destination, DestinationKind, DestinationState, Failure, LiveNode, OperationKind, Server,
    ServerId, ServerKind, Subject, Timestamp,
};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use super::{
    PassError, Surroundings,
    change::{Companion, Nodes},
    destinations::{self, Round},
    drift::network,
    make,
    recorder::failure,
    remove,
    work::Work,
};
use crate::{
    App, Error,
    db::{self, application, destination::Assigned, drift::Standing, server},
    destinations::swarm::{heir, is_able, move_to},
    host::{Host, HostError},
    operations::{self, Task},
    rights::Visible,
    servers,
    sighting::Sighting,
};

/// Whose turn it is in each swarm.
#[derive(Debug, Default)]
pub(super) struct Swarms(Mutex<HashMap<String, Weak<Turns<()>>>>);

impl Swarms {
    /// Waits for the turn, which ends when the guard goes.
    pub(super) async fn turn(&self, cluster_id: &str) -> OwnedMutexGuard<()> {
        self.turns(cluster_id).lock_owned().await
    }

    fn turns(&self, cluster_id: &str) -> Arc<Turns<()>> {
        // Nothing panics while it holds this lock, so a poisoned one is still whole.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turns| turns.strong_count() > 0);
        if let Some(turns) = all.get(cluster_id).and_then(Weak::upgrade) {
            return turns;
        }
        let turns = Arc::new(Turns::new(()));
        all.insert(cluster_id.to_owned(), Arc::downgrade(&turns));
        turns
    }
}

/// The swarm that a server manages.
pub(super) fn managed(server: &Server) -> Option<&str> {
    let is_manager = server.kind == Some(ServerKind::SwarmManager);
    server.swarm.as_ref()?.cluster_id.as_deref().filter(|_| is_manager)
}

/// Keeps the destinations of the swarm that fall to this server. The host is looked at again,
/// because another keeper may have worked since it was. Answers whether a change is not over: the
/// swarm is at it, and is to be looked at again soon.
pub(super) async fn pass(
    around: &Surroundings,
    row: &server::Assigned,
    rows: &[Assigned],
    round: &Round<'_>,
    seen: &Sighting,
) -> Result<bool, PassError> {
    let (app, host) = (around.app.as_ref(), round.host.as_ref());
    give_away(app, row, rows, host).await?;
    let Some(cluster_id) = managed(&row.server) else { return Ok(false) };
    nudge(app, row, seen).await?;
    if kept(app, row, cluster_id).await?.is_empty() {
        return Ok(false);
    }
    let _turn = around.swarms.turn(cluster_id).await;
    let rows = kept(app, row, cluster_id).await?;
    let networks = host.list_networks().await?;
    // Asked after the networks: one who was demoted meanwhile has left those of the swarm out.
    host.list_nodes().await?;
    let servers = in_swarms(app, row).await?;
    let standing = standing(app, row, cluster_id).await?;
    let round = Round { networks: &networks, standing: &standing, ..*round };
    for one in &rows {
        if is_changing(one) {
            destinations::changed(&round, one, &nodes(around, row).await?).await?;
        } else {
            destinations::settle(&round, one).await?;
        }
        note_nodes(app, one, seen, &servers).await?;
    }
    Ok(rows.iter().any(is_changing) && kept(app, row, cluster_id).await?.iter().any(is_changing))
}

fn is_changing(one: &Assigned) -> bool {
    one.destination.state == DestinationState::Changing
}

/// All servers of the swarm, with the connections that stand now.
async fn nodes(around: &Surroundings, row: &server::Assigned) -> Result<Nodes, Error> {
    let mut conn = around.app.db.acquire().await?;
    let servers = servers::companions(&mut conn, &row.team_id, &row.server).await?;
    let others = servers.into_iter().filter(|server| server.id != row.server.id);
    let companion = |server: Server| {
        let host = around.hosts.find(&server.id);
        Companion { server, host }
    };
    Ok(Nodes { acting: Some(row.server.clone()), others: others.map(companion).collect() })
}

async fn standing(
    app: &App,
    row: &server::Assigned,
    cluster_id: &str,
) -> Result<Vec<Standing>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::drift::list_standing_of_cluster(&mut conn, &row.team_id, cluster_id).await?)
}

async fn in_swarms(app: &App, row: &server::Assigned) -> Result<Vec<Server>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::server::list_in_swarms(&mut conn, Visible::whole(&row.team_id)).await?)
}

/// Wakes the servers of the swarm that are not what the swarm says they are: a node is told neither
/// that it was promoted nor that it was demoted.
async fn nudge(app: &App, row: &server::Assigned, seen: &Sighting) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let servers = servers::companions(&mut conn, &row.team_id, &row.server).await?;
    for server in servers.iter().filter(|server| is_able(server) && is_another(server, seen)) {
        app.wake(&server.id);
    }
    Ok(())
}

fn is_another(server: &Server, seen: &Sighting) -> bool {
    let Some(swarm) = &server.swarm else { return false };
    let manages = server.kind == Some(ServerKind::SwarmManager);
    match seen.nodes.iter().find(|node| node.node_id == swarm.node_id) {
        Some(node) => node.is_manager != manages || node.state == "down",
        None => true,
    }
}

/// The destinations of the swarm that fall to this server now.
async fn kept(app: &App, row: &server::Assigned, cluster_id: &str) -> Result<Vec<Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut rows = db::destination::list_of_cluster(&mut conn, &row.team_id, cluster_id).await?;
    if rows.is_empty() {
        return Ok(rows);
    }
    let managers = db::server::list_managers(&mut conn, &row.team_id, cluster_id).await?;
    let own = |one: &Assigned| one.destination.server_id.clone();
    rows.retain(|one| keeper_of(&own(one), &managers) == Some(&row.server.id));
    Ok(rows)
}

/// The applications of the swarm that fall to this server now, as their destinations do.
pub(super) async fn kept_applications(
    app: &App,
    row: &server::Assigned,
    cluster_id: &str,
) -> Result<Vec<application::Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut rows = db::application::list_of_cluster(&mut conn, &row.team_id, cluster_id).await?;
    if rows.is_empty() {
        return Ok(rows);
    }
    let managers = db::server::list_managers(&mut conn, &row.team_id, cluster_id).await?;
    rows.retain(|one| keeper_of(&one.application.server_id, &managers) == Some(&row.server.id));
    Ok(rows)
}

/// Its own server, or else the first that answers.
fn keeper_of<'a>(own: &ServerId, managers: &'a [Server]) -> Option<&'a ServerId> {
    let mut able = managers.iter().filter(|server| is_able(server)).map(|server| &server.id);
    able.clone().find(|id| *id == own).or_else(|| able.next())
}

/// Destinations of a swarm that this server manages no more go to another of its managers; where
/// the team has none, they are lost to it and say so.
async fn give_away(
    app: &App,
    row: &server::Assigned,
    rows: &[Assigned],
    host: &dyn Host,
) -> Result<(), PassError> {
    for one in rows.iter().filter(|one| has_left(&row.server, &one.destination)) {
        if !hand_over(app, row, one).await? {
            give_up(app, one, host, &not_a_manager(&one.destination)).await?;
        }
    }
    Ok(())
}

/// Whether it is certain that the server no longer manages the destination's swarm. A node whose
/// engine has just started, or whose swarm is in trouble, may be a manager again in a moment.
fn has_left(server: &Server, destination: &Destination) -> bool {
    if destination.kind != DestinationKind::Swarm {
        return false;
    }
    let swarm = server.swarm.as_ref();
    match server.kind {
        Some(ServerKind::Standalone) => true,
        Some(ServerKind::SwarmWorker) => swarm.is_some_and(|swarm| swarm.error.is_none()),
        Some(ServerKind::SwarmManager) => {
            let now = swarm.and_then(|swarm| swarm.cluster_id.as_ref());
            now.is_some() && now != destination.cluster_id.as_ref()
        }
        None => false,
    }
}

/// To the first manager that answers, or else to the first. `false` when there is none for it.
async fn hand_over(app: &App, row: &server::Assigned, one: &Assigned) -> Result<bool, Error> {
    let Some(cluster_id) = &one.destination.cluster_id else { return Ok(false) };
    let mut tx = app.db.begin().await?;
    let managers = db::server::list_managers(&mut tx, &row.team_id, cluster_id).await?;
    let heir = heir(&managers, &row.server.id);
    let moved = match heir {
        Some(heir) => move_to(&mut tx, one, heir).await?,
        None => false,
    };
    tx.commit().await?;
    if let Some(heir) = heir.filter(|_| moved) {
        app.wake(&heir.id);
    }
    Ok(moved)
}

fn not_a_manager(destination: &Destination) -> Failure {
    failure(
        "not-a-manager",
        format!(
            "server `{}` no longer manages the swarm of network `{}`, and the team has no other \
             server that does",
            destination.server_name, destination.network
        ),
        "promote it (`docker node promote`), or add a manager of that swarm as a server; then \
         retry (`retry_destination`)",
    )
}

/// Ends what the row waits for, and leaves it failed.
async fn give_up(
    app: &App,
    one: &Assigned,
    host: &dyn Host,
    failure: &Failure,
) -> Result<(), PassError> {
    let (row, kind) = match one.destination.state {
        DestinationState::Failed | DestinationState::Changing => return Ok(()),
        DestinationState::Deleting => (one.clone(), OperationKind::DeleteDestination),
        DestinationState::Pending => (one.clone(), OperationKind::CreateDestination),
        DestinationState::Ready | DestinationState::Drifted => {
            let Some(row) = lost_to(app, one, &failure.message).await? else { return Ok(()) };
            (row, OperationKind::RepairDestination)
        }
    };
    let Some(recorder) = destinations::take_up(app, &row, kind).await? else { return Ok(()) };
    let work = Work { app, host, row: &row, recorder, networks: &[] };
    let step = work.recorder.begin("role").await?;
    work.recorder.fail(step, failure).await?;
    match row.destination.state {
        DestinationState::Deleting => remove::refuse(&work, None, failure).await?,
        DestinationState::Pending
        | DestinationState::Ready
        | DestinationState::Drifted
        | DestinationState::Changing
        | DestinationState::Failed => make::conclude(&work, Err(failure)).await?,
    }
    Ok(())
}

/// The destination with the work that says why it is lost. `None` when it moved meanwhile.
async fn lost_to(app: &App, one: &Assigned, reason: &str) -> Result<Option<Assigned>, Error> {
    let destination = &one.destination;
    let subject = Subject::Destination(destination.id.clone());
    let kind = OperationKind::RepairDestination;
    let task = Task { kind, subject, name: destination.name.as_str(), input: None };
    let mut tx = app.db.begin().await?;
    let operation = operations::queue(&mut tx, &one.team_id, task).await?;
    let now = Timestamp::now();
    if !network::drift(&mut tx, one, Some(reason), Some(&operation), now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(destinations::with_operation(one, operation.id)))
}

/// Writes down on which nodes a destination is live, when that changed.
async fn note_nodes(
    app: &App,
    one: &Assigned,
    seen: &Sighting,
    servers: &[Server],
) -> Result<(), Error> {
    let Some(observed) = &one.destination.observed else { return Ok(()) };
    let ids = seen.live_nodes(&observed.docker_id);
    let nodes = named(&ids, seen, servers);
    if nodes != one.destination.nodes {
        let mut conn = app.db.acquire().await?;
        db::destination::set_nodes(&mut conn, &one.destination.id, &nodes).await?;
    }
    Ok(())
}

fn named(ids: &BTreeSet<&str>, seen: &Sighting, servers: &[Server]) -> Vec<LiveNode> {
    let is =
        |server: &&Server, id: &str| server.swarm.as_ref().is_some_and(|swarm| swarm.node_id == id);
    let live = |id: &&str| LiveNode {
        node_id: (*id).to_owned(),
        hostname: seen.hostname(id).unwrap_or_default().to_owned(),
        server_id: servers.iter().find(|server| is(server, id)).map(|server| server.id.clone()),
    };
    ids.iter().map(live).collect()
}

/// Tells those who wait for something in the swarm why it takes longer.
pub(super) async fn without_leader(
    app: &App,
    row: &server::Assigned,
    error: &HostError,
) -> Result<(), Error> {
    let Some(cluster_id) = managed(&row.server) else { return Ok(()) };
    let reason = format!("it waits for the swarm of server `{}`: {error}", row.server.name);
    let mut conn = app.db.acquire().await?;
    let team = &row.team_id;
    Ok(db::destination::set_waiting_reason(&mut conn, team, cluster_id, &reason).await?)
}

/// Wakes the other servers that have to do with the swarm that a server manages: its managers,
/// who keep what falls to them while it is away, and those who hold what they manage no more.
pub(super) async fn wake_others(app: &App, row: &server::Assigned) -> Result<(), Error> {
    let Some(cluster_id) = managed(&row.server) else { return Ok(()) };
    let team = &row.team_id;
    let mut conn = app.db.acquire().await?;
    let managers = db::server::list_managers(&mut conn, team, cluster_id).await?;
    let rows = db::destination::list_of_cluster(&mut conn, team, cluster_id).await?;
    let holders = rows.into_iter().map(|one| one.destination.server_id);
    let all: HashSet<ServerId> =
        managers.into_iter().map(|manager| manager.id).chain(holders).collect();
    for other in all.iter().filter(|other| **other != row.server.id) {
        app.wake(other);
    }
    Ok(())
}

/// Wakes the swarm's other managers that have a proxy: what their routes lead to may be a container
/// of this server, which they do not see.
pub(super) async fn wake_proxies(app: &App, row: &server::Assigned) -> Result<(), Error> {
    if row.server.swarm.is_none() {
        return Ok(());
    }
    let mut conn = app.db.acquire().await?;
    let with_proxy = db::proxy::list_servers(&mut conn, &row.team_id).await?;
    if with_proxy.iter().all(|id| *id == row.server.id) {
        return Ok(());
    }
    let together = servers::companions(&mut conn, &row.team_id, &row.server).await?;
    let leads = |other: &&Server| managed(other).is_some() && with_proxy.contains(&other.id);
    for other in together.iter().filter(leads).filter(|other| other.id != row.server.id) {
        app.wake(&other.id);
    }
    Ok(())
}
