//! Adopting networks that are there already: a row for each, and nothing done in Docker.

use std::collections::BTreeMap;

use portolan_types::{
    AdoptNetworks, Adoptability, AdoptedNetwork, Destination, DestinationId, DestinationKind,
    DestinationState, Name, NetworkName, NetworkOptions, OperationKind, OperationResult, Origin,
    PlannedSubnets, ProxyAttachment, Subject, Timestamp, VerifyEvery,
};

use super::{
    PassError,
    adoptability::{Place, judge},
    compare,
    recorder::{Recorder, failure},
    scan,
    swarm::managed,
    work::{self, Call},
};
use crate::{
    App, Error,
    db::{self, destination, operation::Waiting, server::Assigned},
    destinations::swarm::added_to_swarm,
    events::{self, Happened},
    host::{Host, HostNetwork},
};

/// Answers every adoption that waits for this server.
pub(super) async fn run(
    app: &App,
    row: &Assigned,
    waiting: &[Waiting],
    host: &dyn Host,
) -> Result<(), PassError> {
    for task in work::of_kinds(waiting, &[OperationKind::AdoptNetworks]) {
        if let Some(recorder) = Recorder::start(app, task.kind, &task.id).await? {
            adopt(app, row, host, &recorder, task.input.as_deref()).await?;
        }
    }
    Ok(())
}

async fn adopt(
    app: &App,
    row: &Assigned,
    host: &dyn Host,
    recorder: &Recorder<'_>,
    input: Option<&str>,
) -> Result<(), PassError> {
    let Some(wanted) = input.and_then(|text| serde_json::from_str::<AdoptNetworks>(text).ok())
    else {
        let failure = failure("no-input", "the adoption names no networks", "ask for it again");
        return Ok(recorder.conclude(Some(&failure), None).await?);
    };
    let step = recorder.begin("list").await?;
    let networks = match host.list_networks().await {
        Ok(networks) => networks,
        Err(error) => {
            let call = Call { action: "list the networks", server: row.server.name.as_str() };
            let refused: Result<(), _> = recorder.refused(step, &call, error).await?;
            return Ok(recorder.conclude(refused.as_ref().err(), None).await?);
        }
    };
    recorder.done(step, &format!("{} networks", networks.len())).await?;
    let outcomes = adopt_each(app, row, recorder, &networks, &wanted).await?;
    let refused = outcomes.iter().filter(|outcome| outcome.reason.is_some()).count();
    let failure = (refused > 0).then(|| {
        failure(
            "not-all-adopted",
            format!(
                "{refused} of {} networks on server `{}` were not adopted",
                outcomes.len(),
                row.server.name
            ),
            "each has its reason in the steps; a scan shows what can be adopted (`scan_server`)",
        )
    });
    let result = OperationResult::Adoption { networks: outcomes };
    Ok(recorder.conclude(failure.as_ref(), Some(&result)).await?)
}

/// One step and one outcome for each network: one that is refused does not stop the others.
async fn adopt_each(
    app: &App,
    row: &Assigned,
    recorder: &Recorder<'_>,
    networks: &[HostNetwork],
    wanted: &AdoptNetworks,
) -> Result<Vec<AdoptedNetwork>, Error> {
    let mut outcomes = Vec::new();
    for (name, verdict) in verdicts(app, row, networks, wanted).await? {
        let step = recorder.begin("adopt").await?;
        let outcome = match verdict {
            Ok(network) => insert(app, row, network).await?,
            Err(reason) => Err(reason),
        };
        match &outcome {
            Ok(_) => recorder.done(step, &format!("network `{name}` is a destination now")).await?,
            Err(reason) => {
                let message = format!("network `{name}` was not adopted: {reason}");
                recorder.fail(step, &failure("not-adopted", message, "choose another")).await?;
            }
        }
        let destination_id = outcome.as_ref().ok().cloned();
        outcomes.push(AdoptedNetwork { name, destination_id, reason: outcome.err() });
    }
    Ok(outcomes)
}

/// Each network that is wanted by name, with what stands for it on the host, or why it cannot be
/// adopted.
pub(crate) async fn verdicts<'a>(
    app: &App,
    row: &Assigned,
    networks: &'a [HostNetwork],
    wanted: &AdoptNetworks,
) -> Result<Vec<(String, Result<&'a HostNetwork, String>)>, Error> {
    let known = scan::known(app, row).await?;
    let place = Place::of(app, row).await?;
    let judged = |network: &HostNetwork| judge(&place, network, networks, &known);
    let adoptable = networks.iter().filter(|network| judged(network) == Adoptability::Adoptable);
    let names: Vec<String> = if wanted.all {
        adoptable.map(|network| network.name.clone()).collect()
    } else {
        wanted.networks.clone()
    };
    let verdict = |name: &str| {
        let network = found(networks, name, judged)
            .ok_or_else(|| "there is no such network on the server".to_owned())?;
        match judged(network) {
            Adoptability::Destination { destination_id } => {
                Err(already_added(row, &known, &destination_id))
            }
            Adoptability::Refused { reason } => Err(reason),
            Adoptability::Adoptable => Ok(network),
        }
    };
    Ok(names.into_iter().map(|name| (name.clone(), verdict(&name))).collect())
}

