//! Where something new goes: in which environment, on which destination, and why some cannot be chosen.

use portolan_types::{
    Destination, DestinationId, DestinationKind, Environment, EnvironmentId, PageQuery,
};
use serde::Deserialize;

use crate::{
    Error, api::AppState, db::destination::Filter, destinations, environments, web::chrome::Chrome,
};

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

/// What leads to the page of something new.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    pub environment_id: Option<EnvironmentId>,
    pub destination_id: Option<DestinationId>,
}

/// What can be chosen, and what is proposed.
#[derive(Debug)]
pub(in crate::web) struct Choice {
    /// Those in which the caller may add something.
    pub environments: Vec<Environment>,
    environment: Option<EnvironmentId>,
    pub places: Vec<Place>,
    place: Option<DestinationId>,
    /// Where the things of the chosen environment go.
    default: Option<DestinationId>,
}

impl Choice {
    /// Of places as they are for what is added.
    pub(in crate::web) async fn read(
        app: &AppState,
        chrome: &Chrome,
        asked: &Asked,
        place: impl Fn(&Chrome, Destination) -> Place,
    ) -> Result<Self, Error> {
        let (actor, all) = (&chrome.actor, PageQuery::largest());
        let mut environments = environments::list(app, actor, None, &all).await?.items;
        environments.retain(|one| chrome.may_manage_project(&one.project_id));
        let chosen = environments.iter().find(|one| Some(&one.id) == asked.environment_id.as_ref());
        let chosen = chosen.or(environments.first());
        let (environment, default) = (
            chosen.map(|one| one.id.clone()),
            chosen.and_then(|one| one.default_destination_id.clone()),
        );
        let places = destinations::list(app, actor, &Filter::default(), &all).await?.items;
        let places: Vec<Place> = places.into_iter().map(|one| place(chrome, one)).collect();
        let place = proposed(&places, [asked.destination_id.as_ref(), default.as_ref()]);
        Ok(Self { environments, environment, places, place, default })
    }

    pub(in crate::web) fn is_in(&self, environment: &EnvironmentId) -> bool {
        self.environment.as_ref() == Some(environment)
    }

    pub(in crate::web) fn is_on(&self, destination: &DestinationId) -> bool {
        self.place.as_ref() == Some(destination)
    }

    pub(in crate::web) fn is_default(&self, destination: &DestinationId) -> bool {
        self.default.as_ref() == Some(destination)
    }

    pub(in crate::web) fn can_be_sent(&self) -> bool {
        self.places.iter().any(|place| place.refused.is_none())
    }
}

/// The first that was named and can be chosen, or the only one.
fn proposed(places: &[Place], named: [Option<&DestinationId>; 2]) -> Option<DestinationId> {
    let usable = places.iter().filter(|place| place.refused.is_none());
    let usable: Vec<&DestinationId> = usable.map(|place| &place.destination.id).collect();
    let found = named.into_iter().flatten().find(|id| usable.contains(id));
    match (found, usable.as_slice()) {
        (Some(found), _) => Some(found.clone()),
        (None, [only]) => Some((*only).clone()),
        (None, _) => None,
    }
}
