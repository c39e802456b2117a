//! `portolan container exec` and `portolan app exec`: a program run in a container, once.

use std::time::Duration;

use portolan_types::{CommandResult, Operation, OperationResult, RunCommand};

use super::inside::Named;
use crate::{
    client::Client,
    failure::Outcome,
    printer::{Format, Line, Printer, Style},
    watch::{Ending, conclude, follow},
};

/// Beyond the program's own time: it has to be begun, and to be heard of.
const BESIDES: Duration = Duration::from_mins(1);

/// Runs it and prints what it said. The exit code is the program's.
pub(crate) async fn run(
    client: &Client,
    printer: &Printer,
    named: &Named,
    command: &RunCommand,
) -> anyhow::Result<Outcome> {
    let path = format!("{}/exec", named.path(client).await?);
    let limit = command.within_seconds.duration() + BESIDES;
    let operation: Operation = client.act_with(&path, command).await?;
    let ending = follow(client, printer, &operation.id, limit).await?;
    let ended = conclude(printer, &ending, limit);
    let (Ending::Over(operation) | Ending::Unfinished(operation)) = ending;
    if printer.format() == Format::Json {
        printer.json(&operation)?;
    }
    let Some(OperationResult::Command(result)) = &operation.result else { return Ok(ended) };
    if printer.format() == Format::Text {
        show(printer, result)?;
    }
    Ok(exit(result.exit_code))
}

/// The program's words, and how it ended.
pub(super) fn show(printer: &Printer, result: &CommandResult) -> anyhow::Result<()> {
    let CommandResult { stdout, stderr, truncated, .. } = result;
    say(printer, &Said { stdout, stderr, truncated: *truncated })?;
    let (program, container) = (&result.program, &result.container);
    let words = format!("`{program}` in `{container}` ended with code {}", result.exit_code);
    printer.say(&Line::styled(Style::Dim, words));
    Ok(())
}

/// The ends of what a program said.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) stdout: &'a str,
    pub(super) stderr: &'a str,
    pub(super) truncated: bool,
}

/// Its errors go where errors go.
pub(super) fn say(printer: &Printer, said: &Said<'_>) -> anyhow::Result<()> {
    for line in said.stdout.lines() {
        printer.line(line)?;
    }
    for line in said.stderr.lines() {
        printer.say(&Line::plain(line));
    }
    if said.truncated {
        printer.warn("it said more: these are the ends");
    }
    Ok(())
}

/// A code has eight bits; what has more is a failure all the same.
pub(super) fn exit(code: i64) -> Outcome {
    match u8::try_from(code) {
        Ok(0) => Outcome::Done,
        Ok(code) => Outcome::Exit(code),
        Err(_) => Outcome::Failed,
    }
}
