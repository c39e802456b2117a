//! What is wrong with a destination's network, and the destination's moves that go with each
//! decision about it.

use portolan_types::{
    Destination, DestinationState, DriftKind, DriftState, Facts, Failure, Operation, OperationKind,
    Subject, Timestamp,
};

use super::{
    super::{
        compare::{self, Difference},
        destinations::Round,
        recorder::failure,
    },
    Decision, Finding, decide, is_same, put,
};
use crate::{
    App, Error,
    db::{self, Transaction, destination::Assigned, destination::Move, drift::Standing},
    drifts,
    events::{self, Happened},
    host::{HostEvent, HostNetwork},
    operations::{self, Task},
};

/// How what Docker has differs from what the row says.
pub(in super::super) fn find<'a>(round: &Round<'_>, row: &'a Assigned) -> Option<Finding<'a>> {
    let destination = &row.destination;
    let observed = destination.observed.as_ref()?;
    let same = round.networks.iter().find(|network| network.docker_id == observed.docker_id);
    let found = match same {
        Some(network) => differing(destination, network)?,
        None => lost(destination, round.networks),
    };
    let is_it = |event: &HostEvent| {
        event.docker_id == observed.docker_id || event.name == destination.network.as_str()
    };
    Some(Finding {
        team: &row.team_id,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        server: &destination.server_id,
        server_name: &destination.server_name,
        destination: Some(&destination.id),
        kind: found.kind,
        message: found.message,
        before: found.before,
        after: found.after,
        cause: round.occasion.cause("network", is_it),
    })
}

struct Found {
    kind: DriftKind,
    message: String,
    before: Facts,
    after: Facts,
}

/// The network that was observed is gone: is there another of its name?
fn lost(destination: &Destination, networks: &[HostNetwork]) -> Found {
    let before = wanted(destination);
    let name = &destination.network;
    let mut named = networks.iter().filter(|network| network.name == name.as_str());
    let ours = named.clone().find(|network| compare::is_ours(destination, network));
    match ours.or_else(|| named.next()) {
        None => Found {
            kind: DriftKind::Missing,
            message: format!("Docker no longer has the network `{name}`"),
            before,
            after: Facts::new(),
        },
        Some(other) => {
            let whose = if ours.is_some() { "made for this destination" } else { "a stranger's" };
            Found {
                kind: DriftKind::Recreated,
                message: format!(
                    "Docker has another network `{name}`, {whose}: its id is {}",
                    other.docker_id
                ),
                before,
                after: facts(other),
            }
        }
    }
}

fn differing(destination: &Destination, network: &HostNetwork) -> Option<Found> {
    let differences = compare::differences(destination, network);
    let first = differences.first()?;
    let (kind, message) = (first.kind, first.words());
    let side = |of: fn(&Difference) -> &String| {
        let pairs = differences.iter().map(|one| (one.what.clone(), of(one).clone()));
        pairs.chain([("docker_id".to_owned(), network.docker_id.clone())]).collect()
    };
    Some(Found { kind, message, before: side(|one| &one.wanted), after: side(|one| &one.has) })
}

/// What was last seen of the destination's network.
fn wanted(destination: &Destination) -> Facts {
    let Some(observed) = &destination.observed else { return Facts::new() };
    Facts::from([
        ("docker_id".to_owned(), observed.docker_id.clone()),
        ("driver".to_owned(), observed.driver.clone()),
        ("subnets".to_owned(), observed.subnets.join(" ")),
    ])
}

/// What a network is known by.
pub(in super::super) fn facts(network: &HostNetwork) -> Facts {
    let subnets: Vec<&str> = network.subnets.iter().map(|one| one.subnet.as_str()).collect();
    Facts::from([
        ("docker_id".to_owned(), network.docker_id.clone()),
        ("driver".to_owned(), network.driver.clone()),
        ("subnets".to_owned(), subnets.join(" ")),
    ])
}

