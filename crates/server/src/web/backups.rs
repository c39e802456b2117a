//! `/backups` and `/storages`: what was backed up, and where it is kept. A database's own backups are
//! on its page (`databases::backups`).

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Backup, BackupFilter, BackupId, BackupState, Database, Page, PageQuery, Storage, StorageId,
};

use serde::Deserialize;

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    pages::Pages,
    shown::{self, Shown},
};
use crate::{
    amount::bytes,
    api::AppState,
    databases::{self, Filter, backups},
    storages,
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/backups", &["list_backups"], get(list))
        .page("/backups/{id}", &["show_backup", "list_databases"], get(show))
        .page("/storages", &["list_storages"], get(list_storages))
        .page("/storages/{id}", &["show_storage"], get(show_storage))
}

#[derive(Template)]
#[template(path = "backups/list.html")]
struct List {
    chrome: Chrome,
    page: Page<Backup>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(filter): Query<BackupFilter>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = backups::list(&app, &chrome.actor, &filter, &query).await?;
    Ok(shown::page(&List { chrome, page, search: shown::searched(&query) }))
}

#[derive(Template)]
#[template(path = "backups/show.html")]
struct Show {
    chrome: Chrome,
    backup: Backup,
    /// Beside which it can be checked: its own first.
    beside: Vec<Database>,
    may_manage: bool,
    may_operate: bool,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<BackupId>) -> Shown {
    let backup = backups::show(&app, &chrome.actor, &id).await?;
    let may_manage = chrome.may_manage_project(&backup.project_id);
    let may_operate = chrome.may_operate_project(&backup.project_id);
    let (of_all, all) = (Filter::default(), PageQuery::largest());
    let mut beside = databases::list(&app, &chrome.actor, of_all, &all).await?.items;
    beside.retain(|one| one.engine == backup.engine && chrome.may_operate_project(&one.project_id));
    beside.sort_by_key(|one| one.id != backup.database_id);
    Ok(shown::page(&Show { chrome, backup, beside, may_manage, may_operate }))
}

#[derive(Template)]
#[template(path = "storages/list.html")]
struct Storages {
    chrome: Chrome,
    page: Page<Storage>,
    search: String,
}

async fn list_storages(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let page = storages::list(&app, &chrome.actor, &query).await?;
    Ok(shown::page(&Storages { chrome, page, search: shown::searched(&query) }))
}

#[derive(Template)]
#[template(path = "storages/show.html")]
struct ShowStorage {
    chrome: Chrome,
    storage: Storage,
    /// Whether it was tried a moment ago, and could be used.
    tried: bool,
}

/// What a form that was sent leads back with.
#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    tried: Option<String>,
}

async fn show_storage(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<StorageId>,
    Query(after): Query<After>,
) -> Shown {
    let storage = storages::show(&app, &chrome.actor, &id).await?;
    Ok(shown::page(&ShowStorage { chrome, storage, tried: after.tried.is_some() }))
}

/// What a backup takes, where that is known.
pub(super) fn size(backup: &Backup) -> String {
    backup.size.map_or_else(|| "-".to_owned(), bytes)
}
