//! Removing an application: its containers, its volumes where that is asked for, its routes, and last
//! its row.

use portolan_types::Timestamp;

use super::{super::work::Halt, Progress, job::Job, seed, stop::removed};
use crate::{
    applications::remove::{Volumes, volumes_of},
    db,
    host::HostContainer,
};

pub(super) async fn run(job: &mut Job<'_>) -> Result<Progress, Halt> {
    job.enter("remove").await?;
    let containers: Vec<&HostContainer> = job.scene.containers().collect();
    if !removed(job, &containers).await? {
        return Ok(Progress::UnderWay);
    }
    if !seed::removed(job).await? {
        return Ok(Progress::UnderWay);
    }
    job.leave(&format!("{} containers were removed", containers.len())).await?;
    if asked(job).await? == Volumes::Removed {
        volumes(job).await?;
    }
    forget(job).await
}

pub(super) async fn asked(job: &Job<'_>) -> Result<Volumes, Halt> {
    let mut conn = job.scene.app.db.acquire().await?;
    Ok(db::operation::find_input(&mut conn, &job.recorder.id).await?.unwrap_or(Volumes::Kept))
}

async fn volumes(job: &mut Job<'_>) -> Result<(), Halt> {
    let names = volumes_of(&job.scene.row.application, &job.scene.row.application.spec);
    job.enter("volumes").await?;
    for name in &names {
        let removed = job.scene.host.remove_volume(name).await;
        job.answer(removed, &format!("remove volume `{name}`"))?;
    }
    job.leave(&format!("{} volumes were removed", names.len())).await
}

/// The proxy is told later in this look.
pub(super) async fn forget(job: &mut Job<'_>) -> Result<Progress, Halt> {
    let (id, now) = (&job.scene.row.application.id, Timestamp::now());
    let mut tx = job.scene.app.db.begin().await?;
    db::route::delete_of_application(&mut tx, id, now).await?;
    db::application::delete(&mut tx, id).await?;
    let progress = job.succeeded(tx, ("application.removed", "was removed")).await?;
    // The networks of its links go in another look.
    job.scene.app.wake(&job.scene.server.server.id);
    Ok(progress)
}
