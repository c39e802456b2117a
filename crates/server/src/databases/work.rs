//! Work on what runs of a database: started, stopped, restarted, as applications are.

use portolan_types::{DatabaseId, Operation};

use super::find;
use crate::{Actor, App, Error, applications::work};

/// Starts what was deployed last.
pub async fn start(app: &App, actor: &Actor, id: &DatabaseId) -> Result<Operation, Error> {
    check(app, actor, id).await?;
    work::start(app, actor, &id.into()).await
}

/// Stops it until a person starts it again.
pub async fn stop(app: &App, actor: &Actor, id: &DatabaseId) -> Result<Operation, Error> {
    check(app, actor, id).await?;
    work::stop(app, actor, &id.into()).await
}

/// Stops and starts it.
pub async fn restart(app: &App, actor: &Actor, id: &DatabaseId) -> Result<Operation, Error> {
    check(app, actor, id).await?;
    work::restart(app, actor, &id.into()).await
}

/// An application that runs no database is none.
async fn check(app: &App, actor: &Actor, id: &DatabaseId) -> Result<(), Error> {
    find(&mut *app.db.acquire().await?, actor, id).await.map(drop)
}
