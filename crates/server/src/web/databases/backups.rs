//! The backups of one database: taken, now or on a schedule, and given back.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    Backup, BackupFilter, BackupSchedule, BackupState, DatabaseId, KeptBackups, Page, PageQuery,
    Storage,
};

use super::head::{Head, Tab};
use crate::{
    api::AppState,
    databases::{
        self,
        backups::{self, schedule},
    },
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
    schedule: Option<BackupSchedule>,
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
    let schedule = schedule::find_schedule(&app, actor, &id).await?;
    let own = BackupFilter { database_id: Some(id), storage_id: None };
    let page = backups::list(&app, actor, &own, &query).await?;
    let storages = storages::list(&app, actor, &all).await?.items;
    let mut fitting = backups::list(&app, actor, &BackupFilter::default(), &all).await?.items;
    fitting.retain(|one| one.state == BackupState::Ready && one.engine == head.database.engine);
    let backs_up = databases::backs_up(&head.database.engine);
    Ok(shown::page(&Backups { chrome, head, backs_up, page, storages, schedule, fitting }))
}

impl Backups {
    /// How many the schedule keeps, or would.
    fn keep(&self) -> KeptBackups {
        self.schedule.as_ref().map(|schedule| schedule.keep).unwrap_or_default()
    }

    fn checks(&self) -> bool {
        self.schedule.as_ref().is_some_and(|schedule| schedule.check)
    }

    fn expression(&self) -> &str {
        self.schedule.as_ref().map_or("", |schedule| schedule.expression.as_str())
    }

    fn is_chosen(&self, storage: &Storage) -> bool {
        self.schedule.as_ref().is_some_and(|schedule| schedule.storage_id == storage.id)
    }
}
