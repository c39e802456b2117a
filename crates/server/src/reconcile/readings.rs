//! Readings of what containers say: each a task that reads on a host and hands over to who asked.
//!
//! Owns their tasks, and how one finds its container. Who may read is asked of `readings`; what ends a
//! reading from outside is watched for in `watch`.

mod logs;
mod watch;

use std::sync::Arc;

use portolan_types::Destination;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::hosts::Hosts;
use crate::{
    App, Error,
    destinations::placement,
    host::{ContainerDetail, Host, HostError, label},
    readings::{Asked, Ticket, To},
    tasks::Pulse,
};

/// Begins readings until `shutdown`, and then waits until each has told its reader.
pub(super) async fn run(
    app: Arc<App>,
    hosts: Arc<Hosts>,
    mut asked: mpsc::Receiver<Asked>,
    pulse: Pulse,
    shutdown: CancellationToken,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(asked) = asked.recv() => {
                open.spawn(keep(app.clone(), hosts.clone(), asked, pulse.clone()));
            }
            Some(_) = open.join_next() => {}
        }
    }
    while open.join_next().await.is_some() {}
}

async fn keep(app: Arc<App>, hosts: Arc<Hosts>, asked: Asked, pulse: Pulse) {
    let Asked { ticket, wanted, to } = asked;
    let host = hosts.find(&ticket.server.id);
    match to {
        To::Whole(answer) => logs::whole(&app, host, &ticket, &wanted, answer).await,
        To::Follow(answer) => logs::follow(&app, host, &ticket, &wanted, answer, &pulse).await,
    }
}

/// The container on its host, where there is a connection and it is on the destination.
async fn find(
    host: Option<Arc<dyn Host>>,
    ticket: &Ticket,
) -> Result<(Arc<dyn Host>, ContainerDetail), Error> {
    let host = host.ok_or_else(|| placement::unreachable(&ticket.server))?;
    let found = host.find_container(ticket.container.as_str()).await;
    let found = found.map_err(|error| refused(ticket, &error))?;
    let on_it = found.filter(|one| is_on(one, &ticket.destination));
    on_it.map(|one| (host, one)).ok_or(Error::NotFound("container"))
}

fn is_on(container: &ContainerDetail, destination: &Destination) -> bool {
    let id = destination.observed.as_ref().map_or("", |observed| observed.docker_id.as_str());
    container.endpoint(id, destination.network.as_str()).is_some()
}

/// The proxy is its server's: what it says of all that it leads to is read by who manages that.
fn check_is_no_proxy(ticket: &Ticket, container: &ContainerDetail) -> Result<(), Error> {
    if !container.labels.contains_key(label::PROXY) {
        return Ok(());
    }
    Err(Error::refused(
        "container-is-proxy",
        format!("`{}` is the proxy of server `{}`", ticket.container, ticket.server.name),
        "who manages the server reads its logs (`read_proxy_logs`)",
    ))
}

fn refused(ticket: &Ticket, error: &HostError) -> Error {
    let (container, server) = (&ticket.container, &ticket.server.name);
    Error::refused(
        "not-read",
        format!("could not read container `{container}` on server `{server}`: {error}"),
        error.remedy(),
    )
}
