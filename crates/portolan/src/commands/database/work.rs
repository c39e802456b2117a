//! Work on databases: deployed, upgraded, started, stopped, removed.

use portolan_types::{Database, DatabaseVersion, Operation, UpgradeDatabase};

use crate::{
    client::Client,
    commands::{
        manner::Manner,
        operation::{accompany, accompany_subject},
        preview::{self, Doomed},
    },
    failure::Outcome,
    find::{Reference, find},
    printer::Printer,
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
    let doomed = Doomed {
        path: &format!("/v1/databases/{}", database.id),
        query: ("data", (data == Data::Removed).to_string()),
        name: database.name.as_str(),
        question: &question(&database, data),
    };
    preview::remove(client, printer, doomed, manner).await
}

fn question(database: &Database, data: Data) -> String {
    let Database { name, project_name, environment_name, .. } = database;
    let with = match data {
        Data::Kept => "Its data stay.",
        Data::Removed => "Its data are lost for good.",
    };
    format!("remove database `{name}` of `{project_name}/{environment_name}`? {with}")
}
