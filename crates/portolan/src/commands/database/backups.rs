//! Backups of databases: taken, listed, checked, given back, downloaded, removed.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;
use portolan_types::{
    BackUpDatabase, Backup, BackupId, BackupState, CheckBackup, Database, Operation, Page,
    RestoreDatabase, Storage,
};
use tokio::{fs::OpenOptions, io::AsyncWriteExt};

use crate::{
    ask::{Consent, confirm, confirm_by_name},
    client::Client,
    commands::operation::{accompany, accompany_subject},
    failure::Outcome,
    find::{Reference, find, find_any},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Style, Table},
    watch::Wait,
    words::{bytes, since},
};

/// Its id is the data.
pub(crate) async fn take(
    client: &Client,
    printer: &Printer,
    (wanted, storage): (&Reference, Option<&Reference>),
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let database: Database = find(client, wanted).await?;
    let storage: Option<Storage> = find_any(client, storage).await?;
    let request = BackUpDatabase { storage_id: storage.map(|one| one.id) };
    let path = format!("/v1/databases/{}/backups", database.id);
    let operation: Operation = client.act_with(&path, &request).await?;
    let outcome = accompany_subject(client, printer, Some(&operation.id), wait).await?;
    let filter = [("database_id", database.id.to_string())];
    let latest: Page<Backup> = client.get("/v1/backups", &filter).await?;
    let made = latest.items.into_iter().find(|one| one.operation_id == operation.id);
    if let Some(backup) = made {
        printer.one(&backup, details)?;
    }
    Ok(outcome)
}

/// Which backups are wanted.
#[derive(Debug)]
pub(crate) struct Of {
    pub(crate) database: Option<Reference>,
    pub(crate) storage: Option<Reference>,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    of: &Of,
    listing: Listing,
) -> anyhow::Result<()> {
    let database: Option<Database> = find_any(client, of.database.as_ref()).await?;
    let storage: Option<Storage> = find_any(client, of.storage.as_ref()).await?;
    let database = database.map(|one| ("database_id", one.id.to_string()));
    let storage = storage.map(|one| ("storage_id", one.id.to_string()));
    let filters: Vec<_> = database.into_iter().chain(storage).collect();
    let page = collect(client, "/v1/backups", &filters, listing).await?;
    printer.page(&page, table, "no backups: take one with `portolan database backup DATABASE`")?;
    Ok(())
}

fn table(backups: &[Backup]) -> Table {
    let header = &["DATABASE", "STATE", "TAKEN", "SIZE", "ENGINE", "STORAGE", "ID"];
    Table::new(header).yielding(&["ENGINE", "STORAGE"]).with(backups.iter().map(|one| {
        vec![
            Span::plain(one.database_name.as_str()),
            state(one.state),
            Span::plain(since(one.created_at)),
            Span::or_dash(one.size.map(bytes)),
            Span::plain(format!("{} {}", one.engine, one.version)),
            Span::plain(one.storage_name.as_str()),
            Span::plain(one.id.as_str()),
        ]
    }))
}

fn state(state: BackupState) -> Span {
    let style = match state {
        BackupState::Ready => Style::Good,
        BackupState::Running | BackupState::Removing => Style::Dim,
        BackupState::Failed => Style::Bad,
    };
    Span::new(style, state.as_str())
}

pub(crate) async fn show(client: &Client, printer: &Printer, id: &BackupId) -> anyhow::Result<()> {
    printer.one(&read(client, id).await?, details)?;
    Ok(())
}

async fn read(client: &Client, id: &BackupId) -> anyhow::Result<Backup> {
    Ok(client.get(&path(id), &[]).await?)
}

fn path(id: &BackupId) -> String {
    format!("/v1/backups/{id}")
}

fn details(one: &Backup) -> Details {
    Details::default()
        .row("id", one.id.as_str())
        .row("database", one.database_name.as_str())
        .span("state", state(one.state))
        .maybe("reason", one.reason.as_deref())
        .row("engine", format!("{} {}", one.engine, one.version))
        .row("storage", one.storage_name.as_str())
        .maybe("size", one.size.map(bytes))
        .maybe("sha256", one.sha256.as_deref())
        .row("taken", since(one.created_at))
        .maybe("checked", one.checked_at.map(since))
        .maybe("does not restore", one.check_failure.as_deref())
        .maybe("asked for", one.scheduled.then_some("by its schedule"))
        .row("operation", one.operation_id.as_str())
}

/// Asks with the name of what is lost.
pub(crate) async fn restore(
    client: &Client,
    printer: &Printer,
    (wanted, id): (&Reference, BackupId),
    (consent, wait): (Consent, Wait),
) -> anyhow::Result<Outcome> {
    let database: Database = find(client, wanted).await?;
    let backup = read(client, &id).await?;
    let (name, of, taken) = (&database.name, &backup.database_name, since(backup.created_at));
    let question = format!(
        "give database `{name}` what the backup of `{of}` has that was taken {taken}? What is in \
         it now is lost."
    );
    confirm_by_name(printer, consent, &question, name.as_str())?;
    let path = format!("/v1/databases/{}/restore", database.id);
    let request = RestoreDatabase { backup_id: id };
    let operation: Operation = client.act_with(&path, &request).await?;
    accompany(client, printer, operation, wait).await
}

/// Whether it restores, on the server of a database.
pub(crate) async fn check(
    client: &Client,
    printer: &Printer,
    (id, beside): (&BackupId, Option<&Reference>),
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let beside: Option<Database> = find_any(client, beside).await?;
    let request = CheckBackup { database_id: beside.map(|one| one.id) };
    let operation: Operation = client.act_with(&format!("{}/check", path(id)), &request).await?;
    accompany(client, printer, operation, wait).await
}

/// Where a backup goes.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    /// A file that is not there yet, for nobody else to read.
    File(&'a Path),
    Stdout,
}

pub(crate) async fn download(
    client: &Client,
    printer: &Printer,
    (id, target): (&BackupId, Target<'_>),
) -> anyhow::Result<()> {
    let mut content = client.content(&format!("{}/content", path(id))).await?;
    match target {
        Target::Stdout => {
            while let Some(part) = content.next().await? {
                io::stdout().write_all(&part)?;
            }
            io::stdout().flush()?;
        }
        Target::File(path) => {
            let mut options = OpenOptions::new();
            let opening = options.write(true).create_new(true).mode(0o600).open(path);
            let mut file =
                opening.await.with_context(|| format!("could not make {}", path.display()))?;
            let mut read = 0;
            while let Some(part) = content.next().await? {
                file.write_all(&part).await?;
                read += part.len() as u64;
            }
            file.flush().await?;
            file.sync_all().await?;
            let words = format!("wrote {} to {}", bytes(read), path.display());
            printer.say(&Line::plain(words));
        }
    }
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    id: &BackupId,
    consent: Consent,
) -> anyhow::Result<()> {
    let backup = read(client, id).await?;
    let (of, taken) = (&backup.database_name, since(backup.created_at));
    let question = format!("remove the backup of database `{of}` that was taken {taken}?");
    confirm(printer, consent, &question)?;
    let going: Backup = client.remove(&path(id), &[]).await?;
    printer.say(&Line::plain(format!("backup {} of `{of}` is being removed", going.id)));
    Ok(())
}
