//! Who is on a destination, and how one more gets there.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ContainerName, DestinationContainer, DestinationContainers, DestinationId, Reachability,
};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    destinations::containers,
    web::{
        chrome::Chrome,
        extract::Path,
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "destinations/containers.html")]
struct List {
    chrome: Chrome,
    head: Head,
    on_it: DestinationContainers,
    /// Names to choose from for one that is to be connected.
    elsewhere: Vec<ContainerName>,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DestinationId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let on_it = containers::list(&app, &chrome.actor, &id).await?;
    let elsewhere = containers::list_elsewhere(&app, &chrome.actor, &id).await?;
    Ok(shown::page(&List { chrome, head, on_it, elsewhere }))
}

/// How a container is named where nothing is changed: its name, where Docker would take it as one.
fn named(container: &DestinationContainer) -> Option<ContainerName> {
    container.name.parse().ok()
}

/// How a container is named in an address. What Docker would not take as a name is none: such an id
/// of a hostile host would lead a form elsewhere.
fn handle(container: &DestinationContainer) -> Option<ContainerName> {
    container.id.parse().ok()
}
