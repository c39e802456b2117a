//! What operations found, as tables.

use portolan_types::{
    Adoptability, AdoptedNetwork, Blocker, LeftBehind, Maker, MemberKind, MovedContainer,
    MovedService, OperationResult, ReachOutcome, ScannedNetwork,
};

use super::{application::moving, container_exec, reach, verification};
use crate::{
    failure::Outcome,
    printer::{Printer, Span, Style, Table},
    words::{since, took},
};

/// What an operation found, as a table.
pub(super) fn show(printer: &Printer, result: &OperationResult) -> anyhow::Result<()> {
    match result {
        OperationResult::Scan { networks } => printer.table(&scanned(networks))?,
        OperationResult::Adoption { networks } => printer.table(&adopted(networks))?,
        OperationResult::Verification { checks } => verification::show(printer, checks)?,
        OperationResult::Reach { reach, proof } => reach::show_proof(printer, reach, proof)?,
        OperationResult::ProxyLogs { text } => {
            for line in text.lines() {
                printer.line(line)?;
            }
        }
        OperationResult::Command(result) => container_exec::show(printer, result)?,
        OperationResult::Change { containers, services } => changed(printer, containers, services)?,
        OperationResult::Forgotten { left_behind } => printer.line(&stays(left_behind))?,
        OperationResult::Move(result) => moving::show(printer, result)?,
        OperationResult::JobRun { run_id, .. } => printer.line(&format!("run {run_id}"))?,
    }
    Ok(())
}

/// Whether the work found what was hoped for: that no connection came about is the end of a trial,
/// and no failure of it.
pub(super) fn outcome(result: &OperationResult) -> Outcome {
    match result {
        OperationResult::Reach { proof, .. } if proof.outcome != ReachOutcome::Connected => {
            Outcome::Failed
        }
        OperationResult::Command(result) => container_exec::exit(result.exit_code),
        OperationResult::Reach { .. }
        | OperationResult::Scan { .. }
        | OperationResult::Adoption { .. }
        | OperationResult::Verification { .. }
        | OperationResult::ProxyLogs { .. }
        | OperationResult::Change { .. }
        | OperationResult::Move(_)
        | OperationResult::JobRun { .. }
        | OperationResult::Forgotten { .. } => Outcome::Done,
    }
}

/// Nobody may have been on the network.
fn changed(
    printer: &Printer,
    containers: &[MovedContainer],
    services: &[MovedService],
) -> anyhow::Result<()> {
    if !containers.is_empty() {
        printer.table(&moved(containers))?;
    }
    if !services.is_empty() {
        printer.table(&moved_services(services))?;
    }
    Ok(())
}

fn stays(left_behind: &LeftBehind) -> String {
    let on_it = match left_behind.containers.as_slice() {
        [] => "no container that was seen".to_owned(),
        names => names.join(", "),
    };
    format!("network {} stays on its host, with {on_it}", left_behind.network)
}

fn scanned(networks: &[ScannedNetwork]) -> Table {
    let header =
        &["NETWORK", "DRIVER", "SUBNET", "MEMBERS", "PROXY", "MADE BY", "AGE", "ADOPTABLE"];
    Table::new(header).yielding(&["AGE", "SUBNET"]).with(networks.iter().map(|network| {
        vec![
            Span::plain(network.name.as_str()),
            Span::plain(network.driver.as_str()),
            Span::or_dash(Some(network.subnets.join(" ")).filter(|text| !text.is_empty())),
            Span::plain(members(network)),
            Span::or_dash(network.proxy.then_some("yes")),
            Span::plain(maker(&network.maker)),
            Span::or_dash(network.created_at.map(since)),
            adoptable(network),
        ]
    }))
}

/// The first names and how many more there are.
fn members(network: &ScannedNetwork) -> String {
    const SHOWN: usize = 3;
    let name = |member: &Blocker| match member.kind {
        MemberKind::Service => format!("{} (service)", member.name),
        MemberKind::Container | MemberKind::Proxy => member.name.clone(),
    };
    let names: Vec<String> = network.members.iter().map(name).collect();
    match names.len() {
        0 => "-".to_owned(),
        count if count > SHOWN => {
            format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN)
        }
        _ => names.join(", "),
    }
}

fn maker(maker: &Maker) -> String {
    match &maker.detail {
        Some(detail) => format!("{} {detail}", maker.kind),
        None => maker.kind.to_string(),
    }
}

fn adoptable(network: &ScannedNetwork) -> Span {
    let services_only = network.scope == "swarm" && !network.attachable;
    match &network.adoptability {
        Adoptability::Adoptable if services_only => {
            Span::new(Style::Good, "yes, for services only")
        }
        Adoptability::Adoptable => Span::new(Style::Good, "yes"),
        Adoptability::Destination { .. } => Span::new(Style::Dim, "is a destination"),
        Adoptability::Refused { reason } => Span::new(Style::Dim, format!("no: {reason}")),
    }
}

fn adopted(networks: &[AdoptedNetwork]) -> Table {
    Table::new(&["NETWORK", "DESTINATION", "REASON"]).with(networks.iter().map(|network| {
        let id = network.destination_id.as_ref().map(ToString::to_string);
        vec![
            Span::plain(network.name.as_str()),
            Span::or_dash(id),
            Span::or_dash(network.reason.clone()),
        ]
    }))
}

fn moved(containers: &[MovedContainer]) -> Table {
    Table::new(&["CONTAINER", "GAP", "NOTE"]).with(containers.iter().map(|container| {
        let place = container.server.as_ref().map(|server| format!("on {server}"));
        let notes: Vec<String> = place.into_iter().chain(container.note.clone()).collect();
        vec![
            Span::plain(container.name.as_str()),
            Span::or_dash(container.gap_ms.map(took)),
            Span::or_dash(Some(notes.join("; ")).filter(|notes| !notes.is_empty())),
        ]
    }))
}

fn moved_services(services: &[MovedService]) -> Table {
    Table::new(&["SERVICE", "TASKS REPLACED"]).with(services.iter().map(|service| {
        vec![Span::plain(service.name.as_str()), Span::plain(times(service.restarts))]
    }))
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
