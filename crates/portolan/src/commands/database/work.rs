//! Work on databases: deployed, upgraded, started, stopped, removed.

use portolan_types::{Database, DatabaseVersion, Operation, Preview, UpgradeDatabase};

use crate::{
    ask::{Consent, Run, confirm_by_name},
    client::Client,
    commands::{
        manner::Manner,
        operation::{accompany, accompany_subject},
        preview,
    },
    failure::Outcome,
    find::{Reference, find},
    printer::{Line, Printer},
    watch::Wait,
};

/// What is done with what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Deploy,
    Start,
    Stop,
    Restart,
}

impl Act {
    const fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

fn path(database: &Database, act: &str) -> String {
    format!("/v1/databases/{}/{act}", database.id)
}

pub(crate) async fn act(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    act: Act,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let database: Database = find(client, wanted).await?;
    let operation: Operation = client.act(&path(&database, act.word())).await?;
    accompany(client, printer, operation, wait).await
}

/// The data is the caller's to print.
pub(super) async fn deploy_and_follow(
    client: &Client,
    printer: &Printer,
    database: &Database,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let operation: Operation = client.act(&path(database, Act::Deploy.word())).await?;
    accompany_subject(client, printer, Some(&operation.id), wait).await
}

pub(crate) async fn upgrade(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    version: Option<DatabaseVersion>,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let database: Database = find(client, wanted).await?;
    let request = UpgradeDatabase { version };
    let operation: Operation = client.act_with(&path(&database, "upgrade"), &request).await?;
    accompany(client, printer, operation, wait).await
}

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    Kept,
    Removed,
}

/// Asks with what the preview shows.
pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    data: Data,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let database: Database = find(client, wanted).await?;
    let path = format!("/v1/databases/{}", database.id);
    if manner.run == Run::Dry {
        return preview::show(printer, &preview_of(client, &path, data).await?);
    }
    if manner.consent == Consent::Ask {
        let preview = preview_of(client, &path, data).await?;
        if !preview.allowed {
            return preview::show(printer, &preview);
        }
        preview.steps.iter().for_each(|step| printer.say(&Line::plain(format!("- {step}"))));
        let question = question(&database, data);
        confirm_by_name(printer, manner.consent, &question, database.name.as_str())?;
    }
    let operation: Operation = client.remove(&path, &[query(data)]).await?;
    accompany(client, printer, operation, manner.wait).await
}

fn query(data: Data) -> (&'static str, String) {
    ("data", (data == Data::Removed).to_string())
}

async fn preview_of(client: &Client, path: &str, data: Data) -> anyhow::Result<Preview> {
    Ok(client.remove(path, &[("preview", "true".into()), query(data)]).await?)
}

fn question(database: &Database, data: Data) -> String {
    let Database { name, project_name, environment_name, .. } = database;
    let with = match data {
        Data::Kept => "Its data stay.",
        Data::Removed => "Its data are lost for good.",
    };
    format!("remove database `{name}` of `{project_name}/{environment_name}`? {with}")
}
