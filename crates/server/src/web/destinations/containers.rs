//! Who is on a destination, and one of them: connected, moved and disconnected here.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ContainerName, Destination, DestinationContainer, DestinationContainers, DestinationId,
    DestinationState, PageQuery, Reachability,
};

use super::head::{Head, Tab};
use crate::{
    Error,
    api::AppState,
    db::destination::Filter,
    destinations::{self, containers},
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

/// How a container is named in an address. What Docker would not take as a name is none: such an id
/// of a hostile host would lead a form elsewhere.
fn handle(container: &DestinationContainer) -> Option<ContainerName> {
    container.id.parse().ok()
}

#[derive(Template)]
#[template(path = "destinations/container.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    container: DestinationContainer,
    handle: ContainerName,
    targets: Vec<Destination>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let actor = &chrome.actor;
    let on_it = containers::list(&app, actor, &id).await?;
    let is_it = |one: &DestinationContainer| {
        [one.id.as_str(), one.name.as_str()].contains(&handle.as_str())
    };
    let found = on_it.items.into_iter().find(is_it);
    let container = found.ok_or(Error::NotFound("container"))?;
    let filter = Filter {
        server: Some(head.server.id.clone()),
        state: Some(DestinationState::Ready),
        ..Filter::default()
    };
    let mut targets = destinations::list(&app, actor, &filter, &PageQuery::largest()).await?.items;
    targets.retain(|other| other.id != id && other.server_id == head.server.id);
    Ok(shown::page(&Show { chrome, head, container, handle, targets }))
}
