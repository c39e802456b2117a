//! Previews: what a change would do, as text, and removals that are agreed to after one.

use portolan_types::{Affected, DarkRoute, Failure, Operation, Preview};

use super::{manner::Manner, operation::accompany};
use crate::{
    ask::{Consent, Run, confirm_by_name},
    client::Client,
    failure::Outcome,
    printer::{Details, Line, Printer, Span, Style},
};

/// What is to be removed, as whoever asks knows it.
#[derive(Debug)]
pub(super) struct Doomed<'a> {
    pub(super) path: &'a str,
    /// What goes with it.
    pub(super) query: (&'static str, String),
    pub(super) name: &'a str,
    pub(super) question: &'a str,
}

/// Removes it, once whoever asks has seen what that does and agreed.
pub(super) async fn remove(
    client: &Client,
    printer: &Printer,
    doomed: Doomed<'_>,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    if let Some(outcome) = agree(client, printer, &doomed, manner).await? {
        return Ok(outcome);
    }
    let operation: Operation = client.remove(doomed.path, &[doomed.query]).await?;
    accompany(client, printer, operation, manner.wait).await
}

/// Has whoever asks see what it does and agree. What the command comes to, where it ends with that.
pub(super) async fn agree(
    client: &Client,
    printer: &Printer,
    Doomed { path, query, name, question }: &Doomed<'_>,
    manner: Manner,
) -> anyhow::Result<Option<Outcome>> {
    if manner.run == Run::Dry || manner.consent == Consent::Ask {
        let asked = [("preview", "true".to_owned()), query.clone()];
        let preview: Preview = client.remove(path, &asked).await?;
        if manner.run == Run::Dry || !preview.allowed {
            return show(printer, &preview).map(Some);
        }
        say_steps(printer, &preview);
        confirm_by_name(printer, manner.consent, question, name)?;
    }
    Ok(None)
}

/// Says what would be done, before it is agreed to.
pub(super) fn say_steps(printer: &Printer, preview: &Preview) {
    preview.steps.iter().for_each(|step| printer.say(&Line::plain(format!("- {step}"))));
}

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
