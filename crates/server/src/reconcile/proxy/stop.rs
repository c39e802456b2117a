//! Stopping a proxy on purpose: it stays so through restarts of the engine.

use super::{super::work::Halt, definition::GRACE, job::Job, tidy};

pub(super) async fn run(job: &Job<'_>) -> Result<(), Halt> {
    let stopping = async {
        let Some(container) = tidy::run(job).await? else {
            return Ok(((), "there is no container".to_owned()));
        };
        let stopped = job.scene.host.stop_container(&container.member.docker_id, GRACE).await;
        job.answer(stopped, "stop the proxy")?;
        Ok(((), "the container was stopped".to_owned()))
    };
    job.step("stop", stopping).await?;
    Ok(job.stopped().await?)
}
