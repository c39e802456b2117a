//! Backups of databases: taken, listed, given back, removed.
//!
//! Owns what is allowed and what is written down. A request only asks; `reconcile::backups` does it
//! beside the keepers, over a connection of its own (decision 0050).

mod check;
mod due;
mod read;
mod restore;
pub mod schedule;
mod trial;

use portolan_types::{
    BackUpDatabase, Backup, BackupFilter, BackupId, BackupState, DatabaseId, Operation,
    OperationId, OperationKind, Page, PageQuery, StorageId, Subject, TeamId, Timestamp,
};
use serde::Serialize;
use sqlx::AnyConnection;
use tokio::sync::{Notify, mpsc};

pub use self::{
    check::check,
    read::{Content, read},
    restore::restore,
};
pub(crate) use self::{check::check_by_schedule, due::begin_due, trial::Trial};
use super::{Found, find, find_visible, template};
use crate::{
    Actor, App, Error,
    applications::work::check_stays,
    container::{self, Named, Place},
    db::{self, Transaction},
    events::{self, Happened},
    operations::{self, Asker, Task},
    page,
    rights::Visible,
    storages,
};

/// Work that waits to be begun; each is taken at once.
const WAITING: usize = 16;

/// The way to who does it.
#[derive(Debug)]
pub(crate) struct Backups {
    asked: mpsc::Sender<Asked>,
    /// Rung when there is something to remove.
    pub(crate) removed: Notify,
    /// Rung when a schedule was set.
    pub(crate) scheduled: Notify,
}

impl Backups {
    /// The other end goes to who does it.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (asked, taken) = mpsc::channel(WAITING);
        (Self { asked, removed: Notify::new(), scheduled: Notify::new() }, taken)
    }

    /// Work that was written down goes to who does it.
    pub(crate) async fn pass_on(&self, asked: Asked) {
        if let Some(place) = self.place().await {
            place.send(asked);
        }
    }

    /// A place for work that is about to be written down: from then on nobody is waited for. There is
    /// none only while the process stops: the next one says that it was not done.
    async fn place(&self) -> Option<mpsc::Permit<'_, Asked>> {
        self.asked.reserve().await.ok()
    }
}

/// A backup that is to be taken, given back or checked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub team: TeamId,
    pub operation: OperationId,
    pub work: Work,
    pub backup: Backup,
    /// The container of the database, or of the one beside which it is checked.
    pub place: Place,
    pub way: &'static template::BackupWay,
}

/// What is to be done with a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Take,
    Restore,
    /// On trial, beside the database.
    Check,
}

impl Work {
    pub(crate) const fn kind(self) -> OperationKind {
        match self {
            Self::Take => OperationKind::BackUpDatabase,
            Self::Restore => OperationKind::RestoreDatabase,
            Self::Check => OperationKind::CheckBackup,
        }
    }
}

/// What the operation says that it was asked with.
#[derive(Debug, Serialize)]
struct Written<'a> {
    backup_id: &'a BackupId,
    storage: &'a str,
}

/// Who has a backup taken.
#[derive(Debug, Clone, Copy)]
enum By<'a> {
    Person(&'a Actor),
    /// One of this team.
    Schedule(&'a TeamId),
}

impl<'a> By<'a> {
    fn visible(self) -> Visible<'a> {
        match self {
            Self::Person(actor) => actor.visible(),
            Self::Schedule(team) => Visible::whole(team),
        }
    }

    fn asker(self) -> Asker<'a> {
        match self {
            Self::Person(actor) => Asker::person(actor),
            Self::Schedule(team) => {
                Asker { team, author: events::portolan("backups"), name: "its schedule" }
            }
        }
    }
}

/// Has a backup taken. What came of it is the operation's outcome and the backup's state.
pub async fn take(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    input: BackUpDatabase,
) -> Result<Operation, Error> {
    let place = container::find(app, actor, Named::Of(&id.into())).await?;
    let begins = app.backups.place().await;
    let mut tx = app.db.begin().await?;
    let wanted = (id, input.storage_id.as_ref());
    let (operation, asked) = begin(&mut tx, By::Person(actor), wanted, place).await?;
    tx.commit().await?;
    if let Some(begins) = begins {
        begins.send(asked);
    }
    Ok(operation)
}

/// Writes down that one is to be taken. Nothing is written where it is refused.
async fn begin(
    tx: &mut Transaction,
    by: By<'_>,
    (id, storage): (&DatabaseId, Option<&StorageId>),
    place: Place,
) -> Result<(Operation, Asked), Error> {
    let team = by.visible().team();
    let (found, way) = held(tx, by.visible(), id).await?;
    let storage = storages::choose(tx, team, storage).await?;
    let backup_id = BackupId::generate();
    let written = Written { backup_id: &backup_id, storage: storage.name.as_str() };
    let operation = queue(tx, by.asker(), (Work::Take, &found), &written).await?;
    let backup = Backup {
        id: backup_id,
        project_id: found.row.application.project_id.clone(),
        database_id: found.kept.id.clone(),
        database_name: found.row.application.name.clone(),
        engine: found.kept.engine,
        version: found.kept.version,
        storage_id: storage.id,
        storage_name: storage.name,
        state: BackupState::Running,
        reason: None,
        size: None,
        sha256: None,
        scheduled: matches!(by, By::Schedule(_)),
        operation_id: operation.id.clone(),
        created_at: operation.created_at,
        finished_at: None,
        checked_at: None,
        check_failure: None,
    };
    db::backup::insert(tx, team, &backup).await?;
    let (team, id) = (team.clone(), operation.id.clone());
    Ok((operation, Asked { team, operation: id, work: Work::Take, backup, place, way }))
}

