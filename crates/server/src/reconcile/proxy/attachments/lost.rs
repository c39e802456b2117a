//! Places of the proxy that somebody meddled with: decided about by policy, mended as work that can
//! be read afterwards. A place that is asked for and was never there is none of them.

use portolan_types::{
    Attachment, Destination, DriftKind, DriftState, Facts, Failure, OperationKind, Subject,
};

use super::{
    super::{
        super::{
            PassError,
            drift::{
                Finding,
                thing::{self, Answer, Repair},
            },
            recorder::{Recorder, failure},
            work::Halt,
        },
        Memory, Scene,
    },
    Difference, Place, Settled, mend,
    record::{JOINED, LOST, State, meddled},
};
use crate::{Error, db::drift::Standing, host::ContainerDetail};

/// Whether a place differs because of somebody, and not because it is asked for only now. Off a
/// network that was made since, the proxy was not taken.
pub(super) fn is_meddled_with(
    scene: &Scene<'_>,
    memory: &Memory,
    place: &Place<'_>,
    difference: &Difference<'_>,
    known: &Attachment,
) -> bool {
    if standing(scene, place.destination).is_some() {
        return true;
    }
    let on = memory.places.get(&place.destination.id);
    let same_network = on.is_none_or(|on| *on == place.network.docker_id);
    match difference {
        Difference::Missing(_) => known.wanted && known.observed && same_network,
        Difference::Unwanted(_) => !known.wanted && !known.observed,
    }
}

fn standing<'a>(scene: &Scene<'a>, destination: &Destination) -> Option<&'a Standing> {
    let subject = Subject::Destination(destination.id.clone());
    scene.standing(DriftKind::AttachmentLost, &subject)
}

/// Whether people have to say that the proxy is put on a network again.
pub(super) fn is_left(scene: &Scene<'_>, place: &Place<'_>) -> bool {
    standing(scene, place.destination).is_some_and(|one| one.drift.state != DriftState::Healing)
}

/// The place is as it is wanted, whoever saw to that.
pub(super) async fn over(
    scene: &Scene<'_>,
    place: &Place<'_>,
    container: &ContainerDetail,
) -> Result<(), Error> {
    match standing(scene, place.destination) {
        Some(standing) => thing::gone(scene.app, standing, &facts(place, container)).await,
        None => Ok(()),
    }
}

/// How the proxy is on the network; nothing where it is not.
fn facts(place: &Place<'_>, container: &ContainerDetail) -> Facts {
    let Some(endpoint) = place.endpoint(container) else { return Facts::new() };
    let address = endpoint.attachment.address.clone();
    on(place, address)
}

fn on(place: &Place<'_>, address: Option<String>) -> Facts {
    let network = ("network".to_owned(), place.network.docker_id.clone());
    let address = address.map(|address| ("address".to_owned(), address));
    [Some(network), address].into_iter().flatten().collect()
}

fn finding<'a>(
    scene: &Scene<'a>,
    place: &Place<'a>,
    difference: &Difference<'_>,
    known: &Attachment,
) -> Finding<'a> {
    let server = &scene.server.server;
    let network = place.network;
    // Not by the address: it is another one after each start.
    let (message, before, after) = match difference {
        Difference::Missing(_) => (LOST, on(place, known.address.clone()), Facts::new()),
        Difference::Unwanted(_) => (JOINED, Facts::new(), on(place, None)),
    };
    Finding {
        team: &scene.row.team_id,
        subject: Subject::Destination(place.destination.id.clone()),
        name: place.destination.name.as_str(),
        server: &server.id,
        server_name: &server.name,
        destination: Some(&place.destination.id),
        kind: DriftKind::AttachmentLost,
        message: message.to_owned(),
        before,
        after,
        cause: scene.round.occasion.cause("network", |event| {
            event.docker_id == network.docker_id || event.name == network.name
        }),
    }
}

