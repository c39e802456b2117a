//! One container of a destination, from each side: what it is, says and uses, and programs run in it.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    ContainerName, Destination, DestinationContainer, DestinationId, DestinationState, PageQuery,
    Reachability,
};

use super::head::{Head, Tab};
use crate::{
    Error,
    api::AppState,
    container::Named,
    db::destination::Filter,
    destinations::{self, containers},
    error::Refusal,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        inside::{Logs as Said, Numbers, Wanted},
        shown::{self, Shown},
        tabs::{self, For, Link},
    },
};

/// A page of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Overview,
    Logs,
    Usage,
    Command,
    Terminal,
}

const SIDES: [tabs::Tab<Side>; 5] = [
    tabs::Tab::kept_for(For::Use, Side::Overview, "What it is", ""),
    tabs::Tab::kept_for(For::Use, Side::Logs, "Logs", "/logs"),
    tabs::Tab::new(Side::Usage, "Usage", "/stats"),
    tabs::Tab::for_admins(Side::Command, "Command", "/command"),
    tabs::Tab::for_admins(Side::Terminal, "Terminal", "/terminal"),
];

/// The container of a page.
#[derive(Debug)]
struct Place {
    container: DestinationContainer,
    /// How it was named in the address.
    handle: ContainerName,
    side: Side,
    who: For,
}

impl Place {
    async fn read(
        app: &AppState,
        chrome: &Chrome,
        (head, handle): (&Head, ContainerName),
        side: Side,
    ) -> Result<Self, Error> {
        let on_it = containers::list(app, &chrome.actor, &head.destination.id).await?;
        let is_it = |one: &DestinationContainer| {
            [one.id.as_str(), one.name.as_str()].contains(&handle.as_str())
        };
        let found = on_it.items.into_iter().find(is_it);
        let container = found.ok_or(Error::NotFound("container"))?;
        let who = match (chrome.is_admin(), head.may_use) {
            (true, _) => For::Admins,
            (false, true) => For::Use,
            (false, false) => For::All,
        };
        Ok(Self { container, handle, side, who })
    }

    fn sides(&self, destination: &DestinationId) -> Vec<Link> {
        let base = format!("/destinations/{destination}/containers/{}", self.handle);
        tabs::links(&SIDES, &self.side, &base, self.who)
    }
}

/// Where the API has it.
fn api(destination: &Destination, handle: &ContainerName) -> String {
    format!("/v1/destinations/{}/containers/{handle}", destination.id)
}

/// How the command line opens a terminal in it.
fn typed(destination: &Destination, handle: &ContainerName) -> String {
    format!("portolan container terminal {} {handle}", destination.name)
}

#[derive(Template)]
#[template(path = "destinations/container.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    place: Place,
    targets: Vec<Destination>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&head, handle), Side::Overview).await?;
    let filter = Filter {
        server: Some(head.server.id.clone()),
        state: Some(DestinationState::Ready),
        ..Filter::default()
    };
    let all = destinations::list(&app, &chrome.actor, &filter, &PageQuery::largest()).await?;
    let mut targets = all.items;
    targets.retain(|other| other.id != id && other.server_id == head.server.id);
    Ok(shown::page(&Show { chrome, head, place, targets }))
}

#[derive(Template)]
#[template(path = "destinations/container_logs.html")]
struct Logs {
    chrome: Chrome,
    head: Head,
    place: Place,
    said: Said,
}

pub(super) async fn logs(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&head, handle), Side::Logs).await?;
    let named = Named::On(&id, &place.handle);
    let said = Said::read(&app, &chrome.actor, named, wanted).await?;
    Ok(shown::page(&Logs { chrome, head, place, said }))
}

#[derive(Template)]
#[template(path = "destinations/container_stats.html")]
struct Usage {
    chrome: Chrome,
    head: Head,
    place: Place,
    stats: Result<Numbers, Refusal>,
}

pub(super) async fn stats(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&head, handle), Side::Usage).await?;
    let named = Named::On(&id, &place.handle);
    let stats = Numbers::read(&app, &chrome.actor, named).await?;
    Ok(shown::page(&Usage { chrome, head, place, stats }))
}

#[derive(Template)]
#[template(path = "destinations/container_command.html")]
struct Command {
    chrome: Chrome,
    head: Head,
    place: Place,
}

pub(super) async fn command(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&head, handle), Side::Command).await?;
    Ok(shown::page(&Command { chrome, head, place }))
}

#[derive(Template)]
#[template(path = "destinations/container_terminal.html")]
struct Terminal {
    chrome: Chrome,
    head: Head,
    place: Place,
}

pub(super) async fn terminal(
    State(app): State<AppState>,
    chrome: Chrome,
    Path((id, handle)): Path<(DestinationId, ContainerName)>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Containers).await?;
    let place = Place::read(&app, &chrome, (&head, handle), Side::Terminal).await?;
    Ok(shown::page(&Terminal { chrome, head, place }))
}
