//! `portolan operation`, and the waiting that other commands share.

use std::time::Duration;

use portolan_types::{
    Application, Database, Destination, Operation, OperationId, OperationState, Server,
};

use super::{event::subject_words, result};
use crate::{
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Style, Table},
    watch::{Ending, Wait, conclude, duration, follow, say_failure, step_line},
    words::since,
};

/// Whose operations are wanted.
#[derive(Debug)]
pub(crate) enum About {
    Anything,
    Server(Reference),
    Destination(Reference),
    Application(Reference),
    Database(Reference),
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    about: About,
    listing: Listing,
) -> anyhow::Result<()> {
    let filters = match subject(client, about).await? {
        Some(id) => vec![("subject_id", id)],
        None => Vec::new(),
    };
    let page = collect(client, "/v1/operations", &filters, listing).await?;
    printer.page(&page, table, "no operations yet")?;
    Ok(())
}

async fn subject(client: &Client, about: About) -> anyhow::Result<Option<String>> {
    Ok(match about {
        About::Anything => None,
        About::Server(wanted) => Some(find::<Server>(client, &wanted).await?.id.into()),
        About::Destination(wanted) => Some(find::<Destination>(client, &wanted).await?.id.into()),
        About::Database(wanted) => Some(find::<Database>(client, &wanted).await?.id.into()),
        About::Application(wanted) => Some(find::<Application>(client, &wanted).await?.id.into()),
    })
}

fn table(operations: &[Operation]) -> Table {
    let header = &["ID", "OPERATION", "SUBJECT", "STATE", "WHEN", "TOOK"];
    Table::new(header).yielding(&["TOOK", "WHEN"]).with(operations.iter().map(|operation| {
        vec![
            Span::plain(operation.id.as_str()),
            Span::plain(operation.kind.as_str()),
            Span::plain(subject_words(&operation.subject, &operation.subject_name)),
            state_span(operation.state),
            Span::plain(since(operation.created_at)),
            Span::or_dash(duration(operation)),
        ]
    }))
}

fn state_span(state: OperationState) -> Span {
    let style = match state {
        OperationState::Queued => Style::Dim,
        OperationState::Running => Style::Caution,
        OperationState::Succeeded => Style::Good,
        OperationState::Failed => Style::Bad,
    };
    Span::new(style, state.as_str())
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    id: &OperationId,
) -> anyhow::Result<()> {
    let operation: Operation = client.get(&format!("/v1/operations/{id}"), &[]).await?;
    printer.one(&operation, details)?;
    if printer.format() == Format::Text {
        for step in &operation.steps {
            printer.styled(&step_line(step))?;
            if let Some(remedy) = &step.remedy {
                printer.styled(&Line::styled(Style::Dim, format!("    {remedy}")))?;
            }
        }
        if operation.state == OperationState::Failed {
            say_failure(printer, &operation);
        }
    }
    Ok(())
}

fn details(operation: &Operation) -> Details {
    Details::default()
        .row("id", operation.id.as_str())
        .row("operation", operation.kind.as_str())
        .row("subject", subject_words(&operation.subject, &operation.subject_name))
        .span("state", state_span(operation.state))
        .row("accepted", since(operation.created_at))
        .maybe("took", duration(operation))
}

pub(crate) async fn wait(
    client: &Client,
    printer: &Printer,
    id: &OperationId,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    let ending = follow(client, printer, id, limit).await?;
    end(printer, ending, limit)
}

/// Stays with an operation that was just accepted, when that is wanted. Data is the operation.
pub(crate) async fn accompany(
    client: &Client,
    printer: &Printer,
    operation: Operation,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    match wait {
        Wait::AtMost(limit) => {
            let ending = follow(client, printer, &operation.id, limit).await?;
            end(printer, ending, limit)
        }
        Wait::No => {
            if printer.format() == Format::Json {
                printer.json(&operation)?;
            }
            accepted(printer, &operation.id);
            Ok(Outcome::Done)
        }
    }
}

/// The same for a thing whose work was accepted with it; its data is printed by the caller.
pub(crate) async fn accompany_subject(
    client: &Client,
    printer: &Printer,
    id: Option<&OperationId>,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    match (id, wait) {
        (Some(id), Wait::AtMost(limit)) => {
            let ending = follow(client, printer, id, limit).await?;
            Ok(conclude(printer, &ending, limit))
        }
        (Some(id), Wait::No) => {
            accepted(printer, id);
            Ok(Outcome::Done)
        }
        (None, _) => Ok(Outcome::Done),
    }
}

fn accepted(printer: &Printer, id: &OperationId) {
    printer.say(&Line::plain(format!("accepted; follow it with `portolan operation wait {id}`")));
}

fn end(printer: &Printer, ending: Ending, limit: Duration) -> anyhow::Result<Outcome> {
    let ended = conclude(printer, &ending, limit);
    let (Ending::Over(operation) | Ending::Unfinished(operation)) = ending;
    let found = operation.result.as_ref().map_or(Outcome::Done, result::outcome);
    let outcome = if ended == Outcome::Done { found } else { ended };
    if printer.format() == Format::Json {
        printer.json(&operation)?;
        return Ok(outcome);
    }
    if let Some(found) = &operation.result {
        result::show(printer, found)?;
    }
    if ended == Outcome::Done {
        let took = duration(&operation).map(|took| format!(" in {took}")).unwrap_or_default();
        let words = format!("{} of {} succeeded{took}", operation.kind, operation.subject_name);
        printer.say(&Line::styled(Style::Good, words));
    }
    Ok(outcome)
}
