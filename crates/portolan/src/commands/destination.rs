//! `portolan destination`.

use portolan_types::{
    CreateDestination, Destination, DestinationKind, DestinationState, Name, NetworkName,
    NetworkOptions, Operation, OperationId, Origin, Preview, ProxyAttachment, Server,
    UpdateDestination, VerifyEvery,
};

use super::{
    manner::Manner,
    operation::{accompany, accompany_subject},
    preview, verification,
};
use crate::{
    ask::{Consent, Run, confirm},
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Printer, Span, Style, Table},
    watch::Wait,
    words::since,
};

/// A destination to create.
#[derive(Debug)]
pub(crate) struct NewDestination {
    pub(crate) server: Reference,
    pub(crate) name: Option<Name>,
    pub(crate) network: Option<NetworkName>,
    pub(crate) kind: Option<DestinationKind>,
    pub(crate) proxy: ProxyAttachment,
    pub(crate) options: NetworkOptions,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    server: Option<Reference>,
    listing: Listing,
) -> anyhow::Result<()> {
    let filters = match server {
        Some(wanted) => vec![("server_id", find::<Server>(client, &wanted).await?.id.into())],
        None => Vec::new(),
    };
    let page = collect(client, "/v1/destinations", &filters, listing).await?;
    let when_empty =
        "no destinations: create one with `portolan destination create --server SERVER`";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

fn table(destinations: &[Destination]) -> Table {
    let header = &["NAME", "SERVER", "NETWORK", "KIND", "STATE", "SUBNET", "ID"];
    Table::new(header).yielding(&["KIND", "SUBNET"]).with(destinations.iter().map(|destination| {
        vec![
            Span::plain(destination.name.as_str()),
            Span::plain(destination.server_name.as_str()),
            Span::plain(destination.network.as_str()),
            Span::plain(destination.kind.as_str()),
            state_span(destination.state),
            Span::or_dash(subnets(destination)),
            Span::plain(destination.id.as_str()),
        ]
    }))
}

fn state_span(state: DestinationState) -> Span {
    let style = match state {
        DestinationState::Ready => Style::Good,
        DestinationState::Pending
        | DestinationState::Drifted
        | DestinationState::Changing
        | DestinationState::Deleting => Style::Caution,
        DestinationState::Failed => Style::Bad,
    };
    Span::new(style, state.as_str())
}

/// What Docker took, or else what was asked for.
fn subnets(destination: &Destination) -> Option<String> {
    let observed = destination.observed.as_ref().map(|observed| observed.subnets.join(", "));
    let wanted = || destination.options.subnet.map(|subnet| subnet.to_string());
    observed.filter(|subnets| !subnets.is_empty()).or_else(wanted)
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let destination: Destination = find(client, wanted).await?;
    let verified = match printer.format() {
        Format::Text => verification::latest(client, &destination).await?,
        Format::Json => None,
    };
    printer.one(&destination, |destination| {
        let details = details(destination);
        match verified {
            Some(verified) => details.span("verified", verified),
            None => details,
        }
    })?;
    Ok(())
}

pub(super) fn details(destination: &Destination) -> Details {
    let details = Details::default()
        .row("name", destination.name.as_str())
        .row("id", destination.id.as_str())
        .row("server", destination.server_name.as_str())
        .row("network", destination.network.as_str())
        .row("kind", destination.kind.as_str())
        .maybe("swarm", destination.cluster_id.as_deref())
        .row("origin", destination.origin.as_str())
        .maybe("proxy", (destination.proxy == ProxyAttachment::Never).then_some("kept off"))
        .maybe("verify every", schedule(destination.verify_every))
        .span("state", state_span(destination.state))
        .maybe("reason", destination.reason.as_deref());
    let planned = &destination.planned;
    let details = with_options(details, &destination.options)
        .maybe("planned subnet", planned.subnet.map(|subnet| subnet.to_string()))
        .maybe("planned ipv6 subnet", planned.ipv6_subnet.map(|subnet| subnet.to_string()));
    let details = observed_details(details, destination);
    let live: Vec<&str> = destination.nodes.iter().map(|node| node.hostname.as_str()).collect();
    details
        .maybe("live on", (!live.is_empty()).then(|| live.join(", ")))
        .maybe("operation", destination.operation_id.as_ref().map(OperationId::as_str))
        .row("created", since(destination.created_at))
}

/// Only what differs from the installation's own, which a client does not know.
fn schedule(every: VerifyEvery) -> Option<String> {
    (every != VerifyEvery::Default).then(|| every.to_string())
}

fn with_options(details: Details, options: &NetworkOptions) -> Details {
    let labels: Vec<String> =
        options.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    details
        .maybe("asked subnet", options.subnet.map(|subnet| subnet.to_string()))
        .maybe("asked gateway", options.gateway.map(|gateway| gateway.to_string()))
        .maybe("range", options.range.map(|range| range.to_string()))
        .maybe("ipv6", options.ipv6.then_some("yes"))
        .maybe("asked ipv6 subnet", options.ipv6_subnet.map(|subnet| subnet.to_string()))
        .maybe("internal", options.internal.then_some("yes"))
        .maybe("encrypted", options.encrypted.then_some("yes"))
        .maybe("mtu", options.mtu.map(|mtu| mtu.to_string()))
        .maybe("labels", (!labels.is_empty()).then(|| labels.join("\n")))
}

fn observed_details(details: Details, destination: &Destination) -> Details {
    let Some(observed) = &destination.observed else { return details };
    let joined = |texts: &[String]| (!texts.is_empty()).then(|| texts.join(", "));
    details
        .row("docker id", &observed.docker_id)
        .row("driver", &observed.driver)
        .maybe("subnets", joined(&observed.subnets))
        .maybe("gateways", joined(&observed.gateways))
        .row("inspected", since(observed.inspected_at))
}

pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    new: NewDestination,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let request = request(client, new).await?;
    let made: Destination = client.create("/v1/destinations", &request).await?;
    let outcome = accompany_subject(client, printer, made.operation_id.as_ref(), wait).await?;
    // The work changed it: its state, and what Docker chose.
    let made: Destination = match wait {
        Wait::AtMost(_) => client.get(&format!("/v1/destinations/{}", made.id), &[]).await?,
        Wait::No => made,
    };
    printer.one(&made, details)?;
    Ok(outcome)
}