/// The database, held until the end of the transaction: nothing else is done with its backups, and its
/// engine has a way.
async fn held(
    tx: &mut Transaction,
    visible: Visible<'_>,
    id: &DatabaseId,
) -> Result<(Found, &'static template::BackupWay), Error> {
    db::application::lock(tx, &id.into()).await?;
    let found = find_visible(tx, visible, id).await?;
    check_stays(&found.row.application)?;
    let way = way_of(&found)?;
    if db::backup::is_at_work(tx, id).await? {
        return Err(under_way(&found));
    }
    Ok((found, way))
}

/// How its engine is backed up.
fn way_of(found: &Found) -> Result<&'static template::BackupWay, Error> {
    let template = template::find(&found.kept.engine)?;
    template.backup.as_ref().ok_or_else(|| no_way(&template.title))
}

fn no_way(title: &str) -> Error {
    Error::refused(
        "no-backup-way",
        format!("Portolan knows no way to back {title} up that is certain to bring it back"),
        "use the engine's own programs (`run_in_application`)",
    )
}

fn under_way(found: &Found) -> Error {
    Error::refused(
        "backup-under-way",
        format!("database `{}` is being backed up or restored already", found.row.application.name),
        "wait until that has ended (`list_operations`)",
    )
}

async fn queue(
    tx: &mut Transaction,
    asker: Asker<'_>,
    (work, found): (Work, &Found),
    written: &Written<'_>,
) -> Result<Operation, Error> {
    let application = &found.row.application;
    let task = Task {
        kind: work.kind(),
        subject: Subject::Application(application.id.clone()),
        name: application.name.as_str(),
        input: Some(operations::input(written)?),
    };
    Ok(operations::ask_as(tx, asker, task).await?)
}

/// One backup, as the actor sees it.
pub async fn show(app: &App, actor: &Actor, id: &BackupId) -> Result<Backup, Error> {
    find_one(&mut *app.db.acquire().await?, actor, id).await
}

async fn find_one(conn: &mut AnyConnection, actor: &Actor, id: &BackupId) -> Result<Backup, Error> {
    db::backup::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("backup"))
}

/// The team's backups, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &BackupFilter,
    query: &PageQuery,
) -> Result<Page<Backup>, Error> {
    let mut conn = app.db.acquire().await?;
    let backups = db::backup::list(&mut conn, actor.visible(), filter, query).await?;
    Ok(page::of(backups, query, |one| (one.created_at, one.id.as_str())))
}

/// Has a backup removed, with what is in the storage. It is there until that is gone.
pub async fn remove(app: &App, actor: &Actor, id: &BackupId) -> Result<Backup, Error> {
    let mut tx = app.db.begin().await?;
    let before = find_one(&mut tx, actor, id).await?;
    if !db::backup::set_removing(&mut tx, id).await? {
        return Err(Error::refused(
            "backup-under-way",
            format!("this backup of database `{}` is being taken", before.database_name),
            "wait until it is whole, or has failed",
        ));
    }
    note(&mut tx, actor, &before, ("backup.removing", "is removed")).await?;
    tx.commit().await?;
    app.backups.removed.notify_one();
    Ok(Backup { state: BackupState::Removing, reason: None, ..before })
}

/// What somebody does with a backup.
async fn note(
    tx: &mut Transaction,
    actor: &Actor,
    backup: &Backup,
    (kind, what): (&'static str, &str),
) -> Result<(), Error> {
    let happened = Happened {
        message: format!("{} {what} by {}", named(backup), actor.user.email),
        ..happened(actor.team_id(), backup, kind)
    };
    let entry = happened.by(actor.author()).change(&(), &Some(told(backup)));
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}

/// An event about a backup, whose message is the caller's.
pub(crate) fn happened<'a>(
    team: &'a TeamId,
    backup: &'a Backup,
    kind: &'static str,
) -> Happened<'a> {
    Happened {
        team,
        kind,
        subject: Subject::Application((&backup.database_id).into()),
        name: backup.database_name.as_str(),
        message: String::new(),
    }
}

/// As people call it.
pub(crate) fn named(backup: &Backup) -> String {
    let Backup { database_name, storage_name, created_at, .. } = backup;
    format!("the backup of database `{database_name}` of {created_at} in storage `{storage_name}`")
}

/// What an event shows of it.
pub(crate) fn told(backup: &Backup) -> serde_json::Value {
    serde_json::json!({ "backup_id": backup.id, "storage": backup.storage_name })
}
