//! Who is on the destinations: containers, and services in the place of their containers.

use std::collections::{HashMap, HashSet};

use portolan_types::{ChartLink, ChartLinkKind, ChartNode, ChartNodeKind, ServerId};

use super::{
    applications::application_node,
    draw::{Drawing, Looks, Sightings, destination_node, link, node, server_node},
    facts::{DestinationFacts, Facts},
};
use crate::{
    host::{HostContainer, HostService},
    sighting::Sighting,
};

/// More than a person can look at, and more than the fleets that it is meant for.
const MOST: usize = 5_000;

pub(super) fn draw<'a>(drawing: &mut Drawing<'a>, facts: &'a Facts, sightings: &'a Sightings) {
    let services = services(sightings);
    let proxies: HashSet<&str> =
        facts.proxies.iter().filter_map(|proxy| proxy.container.as_deref()).collect();
    for (server, seen) in sightings {
        let names = names(&seen.sighting);
        for container in &seen.sighting.containers {
            let by_service =
                container.service_id.as_deref().is_some_and(|id| services.contains(id));
            let stands_for = is_drawn(drawing, container.application.as_deref());
            let is_ours = container.is_our_proxy() || container.probe.is_some() || stands_for;
            if by_service || is_ours {
                continue;
            }
            draw_container(drawing, server, container, &names);
        }
        for service in &seen.sighting.services {
            let stands_for = is_drawn(drawing, service.application.as_deref());
            if !(stands_for || proxies.contains(service.docker_id.as_str())) {
                draw_service(drawing, server, service);
            }
        }
    }
}

/// Whether an application stands for it.
fn is_drawn(drawing: &Drawing<'_>, application: Option<&str>) -> bool {
    application.is_some_and(|id| drawing.has(&application_node(id)))
}

/// The services that a manager told of: they stand for their containers.
fn services(sightings: &Sightings) -> HashSet<&str> {
    let services = sightings.values().flat_map(|seen| &seen.sighting.services);
    services.map(|service| service.docker_id.as_str()).collect()
}

/// Docker ids of a host's networks by name: all that tells where a container that never ran will be.
fn names(seen: &Sighting) -> HashMap<&str, &str> {
    seen.networks.iter().map(|one| (one.name.as_str(), one.docker_id.as_str())).collect()
}

fn draw_container<'a>(
    drawing: &mut Drawing<'a>,
    server: &'a ServerId,
    container: &'a HostContainer,
    names: &HashMap<&'a str, &'a str>,
) {
    let on = container.attachments.iter().filter_map(|place| match place.network_id.as_str() {
        "" => names.get(place.key.as_str()).copied().or(Some(place.key.as_str())),
        id => Some(id),
    });
    let on: Vec<&DestinationFacts> =
        on.filter_map(|id| drawing.networks.get(&(server, id)).copied()).collect();
    let member = &container.member;
    let id = format!("container:{server}:{}", member.docker_id);
    let drawn = ChartNode {
        parent: Some(server_node(server)),
        group: container.project.clone(),
        server_id: Some(server.clone()),
        ..node(id, ChartNodeKind::Container, &member.name, &member.state)
    };
    draw_member(drawing, drawn, &on, &member.name);
}

fn draw_service<'a>(drawing: &mut Drawing<'a>, server: &'a ServerId, service: &'a HostService) {
    let ids = service.networks.iter().chain(service.endpoints.iter().map(|one| &one.network_id));
    let mut on: Vec<&DestinationFacts> = Vec::new();
    for id in ids {
        let found = drawing.networks.get(&(server, id.as_str())).copied();
        on.extend(found.filter(|found| on.iter().all(|other| other.id != found.id)));
    }
    let id = format!("service:{}", service.docker_id);
    // Every manager tells of the same ones.
    if drawing.has(&id) {
        return;
    }
    let drawn = ChartNode {
        group: service.project.clone(),
        ..node(id, ChartNodeKind::Service, &service.name, "service")
    };
    draw_member(drawing, drawn, &on, &service.name);
    for alias in &service.aliases {
        if let Some(destination) = drawing.networks.get(&(server, alias.network_id.as_str())) {
            let key = (&destination.id, alias.name.as_str());
            let id = format!("service:{}", service.docker_id);
            drawing.targets.entry(key).or_insert(id);
        }
    }
}

/// What is on no destination is not Portolan's to draw.
fn draw_member<'a>(
    drawing: &mut Drawing<'a>,
    member: ChartNode,
    on: &[&'a DestinationFacts],
    name: &'a str,
) {
    if on.is_empty() {
        return;
    }
    if drawing.size() >= MOST {
        return drawing.leave_out();
    }
    let id = member.id.clone();
    drawing.node(member);
    for destination in on {
        drawing.targets.insert((&destination.id, name), id.clone());
        let from = destination_node(&destination.id);
        drawing.link(link(from, id.clone(), ChartLinkKind::Member));
    }
}

/// A container that a route leads to and that was not seen: it is missing, or whether it was there
/// is not kept.
pub(super) fn draw_unseen(
    drawing: &mut Drawing<'_>,
    destination: &DestinationFacts,
    name: &str,
) -> String {
    let (state, reason, missing) = match drawing.looks {
        Looks::Known => {
            ("missing", "a route leads to it, and it was not seen on the destination", true)
        }
        Looks::NotKept => ("unknown", "a route led to it; whether it ran is not kept", false),
    };
    let id = format!("missing:{}:{name}", destination.id);
    drawing.node(ChartNode {
        parent: Some(server_node(&destination.server_id)),
        missing,
        server_id: Some(destination.server_id.clone()),
        reason: Some(reason.to_owned()),
        ..node(id.clone(), ChartNodeKind::Container, name, state)
    });
    let from = destination_node(&destination.id);
    drawing.link(ChartLink { missing, ..link(from, id.clone(), ChartLinkKind::Member) });
    id
}
