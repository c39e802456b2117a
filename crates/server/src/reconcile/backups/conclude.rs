//! What became of backups, written down: in their rows, as events, and as the outcome of the work.

use portolan_types::{
    Backup, BackupSchedule, DatabaseId, Failure, KeptBackups, OperationId, OperationKind, TeamId,
    Timestamp,
};

use super::{super::recorder::Recorder, check};
use crate::{
    App, Error, amount,
    databases::backups::{Asked, check_by_schedule, happened, named, told},
    db::{self, backup::Stored},
    events,
    rights::Visible,
};

/// Answers what is to be done with it next.
pub(super) async fn taken(
    app: &App,
    (recorder, asked): (&Recorder<'_>, &Asked),
    stored: &Stored,
) -> Result<Option<Asked>, Error> {
    let (team, backup) = (&asked.team, &asked.backup);
    let mut next = None;
    let mut tx = app.db.begin().await?;
    if db::backup::set_ready(&mut tx, &backup.id, stored, Timestamp::now()).await? {
        let message = format!("{} is whole: {}", named(backup), amount::bytes(stored.size));
        note(&mut tx, (team, backup, "backup.made"), message).await?;
        if backup.scheduled {
            next = follow(&mut tx, asked).await?;
        }
    }
    recorder.finish(&mut tx, None).await?;
    tx.commit().await?;
    recorder.tell();
    app.backups.removed.notify_one();
    Ok(next)
}

/// What its schedule, if that is still there, wants of a backup that is whole.
async fn follow(tx: &mut db::Transaction, asked: &Asked) -> Result<Option<Asked>, Error> {
    let (team, database) = (&asked.team, &asked.backup.database_id);
    let schedule = db::backup_schedule::find(tx, Visible::whole(team), database).await?;
    let Some(BackupSchedule { keep, check, .. }) = schedule else { return Ok(None) };
    retire(tx, (team, database), keep).await?;
    if check { Ok(Some(check_by_schedule(tx, asked).await?)) } else { Ok(None) }
}

/// Those whose place it takes go as one does that a person removes.
async fn retire(
    tx: &mut db::Transaction,
    (team, database): (&TeamId, &DatabaseId),
    keep: KeptBackups,
) -> Result<(), Error> {
    for one in db::backup::list_beyond(tx, database, keep).await? {
        if db::backup::set_removing(tx, &one.backup.id).await? {
            let message = format!("{} goes: newer ones are kept", named(&one.backup));
            note(tx, (team, &one.backup, "backup.removing"), message).await?;
        }
    }
    Ok(())
}

pub(super) async fn failed(
    app: &App,
    (team, backup): (&TeamId, &Backup),
    failure: &Failure,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if db::backup::set_failed(&mut tx, &backup.id, &failure.message, Timestamp::now()).await? {
        let name = &backup.database_name;
        let message = format!("database `{name}` could not be backed up: {}", failure.message);
        note(&mut tx, (team, backup, "backup.failed"), message).await?;
    }
    Ok(tx.commit().await?)
}

pub(super) async fn removed(app: &App, team: &TeamId, backup: &Backup) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if db::backup::delete(&mut tx, &backup.id).await? {
        let message = format!("{} is gone", named(backup));
        note(&mut tx, (team, backup, "backup.removed"), message).await?;
    }
    Ok(tx.commit().await?)
}

/// It is about the database that was to be restored, which may be another than was backed up.
pub(super) async fn restored(
    app: &App,
    (recorder, asked): (&Recorder<'_>, &Asked),
    failure: Option<&Failure>,
) -> Result<(), Error> {
    let (subject, name) = asked.place.subject();
    let (kind, message) = match failure {
        None => (
            "database.restored",
            format!("database `{name}` has what {} has", named(&asked.backup)),
        ),
        Some(failure) => (
            "database.not-restored",
            format!("database `{name}` could not be restored: {}", failure.message),
        ),
    };
    let happened = events::Happened { team: &asked.team, kind, subject, name, message };
    let by = events::portolan(OperationKind::RestoreDatabase.as_str());
    let entry = happened.by(by).part_of(&asked.operation);
    let entry = entry.of(&asked.place.destination.id).change(&(), &Some(told(&asked.backup)));
    let mut tx = app.db.begin().await?;
    events::record(&mut tx, entry, Timestamp::now()).await?;
    recorder.finish(&mut tx, failure).await?;
    tx.commit().await?;
    recorder.tell();
    Ok(())
}

/// What stands at the backup afterwards is about the backup alone: a server that does not answer says
/// nothing of it.
pub(super) async fn checked(
    app: &App,
    (recorder, asked): (&Recorder<'_>, &Asked),
    failure: Option<&Failure>,
) -> Result<(), Error> {
    let backup = &asked.backup;
    let what = named(backup);
    let mut tx = app.db.begin().await?;
    let (kind, message) = match failure {
        None => ("backup.checked", format!("{what} was restored on trial")),
        Some(why) if check::is_verdict(why) => {
            ("backup.not-restorable", format!("{what} does not restore: {}", why.message))
        }
        Some(why) => ("backup.not-checked", format!("{what} was not checked: {}", why.message)),
    };
    if failure.is_none_or(check::is_verdict) {
        let why = failure.map(|why| why.message.as_str());
        db::backup::set_checked(&mut tx, &backup.id, why, Timestamp::now()).await?;
    }
    note_of(&mut tx, &asked.operation, (&asked.team, backup, kind), message).await?;
    recorder.finish(&mut tx, failure).await?;
    tx.commit().await?;
    recorder.tell();
    Ok(())
}

async fn note(
    tx: &mut db::Transaction,
    told: (&TeamId, &Backup, &'static str),
    message: String,
) -> Result<(), Error> {
    note_of(tx, &told.1.operation_id, told, message).await
}

/// The same of other work than that which took it.
async fn note_of(
    tx: &mut db::Transaction,
    operation: &OperationId,
    (team, backup, kind): (&TeamId, &Backup, &'static str),
    message: String,
) -> Result<(), Error> {
    let happened = events::Happened { message, ..happened(team, backup, kind) };
    let entry = happened.by(events::portolan("backups")).part_of(operation);
    Ok(events::record(tx, entry.change(&(), &Some(told(backup))), Timestamp::now()).await?)
}
