//! The further places of an application: the other servers on which it is, and how one is added.

use askama::Template;
use axum::extract::State;
use portolan_types::{Application, ApplicationId, Destination, PageQuery};

use super::{
    head::{Head, Tab},
    moving::targets,
};
use crate::{
    Error,
    api::AppState,
    applications::places,
    web::{
        chrome::Chrome,
        extract::Path,
        guard::see_other,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "applications/further.html")]
struct Further {
    chrome: Chrome,
    head: Head,
    places: Vec<Application>,
    /// Destinations of other servers.
    targets: Vec<Destination>,
}

impl Further {
    fn can_grow(&self) -> bool {
        let one = &self.head.application;
        self.head.may_manage && one.stack_id.is_none() && !one.is_service()
    }
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ApplicationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Places).await?;
    if let Some(database) = &head.application.database_id {
        return Ok(see_other(&format!("/databases/{database}")));
    }
    let places = places::list(&app, &chrome.actor, &id, &PageQuery::largest()).await?.items;
    let targets = elsewhere(&app, &chrome, (&head.application, &places)).await?;
    Ok(shown::page(&Further { chrome, head, places, targets }))
}

/// Destinations of servers on which it is not yet.
async fn elsewhere(
    app: &AppState,
    chrome: &Chrome,
    (original, places): (&Application, &[Application]),
) -> Result<Vec<Destination>, Error> {
    let mut found = targets(app, chrome, &original.destination_id).await?;
    let is_there = |one: &Destination| {
        places.iter().chain([original]).any(|place| place.server_id == one.server_id)
    };
    found.retain(|one| !is_there(one));
    Ok(found)
}
