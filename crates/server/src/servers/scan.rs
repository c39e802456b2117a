//! Asking for a scan of a server's networks, and for the adoption of some. The host is asked by
//! the reconciler: what it found is the result of the operation.

use portolan_types::{AdoptNetworks, Operation, OperationKind, Preview, ServerId, Subject};

use super::find;
use crate::{
    Actor, App, Error,
    destinations::{check_usable, preview},
    operations::{self, Task},
};

/// Most networks named in one adoption.
const MAX_NAMES: usize = 100;

/// Queues a scan.
pub async fn scan(app: &App, actor: &Actor, id: &ServerId) -> Result<Operation, Error> {
    queue(app, actor, id, OperationKind::ScanServer, None).await
}

/// Queues an adoption. Each network gets its own outcome.
pub async fn adopt(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: AdoptNetworks,
) -> Result<Operation, Error> {
    check(&input)?;
    queue(app, actor, id, OperationKind::AdoptNetworks, Some(operations::input(&input)?)).await
}

/// What an adoption would do.
pub async fn preview_adoption(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: &AdoptNetworks,
) -> Result<Preview, Error> {
    check(input)?;
    preview::adopt(app, actor, id, input).await
}

fn check(input: &AdoptNetworks) -> Result<(), Error> {
    if input.all != input.networks.is_empty() {
        return Err(Error::field("networks", "name networks, or ask for all, not both"));
    }
    if input.networks.len() > MAX_NAMES {
        return Err(Error::field("networks", format!("at most {MAX_NAMES} at once")));
    }
    Ok(())
}

async fn queue(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    kind: OperationKind,
    input: Option<String>,
) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let server = find(&mut tx, actor, id).await?;
    check_usable(&server)?;
    let subject = Subject::Server(server.id.clone());
    let task = Task { kind, subject, name: server.name.as_str(), input };
    let operation = operations::ask(&mut tx, actor, task).await?;
    tx.commit().await?;
    app.wake(id);
    Ok(operation)
}
