//! What a team may know of the tasks: the keepers of its own servers, and of the installation's own
//! tasks how they go, without a name.

use std::collections::HashMap;

use portolan_types::{Name, ReconcileStatus, ServerId, TaskStatus, reconcile::TaskError};

use super::{Entry, millis};
use crate::{Actor, App, Error, db};

/// How the background work of this process goes.
pub async fn status(app: &App, actor: &Actor) -> Result<ReconcileStatus, Error> {
    let mut conn = app.db.acquire().await?;
    let servers = db::server::list_names_of_team(&mut conn, actor.visible()).await?;
    let servers: HashMap<ServerId, Name> = servers.into_iter().collect();
    let entries = app.board.entries();
    let mut tasks: Vec<TaskStatus> =
        entries.into_iter().filter_map(|entry| shown(entry, &servers)).collect();
    tasks.sort_by(|a, b| (a.kind, &a.server_name).cmp(&(b.kind, &b.server_name)));
    Ok(ReconcileStatus { tasks })
}

fn shown(entry: Entry, servers: &HashMap<ServerId, Name>) -> Option<TaskStatus> {
    let server_name = match &entry.server {
        Some(server) => Some(servers.get(server)?.clone()),
        None => None,
    };
    // What the installation's own tasks fail with may tell of any team.
    let unnamed = |error: TaskError| TaskError { message: "the log says why".to_owned(), ..error };
    let last_error = match entry.server {
        Some(_) => entry.last_error,
        None => entry.last_error.map(unnamed),
    };
    Some(TaskStatus {
        kind: entry.kind,
        server_id: entry.server,
        server_name,
        started_at: entry.started_at,
        connected_since: entry.connected_since,
        last_run_at: entry.last_run_at,
        last_duration_ms: entry.last_duration.map(millis),
        next_run_at: entry.next_run_at,
        last_error,
        counts: entry.counts,
        passes: entry.passes,
    })
}
