//! Backups of databases: each a task that takes one, or gives one back, over a connection of its own,
//! and writes down what came of it.
//!
//! Owns their tasks, what is left of those that the end of a process cut off, and the removal of what
//! lies in storages. What goes from the engine to the storage is in `take`, the way back in `give`.

mod due;
mod give;
mod pack;
mod take;
mod talk;

use std::{sync::Arc, time::Duration};

use portolan_types::{
    Backup, BackupSchedule, BackupState, Failure, OperationKind, TeamId, Timestamp,
};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    crew,
    recorder::{Recorder, failure},
};
use crate::{
    App, Error, amount,
    databases::backups::{Asked, Work, happened, named, told},
    db::{self, backup::Stored},
    events,
    host::Dialer,
    rights::Visible,
    storages::object::Object,
    tasks::Pulse,
};

/// How many go on at once: each packs what comes, which takes a processor.
const AT_ONCE: usize = 2;
/// Between tries to remove what a storage would not let go, and to write down what was cut off.
const AGAIN: Duration = Duration::from_mins(1);

/// Takes backups and gives them back until `shutdown`, and then until each has been written down.
pub(super) async fn run(
    app: Arc<App>,
    dialer: Arc<dyn Dialer>,
    asked: mpsc::Receiver<Asked>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let (places, swept) = (Arc::new(Semaphore::new(AT_ONCE)), Notify::new());
    let started = Timestamp::now();
    let begin = |asked| {
        let (app, dialer, places) = (app.clone(), dialer.clone(), places.clone());
        keep(app, dialer, places, asked, pulse.clone())
    };
    tokio::join!(
        sweep(&app, (started, &swept), &pulse, &shutdown),
        due::run(&app, &swept, &pulse, &shutdown),
        crew::keep(asked, &shutdown, begin),
    );
}

/// Ends what an earlier process began, and removes what is to go, whenever somebody says so. Rings when
/// the former is done.
async fn sweep(
    app: &App,
    (began, ended): (Timestamp, &Notify),
    pulse: &Pulse,
    shutdown: &CancellationToken,
) {
    let sweeping = async {
        loop {
            let swept = pulse.run(async {
                end_before(app, began).await?;
                ended.notify_one();
                remove_all(app).await
            });
            if let Err(error) = swept.await {
                tracing::error!(%error, "could not look after backups; trying again");
            }
            // Rung or not, everything is looked at.
            let _rung = tokio::time::timeout(AGAIN, app.backups.removed.notified()).await;
        }
    };
    shutdown.run_until_cancelled(sweeping).await;
}

/// What an earlier process began, or never came to, is over, and its pieces are taken away.
async fn end_before(app: &App, moment: Timestamp) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    for (work, why) in [(Work::Take, cut_off(Work::Take)), (Work::Restore, cut_off(Work::Restore))]
    {
        db::operation::fail_before(&mut conn, work.kind(), moment, &why).await?;
    }
    let left = db::backup::list_in_state(&mut conn, BackupState::Running, moment).await?;
    drop(conn);
    for one in left {
        if let Err(error) = Object::of(app, &one.backup).remove().await {
            tracing::warn!(backup.id = %one.backup.id, %error, "pieces of a backup are left");
            continue;
        }
        fail(app, (&one.team, &one.backup), &cut_off(Work::Take)).await?;
    }
    Ok(())
}

fn cut_off(work: Work) -> Failure {
    match work {
        Work::Take => failure(
            "interrupted",
            "Portolan ended before the backup was whole: nothing of it is left",
            "take another one (`back_up_database`)",
        ),
        Work::Restore => failure(
            "interrupted",
            "Portolan ended before the database was restored: it may have the old data, or part of \
             the new",
            "restore it again (`restore_database`)",
        ),
    }
}

/// Removes what is to go; what a storage does not let go stays, with the reason.
async fn remove_all(app: &App) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let going =
        db::backup::list_in_state(&mut conn, BackupState::Removing, Timestamp::now()).await?;
    drop(conn);
    for one in going {
        match Object::of(app, &one.backup).remove().await {
            Ok(()) => removed(app, &one.team, &one.backup).await?,
            Err(error) => {
                let mut conn = app.db.acquire().await?;
                let why = format!("could not be removed: {error}");
                db::backup::set_reason(&mut conn, &one.backup.id, &why).await?;
            }
        }
    }
    Ok(())
}

async fn removed(app: &App, team: &TeamId, backup: &Backup) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if db::backup::delete(&mut tx, &backup.id).await? {
        let message = format!("{} is gone", named(backup));
        note(&mut tx, (team, backup, "backup.removed"), message).await?;
    }
    Ok(tx.commit().await?)
}

