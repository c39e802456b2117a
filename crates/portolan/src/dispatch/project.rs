//! `portolan project` and `environment`, from what was typed to what is done.

use portolan_types::{CreateProject, UpdateProject};

use crate::{
    cli::{EditEnvironmentArgs, EditProjectArgs, EnvironmentCommand, ProjectCommand},
    client::Client,
    commands::{
        environment::{self, Default},
        project,
    },
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: ProjectCommand,
) -> anyhow::Result<()> {
    match command {
        ProjectCommand::List(list) => project::list(client, printer, list.into()).await,
        ProjectCommand::Show { project } => project::show(client, printer, &project).await,
        ProjectCommand::Create { name, description } => {
            let description = description.unwrap_or_default();
            project::create(client, printer, &CreateProject { name, description }).await
        }
        ProjectCommand::Edit(EditProjectArgs { project, name, description }) => {
            let change = UpdateProject { name, description };
            project::edit(client, printer, &project, &change).await
        }
        ProjectCommand::Delete { project, consent } => {
            project::delete(client, printer, &project, consent.into()).await
        }
    }
}

pub(super) async fn run_environment(
    client: &Client,
    printer: &Printer,
    command: EnvironmentCommand,
) -> anyhow::Result<()> {
    match command {
        EnvironmentCommand::List { project, list } => {
            environment::list(client, printer, project, list.into()).await
        }
        EnvironmentCommand::Show { environment } => {
            environment::show(client, printer, &environment).await
        }
        EnvironmentCommand::Create { name, project, destination } => {
            let place = (&project, destination.as_ref());
            environment::create(client, printer, name, place).await
        }
        EnvironmentCommand::Edit(args) => {
            let EditEnvironmentArgs { environment, name, destination, no_destination } = args;
            let default = match destination {
                Some(destination) => Default::Is(destination),
                None if no_destination => Default::None,
                None => Default::Kept,
            };
            environment::edit(client, printer, &environment, (name, default)).await
        }
        EnvironmentCommand::Delete { environment, consent } => {
            environment::delete(client, printer, &environment, consent.into()).await
        }
    }
}
