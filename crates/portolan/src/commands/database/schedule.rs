//! Schedules of backups: shown, set, ended.

use portolan_types::{
    BackupSchedule, CronExpression, Database, KeptBackups, SetBackupSchedule, Storage,
};

use crate::{
    client::Client,
    find::{Reference, find, find_any},
    printer::{Details, Line, Printer},
};

fn path(database: &Database) -> String {
    format!("/v1/databases/{}/backup-schedule", database.id)
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let database: Database = find(client, wanted).await?;
    let schedule: BackupSchedule = client.get(&path(&database), &[]).await?;
    printer.one(&schedule, details)?;
    Ok(())
}

/// When, how many are kept, and whether each is checked.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) expression: CronExpression,
    pub(crate) keep: KeptBackups,
    pub(crate) check: bool,
}

pub(crate) async fn set(
    client: &Client,
    printer: &Printer,
    (wanted, storage): (&Reference, Option<&Reference>),
    Times { expression, keep, check }: Times,
) -> anyhow::Result<()> {
    let database: Database = find(client, wanted).await?;
    let storage: Option<Storage> = find_any(client, storage).await?;
    let storage_id = storage.map(|one| one.id);
    let request = SetBackupSchedule { storage_id, expression, keep, check };
    let schedule: BackupSchedule = client.put(&path(&database), &request).await?;
    printer.one(&schedule, details)?;
    Ok(())
}

fn details(one: &BackupSchedule) -> Details {
    let details = Details::default()
        .row("times", format!("{} (UTC)", one.expression))
        .row("storage", one.storage_name.as_str())
        .row("kept", one.keep.to_string())
        .row("checked", if one.check { "each, as soon as it is whole" } else { "no" })
        .row("next", one.next_at.to_string());
    one.following.iter().fold(details, |details, at| details.row("then", at.to_string()))
}

pub(crate) async fn unset(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let database: Database = find(client, wanted).await?;
    let () = client.remove(&path(&database), &[]).await?;
    let words = format!("database `{}` is backed up no longer by itself", database.name);
    printer.say(&Line::plain(words));
    Ok(())
}
