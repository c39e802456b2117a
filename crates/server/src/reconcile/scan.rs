//! Scanning a server: every network, who made it, who is on it, and whether it can be adopted.

use portolan_types::{
    Adoptability, Blocker, MemberKind, OperationKind, OperationResult, ScannedNetwork, ServerKind,
};

use super::{
    PassError,
    adoptability::{judge, maker},
    recorder::Recorder,
    work::{self, Call},
};
use crate::{
    App, Error,
    db::{self, destination, server::Assigned},
    host::{Host, HostContainer, HostError, HostNetwork},
};

/// Answers every scan that waits for this server.
pub(super) async fn run(app: &App, row: &Assigned, host: &dyn Host) -> Result<(), PassError> {
    for task in work::waiting(app, &row.server.id, &[OperationKind::ScanServer]).await? {
        if let Some(recorder) = Recorder::start(app, task.kind, &task.id).await? {
            scan(app, row, host, &recorder).await?;
        }
    }
    Ok(())
}

async fn scan(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    recorder: &Recorder<'_>,
) -> Result<(), PassError> {
    let step = recorder.begin("list").await?;
    let (networks, containers) = match look(host).await {
        Ok(found) => found,
        Err(error) => {
            let call = Call { action: "scan the networks", server: row.server.name.as_str() };
            // A scan that fails is an error, never an empty list.
            let refused: Result<(), _> = recorder.refused(step, &call, error).await?;
            return Ok(recorder.conclude(refused.as_ref().err(), None).await?);
        }
    };
    let detail = format!("{} networks, {} containers", networks.len(), containers.len());
    recorder.done(step, &detail).await?;
    let known = known(app, row).await?;
    let kind = row.server.kind.unwrap_or(ServerKind::Standalone);
    let scanned = networks
        .iter()
        .map(|network| describe(network, &containers, judge(kind, network, &networks, &known)))
        .collect();
    let result = OperationResult::Scan { networks: scanned };
    Ok(recorder.conclude(None, Some(&result)).await?)
}

/// Networks, and the containers of the host.
pub(super) async fn look(
    host: &dyn Host,
) -> Result<(Vec<HostNetwork>, Vec<HostContainer>), HostError> {
    let mut networks = host.list_networks().await?;
    networks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((networks, host.list_containers().await?))
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
    let on_it = |one: &&HostContainer| one.is_on(&network.docker_id, &network.name);
    let member = |one: &HostContainer| Blocker {
        id: one.member.docker_id.clone(),
        name: one.member.name.clone(),
        state: one.member.state.clone(),
        kind: MemberKind::Container,
    };
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
        members: containers.iter().filter(on_it).map(member).collect(),
        maker: maker(network),
        adoptability,
    }
}
