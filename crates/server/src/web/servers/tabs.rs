//! The pages of one server beside its first: what is on it, what happened to it, and its settings.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Connection, Destination, Event, EventFilter, KeyId, Operation, Page, PageQuery,
    ServerAddresses, ServerId,
};

use super::{
    Keys, Wanted,
    head::{Head, Tab},
};
use crate::{
    addresses,
    api::AppState,
    db::destination::Filter,
    destinations,
    drift_rules::{self, Scope},
    events, operations,
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
    head: Head,
    page: Page<Destination>,
    search: String,
}

async fn show_destinations(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Destinations).await?;
    let filter = Filter { server: Some(id), ..Filter::default() };
    let page = destinations::list(&app, &chrome.actor, &filter, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&Destinations { chrome, head, page, search }))
}

#[derive(Template)]
#[template(path = "servers/addresses.html")]
struct AddressMap {
    chrome: Chrome,
    head: Head,
    addresses: ServerAddresses,
}

async fn show_addresses(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Addresses).await?;
    let addresses = addresses::show_server(&app, &chrome.actor, &id).await?;
    Ok(shown::page(&AddressMap { chrome, head, addresses }))
}

#[derive(Template)]
#[template(path = "servers/drift.html")]
struct Drift {
    chrome: Chrome,
    head: Head,
    rules: Rules,
}

async fn show_drift(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Drift).await?;
    let policies = drift_rules::show(&app, &chrome.actor, &Scope::Server(id)).await?;
    let rules = Rules::from(&policies);
    Ok(shown::page(&Drift { chrome, head, rules }))
}

#[derive(Template)]
#[template(path = "servers/events.html")]
struct Events {
    chrome: Chrome,
    head: Head,
    page: Page<Event>,
    search: String,
}

async fn show_events(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Events).await?;
    let filter = EventFilter { server_id: Some(id), ..EventFilter::default() };
    let page = events::list(&app, &chrome.actor, &filter, &query).await?;
    let search = shown::searched(&query);
    Ok(shown::page(&Events { chrome, head, page, search }))
}

#[derive(Template)]
#[template(path = "servers/operations.html")]
struct Operations {
    chrome: Chrome,
    head: Head,
    page: Page<Operation>,
}

async fn show_operations(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Operations).await?;
    let subject = id.as_str().parse().map_err(|_| crate::Error::NotFound("server"))?;
    let page = operations::list(&app, &chrome.actor, Some(&subject), &query).await?;
    Ok(shown::page(&Operations { chrome, head, page }))
}

#[derive(Template)]
#[template(path = "servers/settings.html")]
struct Settings {
    chrome: Chrome,
    head: Head,
    keys: Keys,
}

async fn show_settings(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Settings).await?;
    let key = wanted.key.as_ref().or(key_of(&head.server.connection));
    let keys = Keys::read(&app, &chrome.actor, key).await?;
    Ok(shown::page(&Settings { chrome, head, keys }))
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
    head: Head,
    page: Page<Destination>,
}

async fn show_danger(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Danger).await?;
    let filter = Filter { server: Some(id), ..Filter::default() };
    let page = destinations::list(&app, &chrome.actor, &filter, &PageQuery::default()).await?;
    Ok(shown::page(&Danger { chrome, head, page }))
}
