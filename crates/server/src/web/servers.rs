//! `/servers`: the fleet as a list, and adding to it. One server has the modules below.

mod checklist;
mod facts;
mod head;
mod onboarding;
pub(super) mod proxy;
mod tabs;
mod terminal;

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Page, PageQuery, Proxy, Server};

use super::{
    chrome::Chrome,
    extract::Query,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, destinations, proxies, servers};
use facts::{Disk, Place};

pub(super) use checklist::Checklist;
pub(super) use facts::Place as ServerPlace;
pub(super) use onboarding::{Keys, Wanted};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    let pages = pages
        .page("/servers", &["list_servers", "list_proxies", "list_destinations"], get(list))
        .page("/servers/new", &["create_server", "list_keys"], get(onboarding::new))
        .page("/servers/{id}", &["show_server", "show_operation"], get(onboarding::show));
    terminal::rows(proxy::rows(tabs::rows(pages)))
}

#[derive(Template)]
#[template(path = "servers/list.html")]
struct List {
    chrome: Chrome,
    rows: Vec<Row>,
    page: Page<Server>,
    search: String,
}

/// A server with what is around it.
struct Row {
    server: Server,
    place: Place,
    disk: Option<Disk>,
    destinations: u32,
    proxy: Option<Proxy>,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let mut page = servers::list(&app, &chrome.actor, &query).await?;
    let counts = destinations::count_by_server(&app, &chrome.actor).await?;
    let mut proxies = proxies::by_server(&app, &chrome.actor).await?;
    let row = |server: Server| Row {
        place: Place::of(&server.connection),
        disk: server.engine.as_ref().and_then(Disk::of),
        destinations: counts.get(&server.id).copied().unwrap_or_default(),
        proxy: proxies.remove(&server.id),
        server,
    };
    let rows = page.items.drain(..).map(row).collect();
    let search = shown::searched(&query);
    Ok(shown::page(&List { chrome, rows, page, search }))
}
