//! Schedules: when a database is backed up without anybody asking for it, and how many of those
//! backups are kept.

use portolan_types::{BackupSchedule, DatabaseId, SetBackupSchedule, Subject, Timestamp};

use super::{find, storages, way_of};
use crate::{
    Actor, App, Error,
    applications::work::check_stays,
    databases::Found,
    db::{self, Transaction},
    events::{self, Happened},
    schedule,
};

/// How many times after the next one are shown.
const SHOWN: usize = 2;

/// The schedule of a database.
pub async fn show(app: &App, actor: &Actor, id: &DatabaseId) -> Result<BackupSchedule, Error> {
    find_schedule(app, actor, id).await?.ok_or(Error::NotFound("schedule of a database"))
}

/// The same where there may be none.
pub(crate) async fn find_schedule(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
) -> Result<Option<BackupSchedule>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::backup_schedule::find(&mut conn, actor.visible(), id).await?.map(shown))
}

fn shown(schedule: BackupSchedule) -> BackupSchedule {
    BackupSchedule { following: schedule.expression.following(schedule.next_at, SHOWN), ..schedule }
}

/// Has a database backed up on a schedule, in the place of the one before. What is due already stays so
/// where the times stay.
pub async fn set(
    app: &App,
    actor: &Actor,
    id: &DatabaseId,
    input: SetBackupSchedule,
) -> Result<BackupSchedule, Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let found = find(&mut tx, actor, id).await?;
    check_stays(&found.row.application)?;
    way_of(&found)?;
    let SetBackupSchedule { storage_id, expression, keep, check } = input;
    let storage = storages::choose(&mut tx, actor.team_id(), storage_id.as_ref()).await?;
    let before = db::backup_schedule::find(&mut tx, actor.visible(), id).await?;
    let now = Timestamp::now();
    let same = before.as_ref().filter(|before| before.expression == expression);
    let new = BackupSchedule {
        database_id: id.clone(),
        storage_id: storage.id,
        storage_name: storage.name,
        next_at: same.map_or_else(|| schedule::next(&expression, now), |one| Ok(one.next_at))?,
        expression,
        keep,
        check,
        following: Vec::new(),
        created_at: before.as_ref().map_or(now, |before| before.created_at),
        updated_at: now,
    };
    db::backup_schedule::put(&mut tx, actor.team_id(), &new).await?;
    note(&mut tx, (actor, &found), (before.as_ref(), Some(&new))).await?;
    tx.commit().await?;
    app.backups.scheduled.notify_one();
    Ok(shown(new))
}

/// Ends a schedule. The backups that it asked for stay.
pub async fn unset(app: &App, actor: &Actor, id: &DatabaseId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    db::application::lock(&mut tx, &id.into()).await?;
    let found = find(&mut tx, actor, id).await?;
    let before = db::backup_schedule::find(&mut tx, actor.visible(), id).await?;
    let before = before.ok_or(Error::NotFound("schedule of a database"))?;
    db::backup_schedule::delete(&mut tx, actor.team_id(), id).await?;
    note(&mut tx, (actor, &found), (Some(&before), None)).await?;
    Ok(tx.commit().await?)
}

async fn note(
    tx: &mut Transaction,
    (actor, found): (&Actor, &Found),
    (before, after): (Option<&BackupSchedule>, Option<&BackupSchedule>),
) -> Result<(), Error> {
    let (application, by) = (&found.row.application, &actor.user.email);
    let name = &application.name;
    let (kind, message) = match after {
        Some(BackupSchedule { expression, storage_name, .. }) => (
            "database.scheduled",
            format!(
                "database `{name}` is backed up at `{expression}` into storage `{storage_name}`: \
                 set by {by}"
            ),
        ),
        None => (
            "database.unscheduled",
            format!("database `{name}` is not backed up on a schedule any more: set by {by}"),
        ),
    };
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Application(application.id.clone()),
        name: name.as_str(),
        message,
    };
    let entry = happened.by(actor.author()).of(&application.destination_id);
    Ok(events::record(tx, entry.change(&before, &after), Timestamp::now()).await?)
}
