//! The pages of one server beside its first: what is on it, what happened to it, and its settings.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Connection, Destination, Event, EventFilter, KeyId, Operation, Page, PageQuery, Server,
    ServerAddresses, ServerId,
};

use super::{Keys, Wanted, facts::Place};
use crate::{
    addresses,
    api::AppState,
    db::destination::Filter,
    destinations,
    drift_rules::{self, Scope},
    events, operations, servers,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        pages::Pages,
        policies::Rules,
        shown::{self, Shown},
    },
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    let pages = pages
        .page(
            "/servers/{id}/destinations",
            &["show_server", "list_destinations"],
            get(show_destinations),
        )
        .page(
            "/servers/{id}/addresses",
            &["show_server", "show_server_addresses", "draw_server_addresses"],
            get(show_addresses),
        )
        .page("/servers/{id}/drift", &["show_server", "show_server_drift_policy"], get(show_drift));
    pages
        .page("/servers/{id}/events", &["show_server", "list_events"], get(show_events))
        .page("/servers/{id}/operations", &["show_server", "list_operations"], get(show_operations))
        .page("/servers/{id}/settings", &["update_server", "list_keys"], get(show_settings))
        .page("/servers/{id}/danger", &["delete_server"], get(show_danger))
}

#[derive(Template)]
#[template(path = "servers/destinations.html")]
struct Destinations {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    page: Page<Destination>,
    search: String,
}

async fn show_destinations(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let filter = Filter { server: Some(id), ..Filter::default() };
    let page = destinations::list(&app, &chrome.actor, &filter, &query).await?;
    let search = shown::searched(&query);
    let (place, tab) = (Place::of(&server.connection), "destinations");
    Ok(shown::page(&Destinations { chrome, server, place, tab, page, search }))
}

#[derive(Template)]
#[template(path = "servers/addresses.html")]
struct AddressMap {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    addresses: ServerAddresses,
}

async fn show_addresses(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let addresses = addresses::show_server(&app, &chrome.actor, &id).await?;
    let (place, tab) = (Place::of(&server.connection), "addresses");
    Ok(shown::page(&AddressMap { chrome, server, place, tab, addresses }))
}

#[derive(Template)]
#[template(path = "servers/drift.html")]
struct Drift {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    rules: Rules,
}

async fn show_drift(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let policies = drift_rules::show(&app, &chrome.actor, &Scope::Server(id)).await?;
    let rules = Rules::from(&policies);
    let (place, tab) = (Place::of(&server.connection), "drift");
    Ok(shown::page(&Drift { chrome, server, place, tab, rules }))
}

#[derive(Template)]
#[template(path = "servers/events.html")]
struct Events {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    page: Page<Event>,
    search: String,
}

async fn show_events(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let filter = EventFilter { server_id: Some(id), ..EventFilter::default() };
    let page = events::list(&app, &chrome.actor, &filter, &query).await?;
    let search = shown::searched(&query);
    let (place, tab) = (Place::of(&server.connection), "events");
    Ok(shown::page(&Events { chrome, server, place, tab, page, search }))
}

#[derive(Template)]
#[template(path = "servers/operations.html")]
struct Operations {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    page: Page<Operation>,
}

async fn show_operations(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let subject = id.as_str().parse().map_err(|_| crate::Error::NotFound("server"))?;
    let page = operations::list(&app, &chrome.actor, Some(&subject), &query).await?;
    let (place, tab) = (Place::of(&server.connection), "operations");
    Ok(shown::page(&Operations { chrome, server, place, tab, page }))
}

#[derive(Template)]
#[template(path = "servers/settings.html")]
struct Settings {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    keys: Keys,
}

async fn show_settings(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let key = wanted.key.as_ref().or(key_of(&server.connection));
    let keys = Keys::read(&app, &chrome.actor, key).await?;
    let (place, tab) = (Place::of(&server.connection), "settings");
    Ok(shown::page(&Settings { chrome, server, place, tab, keys }))
}

const fn key_of(connection: &Connection) -> Option<&KeyId> {
    match connection {
        Connection::Local { .. } => None,
        Connection::Ssh { key_id, .. } => Some(key_id),
    }
}

#[derive(Template)]
#[template(path = "servers/danger.html")]
struct Danger {
    chrome: Chrome,
    server: Server,
    place: Place,
    tab: &'static str,
    page: Page<Destination>,
}

async fn show_danger(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let server = servers::show(&app, &chrome.actor, &id).await?;
    let filter = Filter { server: Some(id), ..Filter::default() };
    let page = destinations::list(&app, &chrome.actor, &filter, &PageQuery::default()).await?;
    let (place, tab) = (Place::of(&server.connection), "danger");
    Ok(shown::page(&Danger { chrome, server, place, tab, page }))
}
