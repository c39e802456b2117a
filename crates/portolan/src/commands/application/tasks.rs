//! What a swarm runs of an application.

use portolan_types::{Application, ApplicationTask, ApplicationTasks};

use crate::{
    client::Client,
    find::{Reference, find},
    printer::{Format, Line, Printer, Span, Style, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let tasks = ask(client, &application).await?;
    if printer.format() == Format::Json {
        printer.json(&tasks)?;
    } else if tasks.items.is_empty() {
        printer.say(&Line::plain("no tasks: a swarm runs nothing of it"));
    } else {
        printer.table(&table(&tasks.items))?;
    }
    Ok(())
}

async fn ask(client: &Client, application: &Application) -> anyhow::Result<ApplicationTasks> {
    let path = format!("/v1/applications/{}/tasks", application.id);
    Ok(client.get(&path, &[]).await?)
}

/// Those of a service; what is no service has none.
pub(super) async fn read(
    client: &Client,
    application: &Application,
) -> anyhow::Result<Vec<ApplicationTask>> {
    if !application.is_service() {
        return Ok(Vec::new());
    }
    Ok(ask(client, application).await?.items)
}

fn table(tasks: &[ApplicationTask]) -> Table {
    let header = &["REPLICA", "STATE", "NODE", "SINCE", "ERROR"];
    Table::new(header).yielding(&["ERROR", "SINCE"]).with(tasks.iter().map(|one| {
        vec![
            Span::or_dash(one.replica.map(|number| number.to_string())),
            Span::new(style(one), one.state.as_str()),
            Span::or_dash(one.node.as_deref()),
            Span::or_dash(one.since.map(since)),
            Span::or_dash(one.error.as_deref()),
        ]
    }))
}

fn style(task: &ApplicationTask) -> Style {
    match (task.wanted, task.state.as_str()) {
        (false, _) => Style::Dim,
        (true, "running") => Style::Good,
        (true, _) => Style::Caution,
    }
}

/// One of them on one line.
pub(super) fn line(task: &ApplicationTask) -> String {
    let replica = task.replica.map(|number| format!("{number} ")).unwrap_or_default();
    let node = task.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
    let error = task.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{replica}{}{node}{error}", task.state)
}
