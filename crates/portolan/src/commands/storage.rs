//! `portolan storage`.

use portolan_types::{CreateStorage, Storage, UpdateStorage};

use crate::{
    ask::{Consent, confirm},
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Table},
    words::{bytes, since},
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/storages", &[], listing).await?;
    printer.page(&page, table, "no storages yet: see `portolan storage add`")?;
    Ok(())
}

fn table(storages: &[Storage]) -> Table {
    let header = &["NAME", "KIND", "BACKUPS", "SIZE", "ID"];
    Table::new(header).with(storages.iter().map(|one| {
        vec![
            Span::plain(one.name.as_str()),
            Span::plain(one.kind.as_str()),
            Span::plain(one.backups.to_string()),
            Span::plain(bytes(one.bytes)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let storage: Storage = find(client, wanted).await?;
    printer.one(&storage, details)?;
    Ok(())
}

fn details(storage: &Storage) -> Details {
    Details::default()
        .row("name", storage.name.as_str())
        .row("id", storage.id.as_str())
        .row("kind", storage.kind.as_str())
        .row("backups", storage.backups.to_string())
        .row("size", bytes(storage.bytes))
        .row("created", since(storage.created_at))
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    request: &CreateStorage,
) -> anyhow::Result<()> {
    let storage: Storage = client.create("/v1/storages", request).await?;
    printer.one(&storage, details)?;
    Ok(())
}

fn path(storage: &Storage) -> String {
    format!("/v1/storages/{}", storage.id)
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    change: &UpdateStorage,
) -> anyhow::Result<()> {
    let storage: Storage = find(client, wanted).await?;
    let storage: Storage = client.change(&path(&storage), change).await?;
    printer.one(&storage, details)?;
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let storage: Storage = find(client, wanted).await?;
    confirm(printer, consent, &format!("remove storage `{}`?", storage.name))?;
    let () = client.remove(&path(&storage), &[]).await?;
    printer.say(&Line::plain(format!("removed storage `{}`", storage.name)));
    Ok(())
}
