//! What a swarm runs of an application, as its keeper saw it last.

use portolan_types::{ApplicationId, ApplicationTask, ApplicationTasks};

use super::find;
use crate::{Actor, App, Error};

/// The tasks of an application; none where it is no service. Who does not see its server is not told
/// what nodes are called.
pub async fn list(app: &App, actor: &Actor, id: &ApplicationId) -> Result<ApplicationTasks, Error> {
    let row = find(&mut *app.db.acquire().await?, actor, id).await?;
    let sees_nodes = row.application.destination_name.is_some();
    let shown =
        |task: ApplicationTask| ApplicationTask { node: task.node.filter(|_| sees_nodes), ..task };
    Ok(ApplicationTasks { items: row.tasks.into_iter().map(shown).collect() })
}