pub(crate) async fn preview_creation(
    client: &Client,
    printer: &Printer,
    new: NewDestination,
) -> anyhow::Result<Outcome> {
    let request = request(client, new).await?;
    let preview: Preview = client.act_with("/v1/destinations?preview=true", &request).await?;
    preview::show(printer, &preview)
}

async fn request(client: &Client, new: NewDestination) -> anyhow::Result<CreateDestination> {
    let server: Server = find(client, &new.server).await?;
    Ok(CreateDestination {
        server_id: server.id,
        name: new.name,
        network: new.network,
        kind: new.kind,
        options: new.options,
        proxy: new.proxy,
    })
}

pub(crate) async fn rename(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    name: Name,
) -> anyhow::Result<()> {
    let destination: Destination = find(client, wanted).await?;
    let path = format!("/v1/destinations/{}", destination.id);
    let change = UpdateDestination { name: Some(name), ..UpdateDestination::default() };
    let destination: Destination = client.change(&path, &change).await?;
    printer.one(&destination, details)?;
    Ok(())
}

pub(crate) async fn retry(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let destination: Destination = find(client, wanted).await?;
    let operation: Operation =
        client.act(&format!("/v1/destinations/{}/retry", destination.id)).await?;
    accompany(client, printer, operation, wait).await
}

/// What happens to those who are on a network that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// They are in the way.
    IfUnused,
    /// They are disconnected first.
    Detach,
    /// The host is gone: nobody is asked.
    Forget,
}

/// Asks with what the preview shows, and removes no other world than that.
pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    members: Members,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let destination: Destination = find(client, wanted).await?;
    let path = format!("/v1/destinations/{}", destination.id);
    if manner.run == Run::Dry {
        return preview::show(printer, &preview_of(client, &path, members).await?);
    }
    let operation: Operation = if members == Members::Forget {
        confirm(printer, manner.consent, &forgetting_question(&destination))?;
        client.remove(&path, &[("forget", "true".into())]).await?
    } else {
        let preview = preview_of(client, &path, members).await?;
        confirm(printer, manner.consent, &removal_question(&destination, &preview))?;
        let detach = (members == Members::Detach).to_string();
        client.remove(&path, &[("version", preview.version), ("detach", detach)]).await?
    };
    accompany(client, printer, operation, manner.wait).await
}

async fn preview_of(client: &Client, path: &str, members: Members) -> anyhow::Result<Preview> {
    let detach = (members == Members::Detach).to_string();
    let query = [("preview", "true".into()), ("detach", detach)];
    Ok(client.remove(path, &query).await?)
}

fn forgetting_question(destination: &Destination) -> String {
    let Destination { name, network, server_name, .. } = destination;
    format!(
        "forget destination `{name}`? Its network `{network}` and what is on it stay on \
         `{server_name}`."
    )
}

fn removal_question(destination: &Destination, preview: &Preview) -> String {
    let Destination { name, network, server_name, .. } = destination;
    let names: Vec<&str> = preview.affected.iter().map(|one| one.name.as_str()).collect();
    match destination.origin {
        Origin::Created if preview.allowed && !names.is_empty() => format!(
            "disconnect {} and remove destination `{name}` with its network `{network}` on \
             `{server_name}`?",
            names.join(", ")
        ),
        Origin::Created => {
            format!("remove destination `{name}` and its network `{network}` on `{server_name}`?")
        }
        Origin::Adopted => format!(
            "remove destination `{name}`? The network `{network}` stays on `{server_name}`."
        ),
    }
}

pub(crate) async fn take_over(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let destination: Destination = find(client, wanted).await?;
    confirm(printer, consent, &take_over_question(&destination))?;
    let path = format!("/v1/destinations/{}/take-over", destination.id);
    let taken: Destination = client.act(&path).await?;
    printer.one(&taken, details)?;
    Ok(())
}

fn take_over_question(destination: &Destination) -> String {
    format!(
        "take over network `{}` on `{}`? Portolan may then repair it, change it and remove it.",
        destination.network, destination.server_name
    )
}
