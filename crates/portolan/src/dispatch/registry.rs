//! `portolan registry`, from what was typed to what is done.

use std::path::Path;

use portolan_types::{CreateRegistry, RegistryPassword, UpdateRegistry};
use secrecy::ExposeSecret;

use crate::{
    ask::{Answers, read_secret},
    cli::{AddRegistryArgs, EditRegistryArgs, GlobalArgs, RegistryCommand},
    commands::registry,
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    global: GlobalArgs,
    printer: &Printer,
    command: RegistryCommand,
) -> anyhow::Result<Outcome> {
    let client = &super::client(global, printer)?;
    match command {
        RegistryCommand::List(list) => registry::list(client, printer, list.into()).await?,
        RegistryCommand::Show { registry } => registry::show(client, printer, &registry).await?,
        RegistryCommand::Add(args) => {
            registry::add(client, printer, &new(printer, args)?).await?;
        }
        RegistryCommand::Edit(args) => {
            let wanted = args.registry.clone();
            registry::edit(client, printer, &wanted, &change(printer, args)?).await?;
        }
        RegistryCommand::Check { registry, server, wait } => {
            return registry::check(client, printer, (&registry, &server), wait.into()).await;
        }
        RegistryCommand::Remove { registry, consent } => {
            registry::remove(client, printer, &registry, consent.into()).await?;
        }
    }
    Ok(Outcome::Done)
}

fn new(printer: &Printer, args: AddRegistryArgs) -> anyhow::Result<CreateRegistry> {
    let AddRegistryArgs { name, host, user, password_file } = args;
    let password = password(printer, password_file.as_deref())?;
    Ok(CreateRegistry { name, host, user, password })
}

fn change(printer: &Printer, args: EditRegistryArgs) -> anyhow::Result<UpdateRegistry> {
    let EditRegistryArgs { rename, host, user, password_file, new_password, .. } = args;
    let has_new = password_file.is_some() || new_password || host.is_some();
    let password = has_new.then(|| password(printer, password_file.as_deref())).transpose()?;
    Ok(UpdateRegistry { name: rename, host, user, password })
}

/// From a file, or from whoever sits at the terminal: never from an argument, which other programs
/// can read.
fn password(printer: &Printer, file: Option<&Path>) -> anyhow::Result<RegistryPassword> {
    let password = match file {
        Some(file) => read_secret(file)?,
        None => Answers::Person.secret(printer, "Password of the registry:")?,
    };
    Ok(RegistryPassword::try_from(password.expose_secret().to_owned())?)
}
