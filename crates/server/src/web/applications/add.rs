//! `/applications/new`: into which environment, onto which destination and of which image. Each
//! destination that cannot be chosen says why.

use askama::Template;
use axum::extract::State;
use portolan_types::DestinationKind;

use super::{
    fields::{Choices, SpecFields},
    places::{Asked, Choice, Place},
};
use crate::{
    api::AppState,
    web::{
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/new.html")]
struct New {
    chrome: Chrome,
    to: Choice,
    spec: SpecFields,
}

impl New {
    /// Several replicas of it can run on one of them at least.
    fn has_swarms(&self) -> bool {
        let on_swarm = |place: &Place| place.destination.kind == DestinationKind::Swarm;
        self.to.places.iter().any(on_swarm)
    }
}

pub(super) async fn form(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(asked): Query<Asked>,
) -> Shown {
    let to = Choice::read(&app, &chrome, &asked, Place::of).await?;
    let spec = SpecFields::empty(Choices::read(&app, &chrome.actor).await?);
    Ok(shown::page(&New { chrome, to, spec }))
}
