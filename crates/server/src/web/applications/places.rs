//! Destinations on which something is put, and why some cannot be chosen.

use portolan_types::{Destination, DestinationId, DestinationKind};

use crate::web::chrome::Chrome;

/// A destination, and why it cannot be chosen.
#[derive(Debug)]
pub(in crate::web) struct Place {
    pub destination: Destination,
    pub refused: Option<&'static str>,
}

impl Place {
    pub(in crate::web) fn of(chrome: &Chrome, destination: Destination) -> Self {
        let may_use = chrome.may_use(&destination.server_id);
        let refused = (!may_use).then_some("You may see its server, and not use what is on it.");
        Self { destination, refused }
    }

    /// Of what stays on one machine.
    pub(in crate::web) fn alone(chrome: &Chrome, destination: Destination) -> Self {
        let is_swarm = destination.kind == DestinationKind::Swarm;
        let place = Self::of(chrome, destination);
        let why = "It is an overlay of a swarm, and data stay on one machine.";
        Self { refused: place.refused.or(is_swarm.then_some(why)), ..place }
    }
}

/// The first that was named and can be chosen, or the only one.
pub(in crate::web) fn proposed(
    places: &[Place],
    named: [Option<&DestinationId>; 2],
) -> Option<DestinationId> {
    let usable = places.iter().filter(|place| place.refused.is_none());
    let usable: Vec<&DestinationId> = usable.map(|place| &place.destination.id).collect();
    let found = named.into_iter().flatten().find(|id| usable.contains(id));
    match (found, usable.as_slice()) {
        (Some(found), _) => Some(found.clone()),
        (None, [only]) => Some((*only).clone()),
        (None, _) => None,
    }
}
