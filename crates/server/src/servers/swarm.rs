//! Which of a team's servers are in one swarm. Managers know the id of theirs; a worker knows its
//! managers, and is matched by those.

use portolan_types::{Server, ServerKind, Swarm, SwarmServer, TeamId};
use sqlx::AnyConnection;

use crate::{Error, db, rights::Visible};

/// Whether two nodes are in one swarm.
fn are_together(a: &Swarm, b: &Swarm) -> bool {
    match (&a.cluster_id, &b.cluster_id) {
        (Some(a), Some(b)) => a == b,
        (Some(_) | None, _) => a.managers.iter().any(|manager| b.is_managed_by(&manager.node_id)),
    }
}

/// The team's servers in the swarm of this one, itself included, oldest first.
pub(crate) async fn companions(
    conn: &mut AnyConnection,
    team: &TeamId,
    server: &Server,
) -> Result<Vec<Server>, Error> {
    if server.swarm.is_none() {
        return Ok(Vec::new());
    }
    Ok(among(server, &db::server::list_in_swarms(conn, Visible::whole(team)).await?))
}

/// Those of the swarm of a server among servers, itself included.
pub(crate) fn among(server: &Server, all: &[Server]) -> Vec<Server> {
    let Some(swarm) = &server.swarm else { return Vec::new() };
    all.iter().filter(|other| is_together(swarm, other)).cloned().collect()
}

fn is_together(swarm: &Swarm, other: &Server) -> bool {
    other.swarm.as_ref().is_some_and(|other| are_together(swarm, other))
}

/// Tells each server of its companions.
pub(super) async fn introduce(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    servers: &mut [Server],
) -> Result<(), Error> {
    if servers.iter().all(|server| server.swarm.is_none()) {
        return Ok(());
    }
    let all = db::server::list_in_swarms(conn, visible).await?;
    for swarm in servers.iter_mut().filter_map(|server| server.swarm.as_mut()) {
        let together = all.iter().filter(|other| is_together(swarm, other));
        swarm.servers = together.filter_map(summary).collect();
    }
    Ok(())
}

fn summary(server: &Server) -> Option<SwarmServer> {
    Some(SwarmServer { id: server.id.clone(), name: server.name.clone(), kind: server.kind? })
}

/// The managers of a server's swarm for people: by the team's names, or else by their addresses.
pub(crate) fn managers_in_words(server: &Server, companions: &[Server]) -> String {
    let is_manager = |one: &&Server| one.kind == Some(ServerKind::SwarmManager);
    let others = companions.iter().filter(is_manager).filter(|one| one.id != server.id);
    let names: Vec<String> = others.map(|one| format!("`{}`", one.name)).collect();
    if !names.is_empty() {
        return names.join(" or ");
    }
    let managers = server.swarm.iter().flat_map(|swarm| &swarm.managers);
    let addresses: Vec<String> =
        managers.map(|manager| format!("the host at {}", host_part(&manager.address))).collect();
    if addresses.is_empty() { "a manager of its swarm".to_owned() } else { addresses.join(" or ") }
}

/// Without the port, which is the swarm's own.
fn host_part(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use portolan_types::SwarmManager;

    use super::*;

    fn swarm(cluster: Option<&str>, node_id: &str, managers: &[&str]) -> Swarm {
        let manager = |id: &&str| SwarmManager {
            node_id: (*id).to_owned(),
            address: format!("10.0.0.{id}:2377"),
        };
        Swarm {
            cluster_id: cluster.map(str::to_owned),
            node_id: node_id.to_owned(),
            managers: managers.iter().map(manager).collect(),
            ..Swarm::default()
        }
    }

    #[test]
    fn workers_are_matched_by_their_managers() {
        let manager = swarm(Some("c"), "1", &["1", "2"]);
        let worker = swarm(None, "3", &["2", "1"]);
        let stranger = swarm(Some("d"), "7", &["7"]);
        assert!(are_together(&manager, &worker) && are_together(&worker, &manager));
        assert!(are_together(&worker, &swarm(None, "4", &["1"])));
        assert!(!are_together(&manager, &stranger) && !are_together(&worker, &stranger));
        // Two swarms can share no manager, whatever their hosts say.
        assert!(!are_together(&manager, &swarm(Some("d"), "1", &["1"])));
    }
}
