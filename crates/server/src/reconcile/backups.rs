//! Backups of databases: each a task that takes one, gives one back or checks one, over a connection of
//! its own, and writes down what came of it (`conclude`).
//!
//! Owns their tasks, what is left of those that the end of a process cut off, and the removal of what
//! lies in storages. What goes from the engine to the storage is in `take`, the way back in `give`; what
//! is due by a schedule is asked for by a `clock`.

mod check;
mod conclude;
mod give;
mod pack;
mod take;
mod talk;

use std::{sync::Arc, time::Duration};

use portolan_types::{Backup, BackupState, Failure, Timestamp};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    crew,
    recorder::{Recorder, failure},
};
use crate::{
    App, Error,
    databases::backups::{Asked, Work, begin_due},
    db,
    host::Dialer,
    storages::object::{Object, StorageError},
    tasks::Pulse,
};
use talk::Outcome;

/// How many go on at once: each packs what comes, which takes a processor.
const AT_ONCE: usize = 2;
/// How many are checked at once, which takes long and a database's memory. Nothing else waits for these.
const CHECKED_AT_ONCE: usize = 1;
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
    let (places, swept) = (Arc::new(Places::new()), Notify::new());
    let started = Timestamp::now();
    let clock = Clock { ready: &swept, set: &app.backups.scheduled, what: "backups" };
    let begin = |asked| {
        let (app, dialer, places) = (app.clone(), dialer.clone(), places.clone());
        keep(app, dialer, places, asked, pulse.clone())
    };
    tokio::join!(
        sweep(&app, (started, &swept), &pulse, &shutdown),
        clock.run(|| begin_due(&app), &pulse, &shutdown),
        crew::keep(asked, &shutdown, begin),
    );
}

/// Where work waits for its turn.
struct Places {
    moving: Semaphore,
    checking: Semaphore,
}

impl Places {
    fn new() -> Self {
        Self { moving: Semaphore::new(AT_ONCE), checking: Semaphore::new(CHECKED_AT_ONCE) }
    }

    const fn of(&self, work: Work) -> &Semaphore {
        match work {
            Work::Take | Work::Restore => &self.moving,
            Work::Check => &self.checking,
        }
    }
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
    for work in [Work::Take, Work::Restore] {
        db::operation::fail_before(&mut conn, work.kind(), moment, &cut_off(work)).await?;
    }
    let check = (Work::Check.kind(), cut_off(Work::Check));
    if db::operation::fail_before(&mut conn, check.0, moment, &check.1).await? > 0 {
        // A keeper that has looked already took what a check had made for something in use.
        for server in db::server::list_ids(&mut conn).await? {
            app.wake(&server);
        }
    }
    let left = db::backup::list_in_state(&mut conn, BackupState::Running, moment).await?;
    drop(conn);
    for one in left {
        if let Err(error) = clear(app, &one.backup).await {
            tracing::warn!(backup.id = %one.backup.id, %error, "pieces of a backup are left");
            continue;
        }
        conclude::failed(app, (&one.team, &one.backup), &cut_off(Work::Take)).await?;
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
        Work::Check => failure(
            "interrupted",
            "Portolan ended before the backup was checked: the database was not touched",
            "check it again (`check_backup`)",
        ),
    }
}

async fn clear(app: &App, backup: &Backup) -> Result<(), StorageError> {
    Object::of(app, backup).await?.remove().await
}

/// Removes what is to go; what a storage does not let go stays, with the reason.
async fn remove_all(app: &App) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let going =
        db::backup::list_in_state(&mut conn, BackupState::Removing, Timestamp::now()).await?;
    drop(conn);
    for one in going {
        match clear(app, &one.backup).await {
            Ok(()) => conclude::removed(app, &one.team, &one.backup).await?,
            Err(error) => {
                let mut conn = app.db.acquire().await?;
                let why = format!("could not be removed: {error}");
                db::backup::set_reason(&mut conn, &one.backup.id, &why).await?;
            }
        }
    }
    Ok(())
}

async fn keep(
    app: Arc<App>,
    dialer: Arc<dyn Dialer>,
    places: Arc<Places>,
    asked: Asked,
    pulse: Pulse,
) {
    // It is never closed.
    let _place = places.of(asked.work).acquire().await;
    let done = pulse.run(Box::pin(attempt(&app, dialer.as_ref(), &asked)));
    if let Err(error) = done.await {
        tracing::error!(operation.id = %asked.operation, %error, "could not write down what became of a backup");
    }
}

async fn attempt(app: &App, dialer: &dyn Dialer, asked: &Asked) -> Result<(), Error> {
    let Some(recorder) = Recorder::start(app, asked.work.kind(), &asked.operation).await? else {
        return Ok(());
    };
    let object = Object::of(app, &asked.backup).await;
    let object = object.map_err(|error| talk::of_storage(asked, "look for a backup", &error));
    match asked.work {
        Work::Take => take((app, dialer), &recorder, (asked, &object)).await,
        Work::Restore => restore((app, dialer), &recorder, (asked, &object)).await,
        Work::Check => check((app, dialer), &recorder, (asked, &object)).await,
    }
}

/// Where the backup is or will be, or why nobody knows.
type Place = Result<Object, Failure>;

/// Its outcome, unless the process is to end before.
async fn until_stopped<T>(
    app: &App,
    work: Work,
    doing: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    tokio::select! {
        done = doing => done,
        () = app.stopping.cancelled() => Ok(Err(cut_off(work))),
    }
}

async fn take(
    (app, dialer): (&App, &dyn Dialer),
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Place),
) -> Result<(), Error> {
    let taken = match object {
        Ok(object) => {
            let doing = take::take((app, dialer), recorder, (asked, object));
            until_stopped(app, Work::Take, doing).await?
        }
        Err(failure) => Err(failure.clone()),
    };
    let backup = (&asked.team, &asked.backup);
    match taken {
        Ok(stored) => {
            if let Some(next) = conclude::taken(app, (recorder, asked), &stored).await? {
                app.backups.pass_on(next).await;
            }
            Ok(())
        }
        Err(failure) => {
            if let Ok(object) = object
                && let Err(error) = object.remove().await
            {
                tracing::warn!(backup.id = %asked.backup.id, %error, "pieces of a backup are left");
            }
            conclude::failed(app, backup, &failure).await?;
            recorder.conclude(Some(&failure), None).await
        }
    }
}

async fn restore(
    (app, dialer): (&App, &dyn Dialer),
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Place),
) -> Result<(), Error> {
    let given = match object {
        Ok(object) => {
            let doing = give::give((app, dialer), recorder, (asked, object));
            until_stopped(app, Work::Restore, doing).await?
        }
        Err(failure) => Err(failure.clone()),
    };
    conclude::restored(app, (recorder, asked), given.as_ref().err()).await
}

async fn check(
    (app, dialer): (&App, &dyn Dialer),
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Place),
) -> Result<(), Error> {
    let checked = match object {
        Ok(object) => {
            let doing = check::check((app, dialer), recorder, (asked, object));
            until_stopped(app, Work::Check, doing).await?
        }
        Err(failure) => Err(failure.clone()),
    };
    conclude::checked(app, (recorder, asked), checked.as_ref().err()).await
}
