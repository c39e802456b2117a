//! `/applications/new`: into which environment, onto which destination and of which image. Each
//! destination that cannot be chosen says why.

use askama::Template;
use axum::extract::State;
use portolan_types::{DestinationId, DestinationKind, Environment, EnvironmentId, PageQuery};
use serde::Deserialize;

use super::{
    fields::{Choices, SpecFields},
    places::{self, Place},
};
use crate::{
    api::AppState,
    db::destination::Filter,
    destinations, environments,
    web::{
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

/// What leads to the page of a new application.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    environment_id: Option<EnvironmentId>,
    destination_id: Option<DestinationId>,
}

#[derive(Template)]
#[template(path = "applications/new.html")]
struct New {
    chrome: Chrome,
    /// Those in which the caller may add something.
    environments: Vec<Environment>,
    environment: Option<EnvironmentId>,
    places: Vec<Place>,
    place: Option<DestinationId>,
    /// Where the things of the chosen environment go.
    default: Option<DestinationId>,
    spec: SpecFields,
}

impl New {
    fn is_in(&self, environment: &EnvironmentId) -> bool {
        self.environment.as_ref() == Some(environment)
    }

    fn is_on(&self, destination: &DestinationId) -> bool {
        self.place.as_ref() == Some(destination)
    }

    fn is_default(&self, destination: &DestinationId) -> bool {
        self.default.as_ref() == Some(destination)
    }

    /// Several replicas of it can run on one of them at least.
    fn has_swarms(&self) -> bool {
        let on_swarm = |place: &Place| place.destination.kind == DestinationKind::Swarm;
        self.places.iter().any(on_swarm)
    }

    fn can_be_sent(&self) -> bool {
        self.places.iter().any(|place| place.refused.is_none())
    }
}

pub(super) async fn form(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let (actor, all) = (&chrome.actor, PageQuery::largest());
    let mut environments = environments::list(&app, actor, None, &all).await?.items;
    environments.retain(|one| chrome.may_manage_project(&one.project_id));
    let chosen = environments.iter().find(|one| Some(&one.id) == wanted.environment_id.as_ref());
    let chosen = chosen.or(environments.first());
    let (environment, default) = (
        chosen.map(|one| one.id.clone()),
        chosen.and_then(|one| one.default_destination_id.clone()),
    );
    let places = destinations::list(&app, actor, &Filter::default(), &all).await?.items;
    let places: Vec<Place> = places.into_iter().map(|one| Place::of(&chrome, one)).collect();
    let place = places::proposed(&places, [wanted.destination_id.as_ref(), default.as_ref()]);
    let spec = SpecFields::empty(Choices::read(&app, actor).await?);
    Ok(shown::page(&New { chrome, environments, environment, places, place, default, spec }))
}
