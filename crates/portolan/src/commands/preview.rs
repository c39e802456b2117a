//! Previews: what a change would do, as text.

use portolan_types::{Affected, DarkRoute, Failure, Preview};

use crate::{
    failure::Outcome,
    printer::{Details, Printer, Span, Style},
};

/// Shows a preview. One that is refused ends the command as the change itself would.
pub(super) fn show(printer: &Printer, preview: &Preview) -> anyhow::Result<Outcome> {
    printer.one(preview, details)?;
    Ok(if preview.allowed { Outcome::Done } else { Outcome::Failed })
}

fn details(preview: &Preview) -> Details {
    let allowed =
        if preview.allowed { Span::new(Style::Good, "yes") } else { Span::new(Style::Bad, "no") };
    Details::default()
        .span("allowed", allowed)
        .maybe("because", lines(&preview.refusals, refusal))
        .maybe("would", lines(&preview.steps, Clone::clone))
        .maybe("affected", lines(&preview.affected, affected))
        .maybe("routes that go dark", lines(&preview.dark_routes, route))
        .maybe("version", Some(&preview.version).filter(|version| !version.is_empty()))
}

fn lines<T>(items: &[T], line: impl Fn(&T) -> String) -> Option<String> {
    let lines: Vec<String> = items.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn refusal(failure: &Failure) -> String {
    match &failure.remedy {
        Some(remedy) => format!("{}; {remedy}", failure.message),
        None => failure.message.clone(),
    }
}

fn affected(one: &Affected) -> String {
    format!("{} {} ({}) {}", one.kind, one.name, one.state, one.effect)
}

fn route(route: &DarkRoute) -> String {
    format!("{} to {}", route.rule, route.container)
}
