//! `portolan app remove`.

use portolan_types::Application;

use crate::{
    client::Client,
    commands::{
        manner::Manner,
        preview::{self, Doomed},
    },
    failure::Outcome,
    find::{Reference, find},
    printer::Printer,
};

/// What becomes of the volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volumes {
    Kept,
    Removed,
}

/// Asks with what the preview shows.
pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    volumes: Volumes,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let application: Application = find(client, wanted).await?;
    remove_one(client, printer, (&application, volumes), manner).await
}

/// The same of one that was found.
pub(super) async fn remove_one(
    client: &Client,
    printer: &Printer,
    (application, volumes): (&Application, Volumes),
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let doomed = Doomed {
        path: &format!("/v1/applications/{}", application.id),
        query: ("volumes", (volumes == Volumes::Removed).to_string()),
        name: application.name.as_str(),
        question: &question(application, volumes),
    };
    preview::remove(client, printer, doomed, manner).await
}

fn question(application: &Application, volumes: Volumes) -> String {
    let Application { name, project_name, environment_name, .. } = application;
    let with = match volumes {
        Volumes::Kept => "Its volumes stay.",
        Volumes::Removed => "What is in its volumes is lost for good.",
    };
    format!("remove application `{name}` of `{project_name}/{environment_name}`? {with}")
}
