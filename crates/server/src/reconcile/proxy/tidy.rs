//! What an earlier turn left behind when it was cut off. Three names tell how far it came: the next
//! container is made, the old one steps aside, the next one takes its name, the old one goes.

use super::{
    super::{recorder::failure, work::Halt},
    definition::{CHECK, NAME, NEXT, OLD, is_ours},
    job::Job,
};
use crate::host::{ContainerDetail, HostContainer};

/// The container that serves, after what was left is out of the way.
pub(super) async fn run(job: &Job<'_>) -> Result<Option<ContainerDetail>, Halt> {
    for leftover in [CHECK, NEXT] {
        if let Some(one) = ours(job, leftover).await? {
            discard(job, &one).await?;
        }
    }
    strays(job).await?;
    let serving = ours(job, NAME).await?;
    let Some(old) = ours(job, OLD).await? else { return Ok(serving) };
    match serving {
        Some(serving) if serving.is_running() => {
            discard(job, &old).await?;
            Ok(Some(serving))
        }
        other => {
            if let Some(other) = other {
                discard(job, &other).await?;
            }
            bring_back(job, &old).await?;
            ours(job, NAME).await
        }
    }
}

/// One of ours that somebody gave another name has its ports still: it gets its name back, or goes
/// where another one has it.
async fn strays(job: &Job<'_>) -> Result<(), Halt> {
    let (host, server) = (job.scene.host, job.scene.server.server.id.as_str());
    let all = job.answer(host.list_containers().await, "list the containers")?;
    let known = [NAME, NEXT, OLD, CHECK];
    let mut named = all.iter().any(|one| [NAME, OLD].contains(&one.member.name.as_str()));
    let is_stray = |one: &&HostContainer| {
        one.proxy_of.as_deref() == Some(server) && !known.contains(&one.member.name.as_str())
    };
    for stray in all.iter().filter(is_stray) {
        let id = &stray.member.docker_id;
        if named {
            job.answer(host.remove_container(id).await, "remove a renamed proxy")?;
        } else {
            let renamed = host.rename_container(id, NAME).await;
            job.answer(renamed, "give the proxy its name back")?;
            named = true;
        }
    }
    Ok(())
}

/// The container of a name, which must be ours.
async fn ours(job: &Job<'_>, name: &str) -> Result<Option<ContainerDetail>, Halt> {
    let found = job.scene.host.find_container(name).await;
    match job.answer(found, "look for the proxy's container")? {
        Some(found) if !is_ours(job.scene, &found) => Err(stranger(job, name).into()),
        found => Ok(found),
    }
}

fn stranger(job: &Job<'_>, name: &str) -> portolan_types::Failure {
    let server = job.scene.server_name();
    failure(
        "name-taken",
        format!("a container called `{name}` on server `{server}` is not this Portolan's"),
        "rename or remove it (`docker rename`, `docker rm`), then start the proxy (`start_proxy`)",
    )
}

pub(super) async fn discard(job: &Job<'_>, container: &ContainerDetail) -> Result<(), Halt> {
    let removed = job.scene.host.remove_container(&container.member.docker_id).await;
    job.answer(removed, "remove a container of the proxy that is no longer needed")
}

/// The old container serves again.
pub(super) async fn bring_back(job: &Job<'_>, old: &ContainerDetail) -> Result<(), Halt> {
    let (host, id) = (job.scene.host, &old.member.docker_id);
    job.answer(host.rename_container(id, NAME).await, "give the old proxy its name back")?;
    job.answer(host.start_container(id).await, "start the old proxy again")
}
