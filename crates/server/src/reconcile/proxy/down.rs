//! A proxy that is to run: what is wrong with its container, and what is done about that. Mending it
//! is work like any other (`make`).

use portolan_types::{
    DriftKind, DriftState, Facts, Failure, ObservedProxy, OperationId, OperationKind, ProxyState,
    Timestamp,
};

use super::{
    super::{
        PassError,
        drift::{
            Finding, decide, put,
            thing::{self, Form, sentence},
        },
    },
    Memory, Scene, Settled, definition, go_on, job, take_up,
};
use crate::{
    Error,
    db::{
        self, Transaction,
        drift::{Spot, Standing},
        proxy::Move,
    },
    drifts,
    host::ContainerDetail,
    rights::Visible,
};

/// How what the host has differs from a proxy that is to run.
#[derive(Debug)]
enum Difference {
    /// It does not serve; a person's word for it.
    Down(String),
    /// It was made by another definition: an earlier Portolan's. That is nobody's meddling, so no
    /// policy is asked.
    Outdated,
}

fn difference(scene: &Scene<'_>, container: Option<&ContainerDetail>) -> Option<Difference> {
    let words = match container {
        None => gone(scene),
        Some(found) if !definition::is_ours(scene, found) => {
            format!("a container that is not Portolan's is called `{}`", definition::NAME)
        }
        Some(found) if found.member.state == "restarting" => {
            format!("its program ends again and again (exit code {})", found.exit_code)
        }
        Some(found) if !found.is_running() => format!("its container is {}", found.member.state),
        Some(found) if !definition::is_as_wanted(scene, found) => {
            return Some(Difference::Outdated);
        }
        Some(_) => return None,
    };
    Some(Difference::Down(words))
}

/// Gone, or called otherwise.
fn gone(scene: &Scene<'_>) -> String {
    let known = [definition::NAME, definition::NEXT, definition::OLD, definition::CHECK];
    let server = scene.server.server.id.as_str();
    let renamed = scene.seen.containers.iter().find(|one| {
        one.proxy_of.as_deref() == Some(server) && !known.contains(&one.member.name.as_str())
    });
    match renamed {
        Some(found) => format!("its container is called `{}`", found.member.name),
        None => "its container is gone".to_owned(),
    }
}

/// A running proxy: still so?
pub(super) async fn watched(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: Option<&ContainerDetail>,
) -> Result<Settled, PassError> {
    match difference(scene, container) {
        Some(Difference::Down(message)) => answered(scene, memory, container, message).await,
        Some(Difference::Outdated) => outdated(scene, memory).await,
        None => Ok(Settled::Same),
    }
}

/// A drifted one: its repair goes on, or it is looked whether what was decided still holds.
pub(super) async fn drifted(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: Option<&ContainerDetail>,
) -> Result<Settled, PassError> {
    let difference = difference(scene, container);
    if goes_on(scene).await? {
        take_up(scene, memory).await?;
        return Ok(Settled::Moved);
    }
    match (difference, container) {
        (Some(Difference::Down(message)), _) => answered(scene, memory, container, message).await,
        (Some(Difference::Outdated), _) => outdated(scene, memory).await,
        (None, Some(found)) => {
            job::runs_again(scene, found).await?;
            Ok(Settled::Moved)
        }
        (None, None) => Ok(Settled::Same),
    }
}

async fn goes_on(scene: &Scene<'_>) -> Result<bool, Error> {
    let Some(operation) = &scene.row.proxy.operation_id else { return Ok(false) };
    let mut conn = scene.app.db.acquire().await?;
    match standing(scene) {
        Some(standing) => {
            let finding = finding(scene, None, standing.drift.message.clone());
            let kind = OperationKind::RepairProxy;
            Ok(thing::under_way(&mut conn, &finding, standing, kind).await?.is_some())
        }
        // Of an outdated one, or from before differences were written down.
        None => Ok(db::operation::is_at_work(&mut conn, operation).await?),
    }
}

/// A failed proxy that runs after all, as it is to, needs nobody. What a person asked for and what
/// failed is not tried again by itself: they see why, and start it. A repair is, a few times.
pub(super) async fn recovered(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: Option<&ContainerDetail>,
) -> Result<Settled, PassError> {
    let Some(difference) = difference(scene, container) else {
        let Some(found) = container else { return Ok(Settled::Same) };
        job::runs_again(scene, found).await?;
        return Ok(Settled::Moved);
    };
    if !was_a_repair(scene).await? || !memory.retries.may(scene.subject().id()) {
        return Ok(Settled::Same);
    }
    match difference {
        Difference::Down(message) => answered(scene, memory, container, message).await,
        Difference::Outdated => outdated(scene, memory).await,
    }
}

