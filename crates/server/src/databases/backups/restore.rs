//! A database gets what a backup has: which backup fits which database.

use portolan_types::{Backup, DatabaseId, Operation, RestoreDatabase};

use super::{Asked, Work, Written, find_one, held, queue, read::check_ready};
use crate::{
    Actor, App, Error,
    container::{self, Named},
    databases::{Found, template},
    operations::Asker,
};

/// Has a database given what a backup has. What it has now is gone then.
pub async fn restore(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    input: &RestoreDatabase,
) -> Result<Operation, Error> {
    let place = container::find(app, actor, Named::Of(&id.into())).await?;
    let begins = app.backups.place().await;
    let mut tx = app.db.begin().await?;
    let (found, way) = held(&mut tx, actor.visible(), id).await?;
    let backup = find_one(&mut tx, actor, &input.backup_id).await?;
    check_ready(&backup)?;
    check_fits(&found, &backup)?;
    let written = Written { backup_id: &backup.id, storage: backup.storage_name.as_str() };
    let operation = queue(&mut tx, Asker::person(actor), (Work::Restore, &found), &written).await?;
    tx.commit().await?;
    if let Some(begins) = begins {
        let (team, operation) = (actor.team_id().clone(), operation.id.clone());
        begins.send(Asked { team, operation, work: Work::Restore, backup, place, way });
    }
    Ok(operation)
}

/// No engine reads what another one wrote.
pub(super) fn check_engine(found: &Found, backup: &Backup) -> Result<(), Error> {
    let (name, engine) = (&found.row.application.name, &found.kept.engine);
    if backup.engine == *engine {
        return Ok(());
    }
    Err(Error::refused(
        "another-engine",
        format!("the backup is of {}, and database `{name}` is {engine}", backup.engine),
        "use a database of its engine (`create_database`)",
    ))
}

/// Engines read what an earlier one of theirs wrote, and not the other way round.
fn check_fits(found: &Found, backup: &Backup) -> Result<(), Error> {
    let (name, kept) = (&found.row.application.name, &found.kept);
    check_engine(found, backup)?;
    let template = template::find(&kept.engine)?;
    if template.series_of(&backup.version) > template.series_of(&kept.version) {
        let (title, written, present) = (&template.title, &backup.version, &kept.version);
        return Err(Error::refused(
            "earlier-version",
            format!("{title} {written} wrote the backup, and database `{name}` is {present}"),
            "restore it into a database of that version or a later one (`create_database`)",
        ));
    }
    Ok(())
}
