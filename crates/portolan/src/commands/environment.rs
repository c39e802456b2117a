//! `portolan environment`.

use portolan_types::{
    CreateEnvironment, DefaultDestination, Destination, Environment, Name, Project,
    UpdateEnvironment,
};

use crate::{
    ask::{Consent, confirm},
    client::Client,
    find::{Reference, find, find_any},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Table},
    words::since,
};

/// Where what is put into an environment goes from now on.
#[derive(Debug)]
pub(crate) enum Default {
    /// As before.
    Kept,
    Is(Reference),
    None,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    project: Option<Reference>,
    listing: Listing,
) -> anyhow::Result<()> {
    let project: Option<Project> = find_any(client, project.as_ref()).await?;
    let of: Vec<_> = project.iter().map(|one| ("project_id", one.id.to_string())).collect();
    let page = collect(client, "/v1/environments", &of, listing).await?;
    printer.page(&page, table, "no environments: a project is made with one")?;
    Ok(())
}

pub(super) fn table(environments: &[Environment]) -> Table {
    let header = &["PROJECT", "NAME", "DESTINATION", "CREATED", "ID"];
    Table::new(header).yielding(&["CREATED"]).with(environments.iter().map(|one| {
        vec![
            Span::plain(one.project_name.as_str()),
            Span::plain(one.name.as_str()),
            one.default_destination_name
                .as_ref()
                .map_or_else(|| Span::dim("none"), |name| Span::plain(name.as_str())),
            Span::plain(since(one.created_at)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

fn details(environment: &Environment) -> Details {
    let destination = environment.default_destination_name.as_ref();
    Details::default()
        .row("name", environment.name.as_str())
        .row("id", environment.id.as_str())
        .row("project", environment.project_name.as_str())
        .row("destination", destination.map_or("none", Name::as_str))
        .row("created", since(environment.created_at))
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let environment: Environment = find(client, wanted).await?;
    printer.one(&environment, details)?;
    Ok(())
}

pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    name: Name,
    (project, destination): (&Reference, Option<&Reference>),
) -> anyhow::Result<()> {
    let project: Project = find(client, project).await?;
    let destination: Option<Destination> = find_any(client, destination).await?;
    let default_destination_id = destination.map(|one| one.id);
    let request = CreateEnvironment { project_id: project.id, name, default_destination_id };
    let environment: Environment = client.create("/v1/environments", &request).await?;
    printer.one(&environment, details)?;
    Ok(())
}

pub(crate) async fn edit(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    (name, default): (Option<Name>, Default),
) -> anyhow::Result<()> {
    let environment: Environment = find(client, wanted).await?;
    let default_destination_id = match default {
        Default::Kept => None,
        Default::None => Some(DefaultDestination::from(None)),
        Default::Is(wanted) => Some(Some(find::<Destination>(client, &wanted).await?.id).into()),
    };
    let request = UpdateEnvironment { name, default_destination_id };
    let changed: Environment = client.change(&path(&environment), &request).await?;
    printer.one(&changed, details)?;
    Ok(())
}

pub(crate) async fn delete(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let environment: Environment = find(client, wanted).await?;
    let Environment { name, project_name, .. } = &environment;
    confirm(
        printer,
        consent,
        &format!("delete environment `{name}` of project `{project_name}`?"),
    )?;
    let () = client.remove(&path(&environment), &[]).await?;
    printer.say(&Line::plain(format!("deleted environment `{name}` of project `{project_name}`")));
    Ok(())
}

fn path(environment: &Environment) -> String {
    format!("/v1/environments/{}", environment.id)
}
