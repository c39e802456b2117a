//! `/registries`: the team's logins of container registries.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Page, PageQuery, Registry, RegistryId, RegistryOutcome, Server};

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, registries, servers};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/registries", &["list_registries"], get(list)).page(
        "/registries/{id}",
        &["show_registry", "list_servers"],
        get(show),
    )
}

#[derive(Template)]
#[template(path = "registries/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Registry>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = registries::list(&app, &chrome.actor, &query).await?;
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query) }))
}

/// What came of a check, in a word with a colour.
const fn state(outcome: RegistryOutcome) -> &'static str {
    match outcome {
        RegistryOutcome::Accepted => "valid",
        RegistryOutcome::Refused => "refused",
        RegistryOutcome::Failed => "not asked",
    }
}

#[derive(Template)]
#[template(path = "registries/show.html")]
struct Show {
    chrome: Chrome,
    registry: Registry,
    servers: Vec<Server>,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<RegistryId>) -> Shown {
    let registry = registries::show(&app, &chrome.actor, &id).await?;
    let servers = servers::list(&app, &chrome.actor, &PageQuery::largest()).await?.items;
    Ok(shown::page(&Show { chrome, registry, servers }))
}
