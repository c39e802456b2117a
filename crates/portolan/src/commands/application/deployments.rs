//! What was made of an application.

use std::num::NonZeroU32;

use portolan_types::{Application, Deployment, DeploymentState};

use crate::{
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Printer, Span, Style, Table},
    words::{since, took},
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    listing: Listing,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let path = format!("/v1/applications/{}/deployments", application.id);
    let page = collect(client, &path, &[], listing).await?;
    printer.page(&page, table, "it was never deployed")?;
    Ok(())
}

fn table(deployments: &[Deployment]) -> Table {
    let header = &["NUMBER", "STATE", "IMAGE", "BY", "WHEN", "TOOK"];
    Table::new(header).yielding(&["TOOK", "BY"]).with(deployments.iter().map(|one| {
        vec![
            Span::plain(one.number.to_string()),
            state_span(one.state),
            Span::plain(one.image.as_str()),
            Span::plain(one.by.as_str()),
            Span::plain(since(one.created_at)),
            Span::or_dash(duration(one)),
        ]
    }))
}

fn duration(deployment: &Deployment) -> Option<String> {
    deployment.finished_at.map(|end| took(deployment.created_at.millis_until(end)))
}

fn state_span(state: DeploymentState) -> Span {
    let style = match state {
        DeploymentState::Serving => Style::Good,
        DeploymentState::Pending => Style::Caution,
        DeploymentState::Failed => Style::Bad,
        DeploymentState::Replaced | DeploymentState::Cancelled => Style::Dim,
    };
    Span::new(style, state.as_str())
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    number: NonZeroU32,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let path = format!("/v1/applications/{}/deployments/{number}", application.id);
    let deployment: Deployment = client.get(&path, &[]).await?;
    printer.one(&deployment, details)?;
    Ok(())
}

fn details(one: &Deployment) -> Details {
    Details::default()
        .row("number", one.number.to_string())
        .row("id", one.id.as_str())
        .span("state", state_span(one.state))
        .maybe("reason", one.reason.as_deref())
        .row("image", one.image.as_str())
        .maybe("image id", one.image_id.as_deref())
        .maybe(
            "commit",
            one.commit.as_ref().map(|commit| format!("{}\n{}", commit.id, commit.subject)),
        )
        .maybe("rolled back to", one.rolled_back_to.map(|number| number.to_string()))
        .row("container", one.container.as_str())
        .row("by", one.by.as_str())
        .row("operation", one.operation_id.as_str())
        .row("asked for", since(one.created_at))
        .maybe("took", duration(one))
}
