//! Making a server's destinations so: what is pending is made, what is deleting is removed, what
//! is ready is compared with what Docker has.

use std::sync::Arc;

use portolan_types::{
    Destination, DestinationKind, DestinationState, DriftState, OperationId, OperationKind,
};

use super::{
    PassError, change,
    drift::{Finding, network},
    make,
    occasion::Occasion,
    recorder::Recorder,
    remove,
    work::Work,
};
use crate::{
    App, Error,
    db::{self, destination::Assigned, drift::Standing, server},
    drift_rules::Rules,
    host::{Host, HostNetwork},
    tasks::Pulse,
};

/// What a pass over destinations has at hand.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub app: &'a App,
    pub host: &'a Arc<dyn Host>,
    /// The host's networks as they were just seen.
    pub networks: &'a [HostNetwork],
    pub occasion: &'a Occasion,
    pub pulse: &'a Pulse,
    /// The differences that stand.
    pub standing: &'a [Standing],
}

impl<'a> Round<'a> {
    /// What stands about a destination's network.
    fn standing(&self, destination: &Destination) -> Option<&'a Standing> {
        self.standing.iter().find(|one| {
            one.drift.kind.is_of_network()
                && one.drift.destination_id.as_ref() == Some(&destination.id)
        })
    }
}

/// Every destination that is this host's alone. Safe to repeat: where nothing is to be done, the
/// host is not asked and nothing is written.
pub(super) async fn pass(round: &Round<'_>, rows: &[Assigned]) -> Result<(), PassError> {
    // Those of a swarm are in `swarm`.
    let own = |row: &&Assigned| row.destination.kind == DestinationKind::Standalone;
    for row in rows.iter().filter(own) {
        settle(round, row).await?;
    }
    Ok(())
}

/// Every destination of a server.
pub(super) async fn rows(app: &App, server: &server::Assigned) -> Result<Vec<Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::destination::list_assigned(&mut conn, &server.server.id).await?)
}

/// The differences that stand on a server.
pub(super) async fn standing(app: &App, server: &server::Assigned) -> Result<Vec<Standing>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::drift::list_standing(&mut conn, &server.server.id).await?)
}

/// Brings one destination to rest.
pub(super) async fn settle(round: &Round<'_>, row: &Assigned) -> Result<(), PassError> {
    match row.destination.state {
        DestinationState::Pending => made(round, row, OperationKind::CreateDestination).await,
        DestinationState::Deleting => {
            match begin(round, row, OperationKind::DeleteDestination).await? {
                Some(work) => remove::run(&work).await,
                None => Ok(()),
            }
        }
        DestinationState::Changing => changed(round, row, &change::Nodes::default()).await,
        DestinationState::Ready => watched(round, row).await,
        DestinationState::Drifted => drifted(round, row).await,
        // A failed one waits for a person: trying what failed once more by itself helps nobody.
        DestinationState::Failed => Ok(()),
    }
}

async fn made(round: &Round<'_>, row: &Assigned, kind: OperationKind) -> Result<(), PassError> {
    match begin(round, row, kind).await? {
        Some(work) => make::run(&work).await,
        None => Ok(()),
    }
}

/// A change in place, over all nodes where it is of a swarm.
pub(super) async fn changed(
    round: &Round<'_>,
    row: &Assigned,
    nodes: &change::Nodes,
) -> Result<(), PassError> {
    match begin(round, row, OperationKind::ChangeDestination).await? {
        Some(work) => change::run(&work, nodes).await,
        None => Ok(()),
    }
}

/// The work that the row's state asks for; `None` when it is over.
async fn begin<'a>(
    round: &Round<'a>,
    row: &'a Assigned,
    kind: OperationKind,
) -> Result<Option<Work<'a>>, Error> {
    let recorder = take_up(round.app, row, kind).await?;
    let Round { app, host, networks, .. } = *round;
    let host = host.as_ref();
    Ok(recorder.map(|recorder| Work { app, host, row, networks, recorder }))
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
async fn watched(round: &Round<'_>, row: &Assigned) -> Result<(), PassError> {
    let standing = round.standing(&row.destination);
    match network::find(round, row) {
        Some(finding) => answered(round, row, &finding, standing).await,
        None => Ok(()),
    }
}

/// A drifted one: its repair goes on, or it is looked whether what was decided still holds.
async fn drifted(round: &Round<'_>, row: &Assigned) -> Result<(), PassError> {
    let standing = round.standing(&row.destination);
    if may_go_on(round.app, row, standing).await?
        && let Some(work) = begin(round, row, OperationKind::RepairDestination).await?
    {
        return make::run(&work).await;
    }
    match network::find(round, row) {
        Some(finding) => answered(round, row, &finding, standing).await,
        None => match observed(&row.destination, round.networks) {
            Some(network) => Ok(network::gone(round.app, row, network).await?),
            None => Ok(()),
        },
    }
}

/// Whether the repair that was begun is still to be done: what a person asked for, and what the
/// rules that decided it still are.
async fn may_go_on(app: &App, row: &Assigned, standing: Option<&Standing>) -> Result<bool, Error> {
    // A repair from before differences were written down has none.
    let Some(standing) = standing else { return Ok(true) };
    if standing.drift.state != DriftState::Healing || standing.by_person {
        return Ok(standing.drift.state == DriftState::Healing);
    }
    let Destination { id, server_id, .. } = &row.destination;
    let mut conn = app.db.acquire().await?;
    let rules = Rules::of(&mut conn, &row.team_id, server_id, Some(id)).await?;
    Ok(rules.revision() == standing.decided_under)
}

async fn answered(
    round: &Round<'_>,
    row: &Assigned,
    finding: &Finding<'_>,
    standing: Option<&Standing>,
) -> Result<(), PassError> {
    match network::answer(round.app, row, finding, standing).await? {
        Some(operation) => {
            round.pulse.repairs();
            let mut row = with_operation(row, operation.id);
            row.destination.reason = Some(finding.message.clone());
            made(round, &row, OperationKind::RepairDestination).await
        }
        None => Ok(()),
    }
}

pub(super) fn with_operation(row: &Assigned, id: OperationId) -> Assigned {
    let mut row = row.clone();
    row.destination.state = DestinationState::Drifted;
    row.destination.operation_id = Some(id);
    row
}

/// The network that was last inspected.
fn observed<'a>(destination: &Destination, networks: &'a [HostNetwork]) -> Option<&'a HostNetwork> {
    let docker_id = &destination.observed.as_ref()?.docker_id;
    networks.iter().find(|network| network.docker_id == *docker_id)
}
