//! An application without work: what stopped for a deployment that came to nothing is started again,
//! and containers of deployments that do not serve are removed.

use super::{super::PassError, Memory, Progress, Scene, leftovers, seed};
use crate::{
    db,
    host::{HostContainer, HostError},
};

pub(super) async fn run(scene: &Scene<'_>, memory: &mut Memory) -> Result<Progress, PassError> {
    memory.give_up(scene.app, &scene.row.application.id).await?;
    if scene.row.halted {
        start_again(scene).await?;
    }
    let serves =
        scene.row.application.container.as_ref().map(portolan_types::ContainerName::as_str);
    for one in scene.containers().filter(|one| Some(one.member.name.as_str()) != serves) {
        remove(scene, one).await?;
    }
    leftovers::tidied(scene).await?;
    seed::tidied(scene).await?;
    Ok(Progress::Done)
}

async fn start_again(scene: &Scene<'_>) -> Result<(), PassError> {
    let name = scene.row.application.container.as_ref();
    let found = match name {
        Some(name) => scene.container(name.as_str()).await?,
        None => None,
    };
    if let Some(found) = found {
        forgive(scene, scene.host.start_container(&found.member.docker_id).await)?;
    }
    let mut conn = scene.app.db.acquire().await?;
    Ok(db::application::set_halted(&mut conn, &scene.row.application.id, false).await?)
}

async fn remove(scene: &Scene<'_>, one: &HostContainer) -> Result<(), PassError> {
    forgive(scene, scene.host.remove_container(&one.member.docker_id).await)
}

/// What the host refuses now is tried again at the next look.
pub(super) fn forgive(scene: &Scene<'_>, done: Result<(), HostError>) -> Result<(), PassError> {
    match done {
        Err(error) if !error.is_undecided() => {
            let application = &scene.row.application.name;
            tracing::warn!(%application, %error, "could not tidy up after a deployment");
            Ok(())
        }
        done => Ok(done?),
    }
}
