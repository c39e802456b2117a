//! Who is on a destination's network that nobody named: found where a policy asks for it, and taken
//! off where it says so.
//!
//! Expected are containers that were connected through Portolan, those that a route leads to,
//! Portolan's own, and tasks of a swarm's services, whose networks are their definition's affair.

mod disconnect;
mod expected;

use std::collections::BTreeSet;

use portolan_types::{
    Destination, DestinationState, DriftKind, DriftPolicy, DriftState, Facts, OperationKind,
    Subject,
};

use self::{disconnect::mended, expected::Expected};
use super::{
    PassError,
    destinations::Round,
    drift::{
        Finding,
        thing::{self, Answer},
    },
    retries::Retries,
};
use crate::{
    db::{destination::Assigned, drift::Standing, server},
    drift_rules::Naming,
    host::{HostContainer, HostNetwork},
    sighting::Sighting,
};

/// Most names of one finding. Whether more have come is told by their number.
const MOST_NAMED: usize = 50;
/// What the names are called among a finding's facts.
const CONTAINERS: &str = "containers";

/// Every destination of a server whose network is at rest.
pub(super) async fn pass(
    round: &Round<'_>,
    server: &server::Assigned,
    rows: &[Assigned],
    seen: &Sighting,
    retries: &mut Retries,
) -> Result<(), PassError> {
    let kind = DriftKind::UnexpectedMember;
    let stands = round.standing.iter().any(|one| one.drift.kind == kind);
    let mut conn = round.app.db.acquire().await?;
    let said = Naming::read(&mut conn, &server.team_id, kind).await?;
    if !stands && said.is_empty() {
        return Ok(());
    }
    let expected = Expected::on(&mut conn, &server.server).await?;
    drop(conn);
    for row in rows {
        let Some(network) = network_of(&row.destination, seen) else { continue };
        let place = Place { server, row, network };
        let policy = said.policy(&row.team_id, &server.server.id, &row.destination.id);
        let strangers = match policy {
            DriftPolicy::Ignore => Vec::new(),
            DriftPolicy::Heal | DriftPolicy::Ask | DriftPolicy::Tell => {
                expected.strangers(&row.destination, network, seen)
            }
        };
        settle(round, &place, &strangers, retries).await?;
    }
    Ok(())
}

/// A destination of a server, and its network there.
#[derive(Debug)]
struct Place<'a> {
    server: &'a server::Assigned,
    row: &'a Assigned,
    network: &'a HostNetwork,
}

/// One that is being made, changed or removed has members for that alone.
fn network_of<'a>(destination: &Destination, seen: &'a Sighting) -> Option<&'a HostNetwork> {
    match destination.state {
        DestinationState::Ready | DestinationState::Drifted => {
            seen.network(&destination.observed.as_ref()?.docker_id)
        }
        DestinationState::Pending
        | DestinationState::Changing
        | DestinationState::Failed
        | DestinationState::Deleting => None,
    }
}

async fn settle(
    round: &Round<'_>,
    place: &Place<'_>,
    strangers: &[&HostContainer],
    retries: &mut Retries,
) -> Result<(), PassError> {
    let standing = standing(round, place);
    if strangers.is_empty() {
        return match standing {
            Some(standing) => Ok(thing::gone(round.app, standing, &Facts::new()).await?),
            None => Ok(()),
        };
    }
    let names = names(strangers);
    if standing.is_some_and(|one| are_known(one, &names)) {
        return Ok(());
    }
    let finding = finding(round, place, &names);
    let kind = OperationKind::DisconnectMembers;
    match thing::answer(round.app, &finding, standing, kind, retries).await? {
        Answer::Mend(repair) => mended(round, place, strangers, &repair).await,
        Answer::Leave(_) | Answer::Nothing => Ok(()),
    }
}

fn standing<'a>(round: &Round<'a>, place: &Place<'_>) -> Option<&'a Standing> {
    let subject = Subject::Destination(place.row.destination.id.clone());
    round.standing.iter().find(|Standing { drift, .. }| {
        drift.kind == DriftKind::UnexpectedMember
            && drift.subject == subject
            && drift.server_id == place.server.server.id
    })
}

/// Whether a person knows of all of them and leaves them there.
fn are_known(standing: &Standing, names: &BTreeSet<&str>) -> bool {
    let known = standing.drift.after.get(CONTAINERS).map(String::as_str).unwrap_or_default();
    let known: BTreeSet<&str> = known.split(", ").collect();
    standing.drift.state == DriftState::Dismissed && names.is_subset(&known)
}

fn names<'a>(strangers: &[&'a HostContainer]) -> BTreeSet<&'a str> {
    strangers.iter().map(|one| one.member.name.as_str()).collect()
}

fn listed(names: &BTreeSet<&str>) -> String {
    let first: Vec<&str> = names.iter().take(MOST_NAMED).copied().collect();
    match names.len().saturating_sub(MOST_NAMED) {
        0 => first.join(", "),
        more => format!("{}, {more} more", first.join(", ")),
    }
}

fn finding<'a>(round: &Round<'_>, place: &Place<'a>, names: &BTreeSet<&str>) -> Finding<'a> {
    let Place { server, row, network } = *place;
    let listed = listed(names);
    Finding {
        team: &row.team_id,
        subject: Subject::Destination(row.destination.id.clone()),
        name: row.destination.name.as_str(),
        server: &server.server.id,
        server_name: &server.server.name,
        destination: Some(&row.destination.id),
        kind: DriftKind::UnexpectedMember,
        message: format!("nobody connected these through Portolan: {listed}"),
        before: Facts::new(),
        after: Facts::from([(CONTAINERS.to_owned(), listed)]),
        cause: round.occasion.cause("network", |event| event.docker_id == network.docker_id),
    }
}
