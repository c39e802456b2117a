//! Whether a backup restores: asked for, and where that is tried. The database is not touched by it.

use portolan_types::{Backup, BackupId, CheckBackup, DatabaseId, Operation, Right};

use super::{
    Asked, By, Work, Written, find, find_one, find_visible, queue, read::check_ready,
    restore::check_engine, way_of,
};
use crate::{
    Actor, App, Error,
    container::{self, Named},
    databases::Found,
    db::{self, Transaction},
    operations::Asker,
};

/// Has a backup restored into a database that is made for it and goes with it. What came of it is the
/// operation's outcome, and what the backup says of itself.
pub async fn check(
    app: &App,
    actor: &Actor,
    id: &BackupId,
    input: &CheckBackup,
) -> Result<Operation, Error> {
    let backup = find_one(&mut *app.db.acquire().await?, actor, id).await?;
    check_ready(&backup)?;
    let beside = input.database_id.as_ref().unwrap_or(&backup.database_id);
    let found = find(&mut *app.db.acquire().await?, actor, beside).await;
    let found = found.map_err(|error| gone(error, &backup, beside))?;
    actor.require_on(Right::Operate, &found.row.application.project_id)?;
    check_engine(&found, &backup)?;
    let way = way_of(&found)?;
    let place = container::find(app, actor, Named::Of(&beside.into())).await?;
    let begins = app.backups.place().await;
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &beside.into()).await?;
    if db::backup::is_checked_at(&mut tx, beside).await? {
        return Err(under_way(&found));
    }
    let written = Written { backup_id: &backup.id, storage: backup.storage_name.as_str() };
    let operation = queue(&mut tx, Asker::person(actor), (Work::Check, &found), &written).await?;
    tx.commit().await?;
    if let Some(begins) = begins {
        let (team, operation) = (actor.team_id().clone(), operation.id.clone());
        begins.send(Asked { team, operation, work: Work::Check, backup, place, way });
    }
    Ok(operation)
}

/// Writes down that a backup is to be checked which its schedule had taken, in the transaction in which
/// it becomes whole: no end of the process comes between the two.
pub(crate) async fn check_by_schedule(tx: &mut Transaction, taken: &Asked) -> Result<Asked, Error> {
    let (by, backup) = (By::Schedule(&taken.team), &taken.backup);
    let found = find_visible(tx, by.visible(), &backup.database_id).await?;
    let written = Written { backup_id: &backup.id, storage: backup.storage_name.as_str() };
    let operation = queue(tx, by.asker(), (Work::Check, &found), &written).await?;
    Ok(Asked { operation: operation.id, work: Work::Check, ..taken.clone() })
}

/// It outlives its database, and is tried on a server.
fn gone(error: Error, backup: &Backup, beside: &DatabaseId) -> Error {
    if !matches!(error, Error::NotFound(_)) || *beside != backup.database_id {
        return error;
    }
    Error::refused(
        "database-gone",
        format!(
            "database `{}` is gone, and with it the server to try this on",
            backup.database_name
        ),
        "name another database of its engine (`check_backup.database_id`): it is tried on that one's \
         server, and does not touch it",
    )
}

fn under_way(found: &Found) -> Error {
    Error::refused(
        "check-under-way",
        format!("a backup is being checked beside database `{}`", found.row.application.name),
        "wait until that has ended (`list_operations`)",
    )
}