/// Decides about it, and mends it where it is to be mended.
pub(super) async fn settle(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: &ContainerDetail,
    place: &Place<'_>,
    difference: &Difference<'_>,
    known: &mut Attachment,
) -> Result<Settled, PassError> {
    let finding = finding(scene, place, difference, known);
    let standing = standing(scene, place.destination);
    let kind = OperationKind::RepairAttachment;
    let answer = thing::answer(scene.app, &finding, standing, kind, &mut memory.retries).await?;
    let reason = match &answer {
        Answer::Leave(words) => words.clone(),
        Answer::Mend(_) | Answer::Nothing => finding.message.clone(),
    };
    let observed = matches!(difference, Difference::Unwanted(_));
    let found = State { wanted: known.wanted, observed, address: None, reason: Some(reason) };
    meddled(scene, place.destination, known, found).await?;
    match answer {
        Answer::Mend(repair) => mended(scene, container, place, difference, &repair).await,
        Answer::Leave(words) => Ok(Settled::Left(words)),
        Answer::Nothing => Ok(Settled::Left(finding.message)),
    }
}

async fn mended(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    place: &Place<'_>,
    difference: &Difference<'_>,
    repair: &Repair,
) -> Result<Settled, PassError> {
    let Some(recorder) = Recorder::start(scene.app, repair.kind, &repair.operation).await? else {
        // It ended at this moment; the next look decides anew.
        return Ok(Settled::Left("its repair was ended".to_owned()));
    };
    scene.round.pulse.repairs();
    let outcome = match act(scene, &recorder, container, place, difference).await {
        Ok(()) => Ok(()),
        Err(Halt::Refused(failure)) => Err(failure),
        Err(Halt::Pass(error)) => return Err(error),
    };
    let mended = after(scene, container, place).await?;
    thing::conclude(scene.app, &recorder, repair, outcome.as_ref().map(|()| &mended)).await?;
    Ok(match outcome {
        Ok(()) => Settled::Mended,
        Err(failure) => Settled::Left(left(&failure, repair)),
    })
}

fn left(failure: &Failure, repair: &Repair) -> String {
    let failure = thing::and_again(failure, &repair.drift);
    thing::sentence(&failure.message, None, failure.remedy.as_deref())
}

async fn act(
    scene: &Scene<'_>,
    recorder: &Recorder<'_>,
    container: &ContainerDetail,
    place: &Place<'_>,
    difference: &Difference<'_>,
) -> Result<(), Halt> {
    let name = &place.network.name;
    let (step, detail) = match difference {
        Difference::Missing(_) => ("connect", format!("the proxy is on network `{name}` again")),
        Difference::Unwanted(_) => ("disconnect", format!("the proxy is off network `{name}`")),
    };
    let step = recorder.begin(step).await?;
    match mend(scene, container, difference).await {
        Ok(()) => Ok(recorder.done(step, &detail).await?),
        Err(Halt::Refused(failure)) => {
            recorder.fail(step, &failure).await?;
            Err(failure.into())
        }
        // A lost connection leaves it open: whoever takes the work up again ends it.
        Err(halt @ Halt::Pass(_)) => Err(halt),
    }
}

async fn after(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    place: &Place<'_>,
) -> Result<Facts, PassError> {
    let found = scene.host.find_container(&container.member.docker_id).await?;
    Ok(found.map(|found| facts(place, &found)).unwrap_or_default())
}

/// A person asked for a place of a container that is not there.
pub(super) async fn without_container(
    scene: &Scene<'_>,
    destination: &Destination,
) -> Result<(), PassError> {
    let standing = standing(scene, destination).map(|one| &one.drift);
    let Some(drift) = standing.filter(|drift| drift.state == DriftState::Healing) else {
        return Ok(());
    };
    let Some(operation) = &drift.operation_id else { return Ok(()) };
    let kind = OperationKind::RepairAttachment;
    let Some(recorder) = Recorder::start(scene.app, kind, operation).await? else { return Ok(()) };
    let failure = failure(
        "no-proxy-container",
        format!("the proxy of server `{}` has no container", scene.server_name()),
        "start the proxy (`start_proxy`)",
    );
    let repair = Repair { drift: drift.id.clone(), kind, operation: operation.clone() };
    Ok(thing::conclude(scene.app, &recorder, &repair, Err(&failure)).await?)
}
