//! `/keys`: the SSH keys of the team.

use askama::Template;
use axum::extract::State;
use portolan_types::{Key, KeyId, Page, PageQuery};

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    shown::{self, Shown},
};
use crate::{api::AppState, keys};

#[derive(Template)]
#[template(path = "keys/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Key>,
    search: String,
}

pub(super) async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = keys::list(&app, &chrome.actor, &query).await?;
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query) }))
}

#[derive(Template)]
#[template(path = "keys/show.html")]
struct Show {
    chrome: Chrome,
    key: Key,
}

pub(super) async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<KeyId>,
) -> Shown {
    let key = keys::show(&app, &chrome.actor, &id).await?;
    Ok(shown::page(&Show { chrome, key }))
}
