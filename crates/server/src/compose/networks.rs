//! Networks of a file: `default` is the destination, external ones are other destinations of the server, and
//! the others are made for the stack.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::Alias;

use super::{Network, Places, Reading, finding::Findings, spot::Spot, unknown};

/// What Compose calls the network of those that name none.
pub(super) const DEFAULT: &str = "default";

/// What a network of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declared {
    Own(Network),
    /// The destination, by another name.
    Destination,
    /// One that is there already, by Docker's name.
    Outside(String),
}

/// Networks beside the destination, by name.
pub(super) fn declared(
    spot: &Spot<'_>,
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, Declared> {
    let mut networks = BTreeMap::new();
    for (name, spot) in spot.entries(findings) {
        if name == DEFAULT {
            destination(&spot, reading, findings);
        } else if name.len() > 60 || name.contains(char::is_control) {
            spot.refuse(findings, "the name of a network has at most 60 characters");
        } else {
            let read = if is_external(&spot, findings) {
                external(name, &spot, reading, findings)
            } else {
                Declared::Own(own(&spot, findings))
            };
            networks.insert(name.to_owned(), read);
        }
    }
    networks
}

/// The destination is there, whatever the file says of it.
fn destination(spot: &Spot<'_>, reading: &Reading<'_>, findings: &mut Findings) {
    for (key, spot) in spot.entries(findings) {
        match key {
            "external" => {}
            "name" if spot.text(findings) == Some(reading.network) => {}
            "name" => spot.refuse(
                findings,
                format!(
                    "not done: the stack is on network `{}`: choose another destination",
                    reading.network
                ),
            ),
            _ => spot.refuse(findings, "not done: `default` is the destination, as that is made"),
        }
    }
}

fn is_external(spot: &Spot<'_>, findings: &mut Findings) -> bool {
    spot.find("external").is_some_and(|spot| spot.flag(findings) == Some(true))
}

/// Nothing else is said of one that is there already.
fn external(
    name: &str,
    spot: &Spot<'_>,
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> Declared {
    let mut called = name;
    for (key, spot) in spot.entries(findings) {
        match key {
            "external" => {}
            "name" => called = spot.text(findings).unwrap_or(name),
            _ => spot.refuse(findings, "not done: an external network is as it was made"),
        }
    }
    if called == reading.network {
        Declared::Destination
    } else {
        Declared::Outside(called.to_owned())
    }
}

fn own(spot: &Spot<'_>, findings: &mut Findings) -> Network {
    let mut network = Network::default();
    for (key, spot) in spot.entries(findings) {
        match key {
            "internal" => network.internal = spot.flag(findings).unwrap_or_default(),
            "driver" if spot.text(findings) == Some("bridge") => {}
            "driver" => spot.refuse(findings, "not done: a network of a stack is a bridge"),
            // Refused already where it is neither true nor false.
            "external" => {}
            "name" => spot.tell(findings, "left out: networks have names of Portolan's"),
            "labels" => spot.tell(findings, "left out: networks have Portolan's labels"),
            "attachable" => spot.tell(findings, "left out: it is for swarms"),
            "ipam" => spot.refuse(findings, "not done: its addresses are chosen by Portolan"),
            _ => unknown::key(key, &spot, findings),
        }
    }
    network
}

/// Where a service is.
pub(super) fn places(
    spot: &Spot<'_>,
    networks: &BTreeMap<String, Declared>,
    findings: &mut Findings,
) -> Places {
    let mut places = Places { apart: !spot.is_null(), ..Places::default() };
    let mut named: Vec<(String, Spot<'_>, BTreeSet<Alias>)> = Vec::new();
    if spot.is_list() {
        for item in spot.items(findings) {
            let Some(name) = item.text(findings) else { continue };
            named.push((name.to_owned(), item, BTreeSet::new()));
        }
    } else {
        for (name, spot) in spot.entries(findings) {
            let aliases = aliases(&spot, findings);
            named.push((name.to_owned(), spot, aliases));
        }
    }
    for (name, spot, aliases) in named {
        let declared =
            if name == DEFAULT { Some(&Declared::Destination) } else { networks.get(&name) };
        match declared {
            Some(Declared::Destination) => {
                places.apart = false;
                // Names there are the service's own on its destination.
                places.beside.entry(DEFAULT.to_owned()).or_default().extend(aliases);
            }
            Some(Declared::Own(_)) => {
                places.beside.insert(name, aliases);
            }
            Some(Declared::Outside(network)) => {
                places.outside.entry(network.clone()).or_default().extend(aliases);
            }
            None => {
                spot.refuse(findings, format!("there is no network `{name}` under `networks`"));
            }
        }
    }
    places
}

fn aliases(spot: &Spot<'_>, findings: &mut Findings) -> BTreeSet<Alias> {
    let mut aliases = BTreeSet::new();
    for (key, spot) in spot.entries(findings) {
        match key {
            "aliases" => {
                let items = spot.items(findings);
                aliases.extend(items.iter().filter_map(|item| item.parsed::<Alias>(findings)));
            }
            "priority" | "gw_priority" => {
                spot.tell(findings, "left out: the destination leads outside");
            }
            _ => unknown::key(key, &spot, findings),
        }
    }
    aliases
}