async fn note(
    tx: &mut db::Transaction,
    (team, backup, kind): (&TeamId, &Backup, &'static str),
    message: String,
) -> Result<(), Error> {
    let happened = events::Happened { message, ..happened(team, backup, kind) };
    let entry = happened.by(events::portolan("backups")).part_of(&backup.operation_id);
    Ok(events::record(tx, entry.change(&(), &Some(told(backup))), Timestamp::now()).await?)
}

async fn keep(
    app: Arc<App>,
    dialer: Arc<dyn Dialer>,
    places: Arc<Semaphore>,
    asked: Asked,
    pulse: Pulse,
) {
    // It is never closed.
    let _place = places.acquire().await;
    let done = pulse.run(attempt(&app, dialer.as_ref(), &asked));
    if let Err(error) = done.await {
        tracing::error!(operation.id = %asked.operation, %error, "could not write down what became of a backup");
    }
}

async fn attempt(app: &App, dialer: &dyn Dialer, asked: &Asked) -> Result<(), Error> {
    let Some(recorder) = Recorder::start(app, asked.work.kind(), &asked.operation).await? else {
        return Ok(());
    };
    match asked.work {
        Work::Take => take(app, dialer, (&recorder, asked)).await,
        Work::Restore => restore(app, dialer, (&recorder, asked)).await,
    }
}

async fn take(
    app: &App,
    dialer: &dyn Dialer,
    (recorder, asked): (&Recorder<'_>, &Asked),
) -> Result<(), Error> {
    let object = Object::of(app, &asked.backup);
    let taken = tokio::select! {
        taken = take::take((app, dialer), recorder, (asked, &object)) => taken?,
        () = app.stopping.cancelled() => Err(cut_off(Work::Take)),
    };
    let backup = (&asked.team, &asked.backup);
    match taken {
        Ok(stored) => succeed(app, (recorder, backup), &stored).await,
        Err(failure) => {
            if let Err(error) = object.remove().await {
                tracing::warn!(backup.id = %asked.backup.id, %error, "pieces of a backup are left");
            }
            fail(app, backup, &failure).await?;
            recorder.conclude(Some(&failure), None).await
        }
    }
}

async fn succeed(
    app: &App,
    (recorder, (team, backup)): (&Recorder<'_>, (&TeamId, &Backup)),
    stored: &Stored,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if db::backup::set_ready(&mut tx, &backup.id, stored, Timestamp::now()).await? {
        let message = format!("{} is whole: {}", named(backup), amount::bytes(stored.size));
        note(&mut tx, (team, backup, "backup.made"), message).await?;
        retire(&mut tx, team, backup).await?;
    }
    recorder.finish(&mut tx, None).await?;
    tx.commit().await?;
    recorder.tell();
    app.backups.removed.notify_one();
    Ok(())
}

/// Those whose place it takes go as one does that a person removes.
async fn retire(tx: &mut db::Transaction, team: &TeamId, backup: &Backup) -> Result<(), Error> {
    if !backup.scheduled {
        return Ok(());
    }
    let (whole, database) = (Visible::whole(team), &backup.database_id);
    let schedule = db::backup_schedule::find(tx, whole, database).await?;
    let Some(BackupSchedule { keep, .. }) = schedule else { return Ok(()) };
    for one in db::backup::list_beyond(tx, database, keep).await? {
        if db::backup::set_removing(tx, &one.backup.id).await? {
            let message = format!("{} goes: newer ones are kept", named(&one.backup));
            note(tx, (team, &one.backup, "backup.removing"), message).await?;
        }
    }
    Ok(())
}

async fn fail(
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

async fn restore(
    app: &App,
    dialer: &dyn Dialer,
    (recorder, asked): (&Recorder<'_>, &Asked),
) -> Result<(), Error> {
    let object = Object::of(app, &asked.backup);
    let given = tokio::select! {
        given = give::give((app, dialer), recorder, (asked, &object)) => given?,
        () = app.stopping.cancelled() => Err(cut_off(Work::Restore)),
    };
    let mut tx = app.db.begin().await?;
    note_restored(&mut tx, asked, given.as_ref().err()).await?;
    recorder.finish(&mut tx, given.as_ref().err()).await?;
    tx.commit().await?;
    recorder.tell();
    Ok(())
}

/// It is about the database that was to be restored, which may be another than was backed up.
async fn note_restored(
    tx: &mut db::Transaction,
    asked: &Asked,
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
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
