//! The networks of a stack as its file has them. The server's reconciler makes them, and takes them down.

use std::collections::{BTreeMap, BTreeSet};

use portolan_types::{Alias, DestinationKind, Stack, id::cuid2};

use crate::{
    Error,
    compose::{Network, Service},
    db::{
        self, Transaction,
        stack::network::{Kept, Places},
    },
};

/// Ids of a stack's networks, by what the file calls them.
pub(super) type Ids = BTreeMap<String, String>;

/// Containers of services of a swarm cannot be connected one by one.
pub(super) fn check(
    kind: DestinationKind,
    networks: &BTreeMap<String, Network>,
) -> Result<(), Error> {
    let named: Vec<&str> = networks.keys().map(String::as_str).collect();
    if kind == DestinationKind::Standalone || named.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        "stack-network-on-a-swarm",
        format!("on a swarm a stack has no networks of its own: `{}`", named.join("`, `")),
        "put all its services on the destination, or choose one of a server that stands alone",
    ))
}

/// Writes down which there are from now on. One that is to be another is a new one.
pub(super) async fn set(
    tx: &mut Transaction,
    stack: &Stack,
    wanted: &BTreeMap<String, Network>,
) -> Result<Ids, Error> {
    let known = db::stack::network::list(tx, &[&stack.id]).await?;
    let mut ids = Ids::new();
    for Kept { id, network } in known.into_values().flatten() {
        if wanted.get(&network.name).is_some_and(|one| one.internal == network.internal) {
            ids.insert(network.name, id);
        } else {
            db::stack::network::end(tx, &id).await?;
        }
    }
    for (name, network) in wanted {
        if !ids.contains_key(name) {
            let id = cuid2();
            let of = (id.as_str(), &stack.server_id, &stack.id);
            db::stack::network::insert(tx, of, (name, network.internal)).await?;
            ids.insert(name.clone(), id);
        }
    }
    Ok(ids)
}

/// The places of a service by the networks' ids.
pub(super) fn places(service: &Service, ids: &Ids) -> Places {
    let place = |(name, aliases): (&String, &BTreeSet<Alias>)| {
        ids.get(name).map(|id| (id.clone(), aliases.clone()))
    };
    service.places.beside.iter().filter_map(place).collect()
}
