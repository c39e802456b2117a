//! `portolan storage`.

use portolan_types::{CreateStorage, KeyPrefix, Storage, StorageTrial, UpdateStorage};

use crate::{
    ask::{Consent, confirm},
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Table},
    words::{bytes, since, took},
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
    let s3 = storage.s3.as_ref();
    Details::default()
        .row("name", storage.name.as_str())
        .row("id", storage.id.as_str())
        .row("kind", storage.kind.as_str())
        .maybe("endpoint", s3.map(|place| place.endpoint.as_str()))
        .maybe("bucket", s3.map(|place| place.bucket.as_str()))
        .maybe("region", s3.map(|place| place.region.as_str()))
        .maybe("prefix", s3.and_then(|place| place.prefix.as_ref()).map(KeyPrefix::as_str))
        .maybe("access key", s3.map(|place| place.access_key.as_str()))
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

pub(crate) async fn try_it(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let storage: Storage = find(client, wanted).await?;
    let tried: StorageTrial = client.act(&format!("{}/try", path(&storage))).await?;
    let details = |one: &StorageTrial| {
        Details::default()
            .row("storage", storage.name.as_str())
            .row("answer", "an object was written, read and removed")
            .row("took", took(one.took_ms))
    };
    printer.one(&tried, details)?;
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
