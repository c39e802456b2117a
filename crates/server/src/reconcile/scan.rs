//! Scanning a server: every network, who made it, who is on it, and whether it can be adopted.

use std::fmt::Write;

use portolan_types::{Adoptability, MemberKind, OperationKind, OperationResult, ScannedNetwork};

use super::{
    PassError,
    adoptability::{Place, judge, maker},
    recorder::{Recorder, host_failure},
    swarm::managed,
    work,
};
use crate::{
    App, Error,
    db::{self, destination, operation::Waiting, server::Assigned},
    host::{HostError, HostNetwork},
    sighting::Sighting,
};

/// Answers every scan that waits for this server with what was just seen.
pub(super) async fn run(
    app: &App,
    row: &Assigned,
    waiting: &[Waiting],
    seen: &Sighting,
) -> Result<(), PassError> {
    for recorder in take_up(app, waiting).await? {
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
    let waiting = work::waiting(app, &row.server.id).await?;
    for recorder in take_up(app, &waiting).await? {
        let step = recorder.begin("list").await?;
        let failure = host_failure("scan the networks", row.server.name.as_str(), error);
        recorder.fail(step, &failure).await?;
        recorder.conclude(Some(&failure), None).await?;
    }
    Ok(())
}

async fn take_up<'a>(app: &'a App, waiting: &[Waiting]) -> Result<Vec<Recorder<'a>>, Error> {
    let mut recorders = Vec::new();
    for task in work::of_kinds(waiting, &[OperationKind::ScanServer]) {
        recorders.extend(Recorder::start(app, task.kind, &task.id).await?);
    }
    Ok(recorders)
}

async fn scan(
    app: &App,
    row: &Assigned,
    seen: &Sighting,
    recorder: &Recorder<'_>,
) -> Result<(), PassError> {
    let Sighting { networks, containers, services, .. } = seen;
    let step = recorder.begin("list").await?;
    let mut detail = format!("{} networks, {} containers", networks.len(), containers.len());
    if !services.is_empty() {
        let _infallible = write!(detail, ", {} services", services.len());
    }
    recorder.done(step, &detail).await?;
    let known = known(app, row).await?;
    let place = Place::of(app, row).await?;
    let scanned = networks
        .iter()
        .map(|network| describe(network, seen, judge(&place, network, networks, &known)))
        .collect();
    let result = OperationResult::Scan { networks: scanned };
    Ok(recorder.conclude(None, Some(&result)).await?)
}

/// The destinations that the server has, and those of the swarm that it manages.
pub(super) async fn known(app: &App, row: &Assigned) -> Result<Vec<destination::Assigned>, Error> {
    let mut conn = app.db.acquire().await?;
    let mut known = db::destination::list_assigned(&mut conn, &row.server.id).await?;
    if let Some(cluster_id) = managed(&row.server) {
        let team = &row.team_id;
        let of_swarm = db::destination::list_of_cluster(&mut conn, team, cluster_id).await?;
        let elsewhere =
            of_swarm.into_iter().filter(|one| one.destination.server_id != row.server.id);
        known.extend(elsewhere);
    }
    Ok(known)
}

fn describe(network: &HostNetwork, seen: &Sighting, adoptability: Adoptability) -> ScannedNetwork {
    let members = seen.occupants(network);
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
        proxy: members.iter().any(|member| member.kind == MemberKind::Proxy),
        members,
        maker: maker(network),
        adoptability,
    }
}
