//! Containers on destinations: listed, connected, disconnected, moved.

use portolan_types::{
    ConnectContainer, ContainerName, Destination, DestinationContainer, DestinationContainers,
    MoveContainer, Operation, Preview,
};

use super::{manner::Manner, operation::accompany, preview};
use crate::{
    ask::{Run, confirm},
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    printer::{Format, Line, Printer, Span, Style, Table},
    watch::Wait,
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let destination: Destination = find(client, wanted).await?;
    let seen: DestinationContainers = client.get(&path(&destination), &[]).await?;
    if printer.format() == Format::Json {
        return Ok(printer.json(&seen)?);
    }
    if seen.items.is_empty() {
        printer.say(&Line::plain("no container is on it"));
    } else {
        printer.table(&table(&seen.items))?;
    }
    let age = seen.as_of.map_or_else(|| "never".to_owned(), since);
    printer.say(&Line::styled(Style::Dim, format!("the host was looked at {age}")));
    Ok(())
}

fn table(containers: &[DestinationContainer]) -> Table {
    let header = &["CONTAINER", "STATE", "ADDRESS", "ALIASES", "PROJECT", "KIND", "ID"];
    Table::new(header).yielding(&["KIND", "ID", "PROJECT"]).with(containers.iter().map(|one| {
        let addresses = [&one.address, &one.ipv6_address].map(Option::as_deref);
        let addresses: Vec<&str> = addresses.into_iter().flatten().collect();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        vec![
            Span::plain(one.name.as_str()),
            Span::plain(one.state.as_str()),
            Span::or_dash(some(addresses.join(" "))),
            Span::or_dash(some(one.aliases.join(" "))),
            Span::or_dash(one.project.clone()),
            Span::plain(one.kind.as_str()),
            Span::plain(one.id.chars().take(12).collect::<String>()),
        ]
    }))
}

pub(crate) async fn connect(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    container: &ConnectContainer,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let destination: Destination = find(client, wanted).await?;
    let operation: Operation = client.act_with(&path(&destination), container).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn disconnect(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    container: &ContainerName,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let destination: Destination = find(client, wanted).await?;
    let path = format!("{}/{container}", path(&destination));
    if manner.run == Run::Dry {
        let seen: Preview = client.remove(&path, &[("preview", "true".into())]).await?;
        return preview::show(printer, &seen);
    }
    let question = format!(
        "disconnect container `{container}` from `{}` on `{}`?",
        destination.name, destination.server_name
    );
    confirm(printer, manner.consent, &question)?;
    let operation: Operation = client.remove(&path, &[]).await?;
    accompany(client, printer, operation, manner.wait).await
}

/// A container and the two destinations that it moves between.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) container: ContainerName,
    pub(crate) from: Reference,
    pub(crate) to: Reference,
}

pub(crate) async fn move_over(
    client: &Client,
    printer: &Printer,
    moved: &Moved,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let container = &moved.container;
    let from: Destination = find(client, &moved.from).await?;
    let to: Destination = find(client, &moved.to).await?;
    let path = format!("{}/{container}/move", path(&from));
    let body = MoveContainer { to: to.id };
    if manner.run == Run::Dry {
        let seen: Preview = client.act_with(&format!("{path}?preview=true"), &body).await?;
        return preview::show(printer, &seen);
    }
    let question = format!(
        "move container `{container}` from `{}` to `{}`? What is on `{}` only loses it.",
        from.name, to.name, from.name
    );
    confirm(printer, manner.consent, &question)?;
    let operation: Operation = client.act_with(&path, &body).await?;
    accompany(client, printer, operation, manner.wait).await
}

/// A container's name needs no escaping: it was checked when it was typed.
fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}/containers", destination.id)
}
