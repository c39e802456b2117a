//! `portolan storage`, from what was typed to what is done.

use portolan_types::{CreateStorage, UpdateStorage};

use crate::{
    cli::{GlobalArgs, StorageCommand},
    commands::storage,
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    global: GlobalArgs,
    printer: &Printer,
    command: StorageCommand,
) -> anyhow::Result<Outcome> {
    let client = &super::client(global, printer)?;
    match command {
        StorageCommand::List(list) => storage::list(client, printer, list.into()).await?,
        StorageCommand::Show { storage } => storage::show(client, printer, &storage).await?,
        StorageCommand::Add { name, kind } => {
            storage::add(client, printer, &CreateStorage { name, kind }).await?;
        }
        StorageCommand::Edit { storage, rename } => {
            let change = UpdateStorage { name: Some(rename) };
            storage::edit(client, printer, &storage, &change).await?;
        }
        StorageCommand::Remove { storage, consent } => {
            storage::remove(client, printer, &storage, consent.into()).await?;
        }
    }
    Ok(Outcome::Done)
}
