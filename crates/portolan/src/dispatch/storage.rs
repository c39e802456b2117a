//! `portolan storage`, from what was typed to what is done.

use std::path::Path;

use portolan_types::{CreateStorage, S3Place, SecretKey, UpdateStorage};
use secrecy::ExposeSecret;

use crate::{
    ask::{Answers, read_secret},
    cli::{AddStorageArgs, EditStorageArgs, GlobalArgs, StorageCommand},
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
        StorageCommand::Add(args) => {
            storage::add(client, printer, &new(printer, *args)?).await?;
        }
        StorageCommand::Edit(args) => {
            let wanted = args.storage.clone();
            storage::edit(client, printer, &wanted, &change(printer, args)?).await?;
        }
        StorageCommand::Try { storage } => storage::try_it(client, printer, &storage).await?,
        StorageCommand::Remove { storage, consent } => {
            storage::remove(client, printer, &storage, consent.into()).await?;
        }
    }
    Ok(Outcome::Done)
}

/// The control plane says what is missing or too much.
fn new(printer: &Printer, args: AddStorageArgs) -> anyhow::Result<CreateStorage> {
    let AddStorageArgs { name, kind, bucket } = args;
    let Some(args) = bucket else {
        return Ok(CreateStorage { name, kind, s3: None, secret_key: None });
    };
    let secret_key = Some(secret_key(printer, args.secret_key_file.as_deref())?);
    let s3 = S3Place {
        endpoint: args.endpoint,
        bucket: args.bucket,
        region: args.region.unwrap_or_default(),
        prefix: args.prefix,
        style: args.style.unwrap_or_default(),
        access_key: args.access_key,
    };
    Ok(CreateStorage { name, kind, s3: Some(s3), secret_key })
}

fn change(printer: &Printer, args: EditStorageArgs) -> anyhow::Result<UpdateStorage> {
    let EditStorageArgs { rename, access_key, secret_key_file, new_secret_key, .. } = args;
    let has_new = secret_key_file.is_some() || new_secret_key || access_key.is_some();
    let secret = has_new.then(|| secret_key(printer, secret_key_file.as_deref())).transpose()?;
    Ok(UpdateStorage { name: rename, access_key, secret_key: secret })
}

/// From a file, or from whoever sits at the terminal: never from an argument, which other programs
/// can read.
fn secret_key(printer: &Printer, file: Option<&Path>) -> anyhow::Result<SecretKey> {
    let secret = match file {
        Some(file) => read_secret(file)?,
        None => Answers::Person.secret(printer, "Secret of the key:")?,
    };
    Ok(SecretKey::try_from(secret.expose_secret().to_owned())?)
}
