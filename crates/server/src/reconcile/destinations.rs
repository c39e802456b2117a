//! Making a server's destinations so: what is pending is made, what is deleting is removed, what
//! is ready is compared with what Docker has.

use portolan_types::{
    Destination, DestinationKind, DestinationState, Operation, OperationId, OperationKind, Subject,
    Timestamp,
};

use super::{PassError, change, compare, make, recorder::Recorder, remove, work::Work};
use crate::{
    App, Error,
    db::{
        self,
        destination::{Assigned, Move},
        server,
    },
    events::{self, Happened},
    host::{Host, HostNetwork},
    operations::{self, Task},
};

/// Every destination that is this host's alone, against the networks that were just seen. Safe to
/// repeat: where nothing is to be done, the host is not asked and nothing is written.
pub(super) async fn pass(
    app: &App,
    rows: &[Assigned],
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    // Those of a swarm are in `swarm`.
    let own = |row: &&Assigned| row.destination.kind == DestinationKind::Standalone;
    for row in rows.iter().filter(own) {
        settle(app, row, host, networks).await?;
    }
    Ok(())
}

/// Every destination of a server.
pub(super) async fn rows(app: &App, server: &server::Assigned) -> Result<Vec<Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::destination::list_assigned(&mut conn, &server.server.id).await?)
}

/// Brings one destination to rest.
pub(super) async fn settle(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    match row.destination.state {
        DestinationState::Pending | DestinationState::Drifted => {
            made(app, row, host, networks).await
        }
        DestinationState::Deleting => removed(app, row, host, networks).await,
        DestinationState::Changing => changed(app, row, host, networks).await,
        DestinationState::Ready => watched(app, row, host, networks).await,
        // A failed one waits for a person: trying what failed once more by itself helps nobody.
        DestinationState::Failed => Ok(()),
    }
}

async fn made(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    let kind = match row.destination.state {
        DestinationState::Drifted => OperationKind::RepairDestination,
        _ => OperationKind::CreateDestination,
    };
    match take_up(app, row, kind).await? {
        Some(recorder) => make::run(&Work { app, host, row, networks, recorder }).await,
        None => Ok(()),
    }
}

async fn removed(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    match take_up(app, row, OperationKind::DeleteDestination).await? {
        Some(recorder) => remove::run(&Work { app, host, row, networks, recorder }).await,
        None => Ok(()),
    }
}

async fn changed(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    match take_up(app, row, OperationKind::ChangeDestination).await? {
        Some(recorder) => change::run(&Work { app, host, row, networks, recorder }).await,
        None => Ok(()),
    }
}

/// The record of the work that the row's state asks for.
pub(super) async fn take_up<'a>(
    app: &'a App,
    row: &Assigned,
    kind: OperationKind,
) -> Result<Option<Recorder<'a>>, Error> {
    match &row.destination.operation_id {
        Some(id) => Recorder::start(app, kind, id).await,
        None => Ok(None),
    }
}

/// A ready destination: still what Docker has?
async fn watched(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    let Some(reason) = drift(&row.destination, networks) else { return Ok(()) };
    let operation = drifted(app, row, &reason).await?;
    let Some(operation) = operation else { return Ok(()) };
    let row = with_operation(row, operation.id);
    made(app, &row, host, networks).await
}

pub(super) fn with_operation(row: &Assigned, id: OperationId) -> Assigned {
    let mut row = row.clone();
    row.destination.state = DestinationState::Drifted;
    row.destination.operation_id = Some(id);
    row
}

/// How what Docker has differs from what the row says.
fn drift(destination: &Destination, networks: &[HostNetwork]) -> Option<String> {
    let observed = destination.observed.as_ref()?;
    let same = networks.iter().find(|network| network.docker_id == observed.docker_id);
    match same {
        Some(network) => compare::difference(destination, network),
        None => Some(format!("Docker no longer has the network `{}`", destination.network)),
    }
}

/// Ready becomes drifted, with the operation that repairs it. `None` when it moved meanwhile.
pub(super) async fn drifted(
    app: &App,
    row: &Assigned,
    reason: &str,
) -> Result<Option<Operation>, Error> {
    let destination = &row.destination;
    let subject = Subject::Destination(destination.id.clone());
    let name = destination.name.as_str();
    let mut tx = app.db.begin().await?;
    let kind = OperationKind::RepairDestination;
    let task = Task { kind, subject: subject.clone(), name, input: None };
    let operation = operations::queue(&mut tx, &row.team_id, task).await?;
    let step = Move {
        from: DestinationState::Ready,
        to: DestinationState::Drifted,
        reason: Some(reason),
        operation: Some(&operation.id),
    };
    let now = Timestamp::now();
    if !db::destination::advance(&mut tx, &destination.id, &step, now).await? {
        return Ok(None);
    }
    let message =
        format!("destination `{name}` on server `{}` drifted: {reason}", destination.server_name);
    let happened =
        Happened { team: &row.team_id, kind: "destination.drifted", subject, name, message };
    let entry = happened.part_of(&operation.id).on(&destination.server_id);
    events::record(&mut tx, entry, now).await?;
    tx.commit().await?;
    Ok(Some(operation))
}
