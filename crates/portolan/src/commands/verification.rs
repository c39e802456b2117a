//! Proofs of destinations: asked for, listed, and shown with what they rest on.

use portolan_types::{Check, CheckOutcome, Destination, Evidence, Operation, Page, Verification};

use super::operation::accompany;
use crate::{
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Line, Printer, Span, Style, Table},
    watch::Wait,
    words::since,
};

pub(crate) async fn verify(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let destination: Destination = find(client, wanted).await?;
    let operation: Operation =
        client.act(&format!("/v1/destinations/{}/verify", destination.id)).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    listing: Listing,
) -> anyhow::Result<()> {
    let destination: Destination = find(client, wanted).await?;
    let path = path(&destination);
    let page: Page<Verification> = collect(client, &path, &[], listing).await?;
    let when_empty = "not verified yet: do it with `portolan destination verify`";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}/verifications", destination.id)
}

/// The latest one in a few words, for those who look at the destination.
pub(super) async fn latest(
    client: &Client,
    destination: &Destination,
) -> anyhow::Result<Option<Span>> {
    let query = [("limit", "1".to_owned())];
    let page: Page<Verification> = client.get(&path(destination), &query).await?;
    Ok(page.items.first().map(|latest| {
        let failed = failed(&latest.checks);
        let about = if failed.is_empty() { String::new() } else { format!(" ({failed})") };
        let words = format!("{}{about}, {}", latest.outcome, since(latest.finished_at));
        Span::new(style(latest.outcome), words)
    }))
}

fn table(verifications: &[Verification]) -> Table {
    Table::new(&["WHEN", "OUTCOME", "FAILED", "OPERATION"]).with(verifications.iter().map(|one| {
        vec![
            Span::plain(since(one.finished_at)),
            Span::new(style(one.outcome), one.outcome.as_str()),
            Span::or_dash(Some(failed(&one.checks)).filter(|names| !names.is_empty())),
            Span::plain(one.operation_id.as_str()),
        ]
    }))
}

pub(super) fn failed(checks: &[Check]) -> String {
    let failed = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
    failed.map(|check| check.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) const fn style(outcome: CheckOutcome) -> Style {
    match outcome {
        CheckOutcome::Passed => Style::Good,
        CheckOutcome::Failed => Style::Bad,
        CheckOutcome::Skipped => Style::Dim,
    }
}

/// Each check, why it did not pass, what to do, and what was tried.
pub(super) fn show(printer: &Printer, checks: &[Check]) -> anyhow::Result<()> {
    for check in checks {
        let head = Line::styled(style(check.outcome), format!("{:<8}", check.outcome))
            .and(Style::Strong, check.name.as_str());
        printer.styled(&match &check.reason {
            Some(reason) => head.and_plain(format!(": {reason}")),
            None => head,
        })?;
        if let Some(remedy) = &check.remedy {
            printer.styled(&Line::plain(format!("        {remedy}")))?;
        }
        for evidence in &check.evidence {
            tried(printer, evidence)?;
        }
    }
    Ok(())
}

/// One thing that was tried, in one line.
pub(super) fn tried(printer: &Printer, evidence: &Evidence) -> anyhow::Result<()> {
    let Evidence { from, to, tried, answer } = evidence;
    let words = format!("        {from} -> {to}: {tried}: {answer}");
    printer.styled(&Line::styled(Style::Dim, words))?;
    Ok(())
}
