//! The image of a deployment on a swarm. Nodes fetch it by themselves, each in its own time: what they
//! get is held to what the registry has now, where it can be asked.

use super::super::{
    super::{beside::Stage, work::Halt},
    build::{self, Built},
    course::Course,
    fetch,
    job::Job,
};
use crate::{
    db,
    host::{Host, HostError},
};

/// The reference with its digest; `None` while the registry is asked.
pub(super) async fn pinned(job: &mut Job<'_>, course: &Course) -> Result<Option<String>, Halt> {
    let deployment = &course.made.deployment;
    // It was found before a crash, or for an earlier deployment that is brought back.
    if let Some(pinned) = &deployment.image_id {
        return Ok(Some(pinned.clone()));
    }
    if let Some(build) = &course.plan.spec.build
        && deployment.rolled_back_to.is_none()
        && matches!(build::image(job, course, build).await?, Built::NotYet)
    {
        return Ok(None);
    }
    if deployment.image.as_str().contains('@') {
        return kept(job, course, deployment.image.as_str()).await.map(Some);
    }
    let key = format!("resolve:{}", deployment.operation_id);
    job.enter("resolve").await?;
    match job.beside.stage(&key) {
        Stage::Idle => begin(job, &key, course).await?,
        Stage::UnderWay => {}
        // It went with an earlier connection: it is asked again over this one.
        Stage::Ended(Err(error))
            if error.is_connection() && !matches!(error, HostError::Timeout { .. }) =>
        {
            begin(job, &key, course).await?;
        }
        Stage::Ended(outcome) => return came(job, course, outcome).await.map(Some),
    }
    Ok(None)
}

async fn begin(job: &mut Job<'_>, key: &str, course: &Course) -> Result<(), Halt> {
    let image = course.made.deployment.image.to_string();
    let login = fetch::login(job, course).await?;
    let (host, resolved) = (job.scene.host.clone(), job.open.resolved.clone());
    job.beside.begin(key, async move {
        let host: &dyn Host = host.as_ref();
        let digest = host.resolve_image(&image, login.as_ref()).await?;
        // Asked once at a time; the first answer is as good as a later one.
        drop(resolved.set(digest));
        Ok(())
    });
    Ok(())
}

/// What no registry has may be on the nodes nevertheless: loaded or built there.
async fn came(
    job: &mut Job<'_>,
    course: &Course,
    outcome: Result<(), HostError>,
) -> Result<String, Halt> {
    let image = &course.made.deployment.image;
    match (outcome, job.open.resolved.get().cloned()) {
        (Ok(()), Some(digest)) => {
            let pinned = format!("{image}@{digest}");
            job.leave(&format!("`{image}` is `{digest}`")).await?;
            kept(job, course, &pinned).await
        }
        (outcome, _) => {
            let why = outcome.err().map(|error| format!(": {error}")).unwrap_or_default();
            let words = format!(
                "the registry did not say what `{image}` is, and each node looks for it by itself{why}"
            );
            job.warn(&words).await?;
            kept(job, course, image.as_str()).await
        }
    }
}

async fn kept(job: &Job<'_>, course: &Course, pinned: &str) -> Result<String, Halt> {
    let mut conn = job.scene.app.db.acquire().await?;
    db::deployment::set_image(&mut conn, &course.made.deployment.id, (pinned, None)).await?;
    Ok(pinned.to_owned())
}