async fn was_a_repair(scene: &Scene<'_>) -> Result<bool, Error> {
    let Some(id) = &scene.row.proxy.operation_id else { return Ok(false) };
    let mut conn = scene.app.db.acquire().await?;
    let operation = db::operation::find(&mut conn, Visible::whole(&scene.row.team_id), id).await?;
    Ok(operation.is_some_and(|operation| operation.kind == OperationKind::RepairProxy))
}

async fn outdated(scene: &Scene<'_>, memory: &mut Memory) -> Result<Settled, PassError> {
    if !job::outdated(scene, "its container is not what it is to be").await? {
        return Ok(Settled::Moved);
    }
    go_on(scene, memory).await
}

fn standing<'a>(scene: &Scene<'a>) -> Option<&'a Standing> {
    scene.standing(DriftKind::ProxyDown, &scene.subject())
}

fn finding<'a>(
    scene: &Scene<'a>,
    container: Option<&ContainerDetail>,
    message: String,
) -> Finding<'a> {
    let server = &scene.server.server;
    let observed = scene.row.proxy.observed.as_ref();
    let cause = scene.round.occasion.cause("container", |event| {
        event.name == definition::NAME
            || observed.is_some_and(|observed| observed.docker_id == event.docker_id)
    });
    Finding {
        team: &scene.row.team_id,
        subject: scene.subject(),
        name: server.name.as_str(),
        server: &server.id,
        server_name: &server.name,
        destination: None,
        kind: DriftKind::ProxyDown,
        message,
        before: observed.map(facts).unwrap_or_default(),
        after: container.map(found).unwrap_or_default(),
        cause,
    }
}

/// What a proxy is known by.
pub(super) fn facts(observed: &ObservedProxy) -> Facts {
    Facts::from([
        ("docker_id".to_owned(), observed.docker_id.clone()),
        ("state".to_owned(), observed.status.clone()),
    ])
}

fn found(container: &ContainerDetail) -> Facts {
    Facts::from([
        ("docker_id".to_owned(), container.member.docker_id.clone()),
        ("state".to_owned(), container.member.state.clone()),
    ])
}

/// Decides about what is wrong, and mends it where it is to be mended.
async fn answered(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: Option<&ContainerDetail>,
    message: String,
) -> Result<Settled, PassError> {
    let finding = finding(scene, container, message);
    if rests(scene, &finding).await? {
        return Ok(Settled::Same);
    }
    if !decided(scene, &finding).await? {
        // Left to people is a move as well: routes say what the proxy is now.
        return Ok(Settled::Moved);
    }
    scene.round.pulse.repairs();
    go_on(scene, memory).await
}

/// Whether nothing is new about one that is left to people: most looks need no place to write.
async fn rests(scene: &Scene<'_>, finding: &Finding<'_>) -> Result<bool, Error> {
    let drifted = scene.row.proxy.state == ProxyState::Drifted;
    match standing(scene).filter(|one| drifted && one.drift.message == finding.message) {
        Some(standing) if reads_so(scene, standing) => {
            let mut conn = scene.app.db.acquire().await?;
            thing::holds_still(&mut conn, finding, standing).await
        }
        Some(_) | None => Ok(false),
    }
}

/// Whether the proxy's reason says what the drift does.
fn reads_so(scene: &Scene<'_>, standing: &Standing) -> bool {
    scene.row.proxy.reason.as_deref() == Some(thing::words(&standing.drift).as_str())
}

