//! The backups of one database: taken, and given back.

use askama::Template;
use axum::extract::State;
use portolan_types::{Backup, BackupFilter, BackupState, DatabaseId, Page, PageQuery, Storage};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    databases::{self, backups},
    storages,
    web::{
        backups::size,
        chrome::Chrome,
        extract::{Path, Query},
        shown::{self, Shown},
    },
};

#[derive(Template)]
#[template(path = "databases/backups.html")]
struct Backups {
    chrome: Chrome,
    head: Head,
    /// Whether its engine has a way.
    backs_up: bool,
    page: Page<Backup>,
    storages: Vec<Storage>,
    /// Those that it can be given, of other databases too.
    fitting: Vec<Backup>,
}

pub(super) async fn backups(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<DatabaseId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Backups).await?;
    let (actor, all) = (&chrome.actor, PageQuery::largest());
    let own = BackupFilter { database_id: Some(id), storage_id: None };
    let page = backups::list(&app, actor, &own, &query).await?;
    let storages = storages::list(&app, actor, &all).await?.items;
    let mut fitting = backups::list(&app, actor, &BackupFilter::default(), &all).await?.items;
    fitting.retain(|one| one.state == BackupState::Ready && one.engine == head.database.engine);
    let backs_up = databases::backs_up(&head.database.engine);
    Ok(shown::page(&Backups { chrome, head, backs_up, page, storages, fitting }))
}
