//! Taking Portolan's proxies off a network that stays in Docker: it was adopted, and is forgotten.
//! Whoever made it finds it as it was, with those on it who were not put there by Portolan.

use portolan_types::{Destination, Failure, Origin};

use super::super::{
    PassError,
    detach::is_on,
    recorder::{OpenStep, host_failure},
    work::Work,
};
use crate::{
    Error, db,
    host::{HostContainer, HostError, HostNetwork},
    sighting::members,
};

/// The network as it stands, and why the proxy could not be taken off.
type Refusal = (HostNetwork, Failure);

/// Takes this host's proxy off. Nothing is to be done where it is not on the network.
pub(super) async fn run(work: &Work<'_>) -> Result<Result<(), Refusal>, PassError> {
    let destination = &work.row.destination;
    let Some(network) = adopted(work, destination).await? else { return Ok(Ok(())) };
    let proxies = db::attachment::list_proxies(&mut *work.app.db.acquire().await?, &destination.id)
        .await
        .map_err(Error::from)?;
    let containers = work.host.list_containers().await?;
    let ours = |one: &&HostContainer| {
        one.proxy_of.as_ref().is_some_and(|of| proxies.iter().any(|id| id.as_str() == of))
    };
    for proxy in members(&containers, &network).into_iter().filter(ours) {
        let step = work.recorder.begin("let-go").await?;
        if let Err(failure) = disconnect(work, step, &network, proxy).await? {
            return Ok(Err((network, failure)));
        }
    }
    Ok(Ok(()))
}

async fn adopted(
    work: &Work<'_>,
    destination: &Destination,
) -> Result<Option<HostNetwork>, HostError> {
    match &destination.observed {
        Some(observed) if destination.origin == Origin::Adopted => {
            work.host.find_network(&observed.docker_id).await
        }
        Some(_) | None => Ok(None),
    }
}

async fn disconnect(
    work: &Work<'_>,
    step: OpenStep,
    network: &HostNetwork,
    proxy: &HostContainer,
) -> Result<Result<(), Failure>, PassError> {
    let id = &proxy.member.docker_id;
    let Err(error) = work.host.disconnect(&network.docker_id, id).await else {
        let detail = "the proxy was taken off the network, which stays in Docker";
        work.recorder.done(step, detail).await?;
        return Ok(Ok(()));
    };
    if error.is_undecided() {
        return Err(error.into());
    }
    if !is_on(work.host, network, id).await? {
        work.recorder.done(step, "the proxy is not on the network any more").await?;
        return Ok(Ok(()));
    }
    let action = format!("take the proxy off network `{}`", network.name);
    let failure = host_failure(&action, work.row.destination.server_name.as_str(), &error);
    work.recorder.fail(step, &failure).await?;
    Ok(Err(failure))
}