/// The decision with the moves that go with it; whether a repair was begun.
async fn decided(scene: &Scene<'_>, finding: &Finding<'_>) -> Result<bool, Error> {
    let (standing, now) = (standing(scene), Timestamp::now());
    let mut tx = scene.app.db.begin().await?;
    // Before the operations, as those do who ask for work.
    db::proxy::lock(&mut tx, &scene.row.team_id, finding.server).await?;
    if let Some(standing) = standing {
        let (id, message) = (&standing.drift.id, &finding.message);
        db::drift::set_found(&mut tx, id, message, &finding.after).await?;
    }
    let Some(decision) = decide(&mut tx, finding, standing, now).await? else {
        if let Some(Standing { drift, .. }) = standing {
            let [reason, remedy] = [&drift.reason, &drift.remedy].map(Option::as_deref);
            leave(&mut tx, scene, &sentence(&finding.message, reason, remedy), now).await?;
        }
        tx.commit().await?;
        return Ok(false);
    };
    if let Some(standing) = standing {
        thing::make_way(&mut tx, finding, standing, Form::Same, now).await?;
    }
    let kind = OperationKind::RepairProxy;
    let operation = thing::begin(&mut tx, finding, &decision, kind).await?;
    let put = put(&mut tx, finding, standing, &decision, operation.as_ref(), now).await?;
    // A person may decide meanwhile: then the next look does what they said.
    let Some(drift) = put else { return Ok(false) };
    let moved = if let Some(operation) = &operation {
        let step = Move {
            from: scene.row.proxy.state,
            to: repairing(scene.row.proxy.state),
            by: None,
            reason: Some(&finding.message),
            operation: Some(operation),
        };
        db::proxy::advance(&mut tx, finding.server, &step, now).await?
    } else {
        let remedy = drifts::remedy(finding.kind, &drift, decision.state());
        let words = sentence(&finding.message, decision.reason(), remedy.as_deref());
        leave(&mut tx, scene, &words, now).await?
    };
    if moved {
        tx.commit().await?;
    }
    Ok(moved && operation.is_some())
}

/// The state of one whose repair begins.
const fn repairing(from: ProxyState) -> ProxyState {
    match from {
        ProxyState::Running => ProxyState::Drifted,
        ProxyState::Drifted
        | ProxyState::Failed
        | ProxyState::Pending
        | ProxyState::Stopped
        | ProxyState::Removing => ProxyState::Pending,
    }
}

/// It stays as it is, and says why. One that failed has said so.
async fn leave(
    tx: &mut Transaction,
    scene: &Scene<'_>,
    words: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let proxy = &scene.row.proxy;
    let server = &proxy.server_id;
    match proxy.state {
        ProxyState::Running => {
            let (from, to) = (proxy.state, ProxyState::Drifted);
            let step = Move { from, to, by: None, reason: Some(words), operation: None };
            Ok(db::proxy::advance(tx, server, &step, now).await?)
        }
        ProxyState::Drifted => Ok(db::proxy::set_reason(tx, proxy, words).await?),
        ProxyState::Failed | ProxyState::Pending | ProxyState::Stopped | ProxyState::Removing => {
            Ok(true)
        }
    }
}

/// The work on a proxy ended: so does what was wrong with it, or its repair.
pub(super) async fn settled(
    tx: &mut Transaction,
    scene: &Scene<'_>,
    outcome: Result<(DriftState, &Facts), &Failure>,
    now: Timestamp,
) -> Result<(), Error> {
    let subject = scene.subject();
    let server = &scene.server.server.id;
    let spot = Spot { subject_id: subject.id(), server, kind: DriftKind::ProxyDown };
    let Some(standing) = db::drift::find_standing(tx, &spot).await? else { return Ok(()) };
    let id = &standing.drift.id;
    match outcome {
        Ok((state, mended)) => {
            db::drift::end(tx, id, state, mended, now).await?;
        }
        Err(failure) => {
            db::drift::fail(tx, id, &thing::and_again(failure, id)).await?;
        }
    }
    Ok(())
}

/// The proxy goes, and with it all that was wrong with it, its places and its routes. Answers the
/// work that ends with that.
pub(super) async fn forget(
    tx: &mut Transaction,
    scene: &Scene<'_>,
    now: Timestamp,
) -> Result<Vec<OperationId>, Error> {
    let mut ended = Vec::new();
    for standing in db::drift::list_standing(tx, &scene.server.server.id).await? {
        match standing.drift.kind {
            DriftKind::ProxyDown | DriftKind::AttachmentLost | DriftKind::RouteDark => {
                ended.extend(thing::over(tx, &standing, &Facts::new(), now).await?);
            }
            DriftKind::Missing
            | DriftKind::Recreated
            | DriftKind::OptionsDiffer
            | DriftKind::LabelLost
            | DriftKind::UnexpectedMember => {}
        }
    }
    Ok(ended)
}
