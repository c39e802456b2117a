//! `portolan reconcile`.

use portolan_types::{
    ReconcileStatus, Server, TaskKind, TaskStatus, Timestamp, reconcile::PassStatus,
};

use crate::{
    client::Client,
    find::{Reference, find},
    printer::{Format, Printer, Span, Style, Table},
    words::{since, took, until},
};

pub(crate) async fn status(
    client: &Client,
    printer: &Printer,
    server: Option<Reference>,
) -> anyhow::Result<()> {
    let mut status: ReconcileStatus = client.get("/v1/reconcile", &[]).await?;
    if let Some(wanted) = &server {
        let id = find::<Server>(client, wanted).await?.id;
        status.tasks.retain(|task| task.server_id.as_ref() == Some(&id));
    }
    if printer.format() == Format::Json {
        printer.json(&status)?;
        return Ok(());
    }
    printer.table(&table(&status.tasks))?;
    if server.is_some() {
        for task in status.tasks.iter().filter(|task| !task.passes.is_empty()) {
            printer.line("")?;
            printer.table(&passes(&task.passes))?;
        }
    }
    for task in &status.tasks {
        if let Some(error) = &task.last_error {
            let when = since(error.at);
            printer.warn(&format!("{}, {when}: {}", name(task), error.message));
        }
    }
    Ok(())
}

fn name(task: &TaskStatus) -> String {
    match &task.server_name {
        Some(server) => format!("{} of {server}", task.kind),
        None => task.kind.to_string(),
    }
}

fn table(tasks: &[TaskStatus]) -> Table {
    let header =
        &["TASK", "CONNECTED", "LAST RUN", "TOOK", "NEXT", "RUNS", "REPAIRS", "FAILURES", "EVENTS"];
    Table::new(header).yielding(&["EVENTS", "TOOK"]).with(tasks.iter().map(|task| {
        vec![
            Span::plain(name(task)),
            connected(task),
            Span::or_dash(task.last_run_at.map(since)),
            Span::or_dash(task.last_duration_ms.map(took)),
            Span::or_dash(task.next_run_at.map(next)),
            Span::plain(task.counts.runs.to_string()),
            Span::plain(task.counts.repairs.to_string()),
            failures(task.counts.failures),
            Span::plain(task.counts.events.to_string()),
        ]
    }))
}

fn connected(task: &TaskStatus) -> Span {
    match (task.kind, task.connected_since) {
        (TaskKind::Keeper, Some(moment)) => Span::new(Style::Good, since(moment)),
        (TaskKind::Keeper, None) => Span::new(Style::Bad, "no"),
        (
            TaskKind::Fleet
            | TaskKind::Clerk
            | TaskKind::Courier
            | TaskKind::Sealer
            | TaskKind::Resets
            | TaskKind::Terminals
            | TaskKind::Readings
            | TaskKind::Commands
            | TaskKind::Jobs
            | TaskKind::Backups
            | TaskKind::Janitor,
            _,
        ) => Span::dim("-"),
    }
}

fn next(moment: Timestamp) -> String {
    if moment <= Timestamp::now() { "now".to_owned() } else { until(moment) }
}

fn failures(count: u64) -> Span {
    let style = if count == 0 { Style::Plain } else { Style::Caution };
    Span::new(style, count.to_string())
}

fn passes(passes: &[PassStatus]) -> Table {
    Table::new(&["PART", "LAST RUN", "TOOK", "FAILURES"]).with(passes.iter().map(|pass| {
        vec![
            Span::plain(&pass.name),
            Span::plain(since(pass.last_run_at)),
            Span::plain(took(pass.last_duration_ms)),
            failures(pass.failures),
        ]
    }))
}
