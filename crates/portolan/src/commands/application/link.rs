//! `portolan app link`, `unlink` and `links`.

use portolan_types::{
    Application, ApplicationId, CreateLink, Database, Link, LinkEnd, LinkState, Links,
};

use crate::{
    client::Client,
    failure::Failure,
    find::{Reference, find, search},
    printer::{Format, Line, Printer, Span, Style, Table},
    words::since,
};

fn path(application: &Application) -> String {
    format!("/v1/applications/{}/links", application.id)
}

/// An application or a database: what can be reached by a link.
pub(super) async fn resource(
    client: &Client,
    wanted: &Reference,
) -> anyhow::Result<(ApplicationId, String)> {
    let database: Option<Database> = search(client, wanted).await?;
    let application: Option<Application> = search(client, wanted).await?;
    match (application, database) {
        (Some(one), None) => Ok((one.id, one.name.to_string())),
        (None, Some(one)) => Ok(((&one.id).into(), one.name.to_string())),
        (Some(one), Some(_)) => {
            let words = format!("an application and a database are called `{}`", one.name);
            Err(Failure::advised(words, "use the id of the one you mean").into())
        }
        // It tells what is called almost so.
        (None, None) => {
            let application: Application = find(client, wanted).await?;
            Ok((application.id, application.name.to_string()))
        }
    }
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let (id, name) = resource(client, wanted).await?;
    let links: Links = client.get(&format!("/v1/applications/{id}/links"), &[]).await?;
    if printer.format() == Format::Json {
        printer.json(&links)?;
    } else if links.items.is_empty() {
        let words = format!("`{name}` has no links: it reaches what is on its own destination");
        printer.say(&Line::plain(words));
    } else {
        printer.table(&table(&links.items))?;
    }
    Ok(())
}

fn table(links: &[Link]) -> Table {
    let header = &["FROM", "TO", "STATE", "SINCE", "REASON"];
    Table::new(header).yielding(&["REASON", "SINCE"]).with(links.iter().map(|one| {
        vec![
            Span::plain(end(&one.from)),
            Span::plain(end(&one.to)),
            Span::new(style(one.state), one.state.as_str()),
            Span::plain(since(one.created_at)),
            Span::or_dash(one.reason.as_deref()),
        ]
    }))
}

fn end(end: &LinkEnd) -> String {
    let name =
        end.name.as_ref().map_or_else(|| end.application_id.to_string(), ToString::to_string);
    match &end.destination_name {
        Some(destination) => format!("{name} on {destination}"),
        None => name,
    }
}

const fn style(state: LinkState) -> Style {
    match state {
        LinkState::Up => Style::Good,
        LinkState::Waiting => Style::Caution,
    }
}

pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    (from, to): (&Reference, &Reference),
) -> anyhow::Result<()> {
    let application: Application = find(client, from).await?;
    let (to, name) = resource(client, to).await?;
    let link: Link = client.create(&path(&application), &CreateLink { to }).await?;
    if printer.format() == Format::Json {
        printer.json(&link)?;
    } else {
        let words = format!("`{}` reaches `{name}` by its names", application.name);
        printer.say(&Line::plain(words));
    }
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    (from, to): (&Reference, &Reference),
) -> anyhow::Result<()> {
    let application: Application = find(client, from).await?;
    let (to, name) = resource(client, to).await?;
    let () = client.remove(&format!("{}/{to}", path(&application)), &[]).await?;
    let words = format!("`{}` no longer reaches `{name}`", application.name);
    printer.say(&Line::plain(words));
    Ok(())
}
