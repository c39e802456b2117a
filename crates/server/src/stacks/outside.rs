//! External networks of a Compose file: other destinations of the server, which services join as well.

use std::collections::BTreeMap;

use portolan_types::{Destination, DestinationId, DestinationKind, Right};
use sqlx::AnyConnection;

use crate::{
    Actor, Error,
    compose::{Composed, Service},
    db, destinations,
};

/// Destinations by their networks.
pub(super) type Outside = BTreeMap<String, DestinationId>;

/// Finds those that a file names. Whoever places a service on one has to be allowed to use its server.
pub(super) async fn found(
    conn: &mut AnyConnection,
    actor: &Actor,
    (home, composed): (&Destination, &Composed),
) -> Result<Outside, Error> {
    let mut outside = Outside::new();
    for network in composed.services.iter().flat_map(|one| one.places.outside.keys()) {
        if outside.contains_key(network) {
            continue;
        }
        if home.kind == DestinationKind::Swarm {
            return Err(Error::refused(
                "stack-network-on-a-swarm",
                format!("on a swarm a service is on its destination alone, and not on `{network}`"),
                "put all its services on the destination, or choose one of a server that stands alone",
            ));
        }
        let of = (actor.visible(), &home.server_id, network.as_str());
        let id = db::destination::find_by_network(conn, of).await?;
        let id = id.ok_or_else(|| no_destination(home, network))?;
        let destination = destinations::find(conn, actor, &id).await?;
        actor.require_on(Right::Use, &destination.server_id)?;
        outside.insert(network.clone(), destination.id);
    }
    Ok(outside)
}

fn no_destination(home: &Destination, network: &str) -> Error {
    Error::refused(
        "network-is-no-destination",
        format!("network `{network}` is no destination of server `{}`", home.server_name),
        "make a destination of it (`adopt_networks`), or link a service to what is there (`create_link`)",
    )
}

/// Where a service is besides, with its names there.
pub(super) fn visits(
    service: &Service,
    outside: &Outside,
) -> Vec<(DestinationId, std::collections::BTreeSet<portolan_types::Alias>)> {
    let visits = service.places.outside.iter();
    visits
        .filter_map(|(network, names)| Some((outside.get(network)?.clone(), names.clone())))
        .collect()
}

/// What is told before it is done: isolation ends there.
pub(super) fn steps(composed: &Composed) -> Vec<String> {
    let step = |service: &Service| {
        let networks: Vec<&str> = service.places.outside.keys().map(String::as_str).collect();
        let networks = networks.join("`, `");
        (!networks.is_empty()).then(|| {
            let name = &service.name;
            format!("service `{name}` joins `{networks}`: whatever is there reaches it")
        })
    };
    composed.services.iter().filter_map(step).collect()
}
