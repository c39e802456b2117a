//! `portolan addresses`: commands. How addresses are shown is in `view`.

mod view;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use portolan_types::{AddressPlan, FleetAddresses, Server, ServerAddresses, UpdateAddressPlan};

use crate::{
    client::Client,
    find::{Reference, find},
    printer::{Format, Line, Printer},
};

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    server: Option<Reference>,
) -> anyhow::Result<()> {
    let path = path(client, server.as_ref()).await?;
    if server.is_some() {
        let shown: ServerAddresses = client.get(&path, &[]).await?;
        return one_server(printer, &shown);
    }
    let shown: FleetAddresses = client.get(&path, &[]).await?;
    printer.one(&shown, view::fleet)?;
    if printer.format() == Format::Text && !shown.servers.is_empty() {
        printer.line("")?;
        printer.table(&view::servers(&shown.servers))?;
    }
    let warnings = shown.servers.iter().flat_map(|server| {
        server.warnings.iter().map(move |text| format!("server `{}`: {text}", server.server_name))
    });
    warnings.for_each(|text| printer.warn(&text));
    Ok(())
}

fn one_server(printer: &Printer, shown: &ServerAddresses) -> anyhow::Result<()> {
    printer.one(shown, view::server)?;
    if printer.format() == Format::Text {
        let tables = [view::networks(&shown.networks), view::ranges(&shown.ranges)];
        for table in tables.iter().flatten() {
            printer.line("")?;
            printer.table(table)?;
        }
    }
    shown.subnets.warnings.iter().for_each(|text| printer.warn(text));
    Ok(())
}

pub(crate) async fn set(
    client: &Client,
    printer: &Printer,
    change: &UpdateAddressPlan,
) -> anyhow::Result<()> {
    let plan: AddressPlan = client.change("/v1/addresses", change).await?;
    printer.one(&plan, view::plan)?;
    Ok(())
}

/// The picture is the same in both formats: it is no text for people, nor JSON.
pub(crate) async fn chart(
    client: &Client,
    printer: &Printer,
    server: Option<Reference>,
    output: Option<PathBuf>,
) -> anyhow::Result<()> {
    let path = path(client, server.as_ref()).await?;
    let picture = client.get_text(&format!("{path}.svg")).await?;
    match output {
        None => printer.script(picture.as_bytes())?,
        Some(file) => write(printer, &file, &picture)?,
    }
    Ok(())
}

fn write(printer: &Printer, file: &Path, picture: &str) -> anyhow::Result<()> {
    fs::write(file, picture).with_context(|| format!("could not write {}", file.display()))?;
    printer.say(&Line::plain(format!("wrote {}", file.display())));
    Ok(())
}

async fn path(client: &Client, server: Option<&Reference>) -> anyhow::Result<String> {
    Ok(match server {
        Some(wanted) => {
            let server: Server = find(client, wanted).await?;
            format!("/v1/servers/{}/addresses", server.id)
        }
        None => "/v1/addresses".to_owned(),
    })
}
