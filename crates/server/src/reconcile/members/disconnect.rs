//! Taking off a network who is not expected there.

use portolan_types::Failure;

use super::{
    super::{
        PassError,
        destinations::Round,
        drift::thing::{self, Repair},
        recorder::{Recorder, failure, host_failure},
        work::Halt,
    },
    Place,
};
use crate::host::{ContainerDetail, HostContainer, HostError, HostNetwork};

/// Docker's words for containers whose program does not run.
const STOPPED: [&str; 3] = ["created", "exited", "dead"];

/// Takes them off, as work that can be read afterwards.
pub(super) async fn mended(
    round: &Round<'_>,
    place: &Place<'_>,
    strangers: &[&HostContainer],
    repair: &Repair,
) -> Result<(), PassError> {
    let started = Recorder::start(round.app, repair.kind, &repair.operation).await?;
    // It may have been ended at this moment.
    let Some(recorder) = started else { return Ok(()) };
    round.pulse.repairs();
    let outcome = match all(round, place, strangers, &recorder).await {
        Ok(()) => Ok(()),
        Err(Halt::Refused(failure)) => Err(failure),
        Err(Halt::Pass(error)) => return Err(error),
    };
    let mended = portolan_types::Facts::new();
    Ok(thing::conclude(round.app, &recorder, repair, outcome.as_ref().map(|()| &mended)).await?)
}

/// Those that can be are taken off, whatever becomes of the others; the first refusal is told.
async fn all(
    round: &Round<'_>,
    place: &Place<'_>,
    strangers: &[&HostContainer],
    recorder: &Recorder<'_>,
) -> Result<(), Halt> {
    let mut refused = None;
    for one in strangers {
        let step = recorder.begin("disconnect").await?;
        match disconnect(round, place, one).await {
            Ok(()) => {
                let detail = format!("`{}` is off the network", one.member.name);
                recorder.done(step, &detail).await?;
            }
            Err(Halt::Refused(failure)) => {
                recorder.fail(step, &failure).await?;
                refused.get_or_insert(failure);
            }
            Err(halt @ Halt::Pass(_)) => return Err(halt),
        }
    }
    refused.map_or(Ok(()), |failure| Err(failure.into()))
}

async fn disconnect(round: &Round<'_>, place: &Place<'_>, one: &HostContainer) -> Result<(), Halt> {
    let network = place.network;
    // As it is now: it may have left, ended or found another network since it was seen.
    let Some(found) = on_it(round, network, one).await? else { return Ok(()) };
    let elsewhere = found
        .endpoints
        .iter()
        .any(|other| !other.attachment.is_of(&network.docker_id, &network.name));
    if !STOPPED.contains(&found.member.state.as_str()) && !elsewhere {
        return Err(cut_off(place, one).into());
    }
    match round.host.disconnect(&network.docker_id, &one.member.docker_id).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_undecided() => Err(error.into()),
        Err(error) => match on_it(round, network, one).await? {
            Some(_) => Err(refused(place, one, &error).into()),
            None => Ok(()),
        },
    }
}

/// The container, where it is on the network still.
async fn on_it(
    round: &Round<'_>,
    network: &HostNetwork,
    one: &HostContainer,
) -> Result<Option<ContainerDetail>, Halt> {
    let found = round.host.find_container(&one.member.docker_id).await?;
    Ok(found.filter(|found| found.endpoint(&network.docker_id, &network.name).is_some()))
}

fn refused(place: &Place<'_>, one: &HostContainer, error: &HostError) -> Failure {
    let (name, network) = (&one.member.name, &place.network.name);
    let action = format!("take container `{name}` off network `{network}`");
    host_failure(&action, place.server.server.name.as_str(), error)
}

/// A program that runs is not left without any network: that is its owner's to decide.
fn cut_off(place: &Place<'_>, one: &HostContainer) -> Failure {
    let name = &one.member.name;
    failure(
        "no-other-network",
        format!(
            "container `{name}` runs and is on no other network than that of destination `{}`: off \
             it, it would be cut off from everything",
            place.row.destination.name
        ),
        "connect it to another network or stop it, or say that it belongs there (`portolan \
         destination container connect`)",
    )
}