/// The network that is meant: of several with one name, the one that can be adopted.
fn found<'a>(
    networks: &'a [HostNetwork],
    name: &str,
    verdict: impl Fn(&HostNetwork) -> Adoptability,
) -> Option<&'a HostNetwork> {
    let mut named = networks.iter().filter(|network| network.name == name);
    let refused = |network: &&HostNetwork| matches!(verdict(network), Adoptability::Refused { .. });
    named.clone().find(|network| !refused(network)).or_else(|| named.next())
}

/// The guide's sentence; in a swarm with where it was added.
fn already_added(row: &Assigned, known: &[destination::Assigned], id: &DestinationId) -> String {
    let is_it = |one: &&destination::Assigned| one.destination.id == *id;
    match known.iter().find(is_it).map(|one| &one.destination) {
        Some(other) if other.server_id != row.server.id => added_to_swarm(other),
        Some(_) | None => "Network already added to this server.".to_owned(),
    }
}

/// The row, ready at once: what it says was read from Docker.
async fn insert(
    app: &App,
    row: &Assigned,
    network: &HostNetwork,
) -> Result<Result<DestinationId, String>, Error> {
    let destination = match adopted(row, network) {
        Ok(destination) => destination,
        Err(invalid) => return Ok(Err(invalid.to_string())),
    };
    let (id, name) = (destination.id.clone(), destination.name.as_str());
    let mut tx = app.db.begin().await?;
    match db::destination::insert(&mut tx, &row.team_id, &destination).await {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Ok(Err("Network already added to this server.".to_owned()));
        }
        other => other?,
    }
    let observed = compare::observed(network);
    db::destination::set_observed(&mut tx, &id, &observed).await?;
    let happened = Happened {
        team: &row.team_id,
        kind: "destination.adopted",
        subject: Subject::Destination(id.clone()),
        name,
        message: format!("network `{}` on server `{}` was adopted", network.name, row.server.name),
    };
    let entry = happened.on(&row.server.id).change(&(), &destination);
    events::record(&mut tx, entry, Timestamp::now()).await?;
    tx.commit().await?;
    Ok(Ok(id))
}

fn adopted(row: &Assigned, network: &HostNetwork) -> Result<Destination, portolan_types::Invalid> {
    let name: NetworkName = network.name.parse()?;
    let now = Timestamp::now();
    let cluster_id = managed(&row.server);
    let kind = match cluster_id {
        Some(_) => DestinationKind::Swarm,
        None => DestinationKind::Standalone,
    };
    Ok(Destination {
        id: DestinationId::generate(),
        server_id: row.server.id.clone(),
        server_name: row.server.name.clone(),
        name: Name::proposed(&format!("{}-{name}", row.server.name))?,
        network: name,
        kind,
        origin: Origin::Adopted,
        proxy: ProxyAttachment::Attach,
        state: DestinationState::Ready,
        reason: None,
        options: options(network),
        planned: PlannedSubnets::default(),
        revision: 1,
        cluster_id: cluster_id.map(str::to_owned),
        observed: None,
        nodes: Vec::new(),
        verify_every: VerifyEvery::default(),
        operation_id: None,
        created_at: now,
        updated_at: now,
    })
}

/// The options that the network has. What does not parse was not made by our rules, and is not
/// watched.
fn options(network: &HostNetwork) -> NetworkOptions {
    let subnets = || network.subnets.iter().map(|subnet| subnet.subnet.as_str());
    let mtu = network.options.get(compare::MTU).and_then(|text| text.parse().ok());
    NetworkOptions {
        subnet: subnets().find_map(|text| text.parse().ok()),
        gateway: None,
        range: None,
        ipv6: network.ipv6,
        ipv6_subnet: subnets().find_map(|text| text.parse().ok()),
        internal: network.internal,
        encrypted: compare::is_encrypted(network),
        mtu,
        labels: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostSubnet;

    #[test]
    fn options_are_read_from_docker() {
        let subnet = |text: &str| HostSubnet { subnet: text.into(), ..HostSubnet::default() };
        let network = HostNetwork {
            subnets: vec![subnet("10.1.0.0/24"), subnet("fd00::/64")],
            ipv6: true,
            options: BTreeMap::from([(compare::MTU.to_owned(), "1400".to_owned())]),
            ..HostNetwork::default()
        };
        let options = options(&network);
        assert_eq!(options.subnet.map(|net| net.to_string()).as_deref(), Some("10.1.0.0/24"));
        assert_eq!(options.ipv6_subnet.map(|net| net.to_string()).as_deref(), Some("fd00::/64"));
        assert_eq!(options.mtu, Some(1_400));
    }
}
