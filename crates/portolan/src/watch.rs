//! Follows an operation until it is over, showing each step as it happens.
//!
//! Owns the polling and the words of the steps. Does not start operations.

use std::time::Duration;

use portolan_types::{Operation, OperationId, OperationState, Step, StepState, Timestamp};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    client::{Client, Error},
    failure::Outcome,
    printer::{Line, Printer, Style},
    report::list_blockers,
    words::took,
};

/// Whether to stay until the work is over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    AtMost(Duration),
    No,
}

/// How following ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Over(Operation),
    /// Time is up; the work goes on.
    Unfinished(Operation),
}

/// Seconds that the control plane may hold an answer back: steps appear this late at most.
const POLL_SECONDS: u64 = 1;

/// The least time between two questions, should answers not be held back.
const PACE: Duration = Duration::from_millis(200);

/// Shows the steps of an operation until it is over or time is up.
pub(crate) async fn follow(
    client: &Client,
    printer: &Printer,
    id: &OperationId,
    limit: Duration,
) -> Result<Ending, Error> {
    let mut steps = Steps::default();
    let show = |operation: &Operation| steps.show(printer, operation);
    let ending = until_over(client, printer, id, Instant::now() + limit, show).await;
    printer.progress_over();
    ending
}

/// Asks for an operation until it is over or time is up, and shows each answer. The line of the
/// progress is the caller's to end.
pub(crate) async fn until_over(
    client: &Client,
    printer: &Printer,
    id: &OperationId,
    deadline: Instant,
    mut show: impl FnMut(&Operation),
) -> Result<Ending, Error> {
    let mut operation: Operation = client.get(&path(id), &[]).await?;
    let mut link = Link::Stands;
    loop {
        show(&operation);
        if operation.state.is_over() {
            return Ok(Ending::Over(operation));
        }
        let pace = Instant::now() + PACE;
        match timeout_at(deadline, client.get_waiting(&path(id), POLL_SECONDS)).await {
            Err(_) => break,
            Ok(Ok(news)) => (operation, link) = (news, Link::Stands),
            Ok(Err(error)) if error.is_passing() => link = link.lost(printer, &error),
            Ok(Err(error)) => return Err(error),
        }
        if Instant::now() >= deadline {
            break;
        }
        sleep_until(pace.min(deadline)).await;
    }
    Ok(Ending::Unfinished(operation))
}

fn path(id: &OperationId) -> String {
    format!("/v1/operations/{id}")
}

/// A control plane that restarts takes its work up again, so a lost connection is only noted.
#[derive(Clone, Copy)]
enum Link {
    Stands,
    Lost,
}

impl Link {
    fn lost(self, printer: &Printer, error: &Error) -> Self {
        match self {
            Self::Stands => printer.warn(&format!("{error}; trying again")),
            Self::Lost => {}
        }
        Self::Lost
    }
}

/// Which steps were shown already.
#[derive(Default)]
struct Steps {
    shown: Vec<bool>,
}

impl Steps {
    fn show(&mut self, printer: &Printer, operation: &Operation) {
        self.shown.resize(operation.steps.len().max(self.shown.len()), false);
        for (step, shown) in operation.steps.iter().zip(&mut self.shown) {
            if step.state != StepState::Running && !*shown {
                show_step(printer, step);
                *shown = true;
            }
        }
        let running = operation.steps.iter().rfind(|step| step.state == StepState::Running);
        match running {
            Some(step) => printer.progress(&progress_words(step)),
            None => printer.progress(operation.state.as_str()),
        }
    }
}

/// `pull  40 %`.
fn progress_words(step: &Step) -> String {
    let detail = step.detail.iter().flat_map(|detail| ["  ", detail]);
    std::iter::once(step.name.as_str()).chain(detail).collect()
}

fn show_step(printer: &Printer, step: &Step) {
    printer.say(&step_line(step));
    if let Some(remedy) = &step.remedy {
        printer.say(&Line::styled(Style::Dim, format!("    {remedy}")));
    }
}

/// `✓ resolve  10.88.0.11  (3 ms)`.
pub(crate) fn step_line(step: &Step) -> Line {
    let (mark, style) = match step.state {
        StepState::Running => ("…", Style::Dim),
        StepState::Succeeded => ("✓", Style::Good),
        StepState::Warned => ("!", Style::Caution),
        StepState::Failed => ("✗", Style::Bad),
    };
    let mut line = Line::styled(style, mark).and_plain(" ").and_plain(&step.name);
    if let Some(detail) = &step.detail {
        let style = if step.state == StepState::Failed { Style::Bad } else { Style::Plain };
        line = line.and_plain("  ").and(style, detail);
    }
    if let Some(finished) = step.finished_at {
        let millis = step.started_at.millis_until(finished);
        line = line.and(Style::Dim, format!("  ({})", took(millis)));
    }
    line
}

/// Says how it ended.
pub(crate) fn conclude(printer: &Printer, ending: &Ending, limit: Duration) -> Outcome {
    match ending {
        Ending::Over(operation) => match operation.state {
            OperationState::Failed => {
                say_failure(printer, operation);
                Outcome::Failed
            }
            OperationState::Succeeded | OperationState::Queued | OperationState::Running => {
                Outcome::Done
            }
        },
        Ending::Unfinished(operation) => {
            printer.error(&format!(
                "{} of {} is still {} after {} s",
                operation.kind,
                operation.subject_name,
                operation.state,
                limit.as_secs()
            ));
            printer.hint(&format!(
                "it goes on without you; see its end with `portolan operation wait {}`",
                operation.id
            ));
            Outcome::Failed
        }
    }
}

/// What failed, what is in the way, and what to do.
pub(crate) fn say_failure(printer: &Printer, operation: &Operation) {
    let Some(failure) = &operation.failure else {
        printer.error(&format!("{} of {} failed", operation.kind, operation.subject_name));
        return;
    };
    printer.error(&failure.message);
    let names: Vec<String> = failure
        .blockers
        .iter()
        .map(|blocker| format!("{} ({}, {})", blocker.name, blocker.state, short(&blocker.id)))
        .collect();
    list_blockers(printer, names.iter().map(String::as_str));
    if let Some(remedy) = &failure.remedy {
        printer.hint(remedy);
    }
}

/// Docker shows the first twelve characters of an id.
fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// How long an operation took, or has taken so far.
pub(crate) fn duration(operation: &Operation) -> Option<String> {
    let started = operation.started_at?;
    let end = operation.finished_at.unwrap_or_else(Timestamp::now);
    Some(took(started.millis_until(end)))
}
