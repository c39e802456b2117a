//! A server's role, followed as it changes: promoted, demoted, joined, left.

use portolan_types::{Server, ServerKind, Subject, Swarm, Timestamp};
use serde_json::json;

use super::PassError;
use crate::{
    App,
    db::{self, server::Assigned},
    events::{self, Happened},
    host::{Host, HostRole},
};

/// Whether something changed: then the row is another.
pub(super) async fn follow(app: &App, row: &Assigned, host: &dyn Host) -> Result<bool, PassError> {
    let server = &row.server;
    let role = match host.role().await {
        Ok(role) => remembering(role, server),
        Err(error) if error.is_connection() => return Err(error.into()),
        Err(error) => {
            // What was known of it holds until the engine says otherwise.
            tracing::warn!(server.id = %server.id, %error, "could not ask a server for its role");
            return Ok(false);
        }
    };
    if server.kind == Some(role.kind) && server.swarm == role.swarm {
        return Ok(false);
    }
    let mut tx = app.db.begin().await?;
    db::server::set_role(&mut tx, &server.id, role.kind, role.swarm.as_ref()).await?;
    let cluster = |swarm: Option<&Swarm>| swarm.and_then(|swarm| swarm.cluster_id.clone());
    let moved = cluster(server.swarm.as_ref()) != cluster(role.swarm.as_ref());
    if server.kind != Some(role.kind) || moved {
        let (old, new) = (json!({ "kind": server.kind }), json!({ "kind": role.kind }));
        let entry = happened(row, role.kind).change(&old, &new);
        events::record(&mut tx, entry, Timestamp::now()).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// A manager without a leader cannot say which swarm it is in: it is the one it was in.
pub(super) fn remembering(mut role: HostRole, server: &Server) -> HostRole {
    if let (Some(now), Some(before)) = (&mut role.swarm, &server.swarm)
        && now.cluster_id.is_none()
        && role.kind == ServerKind::SwarmManager
        && now.node_id == before.node_id
    {
        now.cluster_id.clone_from(&before.cluster_id);
        now.pools.clone_from(&before.pools);
    }
    role
}

fn happened(row: &Assigned, kind: ServerKind) -> Happened<'_> {
    let server = &row.server;
    let before = server.kind.map_or("unknown", ServerKind::as_str);
    Happened {
        team: &row.team_id,
        kind: "server.role-changed",
        subject: Subject::Server(server.id.clone()),
        name: server.name.as_str(),
        message: format!("server `{}` is {kind} now; it was {before}", server.name),
    }
}
