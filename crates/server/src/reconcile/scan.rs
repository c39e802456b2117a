//! Scanning a server: every network, who made it, who is on it, and whether it can be adopted.

use portolan_types::{
    Adoptability, Blocker, OperationKind, OperationResult, ScannedNetwork, ServerKind,
};

use super::{
    PassError,
    adoptability::{judge, maker},
    recorder::{Recorder, host_failure},
};
use crate::{
    App, Error,
    db::{self, destination, server::Assigned},
    host::{HostContainer, HostError, HostNetwork},
    sighting::{Sighting, members},
};

/// Answers every scan that waits for this server with what was just seen.
pub(super) async fn run(app: &App, row: &Assigned, seen: &Sighting) -> Result<(), PassError> {
    for recorder in waiting(app, row).await? {
        scan(app, row, seen, &recorder).await?;
    }
    Ok(())
}

/// A look that failed is an error for every scan that waits, never an empty list. Those that wait
/// for a connection wait on.
pub(super) async fn refuse(app: &App, row: &Assigned, error: &HostError) -> Result<(), PassError> {
    if error.is_connection() {
        return Ok(());
    }
    for recorder in waiting(app, row).await? {
        let step = recorder.begin("list").await?;
        let failure = host_failure("scan the networks", row.server.name.as_str(), error);
        recorder.fail(step, &failure).await?;
        recorder.conclude(Some(&failure), None).await?;
    }
    Ok(())
}

async fn waiting<'a>(app: &'a App, row: &Assigned) -> Result<Vec<Recorder<'a>>, Error> {
    let kind = OperationKind::ScanServer;
    let mut conn = app.db.acquire().await?;
    let waiting = db::operation::list_waiting(&mut conn, &row.server.id, kind).await?;
    drop(conn);
    let mut recorders = Vec::new();
    for (id, _) in waiting {
        recorders.extend(Recorder::start(app, kind, &id).await?);
    }
    Ok(recorders)
}

async fn scan(
    app: &App,
    row: &Assigned,
    seen: &Sighting,
    recorder: &Recorder<'_>,
) -> Result<(), PassError> {
    let Sighting { networks, containers, .. } = seen;
    let step = recorder.begin("list").await?;
    let detail = format!("{} networks, {} containers", networks.len(), containers.len());
    recorder.done(step, &detail).await?;
    let known = known(app, row).await?;
    let kind = row.server.kind.unwrap_or(ServerKind::Standalone);
    let scanned = networks
        .iter()
        .map(|network| describe(network, containers, judge(kind, network, networks, &known)))
        .collect();
    let result = OperationResult::Scan { networks: scanned };
    Ok(recorder.conclude(None, Some(&result)).await?)
}

/// The destinations that the server has.
pub(super) async fn known(app: &App, row: &Assigned) -> Result<Vec<destination::Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::destination::list_assigned(&mut conn, &row.server.id).await?)
}

fn describe(
    network: &HostNetwork,
    containers: &[HostContainer],
    adoptability: Adoptability,
) -> ScannedNetwork {
    ScannedNetwork {
        docker_id: network.docker_id.clone(),
        name: network.name.clone(),
        driver: network.driver.clone(),
        scope: network.scope.clone(),
        subnets: network.subnets.iter().map(|subnet| subnet.subnet.clone()).collect(),
        internal: network.internal,
        ipv6: network.ipv6,
        attachable: network.attachable,
        created_at: network.created_at,
        members: members(containers, network).into_iter().map(blocker).collect(),
        maker: maker(network),
        adoptability,
    }
}

/// A container as what is on a network.
pub(super) fn blocker(container: &HostContainer) -> Blocker {
    Blocker {
        id: container.member.docker_id.clone(),
        name: container.member.name.clone(),
        state: container.member.state.clone(),
        kind: container.kind(),
    }
}
