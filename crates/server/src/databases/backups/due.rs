//! Backups that are due by a schedule: each is written down together with the time of the next one, so
//! that the end of a process between the two neither loses nor doubles one.

use portolan_types::{Subject, Timestamp};

use super::{By, begin};
use crate::{
    App, Error, container,
    db::{self, Transaction, backup_schedule::Due},
    events::{self, Happened},
    schedule,
};

/// Asks for what is due, and answers when there is more. What was missed is asked for once.
pub(crate) async fn begin_due(app: &App) -> Result<Option<Timestamp>, Error> {
    let now = Timestamp::now();
    let due = db::backup_schedule::list_due(&mut *app.db.acquire().await?, now).await?;
    Box::pin(schedule::each(due, |one| begin_one(app, one, now))).await?;
    Ok(db::backup_schedule::find_next(&mut *app.db.acquire().await?).await?)
}

async fn begin_one(app: &App, due: Due, now: Timestamp) -> Result<(), Error> {
    let by = By::Schedule(&due.team);
    let application = (&due.database).into();
    // A server that does not answer is found out by whoever takes it, as a failure with a row.
    let place = container::serving(app, by.visible(), &application).await;
    let begins = app.backups.place().await;
    let mut tx = app.db.begin().await?;
    // Before the schedule, as whoever changes that does.
    db::application::lock(&mut tx, &application).await?;
    let next = schedule::next(&due.expression, now)?;
    if !db::backup_schedule::advance(&mut tx, &due, next).await? {
        return Ok(());
    }
    let begun = match place {
        Ok(place) => begin(&mut tx, by, (&due.database, Some(&due.storage)), place).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok((_, asked)) => {
            tx.commit().await?;
            if let Some(begins) = begins {
                begins.send(asked);
            }
            Ok(())
        }
        Err(why @ (Error::Refused(_) | Error::NotFound(_))) => {
            not_taken(&mut tx, &due, &why).await?;
            Ok(tx.commit().await?)
        }
        Err(error) => Err(error),
    }
}

/// There is no row of a backup that was refused: its event tells of it.
async fn not_taken(tx: &mut Transaction, due: &Due, why: &Error) -> Result<(), Error> {
    let (name, at) = (&due.name, due.at);
    let happened = Happened {
        team: &due.team,
        kind: "backup.not-taken",
        subject: Subject::Application((&due.database).into()),
        name: name.as_str(),
        message: format!("database `{name}` was to be backed up at {at}, and was not: {why}"),
    };
    let entry = happened.by(events::portolan("backups"));
    Ok(events::record(tx, entry, Timestamp::now()).await?)
}
