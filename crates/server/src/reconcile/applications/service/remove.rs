//! Removing an application from a swarm: its service, its volumes on all nodes that are servers where
//! that is asked for, its routes, and last its row.

use std::{sync::Arc, time::Duration};

use super::super::{
    super::work::Halt,
    Progress,
    job::{Job, has_passed},
    remove::{asked, forget},
};
use crate::{
    Error,
    applications::remove::{Volumes, volumes_of},
    host::{Host, HostError},
    servers,
};

/// So much longer than its programs may take to end, nodes may keep the containers of a service.
const LEAVING: Duration = Duration::from_secs(30);

pub(super) async fn run(job: &mut Job<'_>) -> Result<Progress, Halt> {
    if let Some(found) = job.service().await? {
        job.enter("remove").await?;
        let removed = job.scene.host.remove_service(&found.docker_id).await;
        job.answer(removed, &format!("remove service `{}`", found.name))?;
        job.leave(&format!("service `{}` was removed", found.name)).await?;
    }
    if asked(job).await? == Volumes::Removed && !volumes(job).await? {
        return Ok(Progress::UnderWay);
    }
    forget(job).await
}

/// Whether they are gone. Nodes end what ran a while after the service has gone.
async fn volumes(job: &mut Job<'_>) -> Result<bool, Halt> {
    let since = job.enter("volumes").await?;
    let application = &job.scene.row.application;
    let names = volumes_of(application, &application.spec);
    let (hosts, away) = nodes(job).await?;
    for host in &hosts {
        for name in &names {
            match host.remove_volume(name).await {
                Err(error) if is_in_use(&error) && !has_passed(since, grace(job)) => {
                    return Ok(false);
                }
                removed => job.answer(removed, &format!("remove volume `{name}`"))?,
            }
        }
    }
    let words = format!("{} volumes were removed from {} nodes", names.len(), hosts.len());
    if away.is_empty() {
        job.leave(&words).await?;
    } else {
        let where_they_stay = away.join(", ");
        job.warn(&format!("{words}; where they are not reached, they stay: {where_they_stay}"))
            .await?;
    }
    Ok(true)
}

fn is_in_use(error: &HostError) -> bool {
    matches!(error, HostError::Docker { message, .. } if message.contains("in use"))
}

fn grace(job: &Job<'_>) -> Duration {
    job.scene.row.application.spec.stop_seconds.duration() + LEAVING
}

/// The nodes that can be reached, and the names of those that cannot.
async fn nodes(job: &Job<'_>) -> Result<(Vec<Arc<dyn Host>>, Vec<String>), Error> {
    let scene = job.scene;
    let mut conn = scene.app.db.acquire().await?;
    let servers = servers::companions(&mut conn, &scene.row.team_id, &scene.server.server).await?;
    let (mut hosts, mut away) = (vec![scene.host.clone()], Vec::new());
    let own = scene.server.server.swarm.as_ref().map(|swarm| swarm.node_id.clone());
    for node in scene.seen.nodes.iter().filter(|node| Some(&node.node_id) != own.as_ref()) {
        let is_it = |server: &&portolan_types::Server| {
            server.swarm.as_ref().is_some_and(|swarm| swarm.node_id == node.node_id)
        };
        let found = servers.iter().find(is_it);
        match found.and_then(|server| scene.around.hosts.find(&server.id)) {
            Some(host) => hosts.push(host),
            None => away.push(node.hostname.clone()),
        }
    }
    Ok((hosts, away))
}
