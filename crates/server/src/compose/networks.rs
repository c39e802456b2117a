//! Networks of a file: `default` is the destination, the others are made for the stack.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::Alias;

use super::{Network, Places, Reading, finding::Findings, spot::Spot, unknown};

/// What Compose calls the network of those that name none.
pub(super) const DEFAULT: &str = "default";

/// Networks beside the destination, by name.
pub(super) fn declared(
    spot: &Spot<'_>,
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for (name, spot) in spot.entries(findings) {
        if name == DEFAULT {
            destination(&spot, reading, findings);
        } else if name.len() > 60 || name.contains(char::is_control) {
            spot.refuse(findings, "the name of a network has at most 60 characters");
        } else {
            networks.insert(name.to_owned(), own(&spot, findings));
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

fn own(spot: &Spot<'_>, findings: &mut Findings) -> Network {
    let mut network = Network::default();
    for (key, spot) in spot.entries(findings) {
        match key {
            "internal" => network.internal = spot.flag(findings).unwrap_or_default(),
            "driver" if spot.text(findings) == Some("bridge") => {}
            "driver" => spot.refuse(findings, "not done: a network of a stack is a bridge"),
            "external" if spot.flag(findings) == Some(false) => {}
            "external" => spot.refuse(
                findings,
                "not done: a stack is on its destination and on networks of its own; link a service to \
                 what is elsewhere (`create_link`)",
            ),
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
    networks: &BTreeMap<String, Network>,
    findings: &mut Findings,
) -> Places {
    let mut places = Places { apart: !spot.is_null(), beside: BTreeMap::new() };
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
        if name == DEFAULT {
            places.apart = false;
            // Names there are the service's own on its destination.
            places.beside.insert(DEFAULT.to_owned(), aliases);
        } else if networks.contains_key(&name) {
            places.beside.insert(name, aliases);
        } else {
            spot.refuse(findings, format!("there is no network `{name}` under `networks`"));
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
