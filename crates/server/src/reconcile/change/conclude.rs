//! How a change ends: the move, what the network is made by from now on, the event and the end of
//! the operation, in one transaction.

use portolan_types::{
    DestinationState, DriftState, Failure, MovedContainer, MovedService, OperationResult, Timestamp,
};

use super::{
    super::{compare, drift::network::facts, make, recorder::failure, work::Work},
    Change,
};
use crate::{
    Error,
    db::{
        self,
        destination::{Made, Move},
    },
    destinations::change::{Course, Memo, Moving, MovingService},
    events,
    host::HostNetwork,
    sighting::Sighting,
};

/// The host is what the course wanted.
pub(super) async fn arrived(change: &Change<'_>, network: &HostNetwork) -> Result<(), Error> {
    let (work, memo) = (change.work, &change.memo);
    let destination = &work.row.destination;
    let goal = memo.goal().applied_to(destination);
    let difference = compare::difference(&goal, network);
    let to = match difference {
        None => DestinationState::Ready,
        Some(_) => DestinationState::Failed,
    };
    let step = Move {
        from: DestinationState::Changing,
        to,
        reason: difference.as_deref(),
        operation: None,
    };
    let now = Timestamp::now();
    let mut tx = work.app.db.begin().await?;
    if db::destination::advance(&mut tx, &destination.id, &step, now).await? {
        let observed = compare::observed(network);
        db::destination::set_observed(&mut tx, &destination.id, &observed).await?;
        let (id, facts) = (&destination.id, facts(network));
        match &difference {
            None => db::drift::end_of_network(&mut tx, id, DriftState::Healed, &facts, now).await?,
            Some(difference) => {
                let why =
                    memo.why.clone().unwrap_or_else(|| make::differs(destination, difference));
                db::drift::fail_of_network(&mut tx, id, &why).await?;
            }
        }
        if memo.course == Course::Forward {
            let made = Made {
                options: &memo.new.options,
                planned: &memo.new.planned,
                revision: memo.new.revision,
            };
            db::destination::set_made(&mut tx, &destination.id, &made).await?;
        }
        let (kind, message) = told(work, memo);
        let mut entry = work.event(kind, message);
        if memo.course == Course::Forward {
            entry = entry.change(&memo.old.options, &memo.new.options);
        }
        events::record(&mut tx, entry, now).await?;
    }
    let over = Memo { course: Course::Over, ..memo.clone() };
    db::operation::set_memo(&mut tx, &work.recorder.id, &over).await?;
    db::operation::set_result(&mut tx, &work.recorder.id, &result(memo)).await?;
    work.recorder.finish(&mut tx, memo.why.as_ref()).await?;
    tx.commit().await?;
    work.recorder.tell();
    Ok(())
}

fn told(work: &Work<'_>, memo: &Memo) -> (&'static str, String) {
    let destination = &work.row.destination;
    let subject =
        format!("destination `{}` on server `{}`", destination.name, destination.server_name);
    match (memo.course, &memo.why) {
        (Course::Forward, _) => ("destination.changed", format!("{subject} was changed")),
        (Course::Back | Course::Over, Some(why)) => (
            "destination.not-changed",
            format!("{subject} was not changed, and is as it was: {}", why.message),
        ),
        (Course::Back | Course::Over, None) => {
            ("destination.not-changed", format!("{subject} is again as it was before its change"))
        }
    }
}

fn result(memo: &Memo) -> OperationResult {
    let moved = |moving: &Moving| MovedContainer {
        id: moving.id.clone(),
        name: moving.name.clone(),
        gap_ms: moving.gap_ms,
        note: moving.note.clone(),
        server: moving.server.clone(),
    };
    let service = |one: &MovingService| MovedService {
        id: one.id.clone(),
        name: one.name.clone(),
        restarts: one.restarts,
    };
    OperationResult::Change {
        containers: memo.moving.iter().map(moved).collect(),
        services: memo.services.iter().map(service).collect(),
    }
}

/// Neither forward nor back: what is left is said, and a retry goes on from there.
pub(super) async fn stuck(change: &Change<'_>, refusal: &Failure) -> Result<(), Error> {
    let left = left_behind(change).await;
    let first = change.memo.why.as_ref().map_or("", |why| why.message.as_str());
    let destination = &change.work.row.destination;
    let message = format!(
        "the change of destination `{}` on server `{}` ended half way ({first}); the way back too: \
         {}; {left}",
        destination.name, destination.server_name, refusal.message
    );
    let remedy = "mend what is refused, then go on with it (`retry_destination`), or \
                  change it again (`update_destination`)";
    let failure = failure("change-unfinished", message, remedy);
    fail(change.work, &failure, Some(&result(&change.memo))).await
}

/// Who is where. The host may refuse this look too: then nobody knows.
async fn left_behind(change: &Change<'_>) -> String {
    let memo = &change.memo;
    let Ok((seen, ..)) = change.see().await else {
        return format!("the interim network is `{}`", memo.interim);
    };
    let names = [change.work.row.destination.network.as_str(), memo.interim.as_str()];
    let left = seen.networks.iter().filter(|network| names.contains(&network.name.as_str()));
    let places: Vec<String> = left.map(|network| place(network, &seen)).collect();
    if places.is_empty() { "no network of it is left".to_owned() } else { places.join("; ") }
}

fn place(network: &HostNetwork, seen: &Sighting) -> String {
    let on_it = seen.loners(network).into_iter().map(|one| one.member.name.as_str());
    let services = seen.services_on(network).map(|one| one.name.as_str());
    let names: Vec<&str> = on_it.chain(services).collect();
    let who = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    format!("on network `{}`: {who}", network.name)
}

/// The operation has no memo: it cannot be known what was done.
pub(super) async fn lost_memo(work: &Work<'_>) -> Result<(), Error> {
    let destination = &work.row.destination;
    let failure = failure(
        "no-memo",
        format!("what the change of destination `{}` was to be is not known", destination.name),
        "ask for it again (`update_destination`)",
    );
    fail(work, &failure, None).await
}

async fn fail(
    work: &Work<'_>,
    failure: &Failure,
    result: Option<&OperationResult>,
) -> Result<(), Error> {
    let destination = &work.row.destination;
    let step = Move {
        from: DestinationState::Changing,
        to: DestinationState::Failed,
        reason: Some(&failure.message),
        operation: None,
    };
    let now = Timestamp::now();
    let mut tx = work.app.db.begin().await?;
    if db::destination::advance(&mut tx, &destination.id, &step, now).await? {
        db::drift::fail_of_network(&mut tx, &destination.id, failure).await?;
        let event = work.event("destination.failed", failure.message.clone());
        events::record(&mut tx, event, now).await?;
    }
    if let Some(result) = result {
        db::operation::set_result(&mut tx, &work.recorder.id, result).await?;
    }
    work.recorder.finish(&mut tx, Some(failure)).await?;
    tx.commit().await?;
    work.recorder.tell();
    Ok(())
}
