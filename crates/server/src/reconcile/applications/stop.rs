//! The end of an application's containers: stopped beside the keeper's looks, and removed.

use super::{
    super::{beside::Stage, work::Halt},
    job::Job,
};
use crate::host::HostContainer;

/// Stops a container beside the look; whether it has.
pub(super) fn stopped(job: &mut Job<'_>, one: &HostContainer) -> Result<bool, Halt> {
    let key = format!("stop:{}:{}", job.recorder.id, one.member.docker_id);
    match job.beside.stage(&key) {
        Stage::Idle => {
            let (host, id) = (job.scene.host.clone(), one.member.docker_id.clone());
            let grace = job.scene.row.application.spec.stop_seconds.duration();
            job.beside.begin(&key, async move { host.stop_container(&id, grace).await });
            Ok(false)
        }
        Stage::UnderWay => Ok(false),
        // It went with an earlier connection: it is asked again over this one.
        Stage::Ended(Err(error)) if error.is_connection() => Ok(false),
        Stage::Ended(outcome) => {
            job.answer(outcome, &format!("stop container `{}`", one.member.name))?;
            Ok(true)
        }
    }
}

/// Stops what runs of these, and removes all of them; whether they are gone.
pub(super) async fn removed(
    job: &mut Job<'_>,
    containers: &[&HostContainer],
) -> Result<bool, Halt> {
    let mut all = true;
    for one in containers.iter().filter(|one| one.member.state == "running") {
        all &= stopped(job, one)?;
    }
    if !all {
        return Ok(false);
    }
    for one in containers {
        let removed = job.scene.host.remove_container(&one.member.docker_id).await;
        job.answer(removed, &format!("remove container `{}`", one.member.name))?;
    }
    Ok(true)
}
