//! `portolan drift`.

use portolan_types::{
    Destination, Drift, DriftId, DriftKind, DriftPolicies, DriftPolicy, DriftState, Facts,
    Operation, OperationId, Server, UpdateDriftRules,
};

use super::{event::subject_words, operation::accompany};
use crate::{
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Style, Table},
    watch::Wait,
    words::{since, took},
};

/// Which differences are wanted.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) open: bool,
    pub(crate) server: Option<Reference>,
    pub(crate) destination: Option<Reference>,
    pub(crate) kind: Option<DriftKind>,
}

/// For what a policy is said.
#[derive(Debug)]
pub(crate) enum Place {
    Team,
    Server(Reference),
    Destination(Reference),
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: Wanted,
    listing: Listing,
) -> anyhow::Result<()> {
    let mut filters = Vec::new();
    if wanted.open {
        filters.push(("open", "true".to_owned()));
    }
    if let Some(server) = &wanted.server {
        filters.push(("server_id", find::<Server>(client, server).await?.id.into()));
    }
    if let Some(destination) = &wanted.destination {
        let destination: Destination = find(client, destination).await?;
        filters.push(("destination_id", destination.id.into()));
    }
    filters.extend(wanted.kind.map(|kind| ("kind", kind.to_string())));
    let page = collect(client, "/v1/drifts", &filters, listing).await?;
    printer.page(&page, table, "everything is as it should be")?;
    Ok(())
}

fn table(drifts: &[Drift]) -> Table {
    let header = &["ID", "KIND", "SUBJECT", "SERVER", "STATE", "FOUND", "TOOK"];
    Table::new(header).yielding(&["TOOK", "SERVER"]).with(drifts.iter().map(|drift| {
        vec![
            Span::plain(drift.id.as_str()),
            Span::plain(drift.kind.as_str()),
            Span::plain(subject_words(&drift.subject, &drift.subject_name)),
            Span::plain(drift.server_name.as_str()),
            state_span(drift.state),
            Span::plain(since(drift.found_at)),
            Span::or_dash(duration(drift)),
        ]
    }))
}

fn state_span(state: DriftState) -> Span {
    let style = match state {
        DriftState::Healed | DriftState::Gone => Style::Good,
        DriftState::Healing | DriftState::Asked | DriftState::Told => Style::Caution,
        DriftState::Failed => Style::Bad,
        DriftState::Dismissed => Style::Dim,
    };
    Span::new(style, state.as_str())
}

fn duration(drift: &Drift) -> Option<String> {
    drift.duration_ms.map(|millis| took(u64::try_from(millis).unwrap_or_default()))
}

pub(crate) async fn show(client: &Client, printer: &Printer, id: &DriftId) -> anyhow::Result<()> {
    let drift: Drift = client.get(&format!("/v1/drifts/{id}"), &[]).await?;
    one(printer, &drift)
}

fn one(printer: &Printer, drift: &Drift) -> anyhow::Result<()> {
    printer.one(drift, details)?;
    if printer.format() == Format::Text
        && let Some(remedy) = &drift.remedy
    {
        printer.styled(&Line::styled(Style::Dim, remedy.as_str()))?;
    }
    Ok(())
}

fn details(drift: &Drift) -> Details {
    Details::default()
        .row("id", drift.id.as_str())
        .row("kind", drift.kind.as_str())
        .row("subject", subject_words(&drift.subject, &drift.subject_name))
        .row("server", drift.server_name.as_str())
        .span("state", state_span(drift.state))
        .row("policy", drift.policy.as_str())
        .row("what", drift.message.as_str())
        .maybe("why", drift.reason.as_deref())
        .row("cause", drift.cause.as_str())
        .maybe("before", facts(&drift.before))
        .maybe("after", facts(&drift.after))
        .maybe("since mended", facts(&drift.mended))
        .row("found", since(drift.found_at))
        .maybe("took", duration(drift))
        .maybe("operation", drift.operation_id.as_ref().map(OperationId::as_str))
}

fn facts(facts: &Facts) -> Option<String> {
    let each: Vec<String> = facts.iter().map(|(what, is)| format!("{what}: {is}")).collect();
    (!each.is_empty()).then(|| each.join(", "))
}

pub(crate) async fn heal(
    client: &Client,
    printer: &Printer,
    id: &DriftId,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let operation: Operation = client.act(&format!("/v1/drifts/{id}/heal")).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn dismiss(
    client: &Client,
    printer: &Printer,
    id: &DriftId,
) -> anyhow::Result<()> {
    let drift: Drift = client.act(&format!("/v1/drifts/{id}/dismiss")).await?;
    one(printer, &drift)
}

pub(crate) async fn show_policy(
    client: &Client,
    printer: &Printer,
    place: Place,
) -> anyhow::Result<()> {
    let path = path(client, place).await?;
    policies(printer, &client.get(&path, &[]).await?)
}

pub(crate) async fn set_policy(
    client: &Client,
    printer: &Printer,
    place: Place,
    change: &UpdateDriftRules,
) -> anyhow::Result<()> {
    let path = path(client, place).await?;
    policies(printer, &client.change(&path, change).await?)
}

async fn path(client: &Client, place: Place) -> anyhow::Result<String> {
    Ok(match place {
        Place::Team => "/v1/drift-policy".to_owned(),
        Place::Server(wanted) => {
            format!("/v1/servers/{}/drift-policy", find::<Server>(client, &wanted).await?.id)
        }
        Place::Destination(wanted) => {
            let destination: Destination = find(client, &wanted).await?;
            format!("/v1/destinations/{}/drift-policy", destination.id)
        }
    })
}

fn policies(printer: &Printer, policies: &DriftPolicies) -> anyhow::Result<()> {
    match printer.format() {
        Format::Json => printer.json(policies)?,
        Format::Text => printer.table(&effective(policies))?,
    }
    Ok(())
}

fn effective(policies: &DriftPolicies) -> Table {
    Table::new(&["KIND", "POLICY", "SAID BY"]).with(policies.effective.iter().map(|one| {
        let style = match one.policy {
            DriftPolicy::Heal => Style::Good,
            DriftPolicy::Ask => Style::Caution,
            DriftPolicy::Tell | DriftPolicy::Ignore => Style::Dim,
        };
        vec![
            Span::plain(one.kind.as_str()),
            Span::new(style, one.policy.as_str()),
            Span::plain(one.from.as_str()),
        ]
    }))
}
