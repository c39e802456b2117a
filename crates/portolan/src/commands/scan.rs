//! `portolan server scan` and `portolan destination adopt`: what is on a host already.

use portolan_types::{AdoptNetworks, Operation, Preview, Server};

use super::{operation::accompany, preview};
use crate::{
    client::Client,
    failure::Outcome,
    find::{Reference, find},
    printer::Printer,
    watch::Wait,
};

pub(crate) async fn scan(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let operation: Operation = client.act(&format!("/v1/servers/{}/scan", server.id)).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn adopt(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    networks: &AdoptNetworks,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let address = format!("/v1/servers/{}/adopt", server.id);
    let operation: Operation = client.act_with(&address, networks).await?;
    accompany(client, printer, operation, wait).await
}

pub(crate) async fn preview_adoption(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    networks: &AdoptNetworks,
) -> anyhow::Result<Outcome> {
    let server: Server = find(client, wanted).await?;
    let address = format!("/v1/servers/{}/adopt?preview=true", server.id);
    let preview: Preview = client.act_with(&address, networks).await?;
    preview::show(printer, &preview)
}
