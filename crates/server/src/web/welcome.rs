//! `/welcome`: from nothing to a first destination. Which step is next is read from what there is;
//! nothing is kept of the walk itself.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Destination, DestinationState, Operation, PageQuery, Server, ServerState};

use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    servers::{Checklist, Keys, ServerPlace, Wanted},
    shown::{self, Shown},
};
use crate::{
    Actor, Error, api::AppState, db::destination::Filter, destinations, operations, servers,
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page(
        "/welcome",
        &["list_keys", "list_servers", "list_destinations", "show_operation"],
        get(show),
    )
}

/// The steps, in their order. Templates compare their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Key = 1,
    Server = 2,
    Validation = 3,
    Destination = 4,
    Done = 5,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    chrome: Chrome,
    local: bool,
    keys: Keys,
    server: Option<Server>,
    place: Option<ServerPlace>,
    checklist: Option<Checklist>,
    destination: Option<Destination>,
    operation: Option<Operation>,
    /// The number of the step that is next.
    now: u8,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Query(wanted): Query<Wanted>) -> Shown {
    let actor = &chrome.actor;
    let keys = Keys::read(&app, actor, wanted.key.as_ref()).await?;
    let server = first_server(&app, actor).await?;
    let destination = first_destination(&app, actor).await?;
    let checklist = match &server {
        Some(server) => checklist(&app, actor, server).await?,
        None => None,
    };
    let named = destination.as_ref().and_then(|one| one.operation_id.as_ref());
    let operation = operations::show_latest(&app, actor, named).await?;
    let now = next(&keys, wanted.local, server.as_ref(), destination.as_ref()) as u8;
    let place = server.as_ref().map(|server| ServerPlace::of(&server.connection));
    let local = wanted.local;
    let page =
        Welcome { chrome, local, keys, server, place, checklist, destination, operation, now };
    Ok(shown::page(&page))
}

/// The machine that Portolan runs on needs no key.
fn next(
    keys: &Keys,
    local: bool,
    server: Option<&Server>,
    destination: Option<&Destination>,
) -> Step {
    match (server, destination) {
        (_, Some(destination)) if destination.state == DestinationState::Ready => Step::Done,
        (_, Some(_)) => Step::Destination,
        (Some(server), None) if server.state == ServerState::Ready => Step::Destination,
        (Some(_), None) => Step::Validation,
        (None, None) if keys.chosen.is_none() && !local => Step::Key,
        (None, None) => Step::Server,
    }
}

async fn first_server(app: &AppState, actor: &Actor) -> Result<Option<Server>, Error> {
    let all = servers::list(app, actor, &PageQuery::default()).await?.items;
    Ok(first(all, |server| server.state == ServerState::Ready))
}

async fn first_destination(app: &AppState, actor: &Actor) -> Result<Option<Destination>, Error> {
    let all =
        destinations::list(app, actor, &Filter::default(), &PageQuery::default()).await?.items;
    Ok(first(all, |destination| destination.state == DestinationState::Ready))
}

/// One that is of use already, or the latest.
fn first<T>(mut all: Vec<T>, is_of_use: impl Fn(&T) -> bool) -> Option<T> {
    match all.iter().position(is_of_use) {
        Some(place) => Some(all.swap_remove(place)),
        None => all.pop(),
    }
}

async fn checklist(
    app: &AppState,
    actor: &Actor,
    server: &Server,
) -> Result<Option<Checklist>, Error> {
    let latest = operations::show_latest(app, actor, server.operation_id.as_ref()).await?;
    Ok(latest.and_then(|latest| Checklist::of(server, &latest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_itself_needs_no_key() {
        let keys = Keys::default();
        assert_eq!(next(&keys, false, None, None), Step::Key);
        assert_eq!(next(&keys, true, None, None), Step::Server);
    }
}
