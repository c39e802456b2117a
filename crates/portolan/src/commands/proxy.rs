//! `portolan proxy`.

use std::path::Path;

use anyhow::Context;
use portolan_types::{
    Attachment, CertificateSource, GeneratedConfiguration, Operation, Preview, Proxy, ProxyState,
    ReadProxyLogs, Server, SetProxy,
};
use serde::Serialize;

use super::{manner::Manner, operation::accompany, preview};
use crate::{
    ask::{Run, confirm},
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Printer, Span, Style, Table},
    watch::Wait,
    words::since,
};

/// What can be done with a proxy that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Start,
    Stop,
    Restart,
    Upgrade,
}

impl Act {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Upgrade => "upgrade",
        }
    }
}

/// What becomes of routes when their proxy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routes {
    /// There must be none.
    Refuse,
    /// They lead nowhere.
    Leave,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/proxies", &[], listing).await?;
    let when_empty = "no proxies yet: set one with `portolan proxy set SERVER --kind caddy`";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

fn table(proxies: &[Proxy]) -> Table {
    let header = &["SERVER", "KIND", "VERSION", "STATE", "PORTS", "IMAGE"];
    Table::new(header).yielding(&["IMAGE"]).with(proxies.iter().map(|proxy| {
        let version = proxy.observed.as_ref().and_then(|seen| seen.version.as_deref());
        vec![
            Span::plain(proxy.server_name.as_str()),
            Span::plain(proxy.kind.as_str()),
            Span::plain(version.unwrap_or("-")),
            state(proxy.state),
            Span::plain(ports(proxy)),
            Span::plain(proxy.image.as_str()),
        ]
    }))
}

fn ports(proxy: &Proxy) -> String {
    format!("{}, {}", proxy.http_port, proxy.https_port)
}

fn state(state: ProxyState) -> Span {
    let style = match state {
        ProxyState::Running => Style::Good,
        ProxyState::Pending | ProxyState::Removing | ProxyState::Stopped => Style::Caution,
        ProxyState::Drifted | ProxyState::Failed => Style::Bad,
    };
    Span::new(style, state.as_str())
}

/// A proxy, and the networks that it is on.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    proxy: Proxy,
    attachments: Vec<Attachment>,
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let server: Server = find(client, wanted).await?;
    let proxy: Proxy = client.get(&format!("/v1/servers/{}/proxy", server.id), &[]).await?;
    let filters = [("server_id", server.id.to_string())];
    let page = collect(client, "/v1/attachments", &filters, Listing::all(None)).await?;
    let shown = Shown { proxy, attachments: page.items };
    printer.one(&shown, |shown| details(&shown.proxy))?;
    if printer.format() == Format::Text && !shown.attachments.is_empty() {
        printer.line("")?;
        printer.table(&attachments(&shown.attachments))?;
    }
    Ok(())
}

fn details(proxy: &Proxy) -> Details {
    let observed = proxy.observed.as_ref();
    let configuration = proxy.configuration.as_ref();
    let details = Details::default()
        .row("server", proxy.server_name.as_str())
        .row("kind", proxy.kind.as_str())
        .maybe("version", observed.and_then(|seen| seen.version.as_deref()))
        .row("image", proxy.image.as_str())
        .maybe("image id", observed.map(|seen| seen.image_id.as_str()))
        .row("ports", ports(proxy))
        .row("certificates", source(&proxy.certificates))
        .span("state", state(proxy.state))
        .maybe("reason", proxy.reason.as_deref())
        .maybe("container", observed.map(|seen| seen.docker_id.as_str()))
        .maybe("started", observed.and_then(|seen| seen.started_at).map(since));
    details
        .maybe("configured", configuration.and_then(|one| one.applied_at).map(since))
        .maybe("refused", configuration.and_then(|one| one.refused.as_deref()))
        .maybe("extra", proxy.extra.as_ref().map(|extra| format!("{} bytes", extra.len())))
        .row("created", since(proxy.created_at))
}

fn source(source: &CertificateSource) -> String {
    match source {
        CertificateSource::Internal => "internal authority".to_owned(),
        CertificateSource::Acme { email, staging, directory, root } => {
            let authority = match directory {
                Some(directory) => directory.as_str(),
                None if *staging => "Let's Encrypt (staging)",
                None => "Let's Encrypt",
            };
            let root = root.as_ref().map(|_| ", trusted by its own root");
            let email = email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
            format!("{authority}{}{email}", root.unwrap_or_default())
        }
    }
}

fn attachments(attachments: &[Attachment]) -> Table {
    let header = &["DESTINATION", "NETWORK", "WANTED", "ATTACHED", "ADDRESS", "REASON"];
    Table::new(header).yielding(&["REASON"]).with(attachments.iter().map(|one| {
        let style = if one.wanted == one.observed { Style::Good } else { Style::Bad };
        let word = |is| if is { "yes" } else { "no" };
        vec![
            Span::plain(one.destination_name.as_str()),
            Span::plain(one.network.as_str()),
            Span::plain(word(one.wanted)),
            Span::new(style, word(one.observed)),
            Span::plain(one.address.as_deref().unwrap_or("-")),
            Span::plain(one.reason.as_deref().unwrap_or("-")),
        ]
    }))
}

pub(crate) async fn set(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    request: SetProxy,
    (run, wait): (Run, Wait),
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let path = format!("/v1/servers/{}/proxy", server.id);
    if run == Run::Dry {
        let seen: Preview = client.put(&format!("{path}?preview=true"), &request).await?;
        return preview::show(printer, &seen);
    }
    let operation: Operation = client.put(&path, &request).await?;
    accompany(client, printer, operation, wait).await
}

/// What is in a file that was named.
pub(crate) fn read_file(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let read = |path: &Path| {
        let action = || format!("could not read {}", path.display());
        std::fs::read_to_string(path).with_context(action)
    };
    path.map(read).transpose()
}

pub(crate) async fn act(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    act: Act,
    (run, wait): (Run, Wait),
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let path = format!("/v1/servers/{}/proxy/{}", server.id, act.as_str());
    if run == Run::Dry {
        let seen: Preview = client.act(&format!("{path}?preview=true")).await?;
        return preview::show(printer, &seen);
    }
    let operation: Operation = client.act(&path).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    routes: Routes,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let path = format!("/v1/servers/{}/proxy", server.id);
    let mut query = match routes {
        Routes::Refuse => Vec::new(),
        Routes::Leave => vec![("force", "true".to_owned())],
    };
    if manner.run == Run::Dry {
        query.push(("preview", "true".to_owned()));
        return preview::show(printer, &client.remove::<Preview>(&path, &query).await?);
    }
    confirm(printer, manner.consent, &format!("Remove the proxy of server {}?", server.name))?;
    let operation: Operation = client.remove(&path, &query).await?;
    accompany(client, printer, operation, manner.wait).await
}

pub(crate) async fn logs(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    lines: u32,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let path = format!("/v1/servers/{}/proxy/logs", server.id);
    let operation: Operation = client.act_with(&path, &ReadProxyLogs { lines }).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn config(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let server: Server = find(client, wanted).await?;
    let path = format!("/v1/servers/{}/proxy/configuration", server.id);
    let generated: GeneratedConfiguration = client.get(&path, &[]).await?;
    if printer.format() == Format::Json {
        printer.json(&generated)?;
        return Ok(());
    }
    for file in &generated.files {
        printer.line(&format!("# {}", file.path))?;
        for line in file.content.lines() {
            printer.line(line)?;
        }
    }
    Ok(())
}
