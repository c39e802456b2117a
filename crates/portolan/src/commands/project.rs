//! `portolan project`.

use portolan_types::{CreateProject, Environment, Project, UpdateProject};

use super::environment;
use crate::{
    ask::{Consent, confirm},
    client::Client,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/projects", &[], listing).await?;
    printer.page(&page, table, "no projects yet: make one with `portolan project create NAME`")?;
    Ok(())
}

fn table(projects: &[Project]) -> Table {
    let header = &["NAME", "ENVIRONMENTS", "DESCRIPTION", "CREATED", "ID"];
    Table::new(header).yielding(&["CREATED", "DESCRIPTION"]).with(projects.iter().map(|one| {
        vec![
            Span::plain(one.name.as_str()),
            Span::plain(one.environments.to_string()),
            Span::plain(one.description.as_str()),
            Span::plain(since(one.created_at)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

/// As JSON it is the project alone: `portolan environment list --project` has the others.
pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let project: Project = find(client, wanted).await?;
    printer.one(&project, details)?;
    if printer.format() == Format::Text {
        let of = [("project_id", project.id.to_string())];
        let page =
            collect::<Environment>(client, "/v1/environments", &of, Listing::all(None)).await?;
        printer.line("")?;
        printer.page(&page, environment::table, "it has no environments")?;
    }
    Ok(())
}

fn details(project: &Project) -> Details {
    Details::default()
        .row("name", project.name.as_str())
        .row("id", project.id.as_str())
        .row("description", project.description.as_str())
        .row("environments", project.environments.to_string())
        .row("created", since(project.created_at))
}

pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    request: &CreateProject,
) -> anyhow::Result<()> {
    let project: Project = client.create("/v1/projects", request).await?;
    printer.one(&project, details)?;
    Ok(())
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    change: &UpdateProject,
) -> anyhow::Result<()> {
    let project: Project = find(client, wanted).await?;
    let changed: Project = client.change(&path(&project), change).await?;
    printer.one(&changed, details)?;
    Ok(())
}

pub(crate) async fn delete(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let project: Project = find(client, wanted).await?;
    let question = format!(
        "delete project `{}` with its {} environments?",
        project.name, project.environments
    );
    confirm(printer, consent, &question)?;
    let () = client.remove(&path(&project), &[]).await?;
    printer.say(&Line::plain(format!("deleted project `{}`", project.name)));
    Ok(())
}

fn path(project: &Project) -> String {
    format!("/v1/projects/{}", project.id)
}
