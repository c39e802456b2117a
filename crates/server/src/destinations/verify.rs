//! Proofs of destinations as people ask for them: queued here, made by the keeper with probes on
//! the host (`reconcile::verify`), and kept, the latest few of each.

use portolan_types::{
    Destination, DestinationId, DestinationState, Operation, OperationKind, Page, PageQuery,
    Subject, Timestamp, Verification, VerifyEvery,
};
use serde_json::json;

use super::{check_usable, event, find};
use crate::{
    Actor, App, Error,
    db::{self, Transaction},
    events,
    operations::{self, Task},
    page, servers,
};

/// Queues a verification.
pub async fn verify(app: &App, actor: &Actor, id: &DestinationId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let destination = find(&mut tx, actor, id).await?;
    check_at_rest(&destination)?;
    let server = servers::find(&mut tx, actor, &destination.server_id).await?;
    check_usable(&server)?;
    let task = Task {
        kind: OperationKind::VerifyDestination,
        subject: Subject::Destination(id.clone()),
        name: destination.name.as_str(),
        input: None,
    };
    let operation = operations::queue(&mut tx, actor.team_id(), task).await?;
    tx.commit().await?;
    app.wake(&server.id);
    Ok(operation)
}

/// One that failed is verified too: the checks say what is wrong.
fn check_at_rest(destination: &Destination) -> Result<(), Error> {
    match destination.state {
        DestinationState::Ready | DestinationState::Drifted | DestinationState::Failed => Ok(()),
        DestinationState::Pending | DestinationState::Changing | DestinationState::Deleting => {
            Err(Error::refused(
                "destination-not-at-rest",
                format!("destination `{}` is {}", destination.name, destination.state),
                "wait for the work on it (`list_operations`), then verify",
            ))
        }
    }
}

/// How often it is verified by itself from now on.
pub(super) async fn set_every(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    every: VerifyEvery,
) -> Result<(), Error> {
    let now = Timestamp::now();
    db::destination::set_verify_every(tx, actor.team_id(), &before.id, every, now).await?;
    let what = match every {
        VerifyEvery::Default => "put on the installation's own schedule of proofs".to_owned(),
        VerifyEvery::Never => "taken off the schedule of proofs".to_owned(),
        VerifyEvery::After(pause) => format!("scheduled to be proved every {pause}"),
    };
    let entry = event(actor, "destination.schedule-changed", before, &what);
    let (old, new) =
        (json!({ "verify_every": before.verify_every }), json!({ "verify_every": every }));
    Ok(events::record(tx, entry.change(&old, &new), now).await?)
}

/// The latest verifications of a destination, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    query: &PageQuery,
) -> Result<Page<Verification>, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await?;
    let rows = db::verification::list(&mut conn, actor.visible(), id, query).await?;
    Ok(page::of(rows, query, |one| (one.finished_at, one.operation_id.as_str())))
}
