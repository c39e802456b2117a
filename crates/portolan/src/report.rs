//! Says what went wrong, and ends with the right code.

use std::process::ExitCode;

use portolan_types::Problem;

use crate::{
    client,
    failure::{Failure, USAGE},
    printer::Printer,
};

/// Prints the error with its causes and its advice.
pub(crate) fn report(printer: &Printer, error: &anyhow::Error) -> ExitCode {
    printer.progress_over();
    if printer.reader_left() {
        return ExitCode::SUCCESS;
    }
    let mut chain = error.chain();
    printer.error(&chain.next().map(ToString::to_string).unwrap_or_default());
    chain.for_each(|cause| printer.detail(&format!("caused by: {cause}")));
    let answer = find::<client::Error>(error);
    if let Some(client::Error::Refused(problem)) = answer {
        list_refusal(printer, problem);
    }
    let failure = find::<Failure>(error);
    let advice = answer
        .and_then(client::Error::hint)
        .or_else(|| failure.map(|failure| failure.hint().to_owned()));
    if let Some(advice) = advice {
        printer.hint(&advice);
    }
    match failure {
        Some(Failure::Usage { .. }) => ExitCode::from(USAGE),
        Some(Failure::Advised { .. }) | None => ExitCode::FAILURE,
    }
}

fn find<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

fn list_refusal(printer: &Printer, problem: &Problem) {
    for field in &problem.errors {
        // A single field's message is the problem's detail too: once is enough.
        if field.message == problem.detail {
            printer.detail(&format!("field: {}", field.field));
        } else {
            printer.detail(&format!("{}: {}", field.field, field.message));
        }
    }
    list_blockers(printer, problem.blockers.iter().map(String::as_str));
    // The log is where an unexpected failure is explained; this finds the line.
    if let Some(request) = problem.request_id.as_ref().filter(|_| problem.status >= 500) {
        printer.detail(&format!("request: {request}"));
    }
}

/// What stands in the way of a removal.
pub(crate) fn list_blockers<'a>(printer: &Printer, names: impl Iterator<Item = &'a str>) {
    let mut names = names.peekable();
    if names.peek().is_some() {
        printer.detail("in the way:");
        names.for_each(|name| printer.detail(&format!("- {name}")));
    }
}
