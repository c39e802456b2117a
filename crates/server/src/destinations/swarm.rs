//! What destinations of a swarm need beyond others: one in all the swarm, and taken up through any
//! of its managers, each of which can have another's place.

use portolan_types::{
    Destination, NetworkName, Reachability, Server, ServerId, ServerState, Subject, TeamId,
    Timestamp,
};
use serde_json::json;
use sqlx::AnyConnection;

use crate::{
    App, Error,
    db::{self, destination::Assigned},
    events::{self, Happened},
};

/// The guide's sentence, for a network that was added through another manager of the swarm.
pub(crate) fn added_to_swarm(other: &Destination) -> String {
    format!(
        "Network already added to this server's swarm: it is destination `{}` of server `{}`.",
        other.name, other.server_name
    )
}

/// Refuses a network that the swarm has already, through whichever manager.
pub(super) async fn check_once(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &Server,
    cluster_id: &str,
    network: &NetworkName,
) -> Result<(), Error> {
    let other = db::destination::find_in_cluster(conn, team, cluster_id, network).await?;
    match other.map(|other| other.destination) {
        Some(other) if other.server_id != server.id => Err(Error::refused(
            "network-already-added",
            added_to_swarm(&other),
            "choose another network name, or use the destination that is there",
        )),
        // On the same server the unique key says it.
        Some(_) | None => Ok(()),
    }
}

/// The servers whose keepers may have to act on a destination: its own first.
pub(crate) async fn keepers(
    conn: &mut AnyConnection,
    team: &TeamId,
    destination: &Destination,
) -> Result<Vec<ServerId>, Error> {
    let own = &destination.server_id;
    let mut ids = vec![own.clone()];
    if let Some(cluster_id) = &destination.cluster_id {
        let managers = db::server::list_managers(conn, team, cluster_id).await?;
        ids.extend(managers.into_iter().map(|one| one.id).filter(|id| id != own));
    }
    Ok(ids)
}

/// Another server that can do what the destination's own cannot while it is away.
pub(super) async fn stand_in(
    conn: &mut AnyConnection,
    team: &TeamId,
    destination: &Destination,
) -> Result<Option<Server>, Error> {
    let Some(cluster_id) = &destination.cluster_id else { return Ok(None) };
    let managers = db::server::list_managers(conn, team, cluster_id).await?;
    Ok(managers.into_iter().find(is_able))
}

/// Wakes them. Call it after the commit.
pub(crate) fn wake(app: &App, keepers: &[ServerId]) {
    for keeper in keepers {
        app.wake(keeper);
    }
}

/// Whether a server can be worked through now.
pub(crate) fn is_able(server: &Server) -> bool {
    server.state == ServerState::Ready && server.reachability == Reachability::Reachable
}

/// Who gets the destinations of a manager that goes.
pub(crate) fn heir<'a>(managers: &'a [Server], gone: &ServerId) -> Option<&'a Server> {
    let mut others = managers.iter().filter(|server| server.id != *gone);
    others.clone().find(|server| is_able(server)).or_else(|| others.next())
}

/// Gives a destination to another server, with its event.
pub(crate) async fn move_to(
    tx: &mut db::Transaction,
    one: &Assigned,
    heir: &Server,
) -> Result<bool, Error> {
    let Destination { id, name, server_name, .. } = &one.destination;
    let now = Timestamp::now();
    if !db::destination::move_to(tx, id, &heir.id, now).await? {
        return Ok(false);
    }
    db::drift::hand_over(tx, id, &heir.id).await?;
    let happened = Happened {
        team: &one.team_id,
        kind: "destination.handed-over",
        subject: Subject::Destination(id.clone()),
        name: name.as_str(),
        message: format!(
            "destination `{name}` is kept through server `{}` now, not `{server_name}`",
            heir.name
        ),
    };
    let (old, new) = (json!({ "server": server_name }), json!({ "server": heir.name }));
    events::record(tx, happened.on(&heir.id).change(&old, &new), now).await?;
    Ok(true)
}
