//! Making a destination's network: look, create, inspect, in that order and each safe to repeat.
//! Creating, and the subnet that it needs, is in `place`.
//!
//! The network carries the destination's id as a label. After a crash the label tells our own
//! network, made just before, from a stranger's.

use portolan_types::{Destination, DestinationState, DriftState, Failure, Origin, Timestamp};

use super::{
    PassError, compare,
    drift::network::facts,
    place,
    recorder::{OpenStep, failure},
    work::{Attempt, Work},
};
use crate::{
    Error,
    db::{self, Transaction, destination::Move},
    events::{self, Entry},
    host::HostNetwork,
};

/// Makes what is missing and judges what is there. Ends in `ready` or `failed`, unless the
/// connection is lost: then the row stays as it is, and the next pass goes on.
pub(super) async fn run(work: &Work<'_>) -> Result<(), PassError> {
    match attempt(work).await? {
        Ok(network) => conclude(work, Ok(&network)).await?,
        Err(failure) => conclude(work, Err(&failure)).await?,
    }
    Ok(())
}

async fn attempt(work: &Work<'_>) -> Attempt<HostNetwork> {
    let found = match look(work).await? {
        Ok(found) => found,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut destination = work.row.destination.clone();
    let docker_id = match found {
        Some(network) => network.docker_id,
        None => match Box::pin(place::create(work, &mut destination)).await? {
            Ok(docker_id) => docker_id,
            Err(failure) => return Ok(Err(failure)),
        },
    };
    inspect(work, &destination, &docker_id).await
}

/// Is the name free, ours already, or a stranger's?
async fn look(work: &Work<'_>) -> Attempt<Option<HostNetwork>> {
    let destination = &work.row.destination;
    let step = work.recorder.begin("look").await?;
    let found = match work.host.find_network(destination.network.as_str()).await {
        Ok(found) => found,
        Err(error) => return work.fail(step, "look for the network", error).await,
    };
    match found {
        None if destination.origin == Origin::Adopted => {
            let failure = adopted_is_gone(destination);
            work.recorder.fail(step, &failure).await?;
            Ok(Err(failure))
        }
        None => {
            let detail = format!("the name `{}` is free", destination.network);
            work.recorder.done(step, &detail).await?;
            Ok(Ok(None))
        }
        Some(network) if destination.origin == Origin::Adopted => {
            adopted(work, step, network).await
        }
        Some(network) if compare::is_ours(destination, &network) => {
            work.recorder.done(step, "the network is there, made by Portolan").await?;
            Ok(Ok(Some(network)))
        }
        Some(_) => {
            let failure = taken(destination);
            work.recorder.fail(step, &failure).await?;
            Ok(Err(failure))
        }
    }
}

/// An adopted network is whatever stands under its name, once a person has said so by retrying.
async fn adopted(
    work: &Work<'_>,
    step: OpenStep,
    network: HostNetwork,
) -> Attempt<Option<HostNetwork>> {
    let destination = &work.row.destination;
    let seen = destination.observed.as_ref().map(|observed| observed.docker_id.as_str());
    if destination.state == DestinationState::Drifted && seen != Some(network.docker_id.as_str()) {
        let failure = adopted_is_another(destination);
        work.recorder.fail(step, &failure).await?;
        return Ok(Err(failure));
    }
    work.recorder.done(step, "the adopted network is there").await?;
    Ok(Ok(Some(network)))
}

fn adopted_is_gone(destination: &Destination) -> Failure {
    failure(
        "adopted-network-gone",
        format!(
            "network `{}` on server `{}` is gone; it was adopted, so Portolan does not make it",
            destination.network, destination.server_name
        ),
        "make it again where it was made and retry (`retry_destination`), or remove the \
         destination",
    )
}

fn adopted_is_another(destination: &Destination) -> Failure {
    failure(
        "adopted-network-recreated",
        format!(
            "network `{}` on server `{}` was made anew by somebody",
            destination.network, destination.server_name
        ),
        "if it is meant, accept it (`retry_destination`)",
    )
}

/// A stranger's network has the name.
pub(crate) fn taken(destination: &Destination) -> Failure {
    failure(
        "network-exists",
        format!(
            "a network `{}` already exists on server `{}`, and Portolan did not create it",
            destination.network, destination.server_name
        ),
        "remove this destination and adopt the network (`adopt_networks`), or \
         choose another network name",
    )
}

/// What Docker made has to be what the row says.
async fn inspect(
    work: &Work<'_>,
    destination: &Destination,
    docker_id: &str,
) -> Attempt<HostNetwork> {
    let step = work.recorder.begin("inspect").await?;
    let network = match work.host.find_network(docker_id).await {
        Ok(Some(network)) => network,
        Ok(None) => {
            let failure = vanished(destination);
            work.recorder.fail(step, &failure).await?;
            return Ok(Err(failure));
        }
        Err(error) => return work.fail(step, "inspect the network", error).await,
    };
    if network.is_unallocated() && compare::is_ours(destination, &network) {
        return unallocated(work, step, &network).await;
    }
    if let Some(difference) = compare::difference(destination, &network) {
        let failure = differs(destination, &difference);
        work.recorder.fail(step, &failure).await?;
        return Ok(Err(failure));
    }
    let subnets: Vec<&str> = network.subnets.iter().map(|net| net.subnet.as_str()).collect();
    work.recorder.done(step, &format!("{} {}", network.driver, subnets.join(" "))).await?;
    Ok(Ok(network))
}

/// A network without addresses is of no use to anybody, and the swarm would try for ever: it is
/// taken away again.
async fn unallocated(
    work: &Work<'_>,
    step: OpenStep,
    network: &HostNetwork,
) -> Attempt<HostNetwork> {
    let destination = &work.row.destination;
    let failure = failure(
        "network-not-allocated",
        format!(
            "the swarm of server `{}` could not give network `{}` addresses",
            destination.server_name, destination.network
        ),
        "its subnet overlaps another network of the swarm, or the swarm's pools are used up: give a \
         free subnet (as 10.x.y.0/24), or remove unused networks",
    );
    work.recorder.fail(step, &failure).await?;
    let step = work.recorder.begin("remove").await?;
    match work.host.remove_network(&network.docker_id).await {
        Ok(()) => {
            work.recorder.done(step, "the network without addresses was removed").await?;
            Ok(Err(failure))
        }
        Err(error) => work.fail(step, "remove the network without addresses", error).await,
    }
}

fn vanished(destination: &Destination) -> Failure {
    failure(
        "network-vanished",
        format!(
            "network `{}` on server `{}` was gone right after it was made",
            destination.network, destination.server_name
        ),
        "something on the host removes networks (a `docker network prune`?): stop it, then retry \
         (`retry_destination`)",
    )
}

pub(super) fn differs(destination: &Destination, difference: &str) -> Failure {
    failure(
        "network-differs",
        format!(
            "network `{}` on server `{}` is not as it should be: {difference}",
            destination.network, destination.server_name
        ),
        "replace it with its containers on it (repair its drift: `list_drifts.open`), or remove it in Docker and retry (`retry_destination`)",
    )
}

/// The move, what was observed, the event and the end of the operation, in one transaction.
pub(super) async fn conclude(
    work: &Work<'_>,
    outcome: Result<&HostNetwork, &Failure>,
) -> Result<(), Error> {
    let destination = &work.row.destination;
    let reason = outcome.err().map(|failure| failure.message.as_str());
    let to = if outcome.is_ok() { DestinationState::Ready } else { DestinationState::Failed };
    let step = Move { from: destination.state, to, reason, operation: None };
    let now = Timestamp::now();
    let mut tx = work.app.db.begin().await?;
    if db::destination::advance(&mut tx, &destination.id, &step, now).await? {
        match outcome {
            Ok(network) => settled(&mut tx, destination, network, now).await?,
            Err(failure) => {
                db::drift::fail_of_network(&mut tx, &destination.id, failure).await?;
            }
        }
        events::record(&mut tx, happened(work, outcome), now).await?;
    }
    work.recorder.finish(&mut tx, outcome.err()).await?;
    tx.commit().await?;
    work.recorder.tell();
    Ok(())
}

/// What was observed, and the end of what differed.
async fn settled(
    tx: &mut Transaction,
    destination: &Destination,
    network: &HostNetwork,
    now: Timestamp,
) -> Result<(), Error> {
    let id = &destination.id;
    db::destination::set_observed(tx, id, &compare::observed(network)).await?;
    let facts = facts(network);
    Ok(db::drift::end_of_network(tx, id, DriftState::Healed, &facts, now).await?)
}

fn happened<'a>(work: &'a Work<'_>, outcome: Result<&HostNetwork, &Failure>) -> Entry<'a> {
    let destination = &work.row.destination;
    let (name, server) = (&destination.name, &destination.server_name);
    match (outcome, destination.state) {
        (Ok(_), DestinationState::Drifted) => {
            let why = destination.reason.as_deref().unwrap_or("it had drifted");
            let message = format!("destination `{name}` on server `{server}` was repaired ({why})");
            work.event("destination.repaired", message)
        }
        (Ok(_), _) => {
            let message = format!("destination `{name}` on server `{server}` is ready");
            work.event("destination.ready", message)
        }
        (Err(failure), _) => work.event("destination.failed", failure.message.clone()),
    }
}