/// Decides about a finding and moves the destination accordingly. The operation that repairs it,
/// where it is to be repaired now.
pub(in super::super) async fn answer(
    app: &App,
    row: &Assigned,
    finding: &Finding<'_>,
    standing: Option<&Standing>,
) -> Result<Option<Operation>, Error> {
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    let Some(decision) = decide(&mut tx, finding, standing, now).await? else {
        // Only a destination that a removal or a change brought back has to be moved.
        if row.destination.state == DestinationState::Ready {
            let reason = standing.map(|one| reason(&one.drift.message, one.drift.remedy.as_ref()));
            drift(&mut tx, row, reason.as_deref(), None, now).await?;
            tx.commit().await?;
        }
        return Ok(None);
    };
    let same = standing.filter(|one| is_same(one, finding));
    if same.is_none() {
        let (id, gone) = (&row.destination.id, DriftState::Gone);
        db::drift::end_of_network(&mut tx, id, gone, &finding.after, now).await?;
    }
    let operation = begin(&mut tx, row, &decision).await?;
    let begun = operation.as_ref().map(|one| &one.id);
    // A person may decide meanwhile: then nothing is written, and the next look does what they said.
    let Some(drift_id) = put(&mut tx, finding, same, &decision, begun, now).await? else {
        return Ok(None);
    };
    let remedy = drifts::remedy(finding.kind, &drift_id, decision.state());
    let why = reason(&finding.message, remedy.as_ref());
    if !drift(&mut tx, row, Some(&why), operation.as_ref(), now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    // Who waits for the repair before is told that it is over.
    row.destination.operation_id.iter().for_each(|before| app.changed(before));
    Ok(operation)
}

fn reason(message: &str, remedy: Option<&String>) -> String {
    match remedy {
        Some(remedy) => format!("{message}; {remedy}"),
        None => message.to_owned(),
    }
}

/// The repair, when it is to be. What was queued before and is not to be done any more ends.
async fn begin(
    tx: &mut Transaction,
    row: &Assigned,
    decision: &Decision,
) -> Result<Option<Operation>, Error> {
    let destination = &row.destination;
    if decision.heals() {
        let task = Task {
            kind: OperationKind::RepairDestination,
            subject: Subject::Destination(destination.id.clone()),
            name: destination.name.as_str(),
            input: None,
        };
        return Ok(Some(operations::queue(tx, &row.team_id, task).await?));
    }
    if let (DestinationState::Drifted, Some(id)) = (destination.state, &destination.operation_id) {
        let failure = left_alone(destination);
        db::operation::finish(tx, id, Some(&failure), Timestamp::now()).await?;
    }
    Ok(None)
}

fn left_alone(destination: &Destination) -> Failure {
    failure(
        "left-to-a-person",
        format!("destination `{}` is not repaired: its policy was changed", destination.name),
        "see `list_drifts.open`",
    )
}

/// Ready becomes drifted; what is drifted stays so for another reason. `false` when it moved
/// meanwhile.
pub(in super::super) async fn drift(
    tx: &mut Transaction,
    row: &Assigned,
    reason: Option<&str>,
    operation: Option<&Operation>,
    now: Timestamp,
) -> Result<bool, Error> {
    let destination = &row.destination;
    let operation = operation.map(|one| &one.id);
    if destination.state == DestinationState::Drifted {
        return Ok(db::destination::stay_drifted(tx, destination, reason, operation).await?);
    }
    let to = DestinationState::Drifted;
    let step = Move { from: destination.state, to, reason, operation };
    Ok(db::destination::advance(tx, &destination.id, &step, now).await?)
}

/// The difference went without a repair: the destination is ready again.
pub(in super::super) async fn gone(
    app: &App,
    row: &Assigned,
    network: &HostNetwork,
) -> Result<(), Error> {
    let destination = &row.destination;
    let now = Timestamp::now();
    let step = Move {
        from: DestinationState::Drifted,
        to: DestinationState::Ready,
        reason: None,
        operation: None,
    };
    let mut tx = app.db.begin().await?;
    // A repair that a person asked for meanwhile is done first.
    let same = db::destination::stay_drifted(&mut tx, destination, None, None).await?;
    if !same || !db::destination::advance(&mut tx, &destination.id, &step, now).await? {
        return Ok(());
    }
    db::destination::set_observed(&mut tx, &destination.id, &compare::observed(network)).await?;
    let (id, facts) = (&destination.id, facts(network));
    db::drift::end_of_network(&mut tx, id, DriftState::Gone, &facts, now).await?;
    events::record(&mut tx, healed_itself(row), now).await?;
    Ok(tx.commit().await?)
}

fn healed_itself(row: &Assigned) -> Happened<'_> {
    let destination = &row.destination;
    let message = format!(
        "destination `{}` on server `{}` is as it should be again, without a repair",
        destination.name, destination.server_name
    );
    Happened {
        team: &row.team_id,
        kind: "destination.recovered",
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        message,
    }
}
