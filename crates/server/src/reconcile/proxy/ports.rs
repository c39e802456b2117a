//! Who has a port that the proxy is to have.

use portolan_types::Failure;

use super::{
    super::{recorder::failure, work::Halt},
    definition::{NAME, OLD},
    job::Job,
};
use crate::host::{HostContainer, HostError};

/// Refuses before anything is touched, when another container has one of the ports.
pub(super) fn check(job: &Job<'_>, containers: &[HostContainer]) -> Result<(), Failure> {
    let proxy = &job.scene.row.proxy;
    for port in [proxy.http_port.get(), proxy.https_port.get()] {
        if let Some(owner) = owner(containers, port) {
            return Err(taken(job, port, &owner));
        }
    }
    Ok(())
}

fn owner(containers: &[HostContainer], port: u16) -> Option<String> {
    let own = |one: &&HostContainer| matches!(one.member.name.as_str(), NAME | OLD);
    let has = |one: &&HostContainer| one.published.contains(&port);
    let found = containers.iter().filter(|one| !own(one)).find(has)?;
    Some(format!("container `{}` ({})", found.member.name, found.image))
}

/// Why the proxy could not be started: the owner of its port where that is why.
pub(super) async fn explained(job: &Job<'_>, error: &HostError) -> Result<Failure, Halt> {
    let proxy = &job.scene.row.proxy;
    let said = error.to_string();
    let names = |port: &u16| said.contains(&format!(":{port}"));
    let ports = [proxy.http_port.get(), proxy.https_port.get()];
    let port = ports.iter().find(|port| names(port)).copied().unwrap_or(ports[0]);
    let containers = job.scene.host.list_containers().await;
    let containers = job.answer(containers, "list the containers")?;
    let owner = owner(&containers, port)
        .unwrap_or_else(|| "something on the host that is no container of Docker's".into());
    Ok(taken(job, port, &owner))
}

fn taken(job: &Job<'_>, port: u16, owner: &str) -> Failure {
    let server = job.scene.server_name();
    failure(
        "port-taken",
        format!("port {port} of server `{server}` is taken by {owner}"),
        format!(
            "stop what has it (`ss -ltnp 'sport = :{port}'` on the host shows the process), or let \
             the proxy use other ports (`set_proxy.ports`)"
        ),
    )
}
